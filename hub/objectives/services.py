"""What may be done with objectives."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.access.models import Team
from hub.access.people import get_active_user
from hub.access.predicates import allowed
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.calendar_time import check_zone
from hub.errors import ValidationError
from hub.i18n import N_
from hub.objectives import progress, rules, templates
from hub.objectives.models import AMOUNTS, Frequency, Objective

_FROM_A_TEMPLATE = ("name", "frequency", "targets", "currency")


def create(
    session: Session, principal: Principal, fields: Mapping[str, Any], *, zone: str
) -> Objective:
    """Set an objective for a person or a team: for the caller himself where neither is named.

    With `template_id` it is as the template says, but for what the fields say; once in a range of
    days unless either says otherwise. Its progress is reckoned soon.

    Args:
        session: the caller's.
        principal: who sets it.
        fields: of the objective; `targets` by measure.
        zone: whose days, where the fields do not say.

    Raises:
        ValidationError: names the broken rule; ``not_yours``: the caller does not lead them.
    """
    values = {name: value for name, value in fields.items() if value is not None}
    if "template_id" in values:
        template = templates.get_usable(session, values["template_id"])
        taken = {name: getattr(template, name) for name in _FROM_A_TEMPLATE}
        if "targets" in values:  # the currency of the template is that of its own amount
            del taken["currency"]
        values = {**taken, **values}
    if not values.get("name"):
        raise ValidationError.of("/name", "required", N_("A name is needed."))
    frequency = Frequency(values.get("frequency", Frequency.ONCE))
    targets = rules.clean_targets(values.get("targets") or {})
    rules.check_window(frequency, values["starts_on"], values.get("ends_on"))
    _check_subject(session, values)
    objective = Objective(
        name=values["name"],
        user_id=values.get("user_id") or (None if "team_id" in values else principal.user_id),
        team_id=values.get("team_id"),
        template_id=values.get("template_id"),
        frequency=frequency,
        starts_on=values["starts_on"],
        ends_on=values.get("ends_on"),
        zone=check_zone(values.get("zone") or zone),
        targets=targets,
        measures=list(targets),
        currency=rules.clean_currency(values.get("currency"), targets),
    )
    session.add(objective)
    session.flush()
    _refuse_foreign(principal, objective)
    progress.request(session, objective.id)
    return objective


def change(session: Session, objective: Objective, changes: Mapping[str, Any]) -> Objective:
    """Change an objective's name, targets or end; for whom it is, and its periods, stay.

    New targets hold for the periods that are not over. A currency is given with the first amount,
    and stays.

    Raises:
        ValidationError: names the broken rule.
    """
    values = dict(changes)
    for name in ("name", "targets"):
        if name in values and values[name] is None:
            raise ValidationError.of(f"/{name}", "required", N_("It cannot be emptied."))
    if "targets" in values:
        values["targets"] = rules.clean_targets(values["targets"])
        values["measures"] = list(values["targets"])
    if "currency" in values and objective.currency not in {None, values["currency"]}:
        raise ValidationError.of(
            "/currency", "fixed", N_("Its currency stays: set another objective instead.")
        )
    targets = values.get("targets", objective.targets)
    if objective.currency is None:
        values["currency"] = rules.clean_currency(values.get("currency"), targets)
    elif AMOUNTS & targets.keys():
        rules.clean_currency(objective.currency, targets)
    if "ends_on" in values:
        rules.check_window(objective.frequency, objective.starts_on, values["ends_on"])
    for name, value in values.items():
        if getattr(objective, name) != value:
            setattr(objective, name, value)
    session.flush()
    progress.request(session, objective.id)
    return objective


def delete(session: Session, objective: Objective, *, now: datetime) -> None:
    """Take an objective away with its progress; its history stays."""
    objective.deleted_at = now
    progress.forget(session, objective)
    session.flush()


def _check_subject(session: Session, values: Mapping[str, Any]) -> None:
    if "user_id" in values and "team_id" in values:
        raise ValidationError.of(
            "/team_id", "both", N_("It is for a person or for a team, not for both.")
        )
    if "user_id" in values:
        get_active_user(session, values["user_id"], pointer="/user_id")
    if "team_id" in values:
        team = session.get(Team, values["team_id"])
        if team is None or team.deleted_at is not None:
            raise ValidationError.of("/team_id", "unknown_team", N_("There is no such team."))


def _refuse_foreign(principal: Principal, objective: Objective) -> None:
    if not allowed(principal, Verb.EDIT, objective):
        raise ValidationError.of(
            f"/{objective.subject_field}", "not_yours",
            N_("You set objectives for yourself and for those you lead."),
        )  # fmt: skip
