"""Repeating a request without repeating its effect: the answer is kept with the write."""
