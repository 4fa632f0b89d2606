"""Documents of the accounting system, mirrored here read-only."""
