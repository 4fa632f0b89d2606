"""What the history calls things where people read it: English source texts."""

from hub.i18n import N_, translate
from hub.origin import CauseKind

_ACTS = {
    "created": N_("Created"),
    "updated": N_("Changed"),
    "deleted": N_("Deleted"),
    "commented": N_("Commented on"),
    "assigned": N_("Given to somebody else"),
    "transitioned": N_("Moved on"),
    "closed": N_("Closed"),
    "reopened": N_("Opened again"),
    "restored": N_("An earlier version restored"),
    "shared": N_("Shared"),
    "share_changed": N_("Share changed"),
    "unshared": N_("Not shared any more"),
    "protected": N_("Protected"),
    "protected_read": N_("Read although it is protected"),
    "protection_renewed": N_("Protection renewed"),
    "protection_released": N_("Protection ended"),
    "duplicate_allowed": N_("Allowed as a second one"),
    "second_wanted": N_("A second one allowed in another system"),
    "conflict_made": N_("In conflict with the accounting system"),
    "conflict_local_holds": N_("Conflict decided: the value here holds"),
    "conflict_remote_holds": N_("Conflict decided: the value there holds"),
    "conflict_gone": N_("Conflict gone"),
    "gone_there": N_("Gone in the accounting system"),
    "registry_filled": N_("Filled in by the registry"),
    "credit_code_given": N_("Given a credit code"),
    "archived": N_("Put out of the way"),
    "taken_up": N_("Taken up again"),
    "held": N_("Put on hold"),
    "hold_released": N_("Taken off hold"),
    "order_received": N_("Order received"),
    "order_updated": N_("Order changed"),
    "became_customer": N_("Turned into a customer by its first order"),
    "escalated": N_("Gone up"),
    "recovered": N_("Works again"),
    "pool_claimed": N_("Taken from its pool"),
    "password_changed": N_("Password changed"),
    "address_verified": N_("Address verified"),
}
"""Of an event's type, what follows the name of the record."""

_OF_A_POOL = "pool_"  # then how the customer stands to it

_ORIGINS = {
    CauseKind.REQUEST: N_("A request"),
    CauseKind.IMPORT: N_("An import"),
    CauseKind.REGISTRY: N_("The company registry"),
    CauseKind.ACCOUNTING: N_("The accounting system"),
    CauseKind.SHOP: N_("A shop"),
    CauseKind.MAIL: N_("A mail"),
    CauseKind.ASSIGNMENT: N_("A mass assignment"),
    CauseKind.CONVERSION: N_("A conversion"),
    CauseKind.MERGE: N_("A merge"),
    CauseKind.CONFLICT: N_("A conflict that was decided"),
    CauseKind.RULE: N_("A rule of Hub"),
    CauseKind.MIGRATION: N_("A migration"),
}


_FIELDS = {
    "cvr": N_("CVR number"),
    "due_local": N_("Due"),
    "due_sent_at": N_("Due reminder sent at"),
    "ends_local": N_("Ends"),
    "every_s": N_("Seconds between"),
    "fire_at_local": N_("Due"),
    "is_default": N_("Default"),
    "on_empty": N_("When nothing is found"),
    "outgoing_held": N_("Changes held back"),
    "remote_id": N_("Number elsewhere"),
    "starts_at_local": N_("First time"),
    "starts_local": N_("Starts"),
    "uid": N_("Mark in calendars"),
    "zone": N_("Time zone"),
}
"""Fields whose names are no words."""


def title(preferred: str | None, event_type: str) -> str:
    """Return what happened, by an event's type; one without words of its own in plain ones."""
    act = event_type.rpartition(".")[2]
    if act in _ACTS:
        return translate(preferred, _ACTS[act])
    if act.startswith(_OF_A_POOL):
        return translate(preferred, N_("Pool: {state}"), {"state": act.removeprefix(_OF_A_POOL)})
    return spoken(preferred, act)


def origin(preferred: str | None, kind: CauseKind) -> str:
    """Return what led to a change."""
    return translate(preferred, _ORIGINS[kind])


def spoken(preferred: str | None, name: str) -> str:
    """Return a name of ours, such as ``customer_group``, as words: `Customer group`."""
    if name in _FIELDS:
        return translate(preferred, _FIELDS[name])
    words = name.removesuffix("_id").replace("_", " ")
    sentence = words[:1].upper() + words[1:]
    translated = translate(preferred, sentence)
    return translated if translated != sentence else _upper(translate(preferred, words))


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
