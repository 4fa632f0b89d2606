"""When one that is like a record is surely the same: the one rule of imports and shops."""

from dataclasses import replace
from uuid import UUID

import pytest

from hub.matching import Candidate, Judgement, Party, judge
from hub.matching.comparing import comparable
from hub.matching.frequencies import Frequencies
from hub.matching.scoring import compare

SIGNE = Party(
    name="Signe Prøvestein", phone="70000123", email="signe@gmail.example",
    address="Prøvevej 12", postcode="8000", country="DK",
)  # fmt: skip
OTHER_MAIL = replace(SIGNE, email="anden@andet.example")
OTHER_PHONE = replace(SIGNE, phone="70000456")
NOBODY = replace(SIGNE, phone=None, email=None)


def candidate(one: Party, other: Party) -> Candidate:
    scored = compare(comparable(one), comparable(other), Frequencies("customer", {}))
    return Candidate(UUID(int=7), scored.score, scored.evidence)


def judged(one: Party, other: Party, *, of_companies: bool = False) -> Judgement:
    return judge([candidate(one, other)], of_companies=of_companies)


def against(judgement: Judgement) -> list[str]:
    return [item.field for item in judgement.against]


@pytest.mark.parametrize("of_companies", [False, True])
@pytest.mark.parametrize("other", [
    NOBODY,
    replace(SIGNE, phone=None),
    replace(SIGNE, email=None),
    OTHER_MAIL,  # one telephone number says that they are one
    OTHER_PHONE,  # and so does one mail address
])  # fmt: skip
def test_two_of_one_name_and_place_are_one_unless_it_is_known_that_they_are_reached_otherwise(
    other: Party, of_companies: bool
) -> None:
    assert judged(SIGNE, other, of_companies=of_companies) == Judgement(is_sure=True)


@pytest.mark.parametrize("of_companies", [False, True])
def test_another_mail_address_keeps_two_of_one_name_and_place_apart(of_companies: bool) -> None:
    found = judged(replace(SIGNE, phone=None), OTHER_MAIL, of_companies=of_companies)

    assert not found.is_sure
    assert against(found) == ["email"]


def test_another_telephone_number_keeps_people_apart_but_no_companies_which_have_many() -> None:
    here = replace(SIGNE, email=None)

    found = judged(here, OTHER_PHONE)

    assert not found.is_sure
    assert against(found) == ["phone"]
    assert judged(here, OTHER_PHONE, of_companies=True) == Judgement(is_sure=True)


def test_all_that_keeps_two_apart_is_told() -> None:
    found = judged(SIGNE, replace(OTHER_MAIL, phone="70000456"))

    assert not found.is_sure
    assert sorted(against(found)) == ["email", "phone"]


def test_a_domain_is_that_of_a_company_and_says_nothing_of_people() -> None:
    one = replace(SIGNE, phone=None, email="a@nordlys.example")
    other = replace(one, email="b@nordlys.example")

    assert judged(one, other, of_companies=True).is_sure
    assert not judged(one, other).is_sure


@pytest.mark.parametrize(("field", "number"), [
    ("cvr", "99000007"), ("ean", "5790000000005"), ("p_number", "1000000001"),
])  # fmt: skip
def test_a_number_says_that_two_are_one_whatever_else_differs(field: str, number: str) -> None:
    one = replace(SIGNE, **{field: number})
    other = replace(OTHER_MAIL, phone="70000456", **{field: number})

    found = candidate(one, other)

    assert judge([found], of_companies=False).is_sure
    assert judge([found], of_companies=False, known_apart=True).is_sure


@pytest.mark.parametrize("other", [NOBODY, SIGNE, OTHER_MAIL])
def test_who_is_known_apart_is_one_by_a_number_alone(other: Party) -> None:
    found = candidate(SIGNE, other)

    assert not judge([found], of_companies=False, known_apart=True).is_sure


def test_one_that_is_not_alike_is_not_kept_apart_by_anything() -> None:
    other = Party(name="Bo Bølge", email="bo@gmail.example", country="DK")

    assert judged(SIGNE, other) == Judgement(is_sure=False)


def test_what_keeps_one_of_several_that_are_one_apart_keeps_all_of_them() -> None:
    row = replace(SIGNE, phone=None)
    contradicting, silent = candidate(row, OTHER_MAIL), candidate(row, NOBODY)

    found = judge([silent, contradicting], of_companies=False)

    assert judge([silent], of_companies=False).is_sure
    assert not found.is_sure
    assert against(found) == ["email"]


def test_one_that_is_reached_as_one_of_several_that_are_one_is_that_one() -> None:
    row = replace(SIGNE, phone=None)

    found = judge([candidate(row, OTHER_MAIL), candidate(row, SIGNE)], of_companies=False)

    assert found == Judgement(is_sure=True)
