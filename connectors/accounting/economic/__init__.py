"""Visma e-conomic, Danish accounting: customers through the legacy REST interface.

API:    https://restdocs.e-conomic.com/ , base https://restapi.e-conomic.com , JSON.
Access: two tokens in headers, ``X-AppSecretToken`` of the app and ``X-AgreementGrantToken`` of the
        agreement; both ``demo`` reads a public demonstration. A token is revoked without notice:
        401. Missing roles or modules, and writes with ``demo``: 403.
Limits: 10,000 cost tokens a minute for each agreement and app; a call costs about 3 (header
        ``X-CallCost``), failures too. Beyond: 429 with ``Retry-After``.
Write:  PUT replaces the whole customer, what it leaves out is emptied; there is no lock token, so
        an update reads, lays the changes over what it read and writes all of it. Between the two
        calls a window remains in which somebody's edit is lost, and in which PUT brings a customer
        back whom somebody has just deleted. An explicit null is refused: empty means left out.
Keys:   ``Idempotency-Key`` on writes, kept for about an hour; a replay says
        ``X-ResultFromCache: true``. A replayed refusal says nothing about now and is asked again.
Pulls:  ``lastUpdated`` has whole seconds and is compared inclusively; deletions are not to be
        seen, so only a full sweep shows them. Pages are cut by offset and shift when rows come and
        go: every page is asked for by key ("after number 7") instead.
Quirks: numbers of deleted customers are used again; ``barred`` is left out when false; error texts
        may be Danish, only codes are stable; ``errors`` comes in three forms. One registration
        number may be on many customers, in any spelling.
Read:   2026-11; versions and doubts in the vendor notes. The local double is
        `connectors.sandbox.economic`.
"""

from collections.abc import Mapping
from typing import Any

from connectors.accounting.economic.calling import Caller
from connectors.accounting.economic.declaration import DECLARATION
from connectors.accounting.economic.system import Defaults, EconomicSystem
from hub.errors import PermanentError

__all__ = ["DECLARATION", "EconomicSystem", "connect"]


def connect(settings: Mapping[str, Any], secrets: Mapping[str, str], http: Any) -> EconomicSystem:
    """Return the accounting system of one agreement; makes no call.

    Raises:
        PermanentError: a setting is missing or wrong; the message names it.
    """
    headers = {
        "X-AppSecretToken": _given(secrets, "app_secret_token"),
        "X-AgreementGrantToken": _given(secrets, "agreement_grant_token"),
    }
    defaults = Defaults(
        customer_group=_number(settings, "default_customer_group"),
        payment_terms=_number(settings, "default_payment_terms"),
        vat_zone=_number(settings, "default_vat_zone"),
        currency=str(settings.get("default_currency") or "") or None,
    )
    page_size = int(_number(settings, "page_size") or 1000)
    client = http(_given(settings, "base_url"), headers=headers, timeout_s=30)
    return EconomicSystem(Caller(client), defaults, page_size=page_size)


def _given(values: Mapping[str, Any], name: str) -> str:
    value = str(values.get(name) or "").strip()
    if not value:
        raise PermanentError(DECLARATION.name, "The setting {setting} is missing.", setting=name)
    return value


def _number(settings: Mapping[str, Any], name: str) -> str | None:
    """Return a setting that holds a number above zero as text, None where it is empty."""
    text = str(settings.get(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise PermanentError(
            DECLARATION.name, "The setting {setting} must be a number above 0.", setting=name
        )
    return text
