"""The Danish company register itself (CVR), by its system-to-system access on Virk.

API:    Elasticsearch over HTTP, ``POST /cvr-permanent/virksomhed/_search``; read 2026-11. Documents
        have the root ``Vrvirksomhed``. Queries keep to what its versions 1 to 6 understand.
Auth:   HTTP Basic; credentials come by mail from cvrselvbetjening@erst.dk against a declaration to
        respect advertising protection. Wrong ones are answered by 401 with an HTML page.
Limits: none published; one scroll at a time. ``from + size`` beyond 3000 is answered by 500.
Notes:  the documented address is plain http: credentials would go unencrypted, hence the setting.
        An unknown field finds nothing and is no error. Part of the shards may fail inside a 200.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.http import ClientFactory, HttpClient, HttpReply
from connectors.registries import Part, check_number
from connectors.registries.virk.changes import Position
from connectors.registries.virk.documents import company_of
from hub.errors import (
    AuthenticationError,
    MalformedReplyError,
    MissingError,
    PermanentError,
    RejectedError,
    TransientError,
)
from hub.ports import CompanyChanges, CompanyRecord, Declaration, FieldType, SettingField

SYSTEM = "virk"
_BASE_URL = "https://distribution.virk.dk"
_SEARCH = "/cvr-permanent/virksomhed/_search"
_SCROLL = "/_search/scroll"
_NUMBER = "Vrvirksomhed.cvrNummer"
_NAME = "Vrvirksomhed.virksomhedMetadata.nyesteNavn.navn"
_CHANGED = "Vrvirksomhed.sidstOpdateret"
_STAMP = [_NUMBER, _CHANGED, "Vrvirksomhed.enhedsNummer"]
_SCROLL_LIFE = "5m"  # a page is stored well within; a lapsed scroll is begun anew
_LARGEST_PAGE = 3_000  # more is answered by 500
_MOST_CANDIDATES = 50  # a person chooses among them

DECLARATION = Declaration(
    name=SYSTEM,
    kind="registry",
    title="CVR (Virk)",
    settings=(
        SettingField("user", "User", required=True),
        SettingField("password", "Password", required=True, secret=True),
        SettingField("base_url", "Address", FieldType.URL, default=_BASE_URL),
        SettingField(
            "plain_http",
            "Allow unencrypted http",
            FieldType.BOOLEAN,
            default=False,
            help="User and password then cross the net in the clear.",
        ),
    ),
    capabilities=frozenset({"find", "search", "changes"}),
    calls_per_period=60,
    documentation="https://datacvr.virk.dk/artikel/system-til-system-adgang-til-cvr-data",
)


def connect(
    settings: Mapping[str, Any], secrets: Mapping[str, str], http: ClientFactory
) -> "VirkRegistry":
    """Return the registry as a connection's settings describe it.

    Raises:
        PermanentError: credentials are missing, or the address is plain http without consent.
    """
    base_url = str(settings.get("base_url") or _BASE_URL)
    user, password = settings.get("user"), secrets.get("password")
    if not user or not password:
        raise AuthenticationError(
            SYSTEM,
            "User or password is missing: see the setting {setting}.",
            setting="password" if user else "user",
        )
    if base_url.lower().startswith("http:") and settings.get("plain_http") is not True:
        raise PermanentError(
            SYSTEM,
            "Its address is plain http, which shows the password to the net: allow that by the "
            "setting {setting}, or use https.",
            setting="plain_http",
        )
    return VirkRegistry(http(base_url, auth=(str(user), password)))


class VirkRegistry:
    """Looks companies up by number and by name, and tells which have changed."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def find(self, number: str) -> CompanyRecord | None:
        """See `hub.ports.CompanyRegistry.find`."""
        check_number(SYSTEM, number, "DK")
        found = self._companies({"query": {"term": {_NUMBER: int(number)}}, "size": 10})
        return next((record for record in found if record.registration_number == number), None)

    def search(self, name: str, limit: int) -> Sequence[CompanyRecord]:
        """Return companies whose present name holds all the words; the last may be unfinished."""
        words = name.split()
        if not words or limit < 1:
            return []
        whole = {"match_phrase": {_NAME: {"query": name, "boost": 4}}}
        every = {"match": {_NAME: {"query": name, "operator": "and"}}}
        # A term that is not analysed must be in lower case, as the index is.
        unfinished: list[Any] = [{"prefix": {_NAME: words[-1].lower()}}]
        if words[:-1]:
            others = {"query": " ".join(words[:-1]), "operator": "and"}
            unfinished.append({"match": {_NAME: others}})
        query = {
            "should": [whole, every, {"bool": {"must": unfinished}}],
            "minimum_should_match": 1,
        }
        return self._companies({"query": {"bool": query}, "size": min(limit, _MOST_CANDIDATES)})

    def changes(self, cursor: Mapping[str, Any] | None, limit: int) -> CompanyChanges:
        """Return a page of what changed; from None, nothing but the present position.

        A cursor holds the time reached, the scroll where one is under way, and which changes of the
        overlap were told already. A scroll that has lapsed is begun anew at the time reached.
        """
        if cursor is None:
            return self._present()
        position = Position.from_cursor(SYSTEM, cursor)
        try:
            body = self._page(position, max(1, min(limit, _LARGEST_PAGE)))
        except MissingError:
            position = position.restarted()
            body = self._page(position, max(1, min(limit, _LARGEST_PAGE)))
        hits = _sources(body)
        if not hits:
            return CompanyChanges((), position.finished().to_cursor(), complete=True)
        numbers, position = position.after(hits, body.required("_scroll_id"))
        return CompanyChanges(numbers, position.to_cursor(), complete=False)

    def _present(self) -> CompanyChanges:
        latest = {"query": {"exists": {"field": _CHANGED}}, "sort": [{_CHANGED: "desc"}], "size": 1}
        hits = _sources(self._post(_SEARCH, latest | {"_source": _STAMP}))
        if not hits:
            raise MalformedReplyError(SYSTEM, "The register has no companies at all.")
        return CompanyChanges((), Position.at(hits[0]).to_cursor(), complete=True)

    def _page(self, position: Position, size: int) -> Part:
        if position.scroll_id:
            return self._post(_SCROLL, {"scroll": _SCROLL_LIFE, "scroll_id": position.scroll_id})
        query = {"range": {_CHANGED: {"gte": position.start()}}}
        body = {"query": query, "sort": [{_CHANGED: "asc"}], "size": size, "_source": _STAMP}
        return self._post(_SEARCH, body, scroll=_SCROLL_LIFE)

    def _companies(self, query: Mapping[str, Any]) -> list[CompanyRecord]:
        reply = self._call(_SEARCH, query)
        return [company_of(source, reply.received_at) for source in _sources(_body(reply))]

    def _post(self, path: str, query: Mapping[str, Any], scroll: str | None = None) -> Part:
        return _body(self._call(path, query, scroll))

    def _call(self, path: str, query: Mapping[str, Any], scroll: str | None = None) -> HttpReply:
        return self._http.call(
            "POST", path, params={"scroll": scroll}, json=query, reads_only=True, check=_body
        )


def _body(reply: HttpReply) -> Part:
    """Return a reply's body; raise what it means where it is not a whole answer."""
    if reply.status in (401, 403):
        raise AuthenticationError(
            SYSTEM, "It refuses user or password: see the setting {setting}.", setting="password"
        )
    if reply.status >= 500:  # noqa: PLR2004 - the class of statuses that mean its own failure
        raise TransientError(SYSTEM, "It failed ({status}).", status=reply.status)
    body = Part(SYSTEM, reply.json())
    if reply.status == 404:  # noqa: PLR2004 - not found: with us only a lapsed scroll can be
        raise MissingError(SYSTEM, "The address or the scroll is not there (any more).")
    if not reply.is_success():
        raise RejectedError(SYSTEM, "It refuses the query ({status}).", status=reply.status)
    shards = body.part("_shards")
    if body.flag("timed_out", absent=False) or (
        shards and shards.text("failed") not in (None, "0")
    ):
        raise TransientError(SYSTEM, "Only a part of the register answered.")
    return body


def _sources(body: Part) -> list[Part]:
    hits = body.part("hits")
    if hits is None or "hits" not in hits:
        raise body.unknown("hits.hits", "a list")
    found = []
    for hit in hits.parts("hits"):
        source = hit.part("_source")
        document = source.part("Vrvirksomhed") if source else None
        if document is None:
            raise hit.unknown("_source.Vrvirksomhed", "an object")
        found.append(document)
    return found
