"""What of an approval somebody may see: its subject, where he may see that record itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.approvals.actions import actions
from hub.approvals.models import Approval


@dataclass(frozen=True, slots=True)
class Subject:
    """A record that an approval is about; `name` is None where such records have none."""

    type: str
    id: UUID
    name: str | None


def subjects_seen(
    session: Session, principal: Principal, approvals: Iterable[Approval]
) -> Mapping[UUID, Subject]:
    """Return the subjects of approvals that a caller may see, by the ids of the approvals."""
    by_action: dict[str, dict[UUID, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    for approval in approvals:
        by_action[approval.action][approval.subject_id].append(approval.id)
    seen: dict[UUID, Subject] = {}
    for name, by_subject in by_action.items():
        action = actions().get(name)
        if action is None:
            continue
        found = session.scalars(
            select(action.subject).where(
                action.subject.id.in_(by_subject),
                action.subject.deleted_at.is_(None),
                action.sees(principal, action.subject),
            )
        )
        for row in found:
            subject = Subject(row.entity(), row.id, getattr(row, "name", None))
            seen.update(dict.fromkeys(by_subject[row.id], subject))
    return seen
