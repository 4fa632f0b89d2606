"""Tables of customers."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Numeric,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from hub.access.roles import FieldClass
from hub.clock import utcnow
from hub.custom_fields.models import Customised
from hub.db import Base, EnumText
from hub.external_refs import Referable, unique_reference
from hub.listing.search import Searchable, search_index


class CustomerKind(StrEnum):
    """What a customer is."""

    ORGANISATION = "organisation"
    PERSON = "person"


class CustomerRole(StrEnum):
    """What a customer is to us; any mix of them."""

    PROSPECT = "prospect"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"


class Lifecycle(StrEnum):
    """The life of a customer."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    MERGED = "merged"


class RegistryState(StrEnum):
    """How far the company registry has filled a customer."""

    NONE = "none"
    WAITING = "waiting"
    FILLED = "filled"
    FAILED = "failed"


class AccountingState(StrEnum):
    """How a customer stands in the accounting system."""

    NONE = "none"
    WAITING = "waiting"
    LINKED = "linked"
    FAILED = "failed"
    HELD = "held"


class HoldState(StrEnum):
    """Whether a customer is on hold; by itself it ends only what began so."""

    CLEAR = "clear"
    HELD_AUTO = "held_auto"
    HELD_MANUAL = "held_manual"


DEFAULT_CREDIT_CODE = "current_account"
_WHOSE = (
    "owner_user_id", "team_id", "inside_rep_id", "outside_rep_id", "protected_until", "pool_id",
    "pooled_at", "deleted_at",
)  # fmt: skip


class PoolState(StrEnum):
    """Where a customer that has to do with a pool stands.

    `LOCKED` is not stored: it is an owned one while its protection is valid.
    """

    IN_POOL = "in_pool"
    APPLIED = "applied"
    OWNED = "owned"
    LOCKED = "locked"


def _tags() -> Mapped[list[str]]:
    return mapped_column(ARRAY(Text), default=list, server_default="{}")


class Customer(Customised, Referable, Searchable):
    """An organisation or person we deal with.

    The row carries the main address; further billing and shipping addresses have a table of their
    own (`Address`). `registrations`, `handles` and `mail_routes` are texts under keys
    (`hub.customers.keyed`): numbers by scheme, names in other networks, and which mail address
    documents of a kind go to (`hub.customers.routing`). What is chosen from a catalogue is a code
    (`hub.customers.services.CATALOGUES`).

    `registry_*` and `accounting_*` are derived and read-only to people; their messages are
    {code, text, params, link}. `accounting_standings` are {state, message} by connection, of which
    the worst is shown (`hub.sync.standing`). `name_provisional` says that the name is only the
    number we were given, until the registry answers or somebody types one. Protected until
    `protected_until`, it does not exist for most (`hub.access.predicates.RecordRule`).

    `credit_code` names a row of the catalogue, with no foreign key: nearly all name the same one,
    which every new customer would have to lock. `hold_*` change by acts of their own, which the
    history tells; `hold_message` is {code, text, params}. `pool_id` is the pool that it waits in,
    since `pooled_at`, or that its owner has it from; these and `pool_state` change by the acts of
    `hub.pools` alone.
    """

    __tablename__ = "customer"
    __derived__: ClassVar = frozenset(
        {
            "registry_state", "registry_source", "registry_at", "registry_next_try_at",
            "registry_message", "accounting_state", "accounting_message", "accounting_standings",
            "last_note_at", "last_contact_at", "search_text", "name_provisional", "sort_name",
            "hold", "hold_message", "hold_by", "hold_at", "contact_numbers",
        }
    )  # fmt: skip
    __told__: ClassVar = frozenset({"hold"})
    __classes__: ClassVar = MappingProxyType({
        "credit_limit": FieldClass.INTERNAL, "note": FieldClass.INTERNAL,
        **dict.fromkeys(("iban", "bic", "bank_account"), FieldClass.SENSITIVE),
    })  # fmt: skip

    kind: Mapped[CustomerKind] = mapped_column(
        EnumText(CustomerKind), default=CustomerKind.ORGANISATION
    )
    name: Mapped[str]
    legal_name: Mapped[str | None]
    ref_no: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    owner_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    inside_rep_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    outside_rep_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    protected_at: Mapped[datetime | None]
    protected_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    protected_until: Mapped[datetime | None]
    pool_id: Mapped[UUID | None] = mapped_column(ForeignKey("pool.id"))
    pool_state: Mapped[PoolState | None] = mapped_column(EnumText(PoolState))
    pooled_at: Mapped[datetime | None]
    cvr: Mapped[str | None]
    p_number: Mapped[str | None]
    vat_no: Mapped[str | None]
    ean: Mapped[str | None]
    registrations: Mapped[list[str]] = _tags()
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    email: Mapped[str | None]
    website: Mapped[str | None]
    handles: Mapped[list[str]] = _tags()
    refuses_calls: Mapped[bool] = mapped_column(default=False, server_default="false")
    refuses_email: Mapped[bool] = mapped_column(default=False, server_default="false")
    address: Mapped[str | None]  # lines, parted by line breaks
    postcode: Mapped[str | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    country: Mapped[str | None]
    industry: Mapped[str | None]
    qualification: Mapped[str | None]
    value_class: Mapped[str | None]
    source: Mapped[str | None]
    follow_up_method: Mapped[str | None]
    classifications: Mapped[list[str]] = _tags()
    currency: Mapped[str]
    terms_code: Mapped[str | None]
    price_list: Mapped[str | None]
    tax_group: Mapped[str | None]
    shipping_method: Mapped[str | None]
    shipping_instructions: Mapped[str | None]
    payment_processor: Mapped[str | None]
    portal_login: Mapped[bool] = mapped_column(default=False, server_default="false")
    mail_routes: Mapped[list[str]] = _tags()
    customer_group: Mapped[str | None]
    credit_limit: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    credit_code: Mapped[str] = mapped_column(
        default=DEFAULT_CREDIT_CODE, server_default=DEFAULT_CREDIT_CODE
    )
    hold: Mapped[HoldState] = mapped_column(
        EnumText(HoldState), default=HoldState.CLEAR, server_default="clear"
    )
    hold_message: Mapped[dict[str, Any] | None]
    hold_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    hold_at: Mapped[datetime | None]
    iban: Mapped[str | None]
    bic: Mapped[str | None]
    bank_account: Mapped[str | None]
    note: Mapped[str | None]
    marketing_protected: Mapped[bool] = mapped_column(default=False, server_default="false")
    channel: Mapped[str] = mapped_column(default="manual", server_default="manual")
    imported_at: Mapped[datetime | None]
    lifecycle: Mapped[Lifecycle] = mapped_column(EnumText(Lifecycle), default=Lifecycle.ACTIVE)
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    registry_status: Mapped[str | None]  # as the registry says: active, insolvent, dissolved

    name_provisional: Mapped[bool] = mapped_column(default=False, server_default="false")
    registry_state: Mapped[RegistryState] = mapped_column(
        EnumText(RegistryState), default=RegistryState.NONE, server_default="none"
    )
    registry_source: Mapped[str | None]
    registry_at: Mapped[datetime | None]
    registry_next_try_at: Mapped[datetime | None]
    registry_message: Mapped[dict[str, Any] | None]
    accounting_state: Mapped[AccountingState] = mapped_column(
        EnumText(AccountingState), default=AccountingState.NONE, server_default="none"
    )
    accounting_message: Mapped[dict[str, Any] | None]
    accounting_standings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    last_note_at: Mapped[datetime | None]
    last_contact_at: Mapped[datetime | None]
    sort_name: Mapped[str] = mapped_column(server_default="")
    contact_numbers: Mapped[list[str]] = _tags()  # and their names; hub.customers.reaching

    __table_args__ = (
        CheckConstraint("roles <@ array['prospect', 'customer', 'supplier']", name="roles"),
        CheckConstraint("kind in ('organisation', 'person')", name="kind"),
        CheckConstraint("(lifecycle = 'merged') = (merged_into_id is not null)", name="merged"),
        CheckConstraint("char_length(name) between 1 and 255", name="name_length"),
        CheckConstraint("hold in ('clear', 'held_auto', 'held_manual')", name="hold"),
        CheckConstraint("(hold = 'clear') = (hold_at is null)", name="hold_dated"),
        Index("ix_customer_hold", "hold", "id", postgresql_where=text("hold <> 'clear'")),
        Index("uq_customer_ref_no", "ref_no", unique=True),
        unique_reference("customer"),
        # With all that says who may see a row, so that a page of few among many reads no others.
        Index("ix_customer_sort_name", "sort_name", "id", postgresql_include=_WHOSE),
        Index("ix_customer_created_at", "created_at", "id", postgresql_include=_WHOSE),
        Index("ix_customer_city", "city", "id"),
        Index("ix_customer_city_name", "city", "sort_name", "id", postgresql_include=_WHOSE),
        Index("ix_customer_cvr", "cvr"),
        Index("ix_customer_email", text("casefold(email)")),
        CheckConstraint(
            "(protected_until is null) = (protected_at is null)"
            " and (protected_until is null or owner_user_id is not null)",
            name="protection",
        ),
        CheckConstraint(
            "case when pool_state is null then pool_id is null and pooled_at is null"
            " else pool_id is not null and pool_state in ('in_pool', 'applied', 'owned')"
            " and (pool_state = 'owned') = (owner_user_id is not null)"
            " and (pool_state = 'owned') = (pooled_at is null) end",
            name="pool_state",
        ),
        Index("ix_customer_pool_owner", "pool_id", "owner_user_id",
              postgresql_where=text("pool_id is not null")),
        Index("ix_customer_pooled_at", "pool_id", "pooled_at", "id",
              postgresql_where=text("pooled_at is not null")),
        Index("ix_customer_owner", "owner_user_id", "id", postgresql_include=["deleted_at"]),
        Index("ix_customer_team", "team_id", "id", postgresql_where=text("team_id is not null")),
        Index("ix_customer_inside_rep", "inside_rep_id",
              postgresql_where=text("inside_rep_id is not null")),
        Index("ix_customer_outside_rep", "outside_rep_id",
              postgresql_where=text("outside_rep_id is not null")),
        Index("ix_customer_protected", "owner_user_id", "protected_until",
              postgresql_where=text("protected_until is not null")),
        Index("ix_customer_last_note_at", "last_note_at", "id"),
        Index("ix_customer_last_contact_at", "last_contact_at", "id"),
        search_index("customer"),
    )  # fmt: skip

    @hybrid_property
    def is_protected(self) -> bool:
        """Whether its existence is hidden from most, now."""
        return self.protected_until is not None and self.protected_until > utcnow()

    @is_protected.inplace.expression
    @classmethod
    def _is_protected(cls) -> ColumnElement[bool]:
        return func.coalesce(cls.protected_until > func.now(), False)

    @hybrid_property
    def is_pooled(self) -> bool:
        """Whether it waits in a pool, where it is nobody's to work on."""
        return self.pooled_at is not None

    @is_pooled.inplace.expression
    @classmethod
    def _is_pooled(cls) -> ColumnElement[bool]:
        return cls.pooled_at.is_not(None)

    @property
    def pool_place(self) -> PoolState | None:
        """Its state in the pool, with `locked` while its protection is valid."""
        return PoolState.LOCKED if self.pool_id and self.is_protected else self.pool_state


class Contact(Customised, Referable, Searchable):
    """A person at a customer; `job` is the title, `roles` are codes of a catalogue.

    `sort_name` has the last name first.
    """

    __tablename__ = "contact"
    __derived__: ClassVar = frozenset({"search_text", "sort_name"})

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    job: Mapped[str | None]
    roles: Mapped[list[str]] = _tags()
    office_phone: Mapped[str | None]
    mobile: Mapped[str | None]
    fax: Mapped[str | None]
    email: Mapped[str | None]
    address: Mapped[str | None]  # lines, parted by line breaks
    handles: Mapped[list[str]] = _tags()
    is_main: Mapped[bool] = mapped_column(default=False, server_default="false")
    refuses_calls: Mapped[bool] = mapped_column(default=False, server_default="false")
    refuses_email: Mapped[bool] = mapped_column(default=False, server_default="false")
    sort_name: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (
        CheckConstraint("coalesce(first_name, last_name, email) is not null", name="named"),
        Index("ix_contact_customer", "customer_id", "id"),
        Index("ix_contact_sort_name", "sort_name", "id"),
        Index("ix_contact_created_at", "created_at", "id"),
        Index("ix_contact_email", text("casefold(email)")),
        unique_reference("contact"),
        Index(
            "uq_contact_main",
            "customer_id",
            unique=True,
            postgresql_where=text("is_main and deleted_at is null"),
        ),
        search_index("contact"),
    )

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`: it is reached by those."""
        return "customers"


class AddressKind(StrEnum):
    """What an address is for."""

    BILLING = "billing"
    SHIPPING = "shipping"
    OTHER = "other"


class Address(Referable):
    """One of a customer's addresses beside the main one; of each kind one is the default.

    `name` is who is there, where that is another than the customer; `email` is where documents go
    that are routed to this address.
    """

    __tablename__ = "address"

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    kind: Mapped[AddressKind] = mapped_column(EnumText(AddressKind))
    name: Mapped[str | None]
    attention: Mapped[str | None]
    address: Mapped[str | None]  # lines, parted by line breaks
    postcode: Mapped[str | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    country: Mapped[str]
    ean: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    is_default: Mapped[bool] = mapped_column(default=False, server_default="false")

    __table_args__ = (
        CheckConstraint("kind in ('billing', 'shipping', 'other')", name="kind"),
        CheckConstraint("coalesce(address, city, postcode, email) is not null", name="somewhere"),
        Index("ix_address_customer", "customer_id", "id"),
        Index("ix_address_created_at", "created_at", "id"),
        unique_reference("address"),
        Index("uq_address_default", "customer_id", "kind", unique=True,
              postgresql_where=text("is_default and deleted_at is null")),
    )  # fmt: skip

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`: it is reached by those."""
        return "customers"


class FieldFact(Base):
    """What one origin last set in one field: it owns the value for as long as that stands there.

    Values that people type are in the history; a fact tells what the registry, the accounting
    system, a shop or an import wrote. What they said without writing it is nobody's claim. A value
    that was written over is owned again when what wrote over it is taken back.
    """

    __tablename__ = "field_fact"

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    field: Mapped[str]
    value: Mapped[str | None]
    origin: Mapped[str]
    origin_ref: Mapped[str | None]
    observed_at: Mapped[datetime]

    __table_args__ = (Index("uq_field_fact", "customer_id", "field", "origin", unique=True),)


class ShopIdentity(Base):
    """A shop's own id of a customer, so that a later event finds him again."""

    __tablename__ = "shop_identity"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    shop_customer_id: Mapped[str]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))

    __table_args__ = (
        Index("uq_shop_identity", "connection_id", "shop_customer_id", unique=True),
        Index("ix_shop_identity_customer", "customer_id"),
        Index("ix_shop_identity_of_shop", "shop_customer_id", "customer_id"),
    )
