"""Pairs of customers that may be one: raised, dismissed, kept up to date by a scan."""
