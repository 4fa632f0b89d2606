"""The schema's history; `runner.upgrade` brings a database up to date."""
