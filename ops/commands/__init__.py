"""The commands of ``hub``, one module for each family.

They import what is heavy when they run: the supervisor lives as long as Hub does and stays small.
"""
