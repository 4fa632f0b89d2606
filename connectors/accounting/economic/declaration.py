"""What Hub knows of the e-conomic connector without importing it."""

from datetime import timedelta

from hub.ports import Declaration, FieldType, MappableField, SettingField, WriteStyle

SYSTEM = "economic"

DECLARATION = Declaration(
    name=SYSTEM,
    kind="accounting",
    title="e-conomic",
    settings=(
        SettingField(
            "base_url",
            "Address",
            FieldType.URL,
            required=True,
            default="https://restapi.e-conomic.com",
        ),
        SettingField(
            "app_secret_token",
            "App secret token",
            required=True,
            secret=True,
            help="Of the app registered with e-conomic.",
        ),
        SettingField(
            "agreement_grant_token",
            "Agreement grant token",
            required=True,
            secret=True,
            help="Given when the agreement's administrator grants the app access.",
        ),
        SettingField(
            "default_customer_group",
            "Customer group of new customers",
            FieldType.INTEGER,
            help="The group's number; used where the mapping gives none.",
        ),
        SettingField(
            "default_payment_terms",
            "Payment terms of new customers",
            FieldType.INTEGER,
            help="The number of the terms; used where the mapping gives none.",
        ),
        SettingField(
            "default_vat_zone",
            "VAT zone of new customers",
            FieldType.INTEGER,
            default=1,
            help="1 domestic, 2 EU, 3 abroad, 4 domestic without VAT.",
        ),
        SettingField(
            "default_currency",
            "Currency of new customers",
            help="Three letters; empty: the agreement's base currency.",
        ),
        SettingField(
            "page_size",
            "Customers per page",
            FieldType.INTEGER,
            default=1000,
            help="At most 1000.",
        ),
    ),
    fields=(
        MappableField("name", "Name", max_length=255, required=True),
        MappableField("address", "Address", max_length=510),
        MappableField("zip", "Postcode", max_length=30),
        MappableField("city", "City", max_length=50),
        MappableField("country", "Country", max_length=50),
        MappableField("corporate_identification_number", "Registration number", max_length=40),
        MappableField("vat_number", "VAT number", max_length=20),
        MappableField("p_number", "P-number", max_length=10),
        MappableField("ean", "EAN", max_length=13),
        MappableField("email", "Email", max_length=255),
        MappableField("phone", "Telephone", max_length=255),
        MappableField("mobile_phone", "Mobile phone", max_length=50),
        MappableField("website", "Website", max_length=255),
        MappableField("currency", "Currency", max_length=3, required=True),
        MappableField("customer_group", "Customer group", FieldType.CHOICE, required=True),
        MappableField("payment_terms", "Payment terms", FieldType.CHOICE, required=True),
        MappableField("vat_zone", "VAT zone", FieldType.CHOICE, required=True),
        MappableField("barred", "Barred", FieldType.BOOLEAN),
        MappableField("credit_limit", "Credit limit", FieldType.DECIMAL),
    ),
    capabilities=frozenset({"changes", "find", "documents"}),
    write_style=WriteStyle.REPLACE,
    deletes_visible=False,
    chooses_numbers=True,
    calls_per_period=3000,  # 10,000 cost tokens at about 3 each, with a tenth left for others
    period=timedelta(minutes=1),
    documentation="https://restdocs.e-conomic.com/",
)
"""Every length is that of the vendor's schema; a contract test compares them."""
