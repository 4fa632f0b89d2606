"""Workflows: the states of records and the ways between them, as data of the installation."""
