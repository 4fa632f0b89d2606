"""The `hub` command: starts, supervises, migrates, examines."""
