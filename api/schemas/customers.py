"""Customers and contacts as the API takes and shows them."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.custom_fields import CUSTOM, CustomValues, WarningView
from api.schemas.fields import Code, Lines, OneLine, like
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from api.schemas.sharing import GrantLevel
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
from hub.customers.numbers import SCHEMES
from hub.customers.routing import DocumentKind

Name = Annotated[str, OneLine(255)]
Text50 = Annotated[str, OneLine(50)]
Text255 = Annotated[str, OneLine(255)]
Number = Annotated[str, OneLine(40)]
Address = Annotated[str, Lines(510)]
Note = Annotated[str, Lines(10_000)]
Kind = Literal["organisation", "person"]
Roles = Annotated[
    list[Literal["prospect", "customer", "supplier"]], Field(min_length=1, max_length=3)
]
Money = Annotated[
    str,
    OneLine(20),
    Field(pattern=like("25000.50", r"^\d{1,14}(\.\d{1,4})?$"), examples=["25000.00"]),
]
Texts = Annotated[dict[Code, Annotated[str, OneLine(255)]], Field(max_length=30)]
TextsPatch = Annotated[dict[Code, Annotated[str, OneLine(255)] | None], Field(max_length=30)]
"""Texts under keys; in a patch one that is null goes, and one that is absent stays."""

Codes = Annotated[list[Code], Field(max_length=50)]
CatalogueCode = Annotated[str, OneLine(50)]

REGISTRATIONS = (
    f"Registration numbers by scheme, with their check digits looked at: {', '.join(SCHEMES)}."
    " A Danish number is the `cvr`."
)
HANDLES = "Names in other networks, by a code of the catalogue `handle_kinds`."
PORTAL = "Whether it may sign in to a portal; else as `PUT /settings/portal` says of new ones."
MAIL_ROUTES = (
    f"Where mail goes with each kind of document ({', '.join(DocumentKind)}): `main_contact`,"
    " `customer`, `billing`, `shipping` (its default address), `contact:<id>` or `address:<id>`."
    " The main contact gets what is not named."
)


class CustomerCreate(Body):
    """A new customer: a name is enough, or a CVR number, whose registry entry gives the name."""

    customised: ClassVar = Customer.entity()
    classes: ClassVar = Customer.__classes__

    name: Name | None = None
    kind: Kind | None = None
    roles: Roles | None = None
    cvr: Number | None = Field(None, examples=["DK 99 00 00 07"])
    p_number: Number | None = None
    vat_no: Number | None = None
    ean: Number | None = None
    registrations: Texts | None = Field(None, description=REGISTRATIONS)
    legal_name: Text255 | None = None
    ref_no: Text50 | None = None
    phone: Text255 | None = None
    mobile: Text255 | None = None
    email: Text255 | None = None
    website: Text255 | None = None
    handles: Texts | None = Field(None, description=HANDLES)
    refuses_calls: bool = False
    refuses_email: bool = Field(default=False, description="No mail goes to its address.")
    address: Address | None = None
    postcode: Annotated[str, OneLine(30)] | None = None
    city: Text50 | None = None
    region: Annotated[str, OneLine(100)] | None = None
    country: Annotated[str, OneLine(2, 2)] | None = None
    industry: Text255 | None = None
    qualification: CatalogueCode | None = None
    value_class: CatalogueCode | None = None
    source: CatalogueCode | None = None
    follow_up_method: CatalogueCode | None = None
    classifications: Codes | None = None
    currency: Annotated[str, OneLine(3, 3)] | None = None
    terms_code: CatalogueCode | None = None
    price_list: CatalogueCode | None = None
    tax_group: CatalogueCode | None = None
    shipping_method: CatalogueCode | None = None
    shipping_instructions: Note | None = None
    payment_processor: CatalogueCode | None = None
    portal_login: bool | None = Field(None, description=PORTAL)
    mail_routes: Texts | None = Field(None, description=MAIL_ROUTES)
    customer_group: Text50 | None = None
    credit_limit: Money | None = None
    iban: Annotated[str, OneLine(50)] | None = None
    bic: Number | None = None
    bank_account: Text50 | None = None
    note: Note | None = None
    external_ref: Text255 | None = None
    custom: CustomValues | None = Field(None, description=CUSTOM)
    owner_user_id: UUID | None = Field(
        None, description="You, unless you may assign; naming nobody is naming you."
    )
    team_id: UUID | None = None
    inside_rep_id: UUID | None = None
    outside_rep_id: UUID | None = None
    allow_duplicate: bool = Field(
        default=False, description="Create it although one like it exists; give a reason."
    )
    reason: Annotated[str, OneLine(500)] | None = Field(
        None, description="Why a second one is wanted; kept in the history."
    )

    def fields(self) -> dict[str, Any]:
        """Return what becomes of the customer's own fields."""
        return {
            name: value
            for name, value in self.given().items()
            if name not in {"allow_duplicate", "reason"}
        }


class CustomerPatch(Patch):
    """What changes of a customer."""

    customised: ClassVar = Customer.entity()
    classes: ClassVar = Customer.__classes__

    name: Name = absent()
    kind: Kind = absent()
    roles: Roles = absent()
    cvr: Number | None = absent()
    p_number: Number | None = absent()
    vat_no: Number | None = absent()
    ean: Number | None = absent()
    registrations: TextsPatch | None = absent()
    legal_name: Text255 | None = absent()
    ref_no: Text50 | None = absent()
    phone: Text255 | None = absent()
    mobile: Text255 | None = absent()
    email: Text255 | None = absent()
    website: Text255 | None = absent()
    handles: TextsPatch | None = absent()
    refuses_calls: bool = absent()
    refuses_email: bool = absent()
    address: Address | None = absent()
    postcode: Annotated[str, OneLine(30)] | None = absent()
    city: Text50 | None = absent()
    region: Annotated[str, OneLine(100)] | None = absent()
    country: Annotated[str, OneLine(2, 2)] | None = absent()
    industry: Text255 | None = absent()
    qualification: CatalogueCode | None = absent()
    value_class: CatalogueCode | None = absent()
    source: CatalogueCode | None = absent()
    follow_up_method: CatalogueCode | None = absent()
    classifications: Codes | None = absent()
    currency: Annotated[str, OneLine(3, 3)] = absent()
    terms_code: CatalogueCode | None = absent()
    price_list: CatalogueCode | None = absent()
    tax_group: CatalogueCode | None = absent()
    shipping_method: CatalogueCode | None = absent()
    shipping_instructions: Note | None = absent()
    payment_processor: CatalogueCode | None = absent()
    portal_login: bool = absent()
    mail_routes: TextsPatch | None = absent()
    customer_group: Text50 | None = absent()
    credit_limit: Money | None = absent()
    iban: Annotated[str, OneLine(50)] | None = absent()
    bic: Number | None = absent()
    bank_account: Text50 | None = absent()
    note: Note | None = absent()
    external_ref: Text255 | None = absent()
    custom: CustomValues | None = absent()


class CustomerUpsert(CustomerPatch):
    """What a script says of a customer that it knows by its own reference."""

    owner_user_id: UUID | None = absent()
    team_id: UUID | None = absent()
    inside_rep_id: UUID | None = absent()
    outside_rep_id: UUID | None = absent()
    reason: Annotated[str, OneLine(500)] | None = Field(
        None, description="Needed where the customer is there and is to be another's."
    )


class MessageView(View):
    """What is to be known, in the reader's language; `code` is stable."""

    code: str
    text: str
    link: str | None = None


class FieldSource(View):
    """Where a value comes from."""

    origin: str
    source: str | None = Field(
        description="Which of its kind: of a shop or an accounting system the id of its connection,"
        " of a registry its connector, of an import its plan."
    )
    source_name: str | None = Field(description="What the connection is called.")
    at: AwareDatetime | None


class RegistryView(View):
    """How far the company registry has filled the customer."""

    state: RegistryState
    source: str | None
    at: AwareDatetime | None
    next_try_at: AwareDatetime | None
    status: str | None = Field(description="As the registry says: active, insolvent, dissolved.")
    message: MessageView | None


class AccountingMessageView(MessageView):
    """What is to be known of the customer in one accounting system."""

    connection_id: UUID | None = Field(description="Which; null in what earlier versions noted.")
    since: AwareDatetime | None = Field(
        None, description="Of a change that waits: when it was made."
    )
    next_try_at: AwareDatetime | None = Field(
        None, description="Null where it is held until somebody does what `remedy` says."
    )
    remedy: str | None = Field(None, description="What is to be done, or that nothing is.")


class AccountingView(View):
    """How the customer stands in accounting; of several systems the worst."""

    state: AccountingState
    message: AccountingMessageView | None = Field(description="The first of `messages`.")
    messages: list[AccountingMessageView] = Field(
        description="What did not reach a system and why, what waits for one, and what stands there"
        " that does not follow: by weight, of every system."
    )


class HoldView(View):
    """Whether the customer is on hold, and why; `by` is null where that came by itself."""

    state: HoldState
    message: MessageView | None
    by: UUID | None
    at: AwareDatetime | None


class SharedView(View):
    """How far a record is shared with you, by whom and why."""

    level: GrantLevel
    may_share: bool
    expires_at: AwareDatetime | None
    reason: str | None
    shared_by: UUID | None
    shared_by_name: str | None


class ShopView(View):
    """By which id a shop knows a customer."""

    connection_id: UUID
    connection_name: str
    shop_customer_id: str


class LifecycleChange(Body):
    """Why a customer is put out of the way, or taken up again."""

    reason: Annotated[str, Lines(1000)] | None = None


class CustomerView(RecordView):
    """A customer."""

    customised: ClassVar = Customer.entity()
    classes: ClassVar = Customer.__classes__

    name: str
    name_provisional: bool
    kind: CustomerKind
    roles: list[CustomerRole]
    lifecycle: Lifecycle
    ref_no: str | None
    cvr: str | None
    p_number: str | None
    vat_no: str | None
    ean: str | None
    registrations: dict[str, str] = Field(description=REGISTRATIONS)
    legal_name: str | None
    phone: str | None
    mobile: str | None
    email: str | None
    website: str | None
    handles: dict[str, str] = Field(description=HANDLES)
    refuses_calls: bool
    refuses_email: bool
    address: str | None
    postcode: str | None
    city: str | None
    region: str | None
    country: str | None
    industry: str | None
    qualification: str | None
    value_class: str | None
    source: str | None
    follow_up_method: str | None
    classifications: list[str]
    currency: str
    terms_code: str | None
    price_list: str | None
    tax_group: str | None
    shipping_method: str | None
    shipping_instructions: str | None
    payment_processor: str | None
    portal_login: bool
    mail_routes: dict[str, str] = Field(description=MAIL_ROUTES)
    customer_group: str | None
    credit_limit: Decimal | None
    iban: str | None
    bic: str | None
    bank_account: str | None
    note: str | None
    external_ref: str | None
    custom: dict[str, Any] = Field(description=CUSTOM)
    warnings: list[WarningView] = Field(
        default_factory=list, description="What is to be known of what was just written."
    )
    owner_user_id: UUID | None
    team_id: UUID | None
    inside_rep_id: UUID | None
    outside_rep_id: UUID | None
    protected_until: AwareDatetime | None
    shared: SharedView | None = Field(description="Null where it is not shared with you.")
    pool_id: UUID | None
    pool_state: PoolState | None = Field(
        description="Where it stands in its pool; `locked` while it is protected."
    )
    pooled_at: AwareDatetime | None = Field(description="Since when it waits in its pool.")
    marketing_protected: bool
    channel: str
    imported_at: AwareDatetime | None
    last_note_at: AwareDatetime | None
    last_contact_at: AwareDatetime | None = Field(
        description="When a call or a meeting with it was done last."
    )
    credit_code: str = Field(description="A code of `GET /credit-codes`.")
    hold: HoldView
    registry: RegistryView
    accounting: AccountingView
    provenance: dict[str, FieldSource] | None = Field(
        None, description="Where values come from that nobody typed here; on single records."
    )
    shops: list[ShopView] | None = Field(
        None, description="The shops that know it, and by which id; on single records."
    )


class ContactFields(Body):
    """A new contact: first name, last name or email at least."""

    customised: ClassVar = Contact.entity()

    first_name: Text255 | None = None
    last_name: Text255 | None = None
    job: Text255 | None = None
    roles: Codes | None = Field(None, description="Codes of the catalogue `contact_roles`.")
    office_phone: Text255 | None = None
    mobile: Text255 | None = None
    fax: Text255 | None = None
    email: Text255 | None = None
    address: Address | None = None
    handles: Texts | None = Field(None, description=HANDLES)
    is_main: bool = False
    refuses_calls: bool = False
    refuses_email: bool = False
    external_ref: Text255 | None = None
    custom: CustomValues | None = Field(None, description=CUSTOM)


class ContactPatch(Patch):
    """What changes of a contact."""

    customised: ClassVar = Contact.entity()

    first_name: Text255 | None = absent()
    last_name: Text255 | None = absent()
    job: Text255 | None = absent()
    roles: Codes | None = absent()
    office_phone: Text255 | None = absent()
    mobile: Text255 | None = absent()
    fax: Text255 | None = absent()
    email: Text255 | None = absent()
    address: Address | None = absent()
    handles: TextsPatch | None = absent()
    is_main: bool = absent()
    refuses_calls: bool = absent()
    refuses_email: bool = absent()
    external_ref: Text255 | None = absent()
    custom: CustomValues | None = absent()


class ContactView(RecordView):
    """A contact."""

    customised: ClassVar = Contact.entity()

    customer_id: UUID
    first_name: str | None
    last_name: str | None
    job: str | None
    roles: list[str]
    office_phone: str | None
    mobile: str | None
    fax: str | None
    email: str | None
    address: str | None
    handles: dict[str, str]
    is_main: bool
    refuses_calls: bool
    refuses_email: bool
    external_ref: str | None
    custom: dict[str, Any] = Field(description=CUSTOM)
    warnings: list[WarningView] = Field(
        default_factory=list, description="What is to be known of what was just written."
    )


class OfACustomer(Patch):
    """What a script says of something that is a customer's: whose, by our id or his own reference.

    A new one needs one of the two; a known one stays where it is.
    """

    customer_id: UUID = absent()
    customer_external_ref: Text255 = absent()


class ContactUpsert(OfACustomer, ContactPatch):
    """What a script says of a contact that it knows by its own reference."""
