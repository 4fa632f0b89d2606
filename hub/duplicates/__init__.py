"""Pairs of customers and leads that may be one: raised, dismissed, kept up to date by a scan."""
