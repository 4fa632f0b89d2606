"""Hooks: what shops and forms tell us; believed by its signature, stored, then imported."""
