"""Looks at the outgoing mail server: does it greet us?"""

import smtplib
import ssl
from urllib.parse import urlsplit

from ops.doctor.findings import Finding, fail, ok, warn
from ops.installation import Installation

_TIMEOUT_S = 10
_PORTS = {"smtp": 25, "smtps": 465}
_GREETING = 220  # RFC 5321, section 4.2


def look_at_mail(installation: Installation) -> list[Finding]:
    """Look whether the server answers; sends nothing and gives no password away."""
    setting = installation.settings.smtp_url
    if setting is None:
        return [warn("mail", "no server is set, so no mail goes out", "set HUB_SMTP_URL")]
    url = urlsplit(setting.get_secret_value())
    port = url.port or _PORTS[url.scheme]
    host = url.hostname or ""
    where = f"{host}:{port}"
    server = (
        smtplib.SMTP_SSL(timeout=_TIMEOUT_S, context=ssl.create_default_context())
        if url.scheme == "smtps"
        else smtplib.SMTP(timeout=_TIMEOUT_S)
    )
    with server:
        try:
            code, greeting = server.connect(host, port)
        except (OSError, smtplib.SMTPException) as error:
            return [fail("mail", f"{where} does not answer: {error}", "check HUB_SMTP_URL")]
        if code != _GREETING:
            words = greeting.decode(errors="replace")
            return [fail("mail", f"{where} turns us away: {code} {words}", "ask its administrator")]
    return [ok("mail", f"{where} greets us")]
