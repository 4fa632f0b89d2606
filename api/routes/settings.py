"""/settings"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint
from pydantic import SecretStr
from sqlalchemy import select

from api.operations import Call, Permission, Verb, named, operation
from api.presenting_history import act_views
from api.schemas.events import ActView
from api.schemas.settings import (
    EnvironmentSetting,
    Restoration,
    SettingChange,
    SettingsQuery,
    SettingSummary,
    SettingsView,
    SettingVersion,
    SettingVersions,
    SettingView,
)
from api.schemas.shapes import Because
from hub import configuration
from hub.access.assignable import AssignmentPolicy
from hub.approvals.policy import ApprovalPolicy
from hub.configuration import Policy, Stored, Version
from hub.credit.policy import CreditPolicy
from hub.customers.policy import PortalPolicy, ProtectionPolicy
from hub.db import among
from hub.entry_policies.policy import EntryPolicy
from hub.errors import ValidationError
from hub.history.models import Event
from hub.i18n import N_, translate
from hub.opportunities.policy import OpportunityPolicy
from hub.outside import OutsidePolicy
from hub.settings import PREFIX, Settings, get_settings
from hub.sharing.policy import SharingPolicy

blueprint = Blueprint("settings", __name__)
READ = Permission(Verb.READ, "settings")
CONFIGURE = Permission(Verb.CONFIGURE, "settings")

POLICIES: tuple[type[Policy], ...] = (
    ApprovalPolicy,
    AssignmentPolicy,
    CreditPolicy,
    EntryPolicy,
    OpportunityPolicy,
    OutsidePolicy,
    PortalPolicy,
    ProtectionPolicy,
    SharingPolicy,
)
"""Every policy has its routes from here."""


def _words(call: Call[Any, Any], policy: type[Policy]) -> dict[str, Any]:
    declared = configuration.declared()[policy.KEY]
    return {
        "key": policy.KEY,
        "label": translate(call.language, declared.label),
        "about": translate(call.language, declared.about),
    }


def _facts(call: Call[Any, Any], policy: type[Policy], found: Stored[Policy]) -> dict[str, Any]:
    return {
        **_words(call, policy),
        "version": found.version,
        "updated_at": found.updated_at,
        "updated_by": found.updated_by,
    }


@operation(
    blueprint, "GET", "/settings", permission=READ, query=SettingsQuery, answer=SettingsView
)  # fmt: skip
def list_settings(call: Call[None, SettingsQuery]) -> SettingsView:
    """List the settings of this installation, as they are, or were at an instant.

    Policies are changed here, by who may configure. What the environment sets needs a restart; it
    is shown to the same people, without secrets.
    """
    at = call.query.at
    if at is not None and at > call.now:
        raise ValidationError.of("/at", "future", N_("Nobody knows the future."))
    items = [_now(call, each) if at is None else _then(call, each, at) for each in POLICIES]
    shown = call.principal.may(CONFIGURE)
    return SettingsView(items=items, environment=list(_environment()) if shown else [])


def _now(call: Call[Any, Any], policy: type[Policy]) -> SettingSummary:
    found = configuration.stored(call.session, policy)
    return SettingSummary(
        **_facts(call, policy, found), **_compared(policy, found.policy.model_dump(mode="json"))
    )


def _then(call: Call[Any, Any], policy: type[Policy], at: datetime) -> SettingSummary:
    held = configuration.version_at(call.session, policy, at)
    act = _acts(call, [held]).get(held.event_id)
    return SettingSummary(
        **_words(call, policy),
        **_compared(policy, held.value),
        version=held.number,
        updated_at=held.since,
        updated_by=act.actor.user_id if act is not None else None,
    )


def _compared(policy: type[Policy], value: Mapping[str, Any] | None) -> dict[str, Any]:
    default = policy().model_dump(mode="json")
    changed = [name for name, each in (value or {}).items() if each != default.get(name)]
    return {"value": value, "default": default, "changed": changed}


def _environment() -> Iterator[EnvironmentSetting]:
    settings = get_settings()
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        is_secret = SecretStr in {field.annotation, *getattr(field.annotation, "__args__", ())}
        yield EnvironmentSetting(
            name=PREFIX + name.upper(),
            value=None if is_secret else value,
            default=None if is_secret else field.default,
            about=field.description or "",
            is_secret=is_secret,
            is_set=value != field.default,
        )


def _declare_routes(policy: type[Policy]) -> None:
    """Make the routes that read and replace a policy."""
    path = f"/settings/{policy.KEY}"
    answer: Any = SettingView[policy]  # type: ignore[valid-type]  # a model made at run time

    def shown(call: Call[Any, Any], found: Stored[Policy]) -> Any:
        return answer(**_facts(call, policy, found), value=found.policy)

    def get(call: Call[Any, Any]) -> Any:
        return shown(call, configuration.stored(call.session, policy))

    def replace(call: Call[Any, Because]) -> Any:
        found = configuration.replace(
            call.session,
            call.body,
            expected_version=call.expected_version,
            reason=call.query.reason,
        )
        return shown(call, found)

    named(get, f"get_{policy.KEY}_settings", f"Return a policy.\n\n{policy.__doc__}")
    named(
        replace,
        f"replace_{policy.KEY}_settings",
        "Set a policy anew, whole: what is left out has its default.\n\n"
        f"{policy.__doc__} Its versions keep who set what, when and why.",
    )
    operation(blueprint, "GET", path, permission=READ, answer=answer)(get)
    operation(
        blueprint, "PUT", path,
        permission=CONFIGURE, body=policy, query=Because, answer=answer, versioned=True,
    )(replace)  # fmt: skip


@operation(
    blueprint, "GET", "/settings/<string:key>/versions", permission=READ, answer=SettingVersions
)  # fmt: skip
def list_setting_versions(call: Call, key: str) -> SettingVersions:
    """List the versions of a policy: who set what, when, why, and until when it held."""
    return _versions(call, configuration.policy_of(key))


@operation(
    blueprint, "POST", "/settings/<string:key>/restoration",
    permission=CONFIGURE, body=Restoration, answer=SettingSummary, versioned=True,
)  # fmt: skip
def restore_setting(call: Call[Restoration], key: str) -> SettingSummary:
    """Have an earlier version of a policy hold again.

    It becomes a new version with the same value, and is refused as that would be.
    """
    policy = configuration.policy_of(key)
    configuration.restore(
        call.session, policy, call.body.version,
        expected_version=call.expected_version, reason=call.body.reason,
    )  # fmt: skip
    return _now(call, policy)


def _versions(call: Call[Any, Any], policy: type[Policy]) -> SettingVersions:
    known = configuration.versions(call.session, policy)
    acts = _acts(call, known)
    restores = _restores(call, known)
    items = [
        SettingVersion(
            version=each.number,
            value=each.value,
            effective_from=each.since,
            effective_until=each.until,
            set_by=acts.get(each.event_id),
            restores=restores.get(each.event_id),
            changes=_differences(before, each),
        )
        for before, each in zip([None, *known], known, strict=False)
    ]
    return SettingVersions(items=items[::-1])


def _differences(before: Version | None, each: Version) -> list[SettingChange]:
    if before is None or before.value is None or each.value is None:
        return []
    was, became = before.value, each.value
    return [
        SettingChange(field=name, before=was.get(name), after=became.get(name))
        for name in sorted(was.keys() | became.keys())
        if was.get(name) != became.get(name)
    ]


def _acts(call: Call[Any, Any], known: list[Version]) -> dict[Any, ActView]:
    ids = [each.event_id for each in known if each.event_id is not None]
    found = act_views(call, call.session.scalars(select(Event).where(among(Event.id, ids))))
    return {each.id: each for each in found}


def _restores(call: Call[Any, Any], known: list[Version]) -> dict[Any, int]:
    ids = [each.event_id for each in known if each.event_id is not None]
    version = Event.data["version"].as_integer()
    query = select(Event.id, version).where(among(Event.id, ids), version.is_not(None))
    return {row[0]: row[1] for row in call.session.execute(query)}


for _policy in POLICIES:
    _declare_routes(_policy)
