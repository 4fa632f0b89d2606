"""Who may do what to what: the rule of every model, in one place.

A model that is not here can be neither listed nor read for a caller: the program says so instead of
showing everything.
"""

from collections.abc import Mapping
from typing import Any

from hub import errands, guarding
from hub.absences.access import AbsenceRule
from hub.absences.models import Absence
from hub.access.fields import declare_classes, model_of
from hub.access.models import AccessGrant, ApiToken, CustomRole, Team, User
from hub.access.predicates import (
    OpenRule,
    OwnerRule,
    PersonalRule,
    RecordRule,
    Rule,
    SelfRule,
    declare_rules,
    sees,
)
from hub.access.principals import Principal
from hub.access.row_filters import declare_filterable
from hub.access.standing import declare_pools
from hub.activities import uses as activities
from hub.activities.access import ActivityRule
from hub.activities.models import Activity
from hub.approvals.access import ApprovalRule
from hub.approvals.models import Approval
from hub.autofill.models import RegistryLookup
from hub.catalogues import declaring as catalogues
from hub.catalogues.models import CatalogueEntry
from hub.configuration.models import ComingSetting, Setting
from hub.connections.models import Conflict, Connection, ExternalLink, Run
from hub.credit.models import CreditCode
from hub.custom_fields import CustomField, guarded
from hub.custom_fields import listing as custom_fields
from hub.custom_fields.declaring import declare_target
from hub.customers import uses as customers
from hub.customers.access import BesideCustomerRule, PartOfCustomerRule
from hub.customers.listing import CUSTOMERS
from hub.customers.models import Address, Contact, Customer
from hub.documents.models import DocMirror
from hub.duplicates.access import PairRule
from hub.duplicates.models import DupCandidate
from hub.imports.models import ImportJob
from hub.leads import uses as leads
from hub.leads.listing import LEADS
from hub.leads.models import Lead
from hub.ledger.models import Job
from hub.listing.further import declare_further
from hub.listing.reader import Sight, declare_seeing
from hub.mail.models import Delivery
from hub.notes.models import Note, NoteTemplate
from hub.numbering import NumberSequence
from hub.objectives.access import ObjectiveRule
from hub.objectives.models import Objective, ObjectiveProgress, ObjectiveTemplate
from hub.opportunities import uses as opportunities
from hub.opportunities.listing import OPPORTUNITIES
from hub.opportunities.models import Opportunity
from hub.plans.models import Plan
from hub.pools import recall_rules
from hub.pools.access import ClaimRule, DrawRule, PoolRule, pools_decided_over
from hub.pools.models import Pool, PoolClaim, PoolDraw
from hub.problems.models import Problem
from hub.reminders.models import Reminder
from hub.reports.access import ReportRule, RunRule, ScheduleRule
from hub.reports.models import Export, ReportDef, ReportRun, ReportSchedule
from hub.seeing import JOBS
from hub.sharing.access import GrantRule
from hub.sharing.subjects import declare_shareable
from hub.signing_in.models import UserSession
from hub.subjects import OnSubjectRule, declare_subject
from hub.workflow.models import Workflow

OF_A_CUSTOMER = PartOfCustomerRule()
BESIDE_A_CUSTOMER = BesideCustomerRule("inside_rep_id", "outside_rep_id")

RULES: Mapping[type[Any], Rule] = {
    User: SelfRule(),
    Absence: AbsenceRule(),
    Team: OpenRule(),
    CustomRole: OpenRule(),
    Setting: OpenRule(),
    ComingSetting: OpenRule(),
    ApiToken: PersonalRule("user_id"),
    UserSession: PersonalRule("user_id"),
    AccessGrant: GrantRule(),
    Approval: ApprovalRule(),
    Customer: RecordRule("inside_rep_id", "outside_rep_id"),
    Contact: OF_A_CUSTOMER,
    Address: OF_A_CUSTOMER,
    ExternalLink: OF_A_CUSTOMER,
    Conflict: OF_A_CUSTOMER,
    DocMirror: OF_A_CUSTOMER,
    CreditCode: OpenRule(),
    CatalogueEntry: OpenRule(),
    CustomField: OpenRule(),
    NumberSequence: OpenRule(),
    Workflow: OpenRule(),
    Lead: BESIDE_A_CUSTOMER,
    Opportunity: BESIDE_A_CUSTOMER,
    Objective: ObjectiveRule(),
    ObjectiveProgress: ObjectiveRule(),
    ObjectiveTemplate: OpenRule(),
    DupCandidate: PairRule(),
    Activity: ActivityRule(),
    NoteTemplate: OpenRule(),
    Note: OnSubjectRule("author_user_id", but_for=Activity),
    Reminder: OnSubjectRule("recipient_user_id", "created_by"),
    Delivery: PersonalRule("user_id"),
    Connection: OwnerRule(),
    RegistryLookup: PersonalRule("created_by"),
    # A plan names the customers it touches, with their values, and a run counts them.
    Plan: PersonalRule("created_by"),
    Run: PersonalRule("created_by"),
    ImportJob: PersonalRule("owner_user_id"),
    ReportDef: ReportRule(),
    ReportSchedule: ScheduleRule(),
    ReportRun: RunRule(),
    Export: PersonalRule("owner_user_id"),
    Pool: PoolRule(),
    PoolDraw: DrawRule(),
    PoolClaim: ClaimRule(),
    Problem: PersonalRule("owner_user_id"),
    Job: JOBS,
}


def install() -> None:
    """Declare the rules; every process that reads or writes for a caller does so as it starts."""
    declare_rules(RULES)
    declare_filterable(CUSTOMERS)
    declare_filterable(LEADS)
    declare_filterable(OPPORTUNITIES)
    for model in (Customer, Lead, Opportunity):
        declare_shareable(model)
        declare_subject(model, named_after=Customer if model is Lead else None)
    declare_subject(Activity)
    guarding.install()
    declare_target(User, User.name)
    for model in (Customer, Lead, Opportunity):
        declare_target(model, model.name)
    catalogues.declare_further(catalogues.Further(custom_fields.catalogues, custom_fields.uses))
    declare_further(custom_fields.further_fields)
    declare_classes(guarded)
    customers.install()
    leads.install()
    activities.install()
    for noted in (Note, NoteTemplate):
        catalogues.declare_use("note_types", catalogues.Use(noted, noted.type))
    opportunities.install()
    recall_rules.install()
    errands.install()
    declare_pools(pools_decided_over)
    declare_seeing(_sight)


def _sight(principal: Principal, entity: str, column: Any) -> Sight | None:
    model = model_of(entity)
    return None if model is None else sees(principal, model, column)
