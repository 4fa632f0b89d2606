"""Pools: customers that wait for an owner, and the fair ways to get one.

A customer enters a pool, is claimed (applied for, assigned, drawn, taken), and comes back:
released, taken back, or recalled when nobody noted anything of it for too long.
"""
