"""The list of customers."""

from sqlalchemy import and_, case, column, select, table

from hub.access.models import Team, User
from hub.customers.models import (
    AccountingState,
    Contact,
    Customer,
    CustomerKind,
    CustomerRole,
    HoldState,
    Lifecycle,
    PoolState,
    RegistryState,
)
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing, SearchSpec
from hub.listing.declaration import Expression
from hub.sharing.listing import shared_field


def _person(column: Expression) -> Expression:
    return select(User.name).where(User.id == column).correlate(Customer).scalar_subquery()


_TEAM = select(Team.name).where(Team.id == Customer.team_id).correlate(Customer).scalar_subquery()
_POOLS = table("pool", column("id"), column("name"))  # a process' own, so by name
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
        Field("cvr", Customer.cvr, label=N_("CVR number"), search_text=Customer.search_text,
              width=12),
        Field("ean", Customer.ean, label=N_("EAN"), shown=False),
        Field("phone", Customer.phone, label=N_("Phone"), search_text=Customer.search_text,
              width=16),
        Field("email", Customer.email, label=N_("Email"), search_text=Customer.search_text,
              caseless=True, width=30),
        Field("website", Customer.website, label=N_("Website"), shown=False),
        Field("address", Customer.address, label=N_("Address"), shown=False, width=30),
        Field("postcode", Customer.postcode, label=N_("Postcode"), width=10),
        Field("city", Customer.city, label=N_("City"), sortable=True, facet=True, width=20),
        Field("region", Customer.region, label=N_("Region"), facet=True, shown=False),
        Field("country", Customer.country, label=N_("Country"), facet=True, width=8),
        Field("industry", Customer.industry, label=N_("Industry"), facet=True, shown=False),
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
        Field("currency", Customer.currency, label=N_("Currency"), facet=True, shown=False),
        Field("terms_code", Customer.terms_code, label=N_("Terms code"), facet=True, shown=False),
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
        Field("iban", Customer.iban, label=N_("IBAN"), shown=False),
        Field("channel", Customer.channel, label=N_("Channel"), facet=True, shown=False),
        Field("external_ref", Customer.external_ref, label=N_("External reference"), shown=False),
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
        Field("first_name", Contact.first_name, label=N_("First name")),
        Field("last_name", Contact.last_name, label=N_("Last name")),
        Field("job", Contact.job, label=N_("Job")),
        Field("office_phone", Contact.office_phone, label=N_("Office phone")),
        Field("mobile", Contact.mobile, label=N_("Mobile")),
        Field("email", Contact.email, label=N_("Email"), caseless=True),
        Field("is_main", Contact.is_main, label=N_("Main contact"), kind=Kind.BOOLEAN),
        Field("refuses_calls", Contact.refuses_calls, label=N_("Refuses calls"),
              kind=Kind.BOOLEAN, facet=True),
        Field("refuses_email", Contact.refuses_email, label=N_("Refuses email"),
              kind=Kind.BOOLEAN, facet=True),
        Field("created_at", Contact.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
    ),
    default_sort=("created_at",),
)  # fmt: skip
