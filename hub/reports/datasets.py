"""The datasets: every list that can be exported or reported, by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.absences.listing import ABSENCES
from hub.absences.models import Absence
from hub.access.principals import Permission
from hub.access.roles import Verb
from hub.activities.listing import ACTIVITIES
from hub.activities.models import Activity
from hub.approvals.listing import APPROVALS
from hub.approvals.models import Approval
from hub.custom_fields.listing import CUSTOM_FIELDS
from hub.customers.listing import ADDRESSES, CONTACTS, CUSTOMERS
from hub.customers.models import Customer
from hub.documents.listing import DOCUMENTS
from hub.duplicates.listing import DUPLICATES
from hub.errors import NotFoundError, ValidationError, under
from hub.i18n import N_
from hub.leads.listing import LEADS
from hub.leads.models import Lead
from hub.ledger.listing import JOBS
from hub.listing import Listing, Query, Reader, parse_stored
from hub.listing.declaration import Expression
from hub.mail.listing import DELIVERIES
from hub.notes.listing import NOTE_TEMPLATES, NOTES
from hub.notes.models import Note
from hub.objectives.listing import OBJECTIVE_PROGRESS, OBJECTIVE_TEMPLATES, OBJECTIVES
from hub.objectives.models import Objective, ObjectiveProgress
from hub.opportunities.listing import OPPORTUNITIES
from hub.opportunities.models import Opportunity
from hub.reminders.listing import REMINDERS
from hub.reminders.models import Reminder
from hub.reports.listing import EXPORTS, REPORT_RUNS, REPORTS
from hub.reports.models import ReportDef, ReportRun
from hub.sharing.listing import GRANTS
from hub.sync.listing import CONFLICTS, RUNS


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A list with what a report of it needs to know.

    `title` is an English source text. `owner` holds the user whose row it is; a list without can
    not be reported to each owner.
    """

    listing: Listing[Any]
    title: str
    owner: Expression | None = None

    @property
    def name(self) -> str:
        """The list's name."""
        return self.listing.name

    @property
    def reading(self) -> Permission:
        """The right to read the list."""
        return Permission(Verb.READ, self.listing.model.collection())

    @property
    def exporting(self) -> Permission:
        """The right to take its rows out of Hub."""
        return Permission(Verb.EXPORT, self.listing.model.collection())

    def query(self, stored: Mapping[str, Any], reader: Reader, *, pointer: str = "") -> Query[Any]:
        """Return what a stored query asks on behalf of a reader.

        Raises:
            ValidationError: a field, operator or value is unknown or not for him; pointers lead
                into the stored form, behind `pointer`.
        """
        with under(pointer):
            return parse_stored(self.listing, stored, reader)


DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(CUSTOMERS, N_("Customers"), owner=Customer.owner_user_id),
        Dataset(ABSENCES, N_("Absences"), owner=Absence.user_id),
        Dataset(CONTACTS, N_("Contacts")),
        Dataset(ADDRESSES, N_("Addresses")),
        Dataset(LEADS, N_("Leads"), owner=Lead.owner_user_id),
        Dataset(ACTIVITIES, N_("Activities"), owner=Activity.author_user_id),
        Dataset(OPPORTUNITIES, N_("Opportunities"), owner=Opportunity.owner_user_id),
        Dataset(OBJECTIVES, N_("Objectives"), owner=Objective.user_id),
        Dataset(OBJECTIVE_PROGRESS, N_("Progress of objectives"), owner=ObjectiveProgress.user_id),
        Dataset(OBJECTIVE_TEMPLATES, N_("Templates of objectives")),
        Dataset(NOTES, N_("Notes"), owner=Note.author_user_id),
        Dataset(NOTE_TEMPLATES, N_("Templates of notes")),
        Dataset(REMINDERS, N_("Reminders"), owner=Reminder.recipient_user_id),
        Dataset(DUPLICATES, N_("Duplicates")),
        Dataset(CONFLICTS, N_("Conflicts")),
        Dataset(RUNS, N_("Runs")),
        Dataset(DELIVERIES, N_("Deliveries")),
        Dataset(REPORTS, N_("Reports"), owner=ReportDef.owner_user_id),
        Dataset(REPORT_RUNS, N_("Runs of reports"), owner=ReportRun.recipient_user_id),
        Dataset(EXPORTS, N_("Exports")),
        Dataset(JOBS, N_("Jobs")),
        Dataset(DOCUMENTS, N_("Documents")),
        Dataset(CUSTOM_FIELDS, N_("Custom fields")),
        Dataset(GRANTS, N_("Shares")),
        Dataset(APPROVALS, N_("Approvals"), owner=Approval.requested_by),
    )
}


def get_dataset(name: str) -> Dataset:
    """Return a dataset.

    Raises:
        NotFoundError: there is no list of this name.
    """
    try:
        return DATASETS[name]
    except KeyError:
        raise NotFoundError("listing", name) from None


def chosen_dataset(name: str, *, pointer: str = "/dataset") -> Dataset:
    """Return the dataset that a request names.

    Raises:
        ValidationError: there is none of this name; the message says which there are.
    """
    if name not in DATASETS:
        raise ValidationError.of(
            pointer, "unknown_dataset", N_("is no list that can be exported; there are {allowed}"),
            allowed=_names(DATASETS),
        )  # fmt: skip
    return DATASETS[name]


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
