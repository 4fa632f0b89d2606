"""Celery workers: everything that takes time or talks to somebody else."""
