from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ValidationError
from hub.listing import Choice, Field, Kind, Listing, Operator, parse_parameters, parse_stored
from hub.listing.values import Span
from tests.hub.listing.companies import ANNA, COMPANIES, READER, Company


def refusals(*items: tuple[str, str]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        parse_parameters(COMPANIES, items, READER)
    return [(error.pointer, error.code) for error in refused.value.errors]


def stored_refusals(stored: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        parse_stored(COMPANIES, stored, READER)
    return [(error.pointer, error.code) for error in refused.value.errors]


def value(name: str, text: str, zone: str = "Europe/Copenhagen") -> Any:
    query = parse_parameters(COMPANIES, [(name, text)], replace(READER, zone=zone))
    return query.conditions[0].values[0]


def test_a_query_string_and_its_stored_form_are_one() -> None:
    query = parse_parameters(
        COMPANIES,
        [
            ("name.contains", "nord"),
            ("stage", "new"),
            ("stage", "won"),
            ("due_on.lt", "today 7d"),  # a plus sign, decoded
            ("owner", "me"),
            ("is_active", "true"),
            ("employees.gte", "5"),
            ("tags.empty", "false"),
            ("sort", "-noted_at,name"),
            ("fields", "name,stage"),
            ("facets", "stage,tags"),
            ("q", " nord "),
            ("limit", "7"),
        ],
        READER,
    )

    assert query.stored() == {
        "filter": {
            "name": {"contains": "nord"},
            "stage": {"eq": ["new", "won"]},
            "due_on": {"lt": "today+7d"},
            "owner": {"eq": "me"},
            "is_active": {"eq": True},
            "employees": {"gte": 5},
            "tags": {"empty": False},
        },
        "sort": ["-noted_at", "name"],
        "fields": ["name", "stage"],
        "facets": ["stage", "tags"],
        "q": "nord",
    }
    assert query.limit == 7
    again = parse_parameters(COMPANIES, query.parameters(), READER)
    assert again == replace(query, limit=50)
    assert parse_stored(COMPANIES, query.stored(), READER) == replace(query, limit=50)


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
_DAYS = st.one_of(
    st.dates(date(1900, 1, 1), date(2200, 1, 1)).map(date.isoformat),
    st.from_regex(r"(today|week|month|year)([+-][0-9]{1,3}[dwmy])?", fullmatch=True),
)
_CONDITIONS = st.one_of(
    st.tuples(
        st.sampled_from(["name", "name.ne", "name.contains", "number.starts", "tags"]), _TEXTS
    ),
    st.tuples(st.sampled_from(["stage", "stage.ne"]), st.sampled_from(["new", "won", "lost"])),
    st.tuples(
        st.sampled_from(["employees", "employees.lt"]), st.integers(-(10**17), 10**17).map(str)
    ),
    st.tuples(
        st.sampled_from(["amount.gte", "amount.ne"]),
        st.decimals(-(10**13), 10**13, places=4).map(lambda number: f"{number:f}"),
    ),
    st.tuples(st.sampled_from(["due_on", "due_on.lte", "noted_at.gt", "remark.at"]), _DAYS),
    st.tuples(
        st.just("noted_at"),
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
            datetime.isoformat
        ),
    ),
    st.tuples(
        st.sampled_from(["is_active", "name.empty", "tags.empty"]),
        st.sampled_from(["true", "false"]),
    ),
    st.tuples(st.just("owner.ne"), st.one_of(st.just("me"), st.uuids().map(str))),
)


@given(
    conditions=st.lists(_CONDITIONS, max_size=8),
    sort=st.lists(st.sampled_from(["name", "employees", "noted_at"]), unique=True),
    falling=st.booleans(),
    q=st.none() | st.text("abcæø 12", min_size=1).filter(str.strip),
)
def test_any_query_comes_back_from_either_form(
    conditions: list[tuple[str, str]], sort: list[str], falling: bool, q: str | None
) -> None:
    items = [*conditions]
    if sort:
        items.append(("sort", ",".join(("-" if falling else "") + name for name in sort)))
    if q:
        items.append(("q", q))

    query = parse_parameters(COMPANIES, items, READER)

    assert parse_stored(COMPANIES, query.stored(), READER) == query
    assert parse_parameters(COMPANIES, query.parameters(), READER) == query


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_whatever_comes_is_read_or_refused(items: list[tuple[str, str]]) -> None:
    try:
        parse_parameters(COMPANIES, items, READER)
    except ValidationError as error:
        assert error.errors  # noqa: PT017 - both ways out are right


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {}, optional={"filter": _JSON, "sort": _JSON, "fields": _JSON, "q": _JSON, "deleted": _JSON}
    )
)
def test_whatever_was_stored_is_read_or_refused(stored: dict[str, Any]) -> None:
    try:
        parse_stored(COMPANIES, stored, READER)
    except ValidationError as error:
        assert error.errors  # noqa: PT017 - both ways out are right


def test_everything_wrong_is_told_at_once() -> None:
    assert refusals(
        ("ghost", "1"), ("name.like", "x"), ("stage", "old"), ("employees", "many"), ("limit", "0"),
        ("sort", "number"), ("fields", "remark.at"), ("facets", "name"), ("sort", "name"),
    ) == [
        ("/sort", "repeated"),
        ("/ghost", "unknown_field"),
        ("/name.like", "unknown_operator"),
        ("/stage", "invalid_choice"),
        ("/employees", "invalid_integer"),
        ("/sort", "unknown_sort"),
        ("/fields", "unknown_field"),
        ("/facets", "unknown_field"),
        ("/limit", "out_of_range"),
    ]  # fmt: skip


def test_a_refusal_names_what_is_allowed() -> None:
    with pytest.raises(ValidationError) as refused:
        parse_parameters(COMPANIES, [("stage", "old"), ("name.lt", "x"), ("sort", "owner")], READER)

    assert [error.params["allowed"] for error in refused.value.errors] == [
        "new, won, lost",
        "eq, ne, contains, starts, empty",
        "name, employees, amount, due_on, noted_at",
    ]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("name", "", "value_missing"),
        ("name", "a\0b", "invalid_text"),
        ("name", "\ud800", "invalid_text"),
        ("name", "x" * 501, "too_long"),
        ("employees", "1.5", "invalid_integer"),
        ("employees", "٣", "invalid_integer"),
        ("employees", "1" * 19, "invalid_integer"),
        ("amount", "NaN", "invalid_decimal"),
        ("amount", "1e9", "invalid_decimal"),
        ("amount", "1,5", "invalid_decimal"),
        ("is_active", "yes", "invalid_boolean"),
        ("is_active.empty", "1", "invalid_boolean"),
        ("due_on", "20260101", "invalid_date"),
        ("due_on", "tomorrow", "invalid_date"),
        ("due_on", "2026-02-30", "out_of_range"),
        ("due_on", "today+9999y", "out_of_range"),
        ("noted_at", "2026-01-01T10:00:00", "invalid_instant"),
        ("noted_at", "2026-01-01T25:00:00Z", "invalid_instant"),
        ("noted_at", "0001-01-01T00:00:00+05:00", "invalid_instant"),
        ("noted_at", "9999-12-31", "invalid_instant"),
        ("owner", "anna", "invalid_uuid"),
        ("q", "!?", "no_words"),
        ("q", "x" * 201, "too_long"),
        ("q", "a\0", "invalid_text"),
        ("limit", "501", "out_of_range"),
        ("limit", "five", "out_of_range"),
        ("limit", "²", "out_of_range"),
        ("deleted", "yes", "invalid_boolean"),
    ],
)
def test_a_wrong_value_is_refused_at_its_parameter(name: str, text: str, code: str) -> None:
    assert refusals((name, text)) == [(f"/{name}", code)]


@pytest.mark.parametrize(
    ("stored", "refused"),
    [
        ({"filters": {}}, ("/filters", "unknown_key")),
        ({"filter": []}, ("/filter", "wrong_type")),
        ({"filter": {"name": {"contains": None}}}, ("/filter/name/contains", "wrong_type")),
        ({"filter": {"amount": {"gt": 1.5}}}, ("/filter/amount/gt", "wrong_type")),
        ({"filter": {"stage": {"eq": []}}}, ("/filter/stage/eq", "value_missing")),
        ({"filter": {"a/b": {"eq": "x"}}}, ("/filter/a~1b/eq", "unknown_field")),
        ({"filter": {"name": {"lt": "x"}}}, ("/filter/name/lt", "unknown_operator")),
        ({"sort": "name"}, ("/sort", "wrong_type")),
        ({"fields": ["name", 1]}, ("/fields", "wrong_type")),
        ({"facets": "stage"}, ("/facets", "wrong_type")),
        ({"facets": ["name"]}, ("/facets", "unknown_field")),
        ({"q": 1}, ("/q", "wrong_type")),
        ({"deleted": "yes"}, ("/deleted", "invalid_boolean")),
    ],
)
def test_a_wrong_stored_form_is_refused_where_it_is_wrong(
    stored: dict[str, Any], refused: tuple[str, str]
) -> None:
    assert stored_refusals(stored) == [refused]


def test_a_bare_stored_value_means_equal() -> None:
    query = parse_stored(COMPANIES, {"filter": {"stage": ["won", "lost"], "name": "A"}}, READER)

    assert query.parameters() == [("name", "A"), ("stage", "won"), ("stage", "lost")]


def test_too_many_alternatives_are_refused() -> None:
    assert refusals(*(("name", str(number)) for number in range(101))) == [
        ("/name", "too_many_values")
    ]


def test_a_field_of_another_class_does_not_exist() -> None:
    assert refusals(("secret", "x"), ("sort", "secret"), ("fields", "secret")) == [
        ("/secret", "unknown_field"),
        ("/sort", "unknown_sort"),
        ("/fields", "unknown_field"),
    ]
    trusted = replace(READER, classes=frozenset({"public", "sensitive"}))
    assert parse_parameters(COMPANIES, [("secret", "x")], trusted).conditions[0].raw == ("x",)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", date(2026, 8, 21)),
        ("today+7d", date(2026, 8, 28)),
        ("-30d", date(2026, 7, 22)),
        (" 1w", date(2026, 8, 28)),
        ("week", date(2026, 8, 17)),
        ("week+1w", date(2026, 8, 24)),
        ("month", date(2026, 8, 1)),
        ("month-1d", date(2026, 7, 31)),
        ("today-6m", date(2026, 2, 21)),
        ("year", date(2026, 1, 1)),
        ("year+1y", date(2027, 1, 1)),
    ],
)
def test_relative_days_are_the_readers_own(text: str, day: date) -> None:
    assert value("due_on", text) == day


def test_today_is_another_day_elsewhere() -> None:
    assert value("due_on", "today", "America/New_York") == date(2026, 8, 20)


def test_a_day_of_an_instant_is_the_local_day_also_when_clocks_change() -> None:
    assert value("noted_at", "2026-03-29") == Span(
        datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)
    )


def test_me_is_the_reader_and_nobody_without_one() -> None:
    assert value("owner", "me") == ANNA
    with pytest.raises(ValidationError) as refused:
        parse_parameters(COMPANIES, [("owner", "me")], replace(READER, user_id=None))
    assert refused.value.errors[0].code == "nobody"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "limit"}, "cannot name a field"),
        ({"name": "Name"}, "cannot name a field"),
        ({"name": "a.lt"}, "ends like an operator"),
        ({"kind": Kind.ENUM}, "needs choices"),
        ({"column": None}, "needs a column or a condition"),
        ({"kind": Kind.MONEY, "facet": True}, "needs buckets"),
        ({"through": lambda inner: inner, "sortable": True}, "only a field with a value"),
    ],
)
def test_a_field_that_cannot_work_is_not_declared(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Field(**{"name": "a", "column": Company.name, "label": "A"} | wrong)


def test_tags_that_are_not_free_are_checked() -> None:
    tags = Field(
        "tags", Company.tags, label="Tags", kind=Kind.TAGS, choices=(Choice("vip", "VIP"),)
    )
    listing = Listing("x", Company, (tags,), ())

    assert parse_parameters(listing, [("tags", "vip")], READER).conditions[0].values == ("vip",)
    with pytest.raises(ValidationError, match="must be one of vip"):
        parse_parameters(listing, [("tags", "vips")], READER)


def test_a_listing_that_cannot_work_is_not_declared() -> None:
    name = Field("name", Company.name, label="Name")
    stage = Field("a", Company.stage, label="", kind=Kind.ENUM, choices=(Choice("x", "X"),))
    with pytest.raises(ValueError, match="share a name"):
        Listing("x", Company, (name, name), ())
    with pytest.raises(ValueError, match="name is not sortable"):
        Listing("x", Company, (name, stage), ("name",))
    assert stage.allowed == (Operator.EQ, Operator.NE, Operator.EMPTY)
