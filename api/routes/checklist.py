"""/checklist"""

from flask import Blueprint

from api.operations import Call, Permission, Verb, operation
from api.schemas.checklist import ChecklistView, StepView
from hub.checklist import first_steps
from hub.i18n import translate
from hub.settings import get_settings

blueprint = Blueprint("checklist", __name__)


@operation(
    blueprint, "GET", "/checklist",
    permission=Permission(Verb.CONFIGURE, "settings"), answer=ChecklistView,
)  # fmt: skip
def get_checklist(call: Call) -> ChecklistView:
    """Return what is to be set up before the first real customer, done steps included."""
    steps = first_steps(call.session, get_settings())
    return ChecklistView(
        items=[
            StepView(
                code=step.code,
                title=translate(call.language, step.title),
                done=step.done,
                hint=translate(call.language, step.hint),
            )
            for step in steps
        ],
        open=sum(not step.done for step in steps),
    )
