"""Intake: what files and shops have in common when they bring customers in.

What comes from outside is a word, not an order: it finds a customer that we know, fills what is
empty, and writes over nothing that somebody typed.
"""
