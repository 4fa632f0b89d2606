"""Hooks: what shops tell us by calling; believed by its signature, stored, then imported."""
