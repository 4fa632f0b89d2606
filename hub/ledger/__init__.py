"""The one ledger of work: PostgreSQL carries the work, Celery carries wake-ups (design.md §3)."""
