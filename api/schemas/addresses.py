"""A customer's addresses as the API takes and shows them, and where its documents go."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.customers import Address, Number, OfACustomer, Text50, Text255
from api.schemas.fields import OneLine
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from hub.customers.models import AddressKind
from hub.customers.routing import DocumentKind

Kind = Literal["billing", "shipping", "other"]
Country = Annotated[str, OneLine(2, 2)]
Postcode = Annotated[str, OneLine(30)]
Region = Annotated[str, OneLine(100)]


class AddressFields(Body):
    """A new address: its kind, and a street, a postcode, a city or an email at least."""

    kind: Kind
    name: Text255 | None = Field(None, description="Who is there, where not the customer itself.")
    attention: Text255 | None = None
    address: Address | None = Field(None, description="Street and number; lines as they stand.")
    postcode: Postcode | None = None
    city: Text50 | None = None
    region: Region | None = None
    country: Country | None = Field(None, description="That of the customer where left out.")
    ean: Number | None = None
    phone: Text255 | None = None
    email: Text255 | None = Field(None, description="Where documents go that are routed here.")
    is_default: bool = Field(
        default=False, description="The first one of its kind is the default anyway."
    )
    external_ref: Text255 | None = None


class AddressPatch(Patch):
    """What changes of an address."""

    kind: Kind = absent()
    name: Text255 | None = absent()
    attention: Text255 | None = absent()
    address: Address | None = absent()
    postcode: Postcode | None = absent()
    city: Text50 | None = absent()
    region: Region | None = absent()
    country: Country = absent()
    ean: Number | None = absent()
    phone: Text255 | None = absent()
    email: Text255 | None = absent()
    is_default: bool = absent()
    external_ref: Text255 | None = absent()


class AddressUpsert(OfACustomer, AddressPatch):
    """What a script says of an address that it knows by its own reference."""


class AddressView(RecordView):
    """An address."""

    customer_id: UUID
    kind: AddressKind
    name: str | None
    attention: str | None
    address: str | None
    postcode: str | None
    city: str | None
    region: str | None
    country: str
    ean: str | None
    phone: str | None
    email: str | None
    is_default: bool
    external_ref: str | None


class MailRouteView(View):
    """Where documents of a kind go now."""

    document: DocumentKind
    source: str = Field(description="As the customer's `mail_routes` say.")
    is_default: bool = Field(description="Nothing was said: the main contact gets them.")
    taken_from: str | None = Field(
        description="`customer` where the source has no email; null where nobody has one."
    )
    email: str | None
    name: str | None
    contact_id: UUID | None
    address_id: UUID | None
    is_refused: bool = Field(description="Whoever reads the address refuses mail: none goes out.")


class MailRoutes(View):
    """Where documents of each kind go now."""

    items: list[MailRouteView]
