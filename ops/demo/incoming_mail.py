"""A customer writes: the mailbox that Hub reads, and what becomes of a mail."""

import imaplib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from ops.demo.places import HOST
from ops.demo.prologue import connect
from ops.demo.stage import Stage

_USER, _PASSWORD = (
    "salg@hub.example",
    "sandbox",
)  # of a mailbox that exists in the demonstration only
_FOLDER = "Kunder"


def tell(stage: Stage, lead: str) -> None:
    """Tell how a mail of somebody whom we know comes to the lead that is `lead`."""
    stage.teller.step("Tuesday: Ida writes a mail, and her holiday reply follows it")
    _put(stage)
    settings = {
        "host": HOST, "port": stage.places.imap_port, "security": "none", "user": _USER,
        "password": _PASSWORD, "folder": _FOLDER, "afterwards": "seen",
    }  # fmt: skip
    mailbox = connect(
        stage, "mailbox", {"name": "Sales mailbox", "connector": "imap", "settings": settings}
    )
    path = f"/connections/{mailbox['id']}"
    stage.quietly("POST", f"{path}/pull", status=202, headers={"Prefer": "wait=15"})
    _put(stage, _mail("Vores besøg", "Kan I tage en prøve med?"))
    _put(stage, _mail("Ferie", "Jeg er tilbage på mandag.", automatic=True))
    stage.show("POST", f"{path}/pull", status=202, Prefer="wait=15")
    came = stage.eventually(
        lambda: stage.get("/hook-deliveries", {"connection_id": mailbox["id"]})["items"],
        lambda found: sorted(one["state"] for one in found) == ["ignored", "imported"],
        "one mail is imported, the other ignored",
    )
    [taken] = [one for one in came if one["state"] == "imported"]
    stage.check(taken["lead_id"] == lead, "a note on her lead", came)
    noted = [one for one in stage.get(f"/leads/{lead}/notes")["items"] if one["type"] == "mail"]
    stage.check(len(noted) == 1, "one note of it", noted)
    [ignored] = [one for one in came if one["state"] == "ignored"]
    stage.teller.success(
        f"“{noted[0]['body'].partition(chr(10))[0]}” stands at her lead. The other: "
        f"{ignored['message']['text']}"
    )


def _mail(subject: str, text: str, *, automatic: bool = False) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = (
        f"<{subject.split(maxsplit=1)[0].casefold()}.{datetime.now(UTC):%f}@viben.example>"
    )
    message["From"] = "Ida Prøve <ida@viben.example>"
    message["To"] = _USER
    message["Subject"] = subject
    if automatic:
        message["Auto-Submitted"] = "auto-replied"
    message.set_content(text)
    return message


def _put(stage: Stage, *messages: EmailMessage) -> None:
    """Have messages come into the folder, which is made where there is none."""
    with imaplib.IMAP4(HOST, stage.places.imap_port) as server:
        server.login(_USER, _PASSWORD)
        server.create(_FOLDER)
        for message in messages:
            server.append(_FOLDER, None, None, message.as_bytes())
