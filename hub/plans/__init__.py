"""Plans: what is previewed is exactly what is applied, and it can be undone (design.md §6)."""
