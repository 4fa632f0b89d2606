"""Proof under faults: short forms of what `make chaos` does at length."""
