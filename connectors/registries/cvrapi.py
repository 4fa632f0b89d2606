"""cvrapi.dk, a free way into the Danish (and Norwegian) company register.

API:    https://cvrapi.dk/documentation, version 6, read 2026-11; ``GET /api``, one flat object.
Auth:   none; ``token`` for paid plans. The User-Agent must say who calls, as "Company - Project -
        Contact", or calls are refused (INVALID_UA; lately also QUOTA_EXCEEDED).
Limits: some 50 calls a day and address without a token; the day is Copenhagen's.
Notes:  answers the one best match, also for a name: good for a proposal, never to fill a record.
        Failures are told by ``error`` in the body, whatever the HTTP status. Numbers come as text
        or number. Dates are ``dd/mm - yyyy``. ``protected`` is *reklamebeskyttet*.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NoReturn

from connectors.http import ClientFactory, HttpClient, HttpReply
from connectors.registries import COPENHAGEN, Part, check_number, status_of
from hub.errors import (
    AuthenticationError,
    MalformedReplyError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    TransientError,
)
from hub.ports import (
    Choice,
    CompanyChanges,
    CompanyRecord,
    CompanyStatus,
    Declaration,
    FieldType,
    SettingField,
)

SYSTEM = "cvrapi"
_VERSION = 6
_CONTACT_PARTS = 3  # company, project, contact
_UNAUTHORISED = (401, 403)
_SERVER_ERROR = 500

DECLARATION = Declaration(
    name=SYSTEM,
    kind="registry",
    title="cvrapi.dk",
    settings=(
        SettingField(
            "contact",
            "Contact",
            required=True,
            help="Who is calling, as cvrapi.dk demands it: Company - Project - Contact person or "
            "mail address. Empty: HUB_CONTACT.",
            stand_in="contact",
        ),
        SettingField(
            "country",
            "Country",
            FieldType.CHOICE,
            default="DK",
            choices=(Choice("DK", "Denmark"), Choice("NO", "Norway")),
        ),
        SettingField("token", "Token", secret=True, help="Only for paid plans."),
        SettingField("base_url", "Address", FieldType.URL, default="https://cvrapi.dk"),
    ),
    capabilities=frozenset({"find", "search"}),
    calls_per_period=10,
    documentation="https://cvrapi.dk/documentation",
)


def connect(
    settings: Mapping[str, Any], secrets: Mapping[str, str], http: ClientFactory
) -> "CvrapiRegistry":
    """Return the registry as a connection's settings describe it.

    Raises:
        PermanentError: the contact is not one that cvrapi.dk would accept.
    """
    agent = {"User-Agent": _user_agent(settings.get("contact"))}
    country = str(settings.get("country") or "DK").upper()
    client = http(str(settings.get("base_url") or "https://cvrapi.dk"), headers=agent)
    return CvrapiRegistry(client, country=country, token=secrets.get("token"))


class CvrapiRegistry:
    """Looks companies up by number, and the one best match by name."""

    def __init__(self, http: HttpClient, *, country: str = "DK", token: str | None = None) -> None:
        self._http = http
        self._country = country
        self._token = token or None

    def find(self, number: str) -> CompanyRecord | None:
        """See `hub.ports.CompanyRegistry.find`."""
        check_number(SYSTEM, number, self._country)
        found = self._ask("vat", number)
        if found is not None and found.registration_number != number:
            raise MalformedReplyError(
                SYSTEM,
                "The field {field} of its reply is not {expected}.",
                field="vat",
                expected="the number asked for",
            )
        return found

    def search(self, name: str, limit: int) -> Sequence[CompanyRecord]:
        """Return the one best match: more than that this registry does not offer."""
        if not name.strip() or limit < 1:
            return []
        found = self._ask("name", name.strip())
        return [] if found is None else [found]

    def changes(self, cursor: Mapping[str, Any] | None, limit: int) -> CompanyChanges:
        """Refuse: there is no change feed here."""
        raise NotImplementedError("cvrapi.dk has no change feed")

    def _ask(self, kind: str, value: str) -> CompanyRecord | None:
        query = {
            kind: value,
            "country": self._country.lower(),
            "version": _VERSION,
            "format": "json",
            "token": self._token,
        }
        reply = self._http.call("GET", "/api", params=query, check=_body)
        body = _body(reply)
        return None if body is None else _company(body, self._country, reply.received_at)


def _user_agent(contact: object) -> str:
    text = str(contact or "").strip()
    parts = [part for part in text.split(" - ") if part.strip()]
    if len(parts) < _CONTACT_PARTS or not text.isprintable() or not _is_latin(text):
        raise PermanentError(
            SYSTEM,
            'The setting {setting} must read "Company - Project - Contact".',
            setting="contact",
        )
    return text


def _is_latin(text: str) -> bool:
    """Say whether a header can carry a text: nothing beyond Latin-1 goes over the wire."""
    return all(ord(character) < 256 for character in text)  # noqa: PLR2004 - the size of Latin-1


def _body(reply: HttpReply) -> Part | None:
    """Return the company of a reply, None where there is none; raise whatever else it says."""
    try:
        body = Part(SYSTEM, reply.json())
    except MalformedReplyError:
        _refuse_status(reply)
        raise
    error = body.text("error")
    if error == "NOT_FOUND":
        return None
    if error is not None:
        _refuse(error, reply)
    _refuse_status(reply)
    if not reply.is_success():
        raise MalformedReplyError(
            SYSTEM, "It answered {status} without saying why.", status=reply.status
        )
    return body


def _refuse_status(reply: HttpReply) -> None:
    if reply.status in _UNAUTHORISED:
        raise AuthenticationError(
            SYSTEM,
            "It refuses us ({status}): see the setting {setting}.",
            status=reply.status,
            setting="token",
        )
    if reply.status >= _SERVER_ERROR:
        raise TransientError(SYSTEM, "It failed ({status}).", status=reply.status)


def _refuse(error: str, reply: HttpReply) -> NoReturn:
    if error in _REFUSALS:
        raise _REFUSALS[error](reply)
    raise MalformedReplyError(
        SYSTEM,
        "The field {field} of its reply is not {expected}.",
        field="error",
        expected="a known code",
    )


def _quota(reply: HttpReply) -> RateLimitedError:
    local = reply.received_at.astimezone(COPENHAGEN)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), COPENHAGEN)
    return RateLimitedError(
        SYSTEM,
        "The calls of today are used up; if none were made, it does not accept the setting "
        "{setting}: correct that, and it is asked again at once.",
        midnight - reply.received_at,  # both aware: the difference is of instants
        setting="contact",
    )


def _unwelcome(reason: str) -> Callable[[HttpReply], AuthenticationError]:
    return lambda _reply: AuthenticationError(SYSTEM, reason, setting="contact")


def _rejected(_reply: HttpReply) -> RejectedError:
    return RejectedError(SYSTEM, "It refuses the number or name that was asked for.")


def _internal(_reply: HttpReply) -> TransientError:
    return TransientError(SYSTEM, "It failed inside.")


_REFUSALS: Mapping[str, Callable[[HttpReply], Exception]] = {
    "NO_SEARCH": _rejected,
    "INVALID_VAT": _rejected,
    "QUOTA_EXCEEDED": _quota,
    "INTERNAL_ERROR": _internal,
    "INVALID_UA": _unwelcome("It does not accept who we say we are: see the setting {setting}."),
    "BANNED": _unwelcome("It has banned us: see the setting {setting} and ask cvrapi.dk."),
}


def _company(body: Part, country: str, seen_at: datetime) -> CompanyRecord:
    ended_on = _day(body, "enddate")
    status, status_text = _status(body, ended_on, seen_at.astimezone(COPENHAGEN).date())
    length = 8 if country == "DK" else 9
    return CompanyRecord(
        registration_number=body.required("vat").zfill(length),
        country=country,
        name=body.required("name"),
        status=status,
        status_text=status_text,
        address_lines=_address(body),
        postcode=_postcode(body),
        city=body.text("city"),
        phone=body.text("phone"),
        email=body.text("email"),
        industry_code=body.text("industrycode"),
        industry=body.text("industrydesc"),
        legal_form=body.text("companydesc"),
        started_on=_day(body, "startdate"),
        ended_on=ended_on,
        marketing_protected=body.flag("protected"),
        p_numbers=tuple(unit.required("pno") for unit in body.parts("productionunits")),
    )


def _status(body: Part, ended_on: date | None, today: date) -> tuple[CompanyStatus, str | None]:
    text = body.text("creditstatus")
    known = status_of(text)
    if (ended_on is not None and ended_on <= today) or known is CompanyStatus.DISSOLVED:
        return CompanyStatus.DISSOLVED, text
    if body.flag("creditbankrupt", absent=False) or known is CompanyStatus.INSOLVENT:
        return CompanyStatus.INSOLVENT, text
    return CompanyStatus.ACTIVE if text is None else known, text


def _address(body: Part) -> tuple[str, ...]:
    care_of = body.text("addressco")
    if care_of and not care_of.lower().startswith("c/o"):
        care_of = f"c/o {care_of}"
    lines = (care_of, body.text("address"), body.text("cityname"))
    return tuple(line for line in lines if line)


def _postcode(body: Part) -> str | None:
    text = body.text("zipcode")
    return text.zfill(4) if text else None  # a number has lost the zeros of 0800 and 0999


def _day(body: Part, name: str) -> date | None:
    text = body.text(name)
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%d/%m - %Y").replace(tzinfo=COPENHAGEN).date()
    except ValueError as error:
        raise body.unknown(name, "a date") from error
