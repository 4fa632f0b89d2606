"""How a file is to be imported, as whoever uploads it wishes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class OnMatch(StrEnum):
    """What is done with a row whose customer is here already."""

    UPDATE = "update"  # fills what is empty and renews what an import gave
    SKIP = "skip"


class Apply(StrEnum):
    """Whether the import goes on by itself once its plan is made."""

    NO = "false"
    IF_CLEAN = "true"  # when no row is refused
    GOOD_ROWS = "good_rows"  # whatever is refused


class MatchKey(StrEnum):
    """By what a row's customer is found; the order is that of their certainty."""

    EXTERNAL_REF = "external_ref"
    CVR = "cvr"  # together with the EAN
    EMAIL = "email"
    DUPLICATES = "duplicates"


@dataclass(frozen=True, slots=True)
class Options:
    """All wishes; `mapping` leads from headers to columns, None leaving one out.

    `explicit_match` says that `match` was chosen by a person, who may then rely on one key alone.
    `sheet` and `header_row` say where the table stands in the file, and are found out where None.
    `country` is that of rows which name none, and of their phone numbers; `locale` says how numbers
    are written; both are guessed where None.
    """

    mapping: Mapping[str, str | None] = field(default_factory=dict)
    match: tuple[MatchKey, ...] = tuple(MatchKey)
    explicit_match: bool = False
    on_match: OnMatch = OnMatch.UPDATE
    overwrite: bool = False
    roles: tuple[str, ...] = ()
    owner_user_id: UUID | None = None
    country: str | None = None
    currency: str | None = None
    locale: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    apply: Apply = Apply.NO

    def stored(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        kept = asdict(self)
        kept["mapping"] = dict(self.mapping)
        kept["match"] = [key.value for key in self.match]
        kept["roles"] = list(self.roles)
        kept["owner_user_id"] = str(self.owner_user_id) if self.owner_user_id else None
        kept["on_match"], kept["apply"] = self.on_match.value, self.apply.value
        return kept

    @classmethod
    def of_stored(cls, kept: Mapping[str, Any]) -> "Options":
        """Return it again from what `stored` gave."""
        owner = kept.get("owner_user_id")
        return cls(
            **{
                **kept,
                "match": tuple(MatchKey(key) for key in kept["match"]),
                "on_match": OnMatch(kept["on_match"]),
                "apply": Apply(kept["apply"]),
                "roles": tuple(kept["roles"]),
                "owner_user_id": UUID(owner) if owner else None,
            }
        )
