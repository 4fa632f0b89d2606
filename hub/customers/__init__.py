"""Customers: every organisation or person we deal with, and their contacts."""
