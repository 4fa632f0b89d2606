"""What the product knows and does: records, rules, the ledger of work, the history."""
