"""Notes: what was said and done with a customer."""
