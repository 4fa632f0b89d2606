"""Signing in as the API takes and shows it."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, SecretStr

from api.schemas.fields import OneLine
from api.schemas.shapes import Body, RecordView, View
from hub.signing_in.models import EndReason, TicketPurpose
from hub.signing_in.rules import MAX_LENGTH, MIN_LENGTH

Address = Annotated[str, OneLine(254, 3), Field(json_schema_extra={"format": "email"})]
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
NewPassword = Annotated[
    SecretStr,
    Field(
        max_length=1024,
        description=(
            f"{MIN_LENGTH} to {MAX_LENGTH} characters of any kind; not one that would be guessed"
            " first."
        ),
    ),
]
TicketText = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class SignIn(Body):
    """Who says that he is who."""

    email: Address
    password: GivenPassword


class PasswordResetRequest(Body):
    """Whose password is to be chosen anew."""

    email: Address


class TicketUse(Body):
    """What a mail carried and, where it is for that, the password to be."""

    ticket: TicketText = Field(description="The last part of the address in the mail.")
    password: NewPassword | None = None


class PasswordChange(Body):
    """The present password and the next one."""

    current_password: GivenPassword
    new_password: NewPassword


class SessionView(RecordView):
    """A person signed in from one place."""

    user_id: UUID
    address: str | None = Field(description="From where it began.")
    agent: str | None = Field(description="The program that it began in, by its own account.")
    expires_at: AwareDatetime
    last_seen_at: AwareDatetime = Field(description="Precise to a minute.")
    ended_at: AwareDatetime | None
    end_reason: EndReason | None
    is_present: bool = Field(default=False, description="Whether it is the one you call with.")


class PresentSession(SessionView):
    """The session you call with."""

    csrf_token: str = Field(
        description="Goes into the header `X-CSRF-Token` of everything but GET."
    )


class TicketUsed(View):
    """What a ticket was good for."""

    purpose: TicketPurpose
    email: str = Field(description="The address that was proved by it.")
