from dataclasses import asdict, replace
from datetime import date

from sqlalchemy import Text, cast, func, text, true
from sqlalchemy.orm import Session

from hub.listing import Facet, Query, Slice, facets, page, parse_parameters, parse_stored
from tests.hub.listing.companies import (
    ANNA,
    BENT,
    COMPANIES,
    NOW,
    READER,
    Company,
    Stage,
    make_companies,
)


def ask(*items: tuple[str, str]) -> Query[Company]:
    return parse_parameters(COMPANIES, items, READER)


def some(session: Session) -> None:
    make_companies(
        session,
        [
            {"name": "A", "stage": Stage.NEW, "owner_id": ANNA, "tags": ["x", "y"]},
            {"name": "B", "stage": Stage.NEW, "owner_id": BENT, "tags": ["x"], "is_active": True},
            {"name": "C", "stage": Stage.WON, "owner_id": ANNA, "tags": [], "is_active": False},
            {"name": "D", "stage": Stage.LOST, "owner_id": None, "tags": None},
            {"name": "Gone", "stage": Stage.LOST, "deleted_at": NOW},
        ],
    )


def counts(facet: Facet) -> dict[object, int]:
    return {each.value: each.count for each in facet.slices}


def test_slices_carry_value_label_count_and_the_filter_they_set(session: Session) -> None:
    some(session)

    found = facets(session, ask(("facets", "stage,owner,is_active,tags")), true())

    assert asdict(found["stage"]) == {
        "slices": [
            asdict(Slice("new", "New", 2, {"eq": "new"})),
            asdict(Slice("lost", "Lost", 1, {"eq": "lost"})),
            asdict(Slice("won", "Won", 1, {"eq": "won"})),
        ],
        "other": 0,
    }
    assert found["owner"].slices == [
        Slice(str(ANNA), "A", 2, {"eq": str(ANNA)}),
        Slice(str(BENT), "B", 1, {"eq": str(BENT)}),
        Slice(None, None, 1, {"empty": True}),
    ]
    assert counts(found["is_active"]) == {None: 2, True: 1, False: 1}
    assert counts(found["tags"]) == {"x": 2, None: 2, "y": 1}


def test_every_slice_is_a_filter_that_lists_as_many_rows(session: Session) -> None:
    some(session)
    asked = ask(("facets", "stage,owner,is_active,tags,employees,due_on"), ("name.ne", "A"))

    for name, facet in facets(session, asked, true()).items():
        for each in facet.slices:
            stored = {"filter": {"name": {"ne": "A"}, name: each.filter}}
            pressed = page(session, parse_stored(COMPANIES, stored, READER), true())
            assert (name, each.value, pressed.total.count) == (name, each.value, each.count)


def test_the_own_filter_does_not_count_and_all_others_do(session: Session) -> None:
    some(session)

    found = facets(session, ask(("stage", "new"), ("facets", "stage,owner")), true())

    assert counts(found["stage"]) == {"new": 2, "won": 1, "lost": 1}
    assert counts(found["owner"]) == {str(ANNA): 1, str(BENT): 1}


def test_hidden_rows_are_not_counted(session: Session) -> None:
    some(session)

    found = facets(session, ask(("facets", "stage")), Company.owner_id == ANNA)

    assert counts(found["stage"]) == {"new": 1, "won": 1}


def test_quick_search_narrows_facets(session: Session) -> None:
    some(session)

    assert counts(facets(session, ask(("q", "b"), ("facets", "stage")), true())["stage"]) == {
        "new": 1
    }


def test_buckets_count_ranges_and_what_is_in_none(session: Session) -> None:
    days = [date(2026, 8, 1), date(2026, 8, 20), date(2026, 8, 21), date(2026, 8, 24), None]
    make_companies(session, [{"name": f"{day}", "due_on": day} for day in days])

    found = facets(session, ask(("due_on.lt", "today"), ("facets", "due_on")), true())["due_on"]

    assert [(each.value, each.label, each.count) for each in found.slices] == [
        ("overdue", "Overdue", 2),
        ("this_week", "This week", 1),
        ("later", "Later", 1),
    ]
    assert found.other == 1
    assert found.slices[1].filter == {"gte": "today", "lt": "week+1w"}


def test_slices_beyond_the_bound_are_counted_together(session: Session) -> None:
    make_companies(session, [{"name": f"{n}", "employees": n // 2} for n in range(10)])

    found = facets(session, ask(("facets", "employees")), true(), highest=3)["employees"]

    assert (counts(found), found.other) == ({0: 2, 1: 2, 2: 2}, 4)


def test_an_empty_list_has_empty_facets(session: Session) -> None:
    found = facets(session, ask(("facets", "stage,tags,due_on")), true())

    assert (found["stage"], found["tags"]) == (Facet([], 0), Facet([], 0))
    assert [each.count for each in found["due_on"].slices] == [0, 0, 0]


def test_a_value_is_one_slice_whatever_its_rows_are_called_and_is_named_once(
    session: Session,
) -> None:
    some(session)
    session.execute(text("create temporary sequence named"))
    owner = COMPANIES.by_name["owner"]
    caption = cast(func.nextval("named"), Text)
    named = replace(owner, caption=caption, permission_class="")

    found = facets(session, ask(), true(), [named])["owner"]

    assert [(each.value, each.count) for each in found.slices] == [
        (str(ANNA), 2), (str(BENT), 1), (None, 1),
    ]  # fmt: skip
    assert session.scalar(text("select last_value from named")) == 3
