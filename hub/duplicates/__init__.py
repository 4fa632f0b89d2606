"""Pairs of customers that may be one: raised, dismissed, kept up to date by a scan."""

import hub.duplicates.access  # noqa: F401 - says who may see a pair, before anybody can ask
