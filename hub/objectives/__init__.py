"""Objectives: what a person or a team is to reach in a stretch of days, and how far they are."""
