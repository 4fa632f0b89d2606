"""The HTTP API: reads, calls one service, presents."""
