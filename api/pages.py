"""Plain pages: what they have in common, and nothing from anywhere else.

The style is inline and named by its hash in the content security policy: no script, no CDN.
"""

import base64
import hashlib
from html import escape
from http import HTTPStatus

from flask import Response

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#dfe4ea;--paper:#fff;
--tint:#f5f7f9;--accent:#0b5cad;--good:#1a7f4b;--bad:#b3261e;--warn:#8a5a00}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#2d3642;
--paper:#12161c;--tint:#1a2029;--accent:#6db3ff;--good:#5fd39a;--bad:#ff8a80;--warn:#f0b95b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:62rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.25rem;margin:2.75rem 0 .5rem;
padding-bottom:.3rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1.25rem 0 .3rem}
p{margin:.4rem 0}a{color:var(--accent)}.soft{color:var(--soft)}
code,pre{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{background:var(--tint);border-radius:4px;padding:.1em .3em}
pre{background:var(--tint);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;
overflow-x:auto}pre code{background:none;padding:0}
table{border-collapse:collapse;width:100%;margin:.4rem 0;font-size:.93rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .7rem .4rem 0;
border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:600}
table.facts{width:auto;min-width:20rem}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:0 1rem}
details[open]{padding-bottom:1rem}summary{cursor:pointer;padding:.6rem 0;list-style:none;
display:flex;gap:.8rem;align-items:baseline;flex-wrap:wrap}
summary::-webkit-details-marker{display:none}
.method{font:700 .75rem/1 ui-monospace,monospace;min-width:3.6rem;color:var(--accent)}
.DELETE{color:var(--bad)}.POST{color:var(--good)}.PATCH,.PUT{color:var(--warn)}
.ok{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem;margin:1rem 0}
label{color:var(--soft)}input{font:inherit;color:inherit;background:var(--tint);
border:1px solid var(--line);border-radius:6px;padding:.5rem .7rem;width:100%;max-width:26rem}
button{font:inherit;font-weight:600;color:var(--paper);background:var(--accent);border:0;
border-radius:6px;padding:.6rem 1.2rem;cursor:pointer;margin-top:.6rem}
ul.plain{list-style:none;padding:0}ul.plain li{padding:.35rem 0;border-bottom:1px solid var(--line)}
""".strip()
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'"
_OWN_HOST, _NOWHERE = "'self'", "'none'"


def page(
    title: str,
    body: str,
    language: str = "en",
    *,
    status: HTTPStatus = HTTPStatus.OK,
    has_form: bool = False,
) -> Response:
    """Return a page; `body` is HTML whose texts went through `text` already, in that language.

    A form may send to this very host, and only where the page says that it has one.
    """
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    policy = f"{_POLICY}; form-action {_OWN_HOST if has_form else _NOWHERE}"
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return Response(html, status, headers, content_type="text/html; charset=utf-8")


def text(value: object) -> str:
    """Return a text as HTML, with `code` between backquotes."""
    parts = escape(str(value)).split("`")
    return "".join(
        f"<code>{part}</code>" if position % 2 and position < len(parts) - 1 else part
        for position, part in enumerate(parts)
    )
