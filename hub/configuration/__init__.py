"""Policies that administrators set while Hub runs: typed, versioned, with their history.

    class CreditPolicy(Policy):
        '''When a hold comes by itself, and what it allows.'''

        KEY: ClassVar[str] = "credit"
        automatic: AutomaticHold = AutomaticHold.NONE

    declare(CreditPolicy, N_("Credit"), N_("When a hold comes by itself, and what it allows."))
    policy = current(session, CreditPolicy)  # wherever a rule asks

Its routes follow from one line in `api.routes.settings`. What is set once for a process by its
environment is `hub.settings`.
"""

from hub.configuration.policies import Policy, declare, declared, policy_of
from hub.configuration.services import Stored, current, replace, stored
from hub.configuration.versions import Version, restore, version_at, versions

__all__ = [
    "Policy", "Stored", "Version", "current", "declare", "declared", "policy_of", "replace",
    "restore", "stored", "version_at", "versions",
]  # fmt: skip
