"""Why a delivery is not believed."""

from enum import StrEnum

from hub.errors import DomainError
from hub.i18n import N_


class Refusal(StrEnum):
    """Why a delivery is not believed; also the error's stable code."""

    MISSING_HEADER = "missing_header"
    NOT_NUMERIC = "not_numeric"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    WRONG_SIGNATURE = "wrong_signature"
    EMPTY_SECRET = "empty_secret"  # noqa: S105 - a reason, no secret
    MALFORMED_SECRET = "malformed_secret"  # noqa: S105 - a reason, no secret


_MESSAGES = {
    Refusal.MISSING_HEADER: N_("The delivery has no {header}."),
    Refusal.NOT_NUMERIC: N_("The time in {header} is not a number of seconds."),
    Refusal.TOO_OLD: N_("The delivery was signed too long ago; is a clock wrong?"),
    Refusal.TOO_NEW: N_("The delivery was signed in the future; is a clock wrong?"),
    Refusal.WRONG_SIGNATURE: N_("The signature in {header} is not ours; is the secret the same?"),
    Refusal.EMPTY_SECRET: N_("The secret of this webhook is empty; deliveries cannot be believed."),
    Refusal.MALFORMED_SECRET: N_("The secret of this webhook is not base64 after whsec_."),
}


class SignatureRefusedError(DomainError):
    """A delivery is not believed; `code` and `reason` say why."""

    def __init__(self, reason: Refusal, **params: object) -> None:
        super().__init__(_MESSAGES[reason], **params)
        self.reason = reason
        self.code = reason.value
