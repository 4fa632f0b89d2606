"""The kinds of mail, apart from their table: settings name them."""

from enum import StrEnum


class DeliveryKind(StrEnum):
    """Why a mail is sent; each kind has a renderer among the workers."""

    INVITATION = "invitation"
    UPDATE = "update"
    CANCELLATION = "cancellation"
    DUE = "due"
    REPORT = "report"
    ALERT = "alert"
    RECOVERY = "recovery"
    DIGEST = "digest"
    TEST = "test"
    APPROVAL = "approval"
    WELCOME = "welcome"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of mail
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - likewise
    ADDRESS_VERIFICATION = "address_verification"
    RECALL_WARNING = "recall_warning"
    MOVE = "move"
