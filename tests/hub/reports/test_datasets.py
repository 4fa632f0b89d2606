import io

import pytest
from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.predicates import visible
from hub.access.roles import Role, Verb
from hub.db import transaction
from hub.errors import NotFoundError, ValidationError
from hub.listing import sorts_without_index
from hub.reports.datasets import DATASETS, Dataset, chosen_dataset, get_dataset
from hub.reports.file_orders import FileOrder
from hub.reports.listing import EXPORTS, REPORT_RUNS, REPORTS
from hub.reports.models import FileFormat
from hub.reports.spooling import spool
from tests.hub.reports.office import NOW, make_user, reader_of


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda each: each.name)
@pytest.mark.parametrize("role", list(Role))
def test_every_list_can_be_exported_by_every_role(
    session: Session, dataset: Dataset, role: Role
) -> None:
    user = make_user(session, "Anna", role=role)
    session.commit()
    principal = principal_of(session, user)
    order = FileOrder(
        query=dataset.query({}, reader_of(user)),
        visible=visible(principal, Verb.EXPORT, dataset.listing.model),
        format=FileFormat.XLSX,
        title="All",
        made_at=NOW,
        principal=principal,
    )

    with transaction() as other:
        read = spool(other, order, io.BytesIO())

    assert (read.row_count, read.total) == (0, 0)
    assert dataset.name == dataset.listing.name
    assert read.columns


def test_the_sorts_of_reports_runs_and_exports_have_their_index(session: Session) -> None:
    reader = reader_of(make_user(session, "Anna"))

    for listing in (REPORTS, REPORT_RUNS, EXPORTS):
        assert sorts_without_index(session.connection(), listing, reader) == []


def test_an_unknown_list_is_not_found_and_refused_in_a_request() -> None:
    with pytest.raises(NotFoundError):
        get_dataset("secrets")
    with pytest.raises(ValidationError) as refused:
        chosen_dataset("secrets")

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/dataset", "unknown_dataset")]
    assert "customers" in str(refused.value)
