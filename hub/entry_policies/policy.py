"""What administrators set about the entry of records."""

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from hub.configuration import Policy, declare
from hub.custom_fields.declaring import entities
from hub.custom_fields.models import COLUMN
from hub.custom_fields.services import definitions
from hub.errors import FieldError, ValidationError
from hub.i18n import N_


class Duplicates(StrEnum):
    """What becomes of a value that another record has already."""

    ALLOW = "allow"
    WARN = "warn"
    FORBID = "forbid"


class EntryRule(BaseModel):
    """What is asked of one field."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    entity: str = Field(
        max_length=50, description="`customer`, `contact`, `activity`, `lead` or `opportunity`."
    )
    field: str = Field(max_length=100, description="As the API has it, or `custom.<key>`.")
    required: bool = Field(default=False, description="No new record without it; never emptied.")
    duplicates: Duplicates = Field(
        Duplicates.ALLOW,
        description="Of a value that another one has: `warn` tells of it, `forbid` refuses it.",
    )


class EntryPolicy(Policy):
    """What is asked of records when they are entered, by people, programs, files and shops.

    The accounting system and the registry are not asked: what they say is so.
    """

    KEY: ClassVar[str] = "entry"

    rules: list[EntryRule] = Field(default_factory=list, max_length=200)
    alike_leads: Duplicates = Field(
        Duplicates.WARN,
        description="Of a new lead that is surely another lead or a customer: `warn` tells of it,"
        " `forbid` refuses it unless a reason is given.",
    )

    def check(self, session: Session) -> None:
        """See `Policy.check`: there is no rule for what there is not, and one for each field.

        Raises:
            ValidationError: as said.
        """
        errors = []
        seen: set[tuple[str, str]] = set()
        for place, rule in enumerate(self.rules):
            if rule.entity not in entities():
                errors.append(FieldError(f"/rules/{place}/entity", "unknown", _NO_RECORDS))
            elif rule.field not in _fields(session, rule.entity):
                errors.append(FieldError(f"/rules/{place}/field", "unknown", _NO_FIELD))
            elif (rule.entity, rule.field) in seen:
                errors.append(FieldError(f"/rules/{place}/field", "repeated", _TWICE))
            seen.add((rule.entity, rule.field))
        if errors:
            raise ValidationError(*errors)


def _fields(session: Session, entity: str) -> set[str]:
    """Return the fields that something can be asked of, its own and those in use of others."""
    custom = {each.name for each in definitions(session, entity) if each.active}
    return custom | (entities()[entity].fields - {COLUMN})


_NO_RECORDS = N_("There are no such records.")
_NO_FIELD = N_("There is no such field.")
_TWICE = N_("This field has a rule already.")

declare(EntryPolicy, N_("Entry"), N_("What is asked of records when they are entered."))
