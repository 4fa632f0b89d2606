"""Problems: what is wrong now, since when, how much it stops, what to do, and who is told."""
