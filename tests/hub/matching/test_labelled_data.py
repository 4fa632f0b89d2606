"""How well duplicates are found on data that people have labelled.

The floors are what was measured, less a small margin: a change of words or weights that costs more
than that should know it. The data is not part of the project.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hub.matching import FORBID, WARN, Party, find_pairs, write_many
from tests.reference import reference

_AT_A_TIME = 500  # as a scan asks
Row = Mapping[str, str]


@dataclass(frozen=True)
class Quality:
    """Of the pairs raised, how many are right; of the right ones, how many were raised."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def _rows(name: str) -> list[Row]:
    with reference("data", name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _organisation(row: Row) -> Party:
    return Party(
        name=row["name"], address=row["address"], postcode=row["zip"], phone=row["phone"],
        country="US",
    )  # fmt: skip


def _person(row: Row) -> Party:
    return Party(
        name=f"{row['given_name']} {row['surname']}",
        address=f"{row['street_number']} {row['address_1']}\n{row['address_2']}",
        postcode=row["postcode"],
        city=row["suburb"],
        country="AU",
    )


def _measured(
    session: Session, what: str, party: Callable[[Row], Party]
) -> Callable[[float], Quality]:
    rows = _rows(f"{what}.csv")
    ids = {row["id"]: UUID(int=place) for place, row in enumerate(rows, 1)}
    truth = {
        tuple(sorted((ids[row["id1"]], ids[row["id2"]])))
        for row in _rows(f"{what}-duplicate-pairs.csv")
    }
    write_many(session, "labelled", [(ids[row["id"]], party(row)) for row in rows])
    asked = list(ids.values())
    pairs = [
        pair
        for start in range(0, len(asked), _AT_A_TIME)
        for pair in find_pairs(
            session, "labelled", asked[start : start + _AT_A_TIME], later_only=True
        )
    ]

    def at(threshold: float) -> Quality:
        raised = {(pair.first_id, pair.second_id) for pair in pairs if pair.score >= threshold}
        right = len(raised & truth)
        return Quality(right / len(raised), right / len(truth))

    return at


@pytest.mark.slow
def test_organisations_are_found_as_well_as_they_were(session: Session) -> None:
    at = _measured(session, "organisations", _organisation)

    warned, forbidden = at(WARN), at(FORBID)

    assert warned.f1 >= 0.92, warned
    assert warned.precision >= 0.965, warned
    assert warned.recall >= 0.88, warned
    assert forbidden.f1 >= 0.88, forbidden
    assert forbidden.precision >= 0.98, forbidden


@pytest.mark.slow
def test_persons_are_found_as_well_as_they_were(session: Session) -> None:
    at = _measured(session, "persons", _person)

    warned = at(WARN)

    assert warned.f1 >= 0.9, warned
    assert warned.precision >= 0.99, warned
