"""Whoever imports: what he may write, and to whom he may give the customers of his file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import owning
from hub.access.assignable import assignable_people, refuse_unassignable
from hub.access.callers import principal_of
from hub.access.fields import NOT_YOURS, NOT_YOURS_TO_SET, classes_of, hidden_names
from hub.access.models import User
from hub.access.people import are_active
from hub.access.principals import Principal
from hub.customers import ownership
from hub.customers.models import Customer
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.imports.options import Options

NO_USER = N_("There is no active user with the mail address {value}.")
NOT_ASSIGNABLE = N_("Customers are not assigned to {value}: other roles and teams are set.")


@dataclass(frozen=True, slots=True)
class Uploader:
    """What a file's rows may say, on behalf of whoever uploaded it.

    `people` are the active users by their case-folded mail address, `assignable` those among them
    whom customers may be given to. `foreign` are fields that are not his to set, with their class.
    """

    user_id: UUID | None = None
    may_assign: bool = True
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
            ValidationError: nobody has the address, customers are not assigned to him, or it is
                another one and not the uploader's to choose.
        """
        found = self.people.get(address.casefold())
        shown = address[:100]
        if found is None:
            raise ValidationError.of(pointer, "unknown_user", NO_USER, value=shown)
        if found != self.user_id and not self.may_assign:
            raise ValidationError(_not_his(pointer))
        if found not in self.assignable:
            raise ValidationError.of(pointer, "not_assignable", NOT_ASSIGNABLE, value=shown)
        return found


def uploader_of(session: Session, user_id: UUID | None) -> Uploader:
    """Return what somebody may write, as he stands now; None is the installation itself."""
    rows = session.execute(
        select(
            User.id,
            User.email,
            assignable_people(Customer.collection()).label("assignable"),
        ).where(are_active())
    ).all()
    principal = _principal(session, user_id)
    return Uploader(
        user_id=user_id,
        may_assign=principal is None or principal.may(ownership.ASSIGNING),
        people={row.email: row.id for row in rows},
        assignable=frozenset(row.id for row in rows if row.assignable),
        foreign=_foreign(principal),
    )


def refuse_to_name_others(principal: Principal, options: Options) -> None:
    """Pass where a caller may choose the owner that a file's new customers are to have.

    Raises:
        ValidationError: it is another one, and he may not assign.
    """
    owner = options.owner_user_id
    if owner not in {None, principal.user_id} and not principal.may(ownership.ASSIGNING):
        raise ValidationError(_not_his("/owner"))


def refuse_unassignable_owner(session: Session, options: Options) -> None:
    """Pass where customers may be assigned to the owner that the new ones are to have.

    Raises:
        ValidationError: names the rule.
    """
    refuse_unassignable(session, Customer.collection(), {"owner": options.owner_user_id})


def _principal(session: Session, user_id: UUID | None) -> Principal | None:
    user = session.get(User, user_id) if user_id is not None else None
    return None if user is None else principal_of(session, user)


def _foreign(principal: Principal | None) -> dict[str, str]:
    if principal is None:
        return {}
    classes = classes_of(principal, Customer)
    return {name: classes[name] for name in hidden_names(classes, principal.writes)}


def _not_his(pointer: str) -> FieldError:
    params = {"permission": str(ownership.ASSIGNING)}
    return FieldError(pointer, NOT_YOURS, owning.NEEDS_ASSIGNING, params)
