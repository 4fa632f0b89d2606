"""Opportunities, also called cases: business that may come, followed until it is won or lost."""
