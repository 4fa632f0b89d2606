"""Who may do what: users, tokens, roles, and the one predicate that lists and records share."""
