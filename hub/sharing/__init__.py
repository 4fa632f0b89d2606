"""Sharing: a record of one's own for others too, at a level, perhaps until a time.

Any record with an owner can be shared: its concept says so by `hub.sharing.subjects`.
"""
