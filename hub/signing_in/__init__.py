"""How people get in: passwords, sessions, tickets by mail, and limits to guessing."""
