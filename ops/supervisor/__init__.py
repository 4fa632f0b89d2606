"""Starts the parts of Hub in order, keeps them alive, and stops them in order.

`part` says what a part is, `child` is one running process of it, `log` carries what it prints,
`leftovers` ends what an earlier supervisor had to leave, `supervision` is the loop.
"""
