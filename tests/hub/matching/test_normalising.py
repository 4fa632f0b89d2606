import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.matching import Party, same_name
from hub.matching.addresses import parts_of as address_of
from hub.matching.comparing import Comparable, comparable
from hub.matching.folding import fold, skeleton
from hub.matching.names import parts_of as name_of


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Sørensen & Søn", "soerensen soen"),
        ("ÅRHUS Ærø", "aarhus aeroe"),
        ("Müller-Lüdenscheidt", "mueller luedenscheidt"),
        ("Café Crème", "cafe creme"),
        ("Children?s Home", "childrens home"),
        ("Children’s Home", "childrens home"),
        ("B\ufffdrge Hansen", "brge hansen"),
        ("SÃ¸ren", "soeren"),
        ("G.m.b.H.", "gmbh"),
        ("Nordlys A/S", "nordlys as"),
        ("", ""),
    ],
)
def test_a_text_is_folded(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="abcdeou", max_size=12))
def test_a_skeleton_has_no_other_skeleton(word: str) -> None:
    assert skeleton(skeleton(word)) == skeleton(word)


def test_danish_letters_written_in_three_ways_have_one_skeleton() -> None:
    assert {skeleton(fold(name)) for name in ("Søren", "Soeren", "Soren")} == {"soren"}


@pytest.mark.parametrize(
    ("written", "words", "forms"),
    [
        ("Nordlys Belysning ApS", ("nordlys", "belysning"), ("aps",)),
        ("A/S Nordlys", ("nordlys",), ("as",)),
        ("AB Volvo", ("volvo",), ("ab",)),
        ("Nordlys Oyj", ("nordlys",), ("oyj",)),
        ("Müller GmbH & Co. KG", ("mueller",), ("co", "gmbh", "kg")),
        ("Fjord ASA", ("fjord",), ("asa",)),
        ("Acme, Inc.", ("acme",), ("inc",)),
        ("Brdr. Hansen I/S", ("broedrene", "hansen"), ("is",)),
        ("Is til alle", ("is", "alle"), ()),
        ("SIA", ("sia",), ()),
        ("St. Mary", ("saint", "mary"), ()),
        ("Saint Mary", ("saint", "mary"), ()),
        ("Holding Hands", ("holding", "hands"), ()),
    ],
)
def test_legal_forms_are_told_from_the_name(
    written: str, words: tuple[str, ...], forms: tuple[str, ...]
) -> None:
    name = name_of(written)

    assert (name.words, name.forms) == (words, forms)


@pytest.mark.parametrize(
    ("written", "sisters", "qualifiers"),
    [
        ("Nordlys Holding ApS", ("holding",), ()),
        ("Nordlys Ejendomme 2 A/S", ("ejendomme",), ("2",)),
        ("Nordlys II", (), ("2",)),
        ("Nordlys Transport", (), ("transport",)),
        ("Nordic Light", ("nordic",), ()),
        ("Ejendomsselskabet Nordlys ApS", ("ejendomsselskabet",), ()),
        ("Nordlys - Nordlys Aarhus", (), ()),
        ("Nordlys 2 - Nordlys 2 Aarhus", (), ("2",)),
        ("Nordlys Transport 4 2", (), ("4", "2", "transport")),
        ("Nordlys 1 1", (), ("1", "1")),
        ("Nordlys 3/4", (), ("3", "4")),
    ],
)
def test_words_that_tell_sisters_apart_are_no_part_of_the_name(
    written: str, sisters: tuple[str, ...], qualifiers: tuple[str, ...]
) -> None:
    name = name_of(written)

    assert (name.sisters, name.qualifiers) == (sisters, qualifiers)


@pytest.mark.parametrize(
    ("written", "house", "street"),
    [
        ("Nørregade 12, 3. tv", "12", ("noerregade",)),
        ("Nørregade 12 B", "12b", ("noerregade",)),
        ("707 E. 37th St.", "707", ("37",)),
        ("5242 W North Ave", "5242", ("north",)),
        ("c/o Hansen\nNørregade 12", "12", ("noerregade", "hansen")),
        ("Nørregade", "", ("noerregade",)),
        ("", "", ()),
    ],
)
def test_an_address_has_a_house_and_a_street(
    written: str, house: str, street: tuple[str, ...]
) -> None:
    address = address_of(written)

    assert (address.house, address.street) == (house, street)


def test_facts_are_brought_to_one_form() -> None:
    party = Party(
        name="Nordlys ApS", cvr="DK 99 00 00 07", phone="33 12 34 56", email=" Info@Nordlys.DK ",
        website="https://www.nordlys.dk/om", country="DK", ean="5790 000 000005",
    )  # fmt: skip

    facts = comparable(party)

    assert facts.number == "99000007"
    assert facts.phone == "+4533123456"
    assert facts.email == "info@nordlys.dk"
    assert facts.domains == ("nordlys.dk",)
    assert facts.ean == "5790000000005"


def test_a_danish_vat_number_is_the_registration_number() -> None:
    assert comparable(Party(vat_no="DK99000007")).number == "99000007"
    assert comparable(Party(vat_no="99000007", country="DK")).number == "99000007"
    assert comparable(Party(vat_no="DE123456789")).number == ""


def test_the_domain_of_a_mail_provider_is_none() -> None:
    assert comparable(Party(email="nordlys@gmail.com")).domains == ()


def test_what_is_stored_comes_back_as_it_was() -> None:
    facts = comparable(Party(name="Nordlys Holding 2 ApS", cvr="99000007", address="Nørregade 12"))

    assert Comparable.of_stored(facts.stored()) == facts


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Nordlys Belysning ApS", "NORDLYS BELYSNING", True),
        ("Sørensen & Søn A/S", "Soerensen og Soen", True),
        ("Nordlys Holding ApS", "Nordlys ApS", False),
        ("Nordlys 1 K/S", "Nordlys 2 K/S", False),
        ("Elmely Afdeling 2 Blok 1", "Elmely, Afdeling 2, Blok 1", True),
        ("Elmely Afdeling 2 Blok 1", "Elmely Afdeling 1 Blok 2", False),
        ("Elmely Afdeling 2 Blok 1", "Elmely Blok 2 Afdeling 1", False),
        ("Bageri 1 1", "Bageri 1", False),
        ("Nordlys", "Nordlyst", False),
        ("", "", False),
    ],
)
def test_two_names_are_one_or_not(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
