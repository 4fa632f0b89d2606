import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import iterate

from hub.errors import ValidationError
from hub.listing import (
    Query,
    Total,
    page,
    page_of_values,
    parse_parameters,
    ranking,
    search_document,
)
from hub.listing.ranking import Candidate, score
from hub.listing.search import Question, may_contain, nearly_matches
from hub.listing.words import digits_of, fold, words_of
from tests.hub.listing.companies import COMPANIES, NOW, READER, Company, make_company


def ask(q: str, *items: tuple[str, str]) -> Query[Company]:
    return parse_parameters(COMPANIES, [("q", q), *items], READER)


def found(session: Session, q: str, *items: tuple[str, str]) -> list[str]:
    return [company.name for company in page(session, ask(q, *items), true()).rows]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Århus", "AARHUS"),
        ("Århus", "arhus"),
        ("Bjørn", "Bjoern"),
        ("Bjørn", "Björn"),
        ("Næstved", "Naestved"),
        ("Müller", "Mueller"),
        ("Café", "cafe"),
        ("Straße", "STRASSE"),
        ("Ａ／Ｓ", "a/s"),
        ("Łódź", "lodz"),
    ],
)
def test_spellings_of_one_name_are_one(one: str, other: str) -> None:
    assert words_of(one) == words_of(other)


@given(st.text(), st.text())
def test_the_folding_of_a_beginning_is_the_beginning_of_the_folding(first: str, rest: str) -> None:
    assert fold(first + "x" + rest).startswith(fold(first))


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+45 12 34 56 78", "4512345678"),
        ("0045 (12) 34-56.78", "4512345678"),
        ("DK 99 00 00 07", "99000007"),
        ("1234", None),
        ("12 Nørregade", None),
        ("", None),
    ],
)
def test_a_number_is_its_digits(text: str, digits: str | None) -> None:
    assert digits_of(text) == digits


def test_a_document_begins_with_the_name_and_has_each_other_word_once() -> None:
    document = search_document("Nordlys A/S", ["10001", None, "Nordlys Ålborg", "+45 12 34 56 78"])

    assert document == "^^nordlys  a  s^  nordlys  10001  alborg  4512345678  "


@pytest.fixture
def town(session: Session) -> Session:
    make_company(
        session, "Nordlys A/S", "Ørestads Boulevard 12", "2300", "+4512345678", "post@nordlys.dk",
        number="10001",
    )  # fmt: skip
    make_company(session, "Nordhavn Trading", "Handel", "+4587654321", number="10002")
    make_company(session, "Café Nord", "Århus", number="20001")
    make_company(session, "Gone Nord", deleted_at=NOW)
    make_company(session, "張三貿易", "wechat_zhang", number="30001")
    return session


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("nord", ["Nordlys A/S", "Nordhavn Trading", "Café Nord"]),
        ("nordlys", ["Nordlys A/S"]),
        ("no", ["Nordlys A/S", "Nordhavn Trading", "Café Nord"]),
        ("n", ["Nordlys A/S", "Nordhavn Trading", "Café Nord"]),
        ("havn", ["Nordhavn Trading"]),  # within a word
        ("hav", ["Nordhavn Trading"]),
        ("av", []),  # two letters only begin a word
        ("trading nord", ["Nordhavn Trading"]),
        ("nord aarhus", ["Café Nord"]),
        ("CAFE", ["Café Nord"]),
        ("oerestad", ["Nordlys A/S"]),
        ("10001", ["Nordlys A/S"]),
        ("12 34 56 78", ["Nordlys A/S"]),
        ("+45 12345678", ["Nordlys A/S"]),
        ("004512345678", ["Nordlys A/S"]),
        ("345678", ["Nordlys A/S"]),
        ("post@nordlys.dk", ["Nordlys A/S"]),
        ("handel", ["Nordhavn Trading"]),
        ("三", ["張三貿易"]),
        ("貿易", ["張三貿易"]),
        ("zhang", ["張三貿易"]),
        ("gone", []),
        ("100%", ["Nordlys A/S", "Nordhavn Trading"]),
        ("nord_", ["Nordlys A/S", "Nordhavn Trading", "Café Nord"]),
    ],
)
def test_quick_search_finds_names_numbers_addresses_phones_and_handles(
    town: Session, q: str, names: list[str]
) -> None:
    assert found(town, q) == names


@pytest.mark.parametrize(
    "slip",
    ["nrodlys", "nordlis", "nordys", "nordllys", "mordlys", "nordlyz", "NØRDLYZ"],
)
def test_one_slip_is_forgiven_where_nothing_matches(town: Session, slip: str) -> None:
    assert found(town, slip) == ["Nordlys A/S"]


@pytest.mark.parametrize("slip", ["nrodlis", "nodr", "10011", "12345687", "xordlysx"])
def test_two_slips_short_words_and_numbers_are_not_forgiven(town: Session, slip: str) -> None:
    assert found(town, slip) == []


def test_no_slip_is_forgiven_where_something_matches(town: Session) -> None:
    make_company(town, "Nordlis")

    assert found(town, "nordlis") == ["Nordlis"]


def test_a_hidden_match_does_not_keep_a_slip_from_being_forgiven(town: Session) -> None:
    make_company(town, "Nordlis")
    query = ask("nordlis")

    rows = page(town, query, Company.name != "Nordlis").rows

    assert [company.name for company in rows] == ["Nordlys A/S"]


def test_the_index_loses_no_slip(session: Session) -> None:
    words = ["nordlys", "andersen", "brems", "abcde", "mikkelborg"]
    for word in words:
        make_company(session, word)

    for word in words:
        for at in range(len(word)):
            for typed in (
                f"{word[:at]}q{word[at + 1 :]}",
                f"{word[:at]}{word[at + 1 :]}",
                f"{word[:at]}q{word[at:]}",
                f"{word[:at]}{word[at : at + 2][::-1]}{word[at + 2 :]}",
            ):
                if len(typed) < 5 or typed == word:
                    continue
                near = select(Company.name).where(nearly_matches(Company.search_text, typed))
                assert session.scalars(near).all() == [word], typed


@given(name=st.text("aæeåøoénN xX./-", max_size=12), data=st.data())
def test_what_narrows_a_contains_down_keeps_every_text_that_contains(
    name: str, data: st.DataObject
) -> None:
    if not name:
        return
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))

    narrowed = may_contain(Company.search_text, name[start:end])

    wanted = _wanted(narrowed)
    document = search_document(name, [])
    assert wanted <= {document[at : at + 3] for at in range(len(document) - 2)}


MAILS = st.from_regex(r"[a-eæøo]{1,6}(\.[a-e0-9]{1,4})?@[a-eo]{1,6}\.(dk|example)", fullmatch=True)
PHONES = st.from_regex(r"\+45[0-9]{8}", fullmatch=True)


@given(name=st.text("aeo ", max_size=6), reached_by=MAILS | PHONES, data=st.data())
def test_what_narrows_a_mail_address_or_a_number_down_keeps_every_one_that_contains(
    name: str, reached_by: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(reached_by) - 1))
    end = data.draw(st.integers(start + 1, len(reached_by)))

    narrowed = may_contain(Company.search_text, reached_by[start:end])

    document = search_document(name, [reached_by])
    grams = {f"  {word}"[at : at + 3] for word in document.split("  ") for at in range(len(word))}
    assert _wanted(narrowed) <= grams


def _wanted(predicate: object) -> set[str]:
    return {
        gram
        for element in iterate(predicate)  # type: ignore[arg-type]  # any clause
        if isinstance(element, BindParameter) and isinstance(element.value, list)
        for gram in element.value
    }


def rank(q: str, *rows: tuple[str, str]) -> list[str]:
    names = {search_document(name, [number]): name for number, name in rows}
    candidates = [
        Candidate(READER.user_id, number, search_document(name, [number]))  # type: ignore[arg-type]
        for number, name in rows
    ]
    ordered = sorted(candidates, key=lambda each: -score(Question.of(q), q, each))
    return [names[each.document] for each in ordered]


def test_the_number_comes_before_the_name_before_words_before_parts() -> None:
    assert rank(
        "10001",
        ("x", "A 10001"),
        ("10001", "B"),
        ("100012", "C"),
        ("9", "10001 D"),
        ("310001", "E"),
    ) == ["B", "10001 D", "A 10001", "C", "E"]


def test_a_whole_mail_address_comes_before_those_that_begin_so() -> None:
    assert rank(
        "post@firma2.example",
        ("post@firma21.example", "Alfa"),
        ("post@firma2.example", "Beta"),
        ("post@firma22.example", "Gamma"),
    ) == ["Beta", "Alfa", "Gamma"]


def test_the_name_most_like_what_was_typed_comes_first() -> None:
    assert rank("nord", ("1", "Nordisk Handel"), ("2", "Nord"), ("3", "Nord AS")) == [
        "Nord", "Nord AS", "Nordisk Handel",
    ]  # fmt: skip


def test_ranked_pages_follow_each_other_and_lead_back(session: Session) -> None:
    for number in range(7):
        make_company(session, f"Nord {number}")

    first = page(session, ask("nord", ("limit", "3")), true())
    second = page(session, ask("nord", ("limit", "3"), ("cursor", first.next or "")), true())
    third = page(session, ask("nord", ("limit", "3"), ("cursor", second.next or "")), true())
    back = page(session, ask("nord", ("limit", "3"), ("cursor", third.previous or "")), true())

    names = [[company.name for company in each.rows] for each in (first, second, third)]
    assert [len(each) for each in names] == [3, 3, 1]
    assert len({name for each in names for name in each}) == 7
    assert (first.previous, third.next) == (None, None)
    assert [company.name for company in back.rows] == names[1]
    assert (first.total.count, first.total.exact, first.ranked) == (7, True, None)
    with pytest.raises(ValidationError) as refused:
        page(session, ask("syd", ("cursor", first.next or "")), true())
    assert refused.value.errors[0].code == "cursor_of_other_list"


def test_the_very_number_and_beginnings_are_ranked_however_many_match(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "RANKED", 5)
    for number in range(30):
        make_company(session, f"A nord {number}")
    make_company(session, "Nordstjernen")
    make_company(session, "B", number="nord")

    assert found(session, "nord", ("limit", "2")) == ["B", "Nordstjernen"]


def test_beyond_the_ranked_the_page_says_so_and_a_sort_reaches_all(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "RANKED", 5)
    for number in range(8):
        make_company(session, f"Nord {number}")

    best = page(session, ask("nord"), true())
    sorted_by_name = page(session, ask("nord", ("sort", "name")), true())

    assert (len(best.rows), best.ranked, best.total) == (5, 5, Total(5, exact=False))
    assert (len(sorted_by_name.rows), sorted_by_name.ranked) == (8, None)


def test_a_ranked_page_of_values_has_the_columns_asked_for(town: Session) -> None:
    rows = page_of_values(town, ask("nordlys", ("fields", "number,name")), true()).rows

    assert rows == [("10001", "Nordlys A/S")]
