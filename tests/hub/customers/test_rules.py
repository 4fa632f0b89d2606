"""What a customer's fields must be, whoever gives them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.customers.rules import LENGTHS, clean
from hub.errors import ValidationError


@pytest.mark.parametrize(
    ("field", "given_value", "stored"),
    [
        ("name", "  Nordlys ApS ", "Nordlys ApS"),
        ("cvr", "DK 99 00 00 07", "99000007"),
        ("cvr", "99-00.00,07", "99000007"),
        ("cvr", "", None),
        ("ean", "5790000000005", "5790000000005"),
        ("p_number", "1 000 000 001", "1000000001"),
        ("phone", "70 00 00 01", "+4570000001"),
        ("city", "A\u030abenra\u030a", "Åbenrå"),
        ("phone", "0046 8 123 456 78", "+46812345678"),
        ("email", "Kontakt@Nordlys.Example", "Kontakt@nordlys.example"),
        ("website", "www.nordlys.example", "https://www.nordlys.example"),
        ("website", "http://nordlys.example/om", "http://nordlys.example/om"),
        ("currency", "dkk", "DKK"),
        ("country", "dk", "DK"),
        ("roles", ["supplier", "customer", "customer"], ["customer", "supplier"]),
        ("credit_limit", "25000.50", Decimal("25000.50")),
        ("address", "Prøvevej 12B \r\n 2. tv", "Prøvevej 12B\n2. tv"),
        ("note", "", None),
        ("vat_no", "GR 094259216", "EL094259216"),
    ],
)
def test_a_value_is_kept_in_its_stored_form(field: str, given_value: Any, stored: Any) -> None:
    assert clean({field: given_value}) == {field: stored}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", "required"),
        ("name", None, "required"),
        ("name", "\u200b", "required"),
        ("name", "Nord\x00lys", "control_character"),
        ("name", "Nord\nlys", "control_character"),
        ("name", "Nord\u2028lys", "control_character"),
        ("name", "x" * 256, "too_long"),
        ("cvr", "99000008", "check_digit"),
        ("cvr", "1234567", "check_digit"),
        ("ean", "5790000000006", "check_digit"),
        ("ean", "96385074", "length"),
        ("p_number", "12", "format"),
        ("phone", "ring til mig", "format"),
        ("phone", "+45 33121233 ext 12", "extension"),
        ("phone", "+1 (212) 555-0123 x5", "extension"),
        ("email", "kontakt", "format"),
        ("email", "a@b.example c@d.example", "format"),
        ("website", "ftp://x.example", "format"),
        ("website", "intranet", "format"),
        ("currency", "XYZ", "unknown"),
        ("country", "XX", "unknown"),
        ("country", "ZZ", "unknown"),
        ("currency", "XXX", "unknown"),
        ("currency", "XTS", "unknown"),
        ("roles", ["king"], "unknown"),
        ("kind", "ghost", "unknown"),
        ("credit_limit", "-1", "range"),
    ],
)
def test_a_broken_rule_names_its_field_and_its_code(field: str, value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean({field: value})

    assert [(e.pointer, e.code) for e in refused.value.errors] == [(f"/{field}", code)]


def test_all_broken_rules_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        clean({"name": "", "cvr": "1", "email": "x", "city": "Ribe"})

    assert [e.pointer for e in refused.value.errors] == ["/name", "/cvr", "/email"]


def test_a_phone_is_read_by_the_customers_own_country() -> None:
    cleaned = clean({"phone": "08-123 456 78", "country": "SE"})

    assert cleaned["phone"] == "+46812345678"


@given(st.sampled_from(sorted(LENGTHS)), st.text(max_size=40))
def test_cleaning_what_is_clean_changes_nothing(field: str, text: str) -> None:
    try:
        once = clean({field: text})
    except ValidationError:
        return

    if once[field] is not None:
        assert clean(once) == once
