"""Where causes of trouble are looked for; a new sort is a module here and a line in the table."""

from hub.problems.cause import Finder
from hub.problems.causes import (
    conflicts,
    connections,
    gone,
    jobs,
    mail,
    outside,
    reports,
    schedules,
)

FINDERS: tuple[Finder, ...] = (
    outside.find,
    connections.find,
    conflicts.find,
    gone.find,
    jobs.find_dead,
    jobs.find_stuck,
    reports.find,
    schedules.find,
    mail.find_refused,
    mail.find_unsure,
    mail.find_waiting,
    mail.find_server_down,
)
