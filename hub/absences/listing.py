"""The list of absences."""

from sqlalchemy import ColumnElement, and_

from hub.absences.models import Absence
from hub.access.captions import person
from hub.i18n import N_
from hub.listing import Field, Kind, Listing, Reader


def _is_current(reader: Reader) -> ColumnElement[bool]:
    return and_(Absence.starts_on <= reader.today, Absence.ends_on >= reader.today)


ABSENCES = Listing(
    name="absences",
    model=Absence,
    fields=(
        Field("id", Absence.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("user", Absence.user_id, label=N_("Person"), kind=Kind.USER, facet=True,
              caption=person(Absence.user_id, Absence), width=20),
        Field("starts_on", Absence.starts_on, label=N_("From"), kind=Kind.DATE, sortable=True,
              width=12),
        Field("ends_on", Absence.ends_on, label=N_("Until"), kind=Kind.DATE, sortable=True,
              width=12),
        Field("is_current", None, label=N_("Current"), kind=Kind.BOOLEAN, reckoned=_is_current,
              shown=False),
        Field("reason", Absence.reason, label=N_("Reason"), width=40),
        Field("created_at", Absence.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
    ),
    default_sort=("-starts_on",),
)  # fmt: skip
