"""How e-conomic says no: the error envelope, its three forms of ``errors`` and two languages.

The language is that of the agreement's user, so that a connector which matched on words would
break; the forms are those seen in recorded replies. Codes marked (unverified) in the vendor notes
are our choice: nobody may rely on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from connectors.sandbox.economic.filters import ESCAPES, OPERATORS, Field, QueryError, allowed
from connectors.sandbox.economic.rules import Broken

MESSAGES: Mapping[str, tuple[str, str]] = {
    "validation": (
        "Validation failed. {count} error found.",
        "Validering mislykkedes. {count} fejl fundet.",
    ),
    "validations": (
        "Validation failed. {count} errors found.",
        "Validering mislykkedes. {count} fejl fundet.",
    ),
    "required": ("Required property '{name}' is missing.", "Feltet '{name}' skal udfyldes."),
    "type": ("Expected {wanted} but got {got}.", "Forventede {wanted}, men fik {got}."),
    "choice": (
        "Value is not one of: {limit}.",
        "Værdien er ikke en af følgende: {limit}.",
    ),
    "unique": ("Values must be unique.", "Værdierne skal være forskellige."),
    "longest": (
        "String exceeds maximum length of {limit}.",
        "Teksten er længere end {limit} tegn.",
    ),
    "shortest": (
        "String is less than minimum length of {limit}.",
        "Teksten er kortere end {limit} tegn.",
    ),
    "least": (
        "Integer {value} is less than minimum value of {limit}.",
        "Heltallet {value} er mindre end {limit}.",
    ),
    "greatest": (
        "Integer {value} exceeds maximum value of {limit}.",
        "Heltallet {value} er større end {limit}.",
    ),
    "unidentified": ("No identifier was given.", "Der er ikke angivet nogen nøgle."),
    "unknown_group": ("CustomerGroup '{value}' not found.", "Kundegruppe '{value}' findes ikke."),
    "unknown": ("'{value}' does not exist.", "'{value}' findes ikke."),
    "taken": ("'{value}' already exists.", "'{value}' findes allerede."),
    "mismatch": (
        "The identifier of the body is not that of the URL.",
        "Nøglen i indholdet er ikke den samme som i adressen.",
    ),
    "in_use": (
        "The customer has invoices and cannot be deleted.",
        "Kunden har fakturaer og kan ikke slettes.",
    ),
    "group_in_use": (
        "The customer group has customers and cannot be deleted.",
        "Kundegruppen har kunder og kan ikke slettes.",
    ),
    "not_found": ("The requested resource was not found.", "Det ønskede findes ikke."),
    "unauthorised": (
        "Unauthorized. The tokens are missing or not valid.",
        "Ingen adgang. Nøglerne mangler eller er ikke gyldige.",
    ),
    "read_only": (
        "Forbidden. The demo agreement cannot be changed.",
        "Ikke tilladt. Demoaftalen kan ikke ændres.",
    ),
    "method": ("Method not allowed.", "Metoden er ikke tilladt."),
    "media_type": (
        "Content-Type must be application/json.",
        "Content-Type skal være application/json.",
    ),
    "not_json": ("The request body is not valid JSON.", "Indholdet er ikke gyldig JSON."),
    "paging": (
        "'{name}' must be an integer from {least} to {greatest}.",
        "'{name}' skal være et heltal fra {least} til {greatest}.",
    ),
    "filter": ("Could not parse query string filter.", "Filteret kunne ikke læses."),
    "sort": ("Could not parse query string sort.", "Sorteringen kunne ikke læses."),
    "rate": ("Too many requests.", "For mange forespørgsler."),
}


@dataclass(frozen=True, slots=True)
class Voice:
    """How refusals are worded: what a developer may switch to see a connector cope.

    `language` is ``en`` or ``da``; `error_form` is ``object`` or ``array``; `leaf_form` is
    ``current`` (errorMessage, inputValue) or ``old`` (message, value).
    """

    language: str = "en"
    error_form: str = "object"
    leaf_form: str = "current"


class RefusedError(Exception):
    """A request that is refused; a handler turns it into a reply by `body`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        broken: Sequence[Broken] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.broken = broken
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        self.params = params

    @classmethod
    def invalid(cls, broken: Sequence[Broken]) -> "RefusedError":
        """Return the refusal of a body with broken rules."""
        message = "validation" if len(broken) == 1 else "validations"
        return cls(400, message, code="E04300", broken=broken, count=len(broken))

    @classmethod
    def query(cls, kind: str, error: QueryError, fields: Mapping[str, Field]) -> "RefusedError":
        """Return the refusal of a filter or sort, whose ``errors`` are an array of strings."""
        extra: dict[str, Any] = {"errors": list(error.errors)}
        if kind == "filter":
            extra |= {
                "allowedFilteringFields": list(allowed(fields)),
                "allowedFilteringOperators": dict(OPERATORS),
                "escapeCharacters": {k: v for k, v in ESCAPES.items() if k != "$["},
                "wildcard": "*",
                "nullValue": "$null:",
            }
        else:
            extra["allowedSortingFields"] = [n for n, field in fields.items() if field.sortable]
        return cls(400, kind, extra=extra)

    def body(self, voice: Voice, now: datetime) -> dict[str, Any]:
        """Return the error envelope."""
        envelope: dict[str, Any] = {
            "message": _said(self.message, voice, **self.params),
            "developerHint": "Inspect validation errors and correct your request."
            if self.broken
            else "See https://restdocs.e-conomic.com/ .",
            "logId": f"{uuid4().hex[:16]}-CPH",
            "httpStatusCode": self.status,
            "logTime": now.strftime("%Y-%m-%dT%H:%M:%S"),
        }
        if self.code is not None:
            envelope["errorCode"] = self.code
        if self.broken:
            envelope["errorCount"] = len(self.broken)
            envelope["errors"] = _tree(self.broken, voice)
            if voice.leaf_form == "old":
                envelope["message"] = "Validation error."
        return envelope | self.extra


@dataclass(slots=True)
class _Branch:
    leaves: list[dict[str, Any]] = field(default_factory=list)
    below: "dict[str | int, _Branch]" = field(default_factory=dict)


def _tree(broken: Sequence[Broken], voice: Voice) -> Any:
    root = _Branch()
    for rule in broken:
        branch = root
        for step in rule.path:
            branch = branch.below.setdefault(step, _Branch())
        branch.leaves.append(_leaf(rule, voice))
    if voice.error_form == "array":
        return [{"arrayIndex": 0} | _capitalised(_named(root))]
    return _named(root)


def _named(branch: _Branch) -> dict[str, Any]:
    """Write a branch: its own leaves under ``errors``, a list below it with ``arrayIndex``."""
    written: dict[str, Any] = {"errors": branch.leaves} if branch.leaves else {}
    entries = [
        {"arrayIndex": step} | _named(below)
        for step, below in branch.below.items()
        if isinstance(step, int)
    ]
    if entries:
        written["items"] = entries
    return written | {
        step: _named(below) for step, below in branch.below.items() if isinstance(step, str)
    }


def _capitalised(named: dict[str, Any]) -> dict[str, Any]:
    """Write the property names as the array form does: ``Account`` for ``account``."""
    return {name[:1].upper() + name[1:]: value for name, value in named.items()}


def _leaf(rule: Broken, voice: Voice) -> dict[str, Any]:
    name = next((str(step) for step in reversed(rule.path) if isinstance(step, str)), "")
    wanted, got = rule.limit if isinstance(rule.limit, tuple) else ("", "")
    said = _said(
        rule.message,
        voice,
        name=name,
        value=rule.value,
        limit=rule.limit,
        wanted=str(wanted).title(),
        got=got,
    )
    words, given = (
        ("message", "value") if voice.leaf_form == "old" else ("errorMessage", "inputValue")
    )
    return {
        "propertyName": name[:1].upper() + name[1:] if voice.error_form == "array" else name,
        words: said,
        "errorCode": rule.code,
        given: rule.value,
        "developerHint": "Compare the value with the schema of the endpoint.",
    }


def _said(message: str, voice: Voice, **params: object) -> str:
    english, danish = MESSAGES[message]
    return (danish if voice.language == "da" else english).format(**params)
