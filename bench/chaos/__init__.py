"""``make chaos``: load, a seeded plan of faults, and a verdict by the outside systems' ledgers.

The requirements are those of the reliability rules: nothing lost, nothing doubled by effect
identity, raw repeats of mails counted and flagged, a quiet end.
"""
