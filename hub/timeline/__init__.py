"""Timelines: all that happened to a customer or a lead, and all that is planned, in one order."""
