"""No secret shows itself where objects are printed (R-61)."""

from sqlalchemy import Engine

from api.schemas.signing_in import PasswordChange, SignIn, TicketUse
from hub.clock import utcnow
from hub.db import transaction
from hub.signing_in import sessions, tickets
from hub.signing_in.models import TicketPurpose, UserPassword
from hub.signing_in.passwords import Account
from hub.signing_in.secrets import digest, make_secret
from tests.people import make_user

HASH = "$argon2id$hash"
PASSWORD = "four words nobody would join"


def test_representations_hold_neither_secrets_nor_hashes(database: Engine) -> None:
    with transaction() as session:
        user = make_user(session)
        begun = sessions.begin(session, user, address=None, agent=None, now=utcnow())
        made = tickets.make(session, user, TicketPurpose.INVITATION, now=utcnow())
        shown = [
            repr(each)
            for each in (
                begun, begun.session, made, made.ticket, tickets.Holder(made.ticket, user),
                Account(user, HASH), UserPassword(user_id=user.id, hash=HASH),
                SignIn(email="a@b.example", password=PASSWORD),  # type: ignore[arg-type] # pydantic wraps it
                PasswordChange(current_password=PASSWORD, new_password=PASSWORD),  # type: ignore[arg-type] # likewise
                TicketUse(ticket=made.secret, password=PASSWORD),  # type: ignore[arg-type] # likewise
            )
        ]  # fmt: skip

    for secret in (begun.secret, made.secret, PASSWORD, "$argon2id$"):
        assert not any(secret in each for each in shown)


def test_a_secret_says_what_it_is_carries_256_bits_and_is_new_each_time() -> None:
    made = {make_secret("ticket") for _ in range(1000)}

    assert len(made) == 1000
    assert all(each.startswith("hub_ticket_") for each in made)
    assert {len(each) - len("hub_ticket_") for each in made} == {43}  # 256 bits in base64
    assert len(digest("x")) == 32
