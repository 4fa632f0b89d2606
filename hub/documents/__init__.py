"""Documents of the accounting system, mirrored here read-only."""

import hub.documents.access  # noqa: F401 - says who may see a document, before anybody can ask
