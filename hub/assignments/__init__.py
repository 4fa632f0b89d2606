"""Mass assignment: many records given away, taken over or taken back, as one plan."""
