"""Whoever imports: what he may write, and to whom he may give the records of his file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import owning
from hub.access.assignable import assignable_people, refuse_unassignable
from hub.access.fields import NOT_YOURS, NOT_YOURS_TO_SET, classes_of, hidden_names
from hub.access.models import User
from hub.access.people import are_active
from hub.access.principals import Permission, Principal
from hub.customers import ownership
from hub.customers.models import Customer
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.imports.entities import ENTITIES, Importable
from hub.imports.options import Options
from hub.leads.models import Lead

NO_USER = N_("There is no active user with the mail address {value}.")
NOT_ASSIGNABLE = N_("Nothing of this kind is assigned to {value}: other roles and teams are set.")


@dataclass(frozen=True, slots=True)
class Uploader:
    """What a file's rows may say, on behalf of whoever uploaded it.

    `people` are the active users by their case-folded mail address, `assignable` those among them
    whom such records may be given to; `assigning` is the right to do so. `foreign` are fields that
    are not his to set, with their class.
    """

    user_id: UUID | None = None
    may_assign: bool = True
    assigning: Permission = ownership.ASSIGNING
    people: Mapping[str, UUID] = field(default_factory=dict)
    assignable: frozenset[UUID] = frozenset()
    foreign: Mapping[str, str] = field(default_factory=dict)

    def refuse_foreign(self, name: str, pointer: str) -> None:
        """Pass where a cell's field is the uploader's to set.

        Raises:
            ValidationError: it is not.
        """
        if name in self.foreign:
            raise ValidationError.of(
                pointer, NOT_YOURS, NOT_YOURS_TO_SET, field_class=self.foreign[name]
            )

    def owner(self, address: str, pointer: str) -> UUID:
        """Return whom a cell names as owner.

        Raises:
            ValidationError: nobody has the address, such records are not assigned to him, or it is
                another one and not the uploader's to choose.
        """
        found = self.people.get(address.casefold())
        shown = address[:100]
        if found is None:
            raise ValidationError.of(pointer, "unknown_user", NO_USER, value=shown)
        if found != self.user_id and not self.may_assign:
            raise ValidationError(_not_his(pointer, self.assigning))
        if found not in self.assignable:
            raise ValidationError.of(pointer, "not_assignable", NOT_ASSIGNABLE, value=shown)
        return found


def uploader_of(session: Session, principal: Principal | None, entity: Importable) -> Uploader:
    """Return what somebody may write, as far as he reaches; None is the installation itself."""
    model = entity.model
    rows = session.execute(
        select(
            User.id,
            User.email,
            assignable_people(model.collection()).label("assignable"),
        ).where(are_active())
    ).all()
    return Uploader(
        user_id=None if principal is None else principal.user_id,
        may_assign=principal is None or principal.may(entity.assigning),
        assigning=entity.assigning,
        people={row.email: row.id for row in rows},
        assignable=frozenset(row.id for row in rows if row.assignable),
        foreign=_foreign(principal, model),
    )


def refuse_to_name_others(principal: Principal, options: Options, entity_name: str) -> None:
    """Pass where a caller may choose the owner that a file's new records are to have.

    Raises:
        ValidationError: it is another one, and he may not assign.
    """
    owner, assigning = options.owner_user_id, ENTITIES[entity_name].assigning
    if owner not in {None, principal.user_id} and not principal.may(assigning):
        raise ValidationError(_not_his("/owner", assigning))


def refuse_unassignable_owner(session: Session, options: Options, entity: Importable) -> None:
    """Pass where records may be assigned to the owner that the new ones are to have.

    Raises:
        ValidationError: names the rule.
    """
    refuse_unassignable(session, entity.model.collection(), {"owner": options.owner_user_id})


def _foreign(principal: Principal | None, model: type[Customer] | type[Lead]) -> dict[str, str]:
    if principal is None:
        return {}
    classes = classes_of(principal, model)
    return {name: classes[name] for name in hidden_names(classes, principal.writes)}


def _not_his(pointer: str, assigning: Permission) -> FieldError:
    params = {"permission": str(assigning)}
    return FieldError(pointer, NOT_YOURS, owning.NEEDS_ASSIGNING, params)
