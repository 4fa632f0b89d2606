"""Verbs, roles, and which role has which verb (product/domain.md §4)."""

from enum import StrEnum


class Verb(StrEnum):
    """What somebody may do; exporting is apart from reading, since a mailed report is an export."""

    READ = "read"
    COMMENT = "comment"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    TRANSITION = "transition"
    ASSIGN = "assign"
    MERGE = "merge"
    UNDO_MERGE = "undo_merge"
    IMPORT = "import"
    EXPORT = "export"
    SCHEDULE_REPORT = "schedule_report"
    CONNECT = "connect"
    REPLAY = "replay"
    CONFIGURE = "configure"
    AUDIT = "audit"


class Role(StrEnum):
    """A base role; composed roles of an installation will name one of these."""

    ADMINISTRATOR = "administrator"
    REPRESENTATIVE = "representative"


class Visibility(StrEnum):
    """Which records of others a person reads without a share."""

    PUBLIC = "public"
    PRIVATE = "private"


WITHOUT_OWNING = frozenset({Verb.READ, Verb.COMMENT, Verb.EXPORT, Verb.SCHEDULE_REPORT})
"""Verbs that leave the record itself as it is: the visibility decides over them."""

OF_A_RECORD = (
    Verb.READ,
    Verb.COMMENT,
    Verb.EDIT,
    Verb.DELETE,
    Verb.TRANSITION,
    Verb.ASSIGN,
    Verb.MERGE,
)
"""Verbs that make sense of one record of a concept; the others are about collections."""

VERBS: dict[Role, frozenset[Verb]] = {
    Role.ADMINISTRATOR: frozenset(Verb),
    Role.REPRESENTATIVE: frozenset(
        {
            Verb.READ,
            Verb.COMMENT,
            Verb.CREATE,
            Verb.EDIT,
            Verb.DELETE,
            Verb.TRANSITION,
            Verb.ASSIGN,
            Verb.MERGE,
            Verb.EXPORT,
            Verb.SCHEDULE_REPORT,
        }
    ),
}

SEES_ALL = frozenset({Role.ADMINISTRATOR})
"""Roles that ownership and visibility do not bound."""
