"""Leads: first interest of somebody, followed until it becomes a customer or nothing."""
