"""Mail that does not go out."""

from typing import Any
from urllib.parse import quote

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from hub.i18n import N_
from hub.mail.trying import WAITS_FOR_SERVER
from hub.problems.cause import Cause, Words
from hub.problems.models import ProblemKind

_OUTGOING = N_("Outgoing mail")
_NOT_SENT = N_("The mail could not be sent.")
_SINCE_TRIES = 3  # failed tries of one mail before the server is said to be down: two minutes

# An address to which a later mail has gone works again.
_REFUSED = text("""
    select d.recipient, count(*) as number, min(d.updated_at) as since,
           (array_agg(d.message order by d.last_tried_at desc nulls last, d.id desc))[1] as message
    from delivery d
    where d.state = 'failed' and d.deleted_at is null
      and not exists (select from delivery s where s.state = 'sent' and s.recipient = d.recipient
                      and s.sent_at > coalesce(d.last_tried_at, d.created_at))
    group by d.recipient
""")
_UNSURE = text("""
    select count(*) as number, min(last_tried_at) as since
    from delivery where state = 'held' and deleted_at is null
""")
_WAITING = text("""
    select count(*) as number, min(created_at) as since,
           (array_agg(coalesce(error->'words', error->'message') order by id desc))[1] as reason
    from job where state = 'queued' and waits_for = :waits_for
""")
_DOWN = text("""
    select count(*) as number, min(j.created_at) as since,
           (array_agg(coalesce(j.error->'words', j.error->'message')
                      order by j.attempt desc, j.id))[1] as reason
    from job j
    where j.state = 'queued' and j.task = 'mail.send_delivery' and j.attempt >= :tries
      and j.waits_for is null and j.error is not null
""")


def find_refused(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: mails refused or given up, by the address they are for."""
    found = []
    for row in session.execute(_REFUSED):
        told: dict[str, Any] = row.message or {"code": "failed", "text": _NOT_SENT}
        found.append(
            Cause(
                key=f"mail_failed:{row.recipient}",
                kind=ProblemKind.MAIL_FAILED,
                subject_name=row.recipient,
                since=row.since,
                count=row.number,
                message=Words(told["code"], told["text"], told.get("params") or {}),
                remedy=Words("mend_address", N_("Mend the address, then send the mails again.")),
                link=f"/api/v1/deliveries?state=failed&recipient={quote(row.recipient)}",
                detail={"recipient": row.recipient},
            )
        )
    return found


def find_unsure(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: mails that may have gone out, held for a person."""
    return _outgoing(
        session.execute(_UNSURE).one(),
        ProblemKind.MAIL_UNSURE,
        Words("unsure", N_("Nobody knows whether these mails went out: {count}.")),
        Words("decide", N_("Ask those they are for, and send again what did not arrive.")),
        "/api/v1/deliveries?state=held",
        alerts=True,
    )


def find_waiting(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: mails wait, and no server takes any."""
    return _outgoing(
        session.execute(_WAITING, {"waits_for": WAITS_FOR_SERVER}).one(),
        ProblemKind.MAIL_WAITING,
        Words("no_server", N_("Mail waits: {reason}")),
        Words("set_server", N_("Set HUB_SMTP_URL and HUB_MAIL_FROM, then send a test mail.")),
        "/api/v1/deliveries?state=pending",
        alerts=False,  # such an alert could not leave either
    )


def find_server_down(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: mails were tried again and again."""
    return _outgoing(
        session.execute(_DOWN, {"tries": _SINCE_TRIES}).one(),
        ProblemKind.MAIL_SERVER_DOWN,
        Words("server_down", N_("The mail server takes no mail: {reason}")),
        Words("wait", N_("Nothing yet: it is tried again. If it goes on, ask whoever runs it.")),
        "/api/v1/deliveries?state=pending",
        alerts=False,
    )


def _outgoing(
    row: Row[Any],
    kind: ProblemKind,
    message: Words,
    remedy: Words,
    link: str,
    *,
    alerts: bool,
) -> list[Cause]:
    if not row.number:
        return []
    params = {"count": row.number} | (
        {"reason": row.reason or ""} if "reason" in row._fields else {}
    )
    return [
        Cause(
            key=kind.value,
            kind=kind,
            subject_name=_OUTGOING,
            since=row.since,
            count=row.number,
            message=Words(message.code, message.text, params),
            remedy=remedy,
            link=link,
            alerts=alerts,
        )
    ]
