"""Field pairs: which field here is which field there, and how values change on their way.

A pair is data: {local, remote, direction, on_conflict, transform}. Both sides are compared in one
form: that of the hub for pairs that go both ways, that of the other side for those that go out
only. Transforms: none; ``country`` (code here, name there); ``table`` (values looked up, for
example a terms code to the number of payment terms); ``vat_zone`` (from the country, as e-conomic
numbers zones).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.core import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections.models import Connection
from hub.connections.models import Mapping as MappingRow
from hub.customers.models import Customer
from hub.customers.rules import clean
from hub.customers.services import KEYED, SWITCHES, WRITABLE
from hub.errors import FieldError, ValidationError
from hub.history.recording import plain
from hub.i18n import N_
from hub.ports import Scalar
from hub.sync.merging import Direction, FieldRule, Policy

DEFAULT_PAIRS: list[dict[str, Any]] = [
    {"local": "name", "remote": "name"},
    {"local": "address", "remote": "address"},
    {"local": "postcode", "remote": "zip"},
    {"local": "city", "remote": "city"},
    {"local": "country", "remote": "country", "transform": {"kind": "country"}},
    {"local": "cvr", "remote": "corporate_identification_number"},
    {"local": "p_number", "remote": "p_number"},
    {"local": "ean", "remote": "ean"},
    {"local": "email", "remote": "email"},
    {"local": "phone", "remote": "phone"},
    {"local": "mobile", "remote": "mobile_phone"},
    {"local": "website", "remote": "website"},
    {"local": "credit_limit", "remote": "credit_limit"},
    {"local": "currency", "remote": "currency", "direction": "out"},
    {"local": "customer_group", "remote": "customer_group", "direction": "out"},
    {"local": "terms_code", "remote": "payment_terms", "direction": "out",
     "transform": {"kind": "table", "table": {}}},
    {"local": "country", "remote": "vat_zone", "direction": "out",
     "transform": {"kind": "vat_zone"}},
]  # fmt: skip
"""What an accounting connection starts with; the names there are those of e-conomic's connector."""

EU = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
DOMESTIC, WITHIN_EU, ABROAD = "1", "2", "3"  # e-conomic's VAT zones

MAPPABLE = WRITABLE - KEYED - SWITCHES - {"roles", "classifications", "custom"}
"""The fields that have one text, which is what is compared."""

_TRANSFORMS = frozenset({"none", "country", "table", "vat_zone"})


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A remote value that breaks a rule here: which field's it is, what stands there, and why."""

    local: str
    text: str
    errors: Sequence[FieldError]


@dataclass(frozen=True, slots=True)
class There:
    """Remote values by remote name: those in the form both sides are compared in, and the others.

    What cannot be read here is not taken over: it stays as it is there, and people are told.
    """

    values: Mapping[str, str | None]
    unreadable: Mapping[str, Unreadable]

    @property
    def standing(self) -> dict[str, str | None]:
        """Return what stands there, whether it can be read or not."""
        return {**self.values, **{name: each.text for name, each in self.unreadable.items()}}

    def only(self, names: Iterable[str]) -> dict[str, Unreadable]:
        """Return those of some fields that cannot be read."""
        return {name: self.unreadable[name] for name in names if name in self.unreadable}


@dataclass(frozen=True, slots=True)
class Pair:
    """One field here and one there."""

    local: str
    remote: str
    direction: Direction
    policy: Policy
    transform: str
    table: Mapping[str, str]

    @property
    def rule(self) -> FieldRule:
        """Return how the pair is merged."""
        return FieldRule(self.remote, self.direction, self.policy)

    def from_here(self, customer: Customer) -> str | None:
        """Return the customer's value in the form both sides are compared in."""
        value = getattr(customer, self.local)
        text = text_of(value)
        if text is None:
            return None
        match self.transform:
            case "table":
                return self.table.get(text)
            case "vat_zone":
                return _vat_zone(text)
            case _:
                return text

    def lacks(self, customer: Customer) -> str | None:
        """Return the customer's value that a table has no entry for; None where nothing is lost."""
        text = text_of(getattr(customer, self.local)) if self.transform == "table" else None
        return text if text is not None and text not in self.table else None

    def from_there(self, value: Scalar) -> str | None:
        """Return a remote value in the form both sides are compared in.

        Raises:
            ValidationError: it breaks a rule that holds here.
        """
        text = text_of(value)
        if text is None or self.direction is Direction.OUT:
            return text
        if self.transform == "country":
            text = _country_code(text)
        return text_of(clean({self.local: text})[self.local])

    def to_there(self, shared: str | None) -> Scalar:
        """Return a value in the form in which it is sent."""
        if shared is not None and self.transform == "country":
            return _country_name(shared)
        return shared

    def to_here(self, shared: str | None) -> Any:
        """Return a value in the form in which a customer holds it."""
        return Decimal(shared) if shared is not None and self.local == "credit_limit" else shared


def pairs_of(session: Session, connection: Connection) -> list[Pair]:
    """Return the pairs that count for a connection now."""
    return [_pair(data) for data in current(session, connection)[1]]


def current(session: Session, connection: Connection) -> tuple[int, list[dict[str, Any]]]:
    """Return a connection's mapping and the number of its version, 0 for the default."""
    row = session.scalars(
        select(MappingRow).where(MappingRow.connection_id == connection.id, MappingRow.active)
    ).one_or_none()
    return (row.number, list(row.pairs)) if row else (0, DEFAULT_PAIRS)


def replace(
    session: Session,
    connection: Connection,
    pairs: Sequence[Mapping[str, Any]],
    remote_fields: Mapping[str, Mapping[str, Any]],
) -> MappingRow:
    """Give a connection a new version of its mapping; the older ones are kept.

    Args:
        session: the caller's.
        connection: whose.
        pairs: as `DEFAULT_PAIRS`.
        remote_fields: what the connector declares, by name.

    Raises:
        ValidationError: a field, direction, policy or transform that there is not.
    """
    errors = [
        error
        for position, pair in enumerate(pairs)
        for error in _errors_of(pair, f"/pairs/{position}", remote_fields)
    ]
    if errors:
        raise ValidationError(*errors)
    rows = session.scalars(
        select(MappingRow)
        .where(MappingRow.connection_id == connection.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.active = False
    session.flush()
    made = MappingRow(
        connection_id=connection.id,
        number=1 + max((row.number for row in rows), default=0),
        pairs=[dict(pair) for pair in pairs],
        active=True,
    )
    session.add(made)
    session.flush()
    return made


def here(pairs: Sequence[Pair], customer: Customer) -> dict[str, str | None]:
    """Return a customer's values by remote name, in the form both sides are compared in."""
    return {pair.remote: pair.from_here(customer) for pair in pairs}


def there(pairs: Sequence[Pair], fields: Mapping[str, Scalar]) -> There:
    """Return remote values as both sides are compared, and those that break a rule here."""
    values: dict[str, str | None] = {}
    unreadable: dict[str, Unreadable] = {}
    for pair in pairs:
        value = fields.get(pair.remote)
        try:
            values[pair.remote] = pair.from_there(value)
        except ValidationError as error:
            unreadable[pair.remote] = Unreadable(pair.local, str(text_of(value)), error.errors)
    return There(values, unreadable)


def to_send(pairs: Sequence[Pair], shared: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return shared values as the other side takes them."""
    return {
        pair.remote: pair.to_there(shared[pair.remote]) for pair in pairs if pair.remote in shared
    }


def to_take(pairs: Sequence[Pair], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return shared values as fields of a customer."""
    return {
        pair.local: pair.to_here(shared[pair.remote])
        for pair in pairs
        if pair.remote in shared and pair.direction is not Direction.OUT
    }


def text_of(value: Any) -> str | None:
    """Return a value as the text by which two of them are compared; None for an empty one."""
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(plain(value))


def _pair(data: Mapping[str, Any]) -> Pair:
    transform = data.get("transform") or {}
    return Pair(
        local=data["local"],
        remote=data["remote"],
        direction=Direction(data.get("direction", "both")),
        policy=Policy(data.get("on_conflict", "ask")),
        transform=transform.get("kind", "none"),
        table=transform.get("table", {}),
    )


def _errors_of(
    pair: Mapping[str, Any], pointer: str, remote_fields: Mapping[str, Mapping[str, Any]]
) -> list[FieldError]:
    transform = pair.get("transform") or {}
    checks = [
        ("local", pair.get("local") in MAPPABLE),
        ("remote", pair.get("remote") in remote_fields),
        ("direction", pair.get("direction", "both") in set(Direction)),
        ("on_conflict", pair.get("on_conflict", "ask") in set(Policy)),
        ("transform", transform.get("kind", "none") in _TRANSFORMS),
    ]
    return [
        FieldError(f"{pointer}/{name}", "unknown", N_("There is no such value."))
        for name, holds in checks
        if not holds
    ]


def _vat_zone(country: str) -> str:
    if country == "DK":
        return DOMESTIC
    return WITHIN_EU if country in EU else ABROAD


def _country_name(code: str) -> str:
    return str(Locale("da").territories.get(code, code))


def _country_code(text: str) -> str:
    if len(text) == 2:  # noqa: PLR2004 - a code of ISO 3166-1 already
        return text.upper()
    folded = text.strip().casefold()
    for language in ("da", "en"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and name.casefold() == folded:  # noqa: PLR2004 - likewise
                return str(code)
    return text
