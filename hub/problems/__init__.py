"""Problems: what is wrong now, since when, how much it stops, what to do, and who is told."""

import hub.problems.access  # noqa: F401 - says who may see a problem, before anybody can ask
