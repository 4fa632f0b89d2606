"""Two-way synchronisation of customers with accounting systems: field by field, never by guess."""
