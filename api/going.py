"""/go: where the links in mails lead, until there are pages for people to sign in to."""

import re

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from api import pages
from api.calls import Call
from api.operations import PUBLIC, operation
from api.pages import text
from hub import links
from hub.i18n import N_, language_of, translate

blueprint = Blueprint("going", __name__)
_SAFE = re.compile(r"[A-Za-z0-9/_-]{1,200}(\?[A-Za-z0-9=&._:%+,@-]{1,500})?")
"""What a mail of ours may name: people paste it into a shell, so that nothing else is shown."""


@operation(
    blueprint, "GET", "/go/<path:target>",
    permission=PUBLIC, opens_transaction=False, documented=False,
)  # fmt: skip
def show_way(call: Call, target: str) -> Response:
    """Return a page that says how to come to what a mail names.

    Whether it exists the page does not say: whoever asks has not signed in.
    """
    query = call.request.query_string.decode("ascii", "replace")
    named = target + (f"?{query}" if query else "")
    if not _SAFE.fullmatch(named):
        raise NotFound

    def said(message: str) -> str:
        return text(translate(call.language, message))

    body = (
        f"<h1>Hub</h1><p>{said(N_('The link in your mail leads to this:'))}</p>"
        f"<pre><code>{text(named)}</code></pre>"
        f"<p>{said(N_('Hub has no pages to sign in to yet. A program with your token reads it:'))}"
        "</p><pre><code>"
        f'curl -H "Authorization: Bearer $TOKEN" "{text(links.base() + links.API + named)}"'
        "</code></pre><p>"
        f"{said(N_('Without a token, ask whoever looks after Hub for one.'))}</p>"
        f'<nav><a href="/">{said(N_("First steps"))}</a>'
        f'<a href="/api/docs">{said(N_("API documentation"))}</a></nav>'
    )
    return pages.page("Hub", body, language_of(call.language))
