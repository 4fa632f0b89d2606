"""The list of customers."""

from typing import Any

from sqlalchemy import and_, case, column, exists, func, select, table
from sqlalchemy.orm import InstrumentedAttribute

from hub.access.models import Team, User
from hub.catalogues.services import words_of
from hub.channels import CUSTOMER_CHANNELS
from hub.customers.models import (
    AccountingState,
    Address,
    AddressKind,
    Contact,
    Customer,
    CustomerKind,
    CustomerRole,
    HoldState,
    Lifecycle,
    PoolState,
    RegistryState,
    ShopIdentity,
)
from hub.customers.rules import kept_as
from hub.db import Instant
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing, Operator, SearchSpec, Vocabulary
from hub.listing.declaration import Expression, Predicate
from hub.sharing.listing import shared_field


def _person(column: Expression) -> Expression:
    return select(User.name).where(User.id == column).correlate(Customer).scalar_subquery()


def _words(name: str, column: InstrumentedAttribute[Any]) -> Vocabulary:
    return words_of(name, column, Customer)


def _in_a_shop(condition: Predicate) -> Predicate:
    """Return the condition for customers that a shop knows by an id."""
    known = select(ShopIdentity.customer_id).where(condition)
    found: Predicate = Customer.id.in_(known)
    return found


_NOTES = table(  # they lie above, so by name
    "note", column("customer_id"), column("at", Instant(timezone=True)), column("deleted_at")
)


def _noted(condition: Predicate) -> Predicate:
    """Return the condition for customers with a note, on themselves or on what is theirs."""
    return exists().where(
        _NOTES.c.customer_id == Customer.id, _NOTES.c.deleted_at.is_(None), condition
    )


_TEAM = select(Team.name).where(Team.id == Customer.team_id).correlate(Customer).scalar_subquery()
_POOLS = table("pool", column("id"), column("name"))  # likewise
_POOL = (
    select(_POOLS.c.name)
    .where(_POOLS.c.id == Customer.pool_id)
    .correlate(Customer)
    .scalar_subquery()
)
_POOL_PLACE = case(
    (and_(Customer.pool_id.is_not(None), Customer.is_protected), PoolState.LOCKED.value),
    else_=Customer.pool_state,
)
POOL_STATES = (
    Choice(PoolState.IN_POOL, N_("Waits in the pool")),
    Choice(PoolState.APPLIED, N_("Applied for")),
    Choice(PoolState.OWNED, N_("Owned")),
    Choice(PoolState.LOCKED, N_("Protected")),
)

CUSTOMERS = Listing(
    name="customers",
    model=Customer,
    fields=(
        Field("id", Customer.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("ref_no", Customer.ref_no, label=N_("Number"), sortable=True, width=12),
        Field(
            "name", Customer.name, label=N_("Name"), sortable=True, sort_key=Customer.sort_name,
            search_text=Customer.search_text, width=40,
        ),
        Field(
            "kind", Customer.kind, label=N_("Kind"), kind=Kind.ENUM, facet=True, shown=False,
            choices=(
                Choice(CustomerKind.ORGANISATION, N_("Organisation")),
                Choice(CustomerKind.PERSON, N_("Person")),
            ),
        ),
        Field("roles", Customer.roles, label=N_("Roles"), kind=Kind.TAGS, facet=True,
              choices=(
                  Choice(CustomerRole.PROSPECT, N_("Prospect")),
                  Choice(CustomerRole.CUSTOMER, N_("Customer")),
                  Choice(CustomerRole.SUPPLIER, N_("Supplier")),
              )),
        Field("cvr", Customer.cvr, label=N_("CVR number"), kept_as=kept_as("cvr"),
              search_text=Customer.search_text, width=12),
        Field("ean", Customer.ean, label=N_("EAN"), kept_as=kept_as("ean"), shown=False),
        Field("p_number", Customer.p_number, label=N_("P-number"), kept_as=kept_as("p_number"),
              shown=False),
        Field("vat_no", Customer.vat_no, label=N_("VAT number"), kept_as=kept_as("vat_no"),
              shown=False),
        Field("registrations", Customer.registrations, label=N_("Registration numbers"),
              kind=Kind.TAGS, shown=False),
        Field("phone", Customer.phone, label=N_("Phone"), kept_as=kept_as("phone"),
              search_text=Customer.search_text, width=16),
        Field("mobile", Customer.mobile, label=N_("Mobile"), kept_as=kept_as("mobile"),
              search_text=Customer.search_text, shown=False, width=16),
        Field("email", Customer.email, label=N_("Email"), search_text=Customer.search_text,
              caseless=True, width=30),
        Field("website", Customer.website, label=N_("Website"), kept_as=kept_as("website"),
              shown=False),
        Field("handles", Customer.handles, label=N_("Names in networks"), kind=Kind.TAGS,
              shown=False),
        Field("refuses_calls", Customer.refuses_calls, label=N_("Refuses calls"),
              kind=Kind.BOOLEAN, facet=True, shown=False),
        Field("refuses_email", Customer.refuses_email, label=N_("Refuses email"),
              kind=Kind.BOOLEAN, facet=True, shown=False),
        Field("address", Customer.address, label=N_("Address"), shown=False, width=30),
        Field("postcode", Customer.postcode, label=N_("Postcode"), width=10),
        Field("city", Customer.city, label=N_("City"), sortable=True, facet=True, width=20),
        Field("region", Customer.region, label=N_("Region"), facet=True, shown=False),
        Field("country", Customer.country, label=N_("Country"), kept_as=kept_as("country"),
              facet=True, width=8),
        Field("industry", Customer.industry, label=N_("Industry"), facet=True, shown=False),
        Field("qualification", Customer.qualification, label=N_("Qualification"), facet=True,
              words=_words("qualifications", Customer.qualification), shown=False),
        Field("value_class", Customer.value_class, label=N_("Value class"), facet=True,
              words=_words("value_classes", Customer.value_class), shown=False),
        Field("source", Customer.source, label=N_("Source"), facet=True,
              words=_words("sources", Customer.source), shown=False),
        Field("follow_up_method", Customer.follow_up_method, label=N_("Way of following up"),
              facet=True, words=_words("follow_up_methods", Customer.follow_up_method),
              shown=False),
        Field("classifications", Customer.classifications, label=N_("Classifications"),
              kind=Kind.TAGS, facet=True, shown=False,
              words=_words("classifications", Customer.classifications)),
        Field(
            "owner", Customer.owner_user_id, label=N_("Owner"), kind=Kind.USER, facet=True,
            caption=_person(Customer.owner_user_id), width=20,
        ),
        Field("team", Customer.team_id, label=N_("Team"), kind=Kind.UUID, facet=True, caption=_TEAM,
              shown=False, width=20),
        Field("inside_rep", Customer.inside_rep_id, label=N_("Inside representative"),
              kind=Kind.USER, facet=True, caption=_person(Customer.inside_rep_id), shown=False,
              width=20),
        Field("outside_rep", Customer.outside_rep_id, label=N_("Outside representative"),
              kind=Kind.USER, facet=True, caption=_person(Customer.outside_rep_id), shown=False,
              width=20),
        shared_field(Customer.entity(), Customer.id),
        Field("pool", Customer.pool_id, label=N_("Pool"), kind=Kind.UUID, facet=True,
              caption=_POOL, shown=False, width=20),
        Field("pool_state", _POOL_PLACE, label=N_("Pool state"), kind=Kind.ENUM,
              facet=True, shown=False, choices=POOL_STATES),
        Field("currency", Customer.currency, label=N_("Currency"), kept_as=kept_as("currency"),
              facet=True, shown=False),
        Field("terms_code", Customer.terms_code, label=N_("Terms code"), facet=True,
              words=_words("terms_codes", Customer.terms_code), shown=False),
        Field("price_list", Customer.price_list, label=N_("Price list"), facet=True,
              words=_words("price_lists", Customer.price_list), shown=False),
        Field("tax_group", Customer.tax_group, label=N_("Tax group"), facet=True,
              words=_words("tax_groups", Customer.tax_group), shown=False),
        Field("shipping_method", Customer.shipping_method, label=N_("Shipping method"), facet=True,
              words=_words("shipping_methods", Customer.shipping_method), shown=False),
        Field("shipping_instructions", Customer.shipping_instructions,
              label=N_("Shipping instructions"), shown=False, width=40),
        Field("payment_processor", Customer.payment_processor, label=N_("Payment processor"),
              facet=True, words=_words("payment_processors", Customer.payment_processor),
              shown=False),
        Field("portal_login", Customer.portal_login, label=N_("May sign in to a portal"),
              kind=Kind.BOOLEAN, facet=True, shown=False),
        Field("customer_group", Customer.customer_group, label=N_("Customer group"), facet=True,
              shown=False),
        Field("mail_routes", Customer.mail_routes, label=N_("Mail routes"), kind=Kind.TAGS,
              shown=False),
        Field(
            "credit_limit", Customer.credit_limit, label=N_("Credit limit"), kind=Kind.MONEY,
            shown=False,
        ),
        Field("credit_code", Customer.credit_code, label=N_("Credit code"), facet=True,
              shown=False),
        Field("hold", Customer.hold, label=N_("Hold"), kind=Kind.ENUM, facet=True, shown=False,
              choices=(
                  Choice(HoldState.CLEAR, N_("Not on hold")),
                  Choice(HoldState.HELD_AUTO, N_("On hold by itself")),
                  Choice(HoldState.HELD_MANUAL, N_("On hold by hand")),
              )),
        Field("iban", Customer.iban, label=N_("IBAN"), kept_as=kept_as("iban"), shown=False),
        Field("bic", Customer.bic, label=N_("BIC"), shown=False),
        Field("bank_account", Customer.bank_account, label=N_("Bank account"), shown=False),
        Field("channel", Customer.channel, label=N_("Channel"), kind=Kind.ENUM, facet=True,
              shown=False, choices=CUSTOMER_CHANNELS),
        Field("external_ref", Customer.external_ref, label=N_("External reference"), shown=False),
        Field("shop_customer_id", ShopIdentity.shop_customer_id, label=N_("Id in a shop"),
              operators=(Operator.EQ,), through=_in_a_shop),
        Field(
            "lifecycle", Customer.lifecycle, label=N_("Lifecycle"), kind=Kind.ENUM, facet=True,
            shown=False, choices=tuple(Choice(state, state.value) for state in Lifecycle),
        ),
        Field(
            "registry.state", Customer.registry_state, label=N_("Registry"), kind=Kind.ENUM,
            facet=True, shown=False,
            choices=tuple(Choice(state, state.value) for state in RegistryState),
        ),
        Field(
            "accounting.state", Customer.accounting_state, label=N_("Accounting"),
            kind=Kind.ENUM, facet=True, shown=False,
            choices=tuple(Choice(state, state.value) for state in AccountingState),
        ),
        Field(
            "marketing_protected", Customer.marketing_protected,
            label=N_("No marketing"), kind=Kind.BOOLEAN, facet=True, shown=False,
        ),
        Field("noted_at", _NOTES.c.at, label=N_("Any note"), kind=Kind.DATETIME, through=_noted,
              shown=False),
        Field(
            "last_note_at", Customer.last_note_at, label=N_("Newest note"), kind=Kind.DATETIME,
            sortable=True, width=18,
        ),
        Field(
            "last_contact_at", Customer.last_contact_at, label=N_("Last contact"),
            kind=Kind.DATETIME, sortable=True, shown=False, width=18,
        ),
        Field(
            "created_at", Customer.created_at, label=N_("Created"), kind=Kind.DATETIME,
            sortable=True, width=18,
        ),
        Field(
            "updated_at", Customer.updated_at, label=N_("Changed"), kind=Kind.DATETIME,
            shown=False,
        ),
    ),
    default_sort=("name",),
    search=SearchSpec(text=Customer.search_text, number=Customer.ref_no),
)  # fmt: skip

CONTACTS = Listing(
    name="contacts",
    model=Contact,
    fields=(
        Field("id", Contact.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("customer", Contact.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=select(Customer.name).where(Customer.id == Contact.customer_id)
              .correlate(Contact).scalar_subquery()),
        Field("name", func.concat_ws(" ", Contact.first_name, Contact.last_name),
              label=N_("Name"), sortable=True, sort_key=Contact.sort_name,
              search_text=Contact.search_text, shown=False, width=30),
        Field("first_name", Contact.first_name, label=N_("First name"),
              search_text=Contact.search_text),
        Field("last_name", Contact.last_name, label=N_("Last name"),
              search_text=Contact.search_text),
        Field("job", Contact.job, label=N_("Job"), search_text=Contact.search_text),
        Field("roles", Contact.roles, label=N_("Roles"), kind=Kind.TAGS, facet=True, shown=False,
              words=words_of("contact_roles", Contact.roles, Contact)),
        Field("office_phone", Contact.office_phone, label=N_("Office phone"),
              search_text=Contact.search_text),
        Field("mobile", Contact.mobile, label=N_("Mobile"), kept_as=kept_as("mobile"),
              search_text=Contact.search_text),
        Field("email", Contact.email, label=N_("Email"), search_text=Contact.search_text,
              caseless=True),
        Field("address", Contact.address, label=N_("Address"), shown=False),
        Field("handles", Contact.handles, label=N_("Names in networks"), kind=Kind.TAGS,
              shown=False),
        Field("is_main", Contact.is_main, label=N_("Main contact"), kind=Kind.BOOLEAN),
        Field("refuses_calls", Contact.refuses_calls, label=N_("Refuses calls"),
              kind=Kind.BOOLEAN, facet=True),
        Field("refuses_email", Contact.refuses_email, label=N_("Refuses email"),
              kind=Kind.BOOLEAN, facet=True),
        Field("created_at", Contact.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
        Field("external_ref", Contact.external_ref, label=N_("External reference"), shown=False),
    ),
    default_sort=("created_at",),
    search=SearchSpec(text=Contact.search_text),
)  # fmt: skip

ADDRESS_KINDS = (
    Choice(AddressKind.BILLING, N_("For invoices")),
    Choice(AddressKind.SHIPPING, N_("For deliveries")),
    Choice(AddressKind.OTHER, N_("Other")),
)

ADDRESSES = Listing(
    name="addresses",
    model=Address,
    fields=(
        Field("id", Address.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("customer", Address.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=select(Customer.name).where(Customer.id == Address.customer_id)
              .correlate(Address).scalar_subquery()),
        Field("kind", Address.kind, label=N_("Kind"), kind=Kind.ENUM, facet=True,
              choices=ADDRESS_KINDS),
        Field("name", Address.name, label=N_("Name")),
        Field("attention", Address.attention, label=N_("Attention")),
        Field("address", Address.address, label=N_("Address"), width=30),
        Field("postcode", Address.postcode, label=N_("Postcode"), width=10),
        Field("city", Address.city, label=N_("City"), facet=True, width=20),
        Field("region", Address.region, label=N_("Region"), facet=True, shown=False),
        Field("country", Address.country, label=N_("Country"), kept_as=kept_as("country"),
              facet=True, width=8),
        Field("ean", Address.ean, label=N_("EAN"), kept_as=kept_as("ean"), shown=False),
        Field("phone", Address.phone, label=N_("Phone"), kept_as=kept_as("phone"), shown=False),
        Field("email", Address.email, label=N_("Email"), caseless=True),
        Field("is_default", Address.is_default, label=N_("Default"), kind=Kind.BOOLEAN,
              facet=True),
        Field("external_ref", Address.external_ref, label=N_("External reference"), shown=False),
        Field("created_at", Address.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
    ),
    default_sort=("created_at",),
)  # fmt: skip
