"""/settings"""

from typing import Any

from flask import Blueprint

from api.operations import Call, Permission, Verb, named, operation
from api.schemas.settings import SettingSummary, SettingsView, SettingView
from hub import configuration
from hub.access.assignable import AssignmentPolicy
from hub.approvals.policy import ApprovalPolicy
from hub.configuration import Policy, Stored
from hub.credit.policy import CreditPolicy
from hub.customers.policy import ProtectionPolicy
from hub.entry_policies.policy import EntryPolicy
from hub.i18n import translate
from hub.opportunities.policy import OpportunityPolicy
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
    ProtectionPolicy,
    SharingPolicy,
)
"""Every policy has its two routes from here."""


def _facts(call: Call[Any, Any], policy: type[Policy], found: Stored[Policy]) -> dict[str, Any]:
    return {
        "key": policy.KEY,
        "label": translate(call.language, configuration.declared()[policy.KEY].label),
        "version": found.version,
        "updated_at": found.updated_at,
        "updated_by": found.updated_by,
    }


@operation(blueprint, "GET", "/settings", permission=READ, answer=SettingsView)
def list_settings(call: Call) -> SettingsView:
    """List the policies of this installation, as they are set now."""
    items = []
    for policy in POLICIES:
        found = configuration.stored(call.session, policy)
        value = found.policy.model_dump(mode="json")
        items.append(SettingSummary(**_facts(call, policy, found), value=value))
    return SettingsView(items=items)


def _declare_routes(policy: type[Policy]) -> None:
    """Make the routes that read and replace a policy."""
    path = f"/settings/{policy.KEY}"
    answer: Any = SettingView[policy]  # type: ignore[valid-type]  # a model made at run time

    def shown(call: Call[Any, Any], found: Stored[Policy]) -> Any:
        return answer(**_facts(call, policy, found), value=found.policy)

    def get(call: Call[Any, Any]) -> Any:
        return shown(call, configuration.stored(call.session, policy))

    def replace(call: Call[Any, Any]) -> Any:
        found = configuration.replace(
            call.session, call.body, expected_version=call.expected_version
        )
        return shown(call, found)

    named(get, f"get_{policy.KEY}_settings", f"Return a policy.\n\n{policy.__doc__}")
    named(
        replace,
        f"replace_{policy.KEY}_settings",
        "Set a policy anew, whole: what is left out has its default.\n\n"
        f"{policy.__doc__} Its history keeps who set what, and when.",
    )
    operation(blueprint, "GET", path, permission=READ, answer=answer)(get)
    operation(
        blueprint, "PUT", path, permission=CONFIGURE, body=policy, answer=answer, versioned=True
    )(replace)


for _policy in POLICIES:
    _declare_routes(_policy)
