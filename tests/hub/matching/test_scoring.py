from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.matching import FORBID, WARN, Party, judge
from hub.matching.candidates import Candidate
from hub.matching.comparing import comparable
from hub.matching.frequencies import Frequencies
from hub.matching.keys import Key
from hub.matching.scoring import Scored, compare, compare_if

NOTHING_KNOWN = Frequencies("customer", {})
NORDLYS_ID = UUID(int=7)
NORDLYS = Party(
    name="Nordlys Belysning ApS", cvr="99000007", phone="+4533123456", country="DK",
    email="kontakt@nordlys.dk", address="Nørregade 12", postcode="8000",
)  # fmt: skip
WITHOUT_NUMBER = replace(NORDLYS, cvr=None)


def score_of(one: Party, other: Party, known: Frequencies = NOTHING_KNOWN) -> Scored:
    return compare(comparable(one), comparable(other), known)


def common(*keys: Key, count: int = 150) -> Frequencies:
    return Frequencies("customer", {key.digest("customer"): count for key in keys})


def may_link(scored: Scored) -> bool:
    candidate = Candidate(NORDLYS_ID, scored.score, scored.evidence)
    return judge([candidate], of_companies=True).is_sure


def test_the_same_facts_are_the_same() -> None:
    scored = score_of(NORDLYS, NORDLYS)

    assert scored.score > 0.99
    assert may_link(scored)


@pytest.mark.parametrize(
    "other",
    [
        "Nordlys Belysning Holding ApS",
        "Nordlys Belysning Ejendomme ApS",
        "Nordlys Belysning Invest ApS",
        "Nordlys Belysning Nordic ApS",
        "Nordlys Belysning Properties ApS",
        "Ejendomsselskabet Nordlys Belysning ApS",
    ],
)
def test_a_sister_company_is_another_company_even_at_one_address(other: str) -> None:
    scored = score_of(WITHOUT_NUMBER, replace(WITHOUT_NUMBER, name=other))

    assert scored.score < WARN
    assert ("name", "sister") in {(item.field, item.kind) for item in scored.evidence}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vindkraft Lolland 1 K/S", "Vindkraft Lolland 2 K/S"),
        ("Vindkraft Lolland 1 K/S", "Vindkraft Lolland 1-2 K/S"),
        ("Skriver 0-0", "Skriver 1-0"),
        ("Skriver Afdeling 0-0", "Skriver 1-0"),
        ("Elmely Afdeling 2 Blok 1", "Elmely Afdeling 1 Blok 2"),
        ("Elmely Afdeling 2 Blok 1", "Elmely Blok 2 Afdeling 1"),
        ("Elhandel 2 4", "Elhandel 4 2"),
        ("Bageri 1 1", "Bageri 1"),
        ("Bageri 1 1", "Bageri 1 1 1"),
        ("Nordlys 12 1", "Nordlys 1 12"),  # 12 is its house
    ],
)
def test_numbered_companies_are_sisters(one: str, other: str) -> None:
    scored = score_of(replace(WITHOUT_NUMBER, name=one), replace(WITHOUT_NUMBER, name=other))

    said = {(item.field, item.kind) for item in scored.evidence}
    assert scored.score < WARN
    assert ("name", "sister") in said
    assert ("name", "same") not in said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Elmely Afdeling 2 Blok 1", "ELMELY AFDELING 2, BLOK 1"),
        ("Elmely 2", "Elmely 2 - Elmely 2"),
        ("Elmely 2-3", "Elmely 2-3 (Elmely 2-3)"),
        ("Elmely Byg 2", "Byg Elmely II"),
    ],
)
def test_names_with_the_same_numbers_in_one_order_are_the_same(one: str, other: str) -> None:
    scored = score_of(replace(WITHOUT_NUMBER, name=one), replace(WITHOUT_NUMBER, name=other))

    assert scored.score >= FORBID
    assert ("name", "same") in {(item.field, item.kind) for item in scored.evidence}


def test_of_names_one_of_which_has_a_number_nobody_says_that_they_are_the_same() -> None:
    scored = score_of(
        Party(name="Bageri 1", postcode="8000"), Party(name="Bageri", postcode="8000")
    )

    said = {(item.kind, item.text) for item in scored.evidence if item.field == "name"}
    assert said == {
        ("similar", "The names are much alike."),
        ("qualified", "One name says more than the other."),
    }


def test_another_registration_number_is_another_company_whatever_else_agrees() -> None:
    assert score_of(NORDLYS, replace(NORDLYS, cvr="99000015")).score < 0.1


def test_another_vat_number_of_one_country_is_another_company() -> None:
    one = replace(WITHOUT_NUMBER, vat_no="DE123456789")

    assert score_of(one, replace(one, vat_no="DE987654321")).score < 0.1
    assert score_of(one, replace(one, vat_no="SE556000000001")).score > FORBID


def test_the_same_registration_number_refuses_another_but_never_links_by_itself() -> None:
    scored = score_of(Party(cvr="99000007"), Party(name="Helt Andet A/S", cvr="DK99000007"))

    assert scored.score >= FORBID
    assert not may_link(scored)


@pytest.mark.parametrize(("field", "one", "other"), [
    ("ean", "5790000000005", "5790000000012"), ("p_number", "1000000001", "1000000002"),
])  # fmt: skip
def test_another_unit_under_one_registration_number_is_another_record(
    field: str, one: str, other: str
) -> None:
    first = replace(NORDLYS, **{field: one})
    second = replace(NORDLYS, **{field: other})

    scored = score_of(first, second)

    assert scored.score < WARN
    assert not may_link(scored)


def test_the_same_unit_refuses_another() -> None:
    scored = score_of(
        Party(name="Børnehaven Solen", ean="5790000000005"),
        Party(name="Solens Børnehave", ean="5790000000005"),
    )

    assert scored.score >= FORBID


def test_one_unit_under_two_registration_numbers_is_for_a_person_to_see() -> None:
    one = Party(name="Solen", cvr="99000007", ean="5790000000005")
    scored = score_of(one, replace(one, cvr="99000015"))

    assert WARN <= scored.score < FORBID


def test_a_telephone_number_of_many_says_little() -> None:
    one = Party(name="Ørsund Fisk", phone="+4533123456", address="Havnen 1", postcode="9990")
    other = Party(name="Fisk Ørsund Røgeri", phone="+4533123456")
    shared = Key("phone", "+4533123456")

    rare, often = score_of(one, other), score_of(one, other, common(shared))

    assert rare.score >= WARN
    assert often.score < WARN


def test_the_domain_of_a_mail_provider_says_nothing() -> None:
    scored = score_of(
        Party(name="Ørsund Fisk", email="orsund@gmail.com"),
        Party(name="Hegnsholt Byg", email="hegnsholt@gmail.com"),
    )

    assert scored.score < 0.05
    assert "website" not in {item.field for item in scored.evidence}


def test_name_and_domain_are_one_piece_of_evidence() -> None:
    one = Party(name="Nordlys Belysning", website="nordlys.dk", phone="+4533123456")
    other = Party(name="Nordlys Belysning", website="nordlys.dk", phone="+4587654321")
    unlike = replace(other, name="Ørsund Fisk")

    beside = {item.field: item.weight for item in score_of(one, other).evidence}
    alone = {item.field: item.weight for item in score_of(one, unlike).evidence}

    assert alone["website"] == 3.5
    assert beside["website"] == pytest.approx(0.7)


def test_a_common_word_says_less_than_a_rare_one() -> None:
    one = Party(name="Chicago Lamps", phone="+4533123456")
    other = Party(name="Chicago Ovens", phone="+4533123456")

    rare = score_of(one, other)
    often = score_of(one, other, common(Key("word", "chicago")))

    assert often.score < rare.score


def test_a_name_alone_written_twice_is_refused_but_not_with_another_legal_form() -> None:
    assert score_of(Party(name="Nordlys ApS"), Party(name="NORDLYS ApS")).score >= FORBID
    assert WARN <= score_of(Party(name="Nordlys ApS"), Party(name="Nordlys A/S")).score < FORBID


def test_two_persons_of_a_common_name_are_not_refused() -> None:
    name = Party(name="Peter Hansen")
    known = common(Key("name", "hansen peter"))

    assert score_of(name, name, known).score < WARN


def test_a_person_is_known_again_by_name_and_mail() -> None:
    one = Party(name="Peter Hansen", email="peter.hansen@gmail.com")
    known = common(Key("name", "hansen peter"))

    assert score_of(one, replace(one, name="Hansen, Peter"), known).score >= WARN


def test_members_of_a_household_are_several() -> None:
    one = Party(name="Peter Hansen", address="Nørregade 12", postcode="8000", phone="+4533123456")

    assert score_of(one, replace(one, name="Mette Hansen", phone="+4520304050")).score < WARN


@pytest.mark.parametrize(
    "written",
    [
        "NORDLYS BELYSNING",
        "Nordlys  Belysning A/S",
        "Nordlys Belysnig ApS",
        "Nord Lys Belysning ApS",
        "Belysning Nordlys",
    ],
)
def test_a_name_is_known_again_however_it_is_spelt(written: str) -> None:
    one = Party(name="Nordlys Belysning ApS", phone="+4533123456", postcode="8000")

    assert score_of(one, replace(one, name=written)).score >= FORBID


def test_names_alike_in_letters_only_are_different() -> None:
    scored = score_of(Party(name="Marina Consult"), Party(name="Martina Konsulent"))

    assert scored.score < WARN


_WORDS = st.sampled_from(
    [
        *("Nordlys", "Belysning", "Holding", "Hansen", "Peter", "Fisk", "2"),
        *("Nordlyst", "Center", "Ørsund", "Transport", "P"),
    ]
)
_PARTIES = st.builds(
    Party,
    name=st.none() | st.lists(_WORDS, min_size=1, max_size=4).map(" ".join),
    cvr=st.none() | st.sampled_from(["99000007", "99000015"]),
    vat_no=st.none() | st.sampled_from(["DK99000007", "DE123456789"]),
    ean=st.none() | st.sampled_from(["5790000000005", "5790000000012"]),
    phone=st.none() | st.sampled_from(["+4533123456", "+4587654321"]),
    email=st.none() | st.sampled_from(["a@nordlys.dk", "b@nordlys.dk", "a@gmail.com"]),
    address=st.none() | st.sampled_from(["Nørregade 12", "Nørregade 21", "Havnen 1"]),
    postcode=st.none() | st.sampled_from(["8000", "8008", "9990"]),
    country=st.none() | st.sampled_from(["DK", "SE"]),
)
_KNOWN = st.sampled_from(
    [NOTHING_KNOWN, common(Key("word", "nordlys"), Key("phone", "+4533123456"))]
)


@given(_PARTIES, _PARTIES, _KNOWN)
def test_a_score_is_the_same_whichever_comes_first(
    one: Party, other: Party, known: Frequencies
) -> None:
    assert score_of(one, other, known) == score_of(other, one, known)


@given(_PARTIES, _PARTIES, _KNOWN, st.sampled_from([WARN, FORBID]))
def test_comparing_as_far_as_needed_finds_what_comparing_finds(
    one: Party, other: Party, known: Frequencies, least: float
) -> None:
    whole = score_of(one, other, known)

    found = compare_if(comparable(one), comparable(other), known, least)

    assert found == (whole if whole.score >= least else None)
