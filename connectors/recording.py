"""What the run log keeps of a call: no secrets, no more than a bounded part of each body."""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

MASK = "[redacted]"
BODY_LIMIT = 8_192  # characters: enough for one customer or one error, not for a page of a thousand

_SECRET_NAME = re.compile(
    r"token|secret|password|passwd|authori[sz]ation|cookie|api-?key|signature", re.IGNORECASE
)
_SECRET_QUERY = re.compile(r"token|secret|password|passwd|key|signature", re.IGNORECASE)
# A member of a JSON body whose name tells of a secret; an unfinished one where the body was cut.
_SECRET_MEMBER = re.compile(
    r'("[^"]{0,40}(?:token|secret|password)[^"]{0,40}"\s{0,8}:\s{0,8})"(?:[^"\\]|\\.)*("|$)',
    re.IGNORECASE,
)


class Redactor:
    """Removes declared secret values wherever they stand, and whatever is named like a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._forms = sorted(
            forms, key=len, reverse=True
        )  # the longest first: one may hold another
        self._margin = max((len(form) for form in self._forms), default=0)

    def text(self, text: str) -> str:
        """Return `text` without the declared secrets."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def url(self, url: str) -> str:
        """Return a URL without secret query values."""
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        if any(_SECRET_QUERY.search(name) for name, _ in pairs):
            shown = [(name, MASK if _SECRET_QUERY.search(name) else value) for name, value in pairs]
            parts = parts._replace(query=urlencode(shown, safe="[]"))
        return self.text(urlunsplit(parts))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers with lower-case names; those that carry credentials are masked."""
        return {
            name.lower(): MASK if _SECRET_NAME.search(name) else self.text(value)
            for name, value in headers.items()
        }

    def body(self, body: bytes | str | None) -> str | None:
        """Return the beginning of a body as text, None where there is none."""
        if not body:
            return None
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        cut = BODY_LIMIT + self._margin
        whole = len(text) <= cut
        text = _SECRET_MEMBER.sub(rf'\1"{MASK}\2', self.text(text[:cut]))
        if whole:
            return text[:BODY_LIMIT]
        # Half a secret may stand at the cut, where it is not recognised: that part goes.
        return text[: max(0, min(BODY_LIMIT, len(text) - self._margin))] + "…"


def _forms(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
