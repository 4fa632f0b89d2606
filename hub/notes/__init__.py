"""Notes: what was said and done with a customer."""

import hub.notes.access  # noqa: F401 - says who may see a note, before anybody can ask
