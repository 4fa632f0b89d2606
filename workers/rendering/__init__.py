"""Rendering: facts become mails, calendar invitations, workbooks and CSV files.

Everything here is pure: no database, no clock, no network, no randomness. What is rendered twice
from the same facts is the same bytes (reliability.md R-20).
"""
