import pytest
from sqlalchemy import func, select

from hub.customers.models import Customer
from hub.listing import Field, Kind
from hub.reports.datasets import DATASETS


def test_a_field_is_of_the_class_of_its_column_and_of_what_is_made_of_it() -> None:
    iban = Field("iban", Customer.iban, label="IBAN")
    name = Field("name", Customer.name, label="Name")
    bank = Field("bank", func.substr(Customer.iban, 1, 2), label="Bank")
    limit = select(Customer.credit_limit).where(Customer.id == Customer.merged_into_id)
    merged = Field("most", limit.scalar_subquery(), label="Most", kind=Kind.MONEY)
    worst = Field("x", Customer.credit_limit, label="X", caption=Customer.iban, kind=Kind.MONEY)

    classes = [each.permission_class for each in (iban, name, bank, merged, worst)]
    assert classes == ["sensitive", "public", "sensitive", "internal", "sensitive"]


def test_what_a_column_says_is_not_said_again_or_weakened() -> None:
    with pytest.raises(ValueError, match="its columns say of which class it is"):
        Field("iban", Customer.iban, label="IBAN", permission_class="sensitive")
    with pytest.raises(ValueError, match="its columns say of which class it is"):
        Field("iban", Customer.iban, label="IBAN", permission_class="public")

    guarded = Field("city", Customer.city, label="City", permission_class="internal")
    assert guarded.permission_class == "internal"


def test_every_list_guards_its_classified_columns() -> None:
    guarded = {
        f"{name}.{field.name}": field.permission_class
        for name, dataset in DATASETS.items()
        for field in dataset.listing.fields
        if field.permission_class != "public"
    }

    assert guarded == {
        "customers.credit_limit": "internal", "customers.iban": "sensitive",
        "customers.bic": "sensitive", "customers.bank_account": "sensitive",
        "documents.amount": "internal", "documents.remaining": "internal",
    }  # fmt: skip
