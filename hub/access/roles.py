"""Verbs, field classes, and the base roles: which verbs over what, and how far they reach.

A role is a set of rights written as scopes are (``customers:edit``, ``*:read``), a reach, and the
field classes it reads and writes (product/domain.md §4). A person's roles add up; an installation
composes roles of its own beside the base ones (`hub.access.models.CustomRole`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

ALL = "*"


class Verb(StrEnum):
    """What somebody may do; exporting is apart from reading, since a mailed report is an export."""

    __hash__ = str.__hash__  # Enum's own is many times as slow, and asked for with every row

    READ = "read"
    COMMENT = "comment"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    TRANSITION = "transition"
    ASSIGN = "assign"
    CLAIM = "claim"
    APPROVE = "approve"
    SHARE = "share"
    PROTECT = "protect"
    MERGE = "merge"
    UNDO_MERGE = "undo_merge"
    IMPORT = "import"
    EXPORT = "export"
    SCHEDULE_REPORT = "schedule_report"
    CONNECT = "connect"
    REPLAY = "replay"
    CONFIGURE = "configure"
    AUDIT = "audit"


class Reach(IntEnum):
    """How far a right reaches among records that have an owner; each includes the ones before it.

    `SHARED`: own records and those shared with the person. `VISIBLE`: what the installation's
    visibility shows as well. `LINE`: those of the teams he leads and of their people. `ALL`:
    everything, protected records too.
    """

    SHARED = 1
    VISIBLE = 2
    LINE = 3
    ALL = 4


class FieldClass(StrEnum):
    """How delicate a field is; a field without a class is public, a secret one is never shown."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SENSITIVE = "sensitive"
    SECRET = "secret"  # noqa: S105 - the name of a class


class Level(IntEnum):
    """What may be done to a record of somebody else; a grant names one of the first three.

    `OWN` is for its owner and whoever stands in for him, the record's representatives among them;
    `GIVE`, to say whose it is, is not theirs.
    """

    READ = 1
    COMMENT = 2
    WRITE = 3
    OWN = 4
    GIVE = 5


GRANTED_LEVELS = (Level.READ, Level.COMMENT, Level.WRITE)
"""The levels that a grant may have."""


class Visibility(StrEnum):
    """Which records of others a person reads without a share (``HUB_VISIBILITY``)."""

    PUBLIC = "public"
    TEAM = "team"
    PRIVATE = "private"


class Role(StrEnum):
    """The codes of the base roles."""

    ADMINISTRATOR = "administrator"
    MANAGER = "manager"
    REPRESENTATIVE = "representative"
    ASSISTANT = "assistant"
    VIEWER = "viewer"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


_LEVELS = {
    Verb.READ: Level.READ,
    Verb.EXPORT: Level.READ,
    Verb.SCHEDULE_REPORT: Level.READ,
    Verb.COMMENT: Level.COMMENT,
    Verb.EDIT: Level.WRITE,
    Verb.TRANSITION: Level.WRITE,
    Verb.ASSIGN: Level.GIVE,
    Verb.CLAIM: Level.GIVE,
}
WITHOUT_OWNING = frozenset(verb for verb, level in _LEVELS.items() if level < Level.WRITE)
"""Verbs that leave the record itself as it is: the visibility decides over them."""

OF_A_RECORD = (
    Verb.READ,
    Verb.COMMENT,
    Verb.EDIT,
    Verb.DELETE,
    Verb.TRANSITION,
    Verb.ASSIGN,
    Verb.SHARE,
    Verb.PROTECT,
)
"""Verbs that make sense of one record of a concept; the others are about collections."""


def level_of(verb: Verb) -> Level:
    """Return what a verb needs of a record's reader: what is not listed is for who owns it."""
    return _LEVELS.get(verb, Level.OWN)


ONESELF = frozenset(
    {
        "me:edit", "tokens:create", "tokens:edit", "tokens:delete", "sessions:delete",
        "absences:create", "absences:edit", "absences:delete",
    }
)  # fmt: skip
"""Rights that everybody has over what is his own; they reach no further, absences but for those
whom he leads."""


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """What a role is: rights, reach, and the classes of fields it reads and writes."""

    code: str
    rights: frozenset[str]
    reach: Reach
    reads: frozenset[FieldClass]
    writes: frozenset[FieldClass]

    @property
    def is_unbounded(self) -> bool:
        """Whether it may do everything to everything."""
        return ALL in self.rights and self.reach is Reach.ALL

    def grants(self, verb: Verb, collection: str) -> bool:
        """Say whether its rights cover a verb over a collection."""
        return covers(self.rights, verb, collection)

    def reach_of(self, verb: Verb, collection: str) -> Reach | None:
        """Return how far it goes with a verb over a collection; None where it does not grant that.

        With what everybody may do for himself it goes beyond him only where it configures that.
        """
        if not self.grants(verb, collection):
            return None
        for_oneself = f"{collection}:{verb}" in ONESELF
        if for_oneself and not self.grants(Verb.CONFIGURE, collection):
            return Reach.SHARED
        return self.reach


def covers(scopes: frozenset[str], verb: Verb, collection: str) -> bool:
    """Say whether scopes such as ``*``, ``customers:*``, ``*:read`` or ``customers:read`` do."""
    return (
        ALL in scopes
        or f"{collection}:{verb}" in scopes
        or f"{collection}:{ALL}" in scopes
        or f"{ALL}:{verb}" in scopes
    )


def _everywhere(verbs: Iterable[Verb]) -> frozenset[str]:
    return frozenset(f"{ALL}:{verb}" for verb in verbs)


_PUBLIC = frozenset({FieldClass.PUBLIC})
_INTERNAL = _PUBLIC | {FieldClass.INTERNAL}
_SENSITIVE = _INTERNAL | {FieldClass.SENSITIVE}
_REPRESENTATIVE = frozenset(
    {
        Verb.READ, Verb.COMMENT, Verb.CREATE, Verb.EDIT, Verb.DELETE, Verb.TRANSITION, Verb.ASSIGN,
        Verb.CLAIM, Verb.SHARE, Verb.PROTECT, Verb.MERGE, Verb.EXPORT, Verb.SCHEDULE_REPORT,
    }
)  # fmt: skip

BASE_ROLES: dict[str, RoleDefinition] = {
    role.code: role
    for role in (
        RoleDefinition(
            Role.ADMINISTRATOR, frozenset({ALL}), Reach.ALL, _SENSITIVE, _SENSITIVE
        ),
        RoleDefinition(
            Role.MANAGER, _everywhere({*_REPRESENTATIVE, Verb.APPROVE, Verb.UNDO_MERGE}),
            Reach.LINE, _SENSITIVE, _SENSITIVE,
        ),
        RoleDefinition(
            Role.REPRESENTATIVE, _everywhere(_REPRESENTATIVE), Reach.VISIBLE, _INTERNAL, _INTERNAL
        ),
        RoleDefinition(
            Role.ASSISTANT,
            _everywhere({Verb.READ, Verb.COMMENT, Verb.EDIT, Verb.TRANSITION}) | ONESELF
            | {"notes:create", "reminders:create", "activities:create"},
            Reach.SHARED, _PUBLIC, _PUBLIC,
        ),
        RoleDefinition(
            Role.VIEWER, _everywhere({Verb.READ}) | ONESELF, Reach.VISIBLE, _PUBLIC, frozenset()
        ),
        RoleDefinition(
            Role.AUDITOR, _everywhere({Verb.READ, Verb.AUDIT}) | ONESELF,
            Reach.ALL, _SENSITIVE, frozenset(),
        ),
        RoleDefinition(
            Role.INTEGRATION,
            _everywhere({
                Verb.READ, Verb.CREATE, Verb.EDIT, Verb.COMMENT, Verb.TRANSITION, Verb.IMPORT,
                Verb.EXPORT, Verb.AUDIT,
            }),
            Reach.VISIBLE, _INTERNAL, _INTERNAL,
        ),
    )
}  # fmt: skip
"""The roles there always are, by their codes."""
