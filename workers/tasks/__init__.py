"""The bodies of all tasks, one module per kind of work; importing this registers them."""
