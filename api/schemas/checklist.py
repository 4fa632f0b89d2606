"""The first-run checklist as the API shows it."""

from api.schemas.shapes import View


class StepView(View):
    """One thing to do before the first real customer; `code` is stable in any language."""

    code: str
    title: str
    done: bool
    hint: str


class ChecklistView(View):
    """What an installation still needs to be told."""

    items: list[StepView]
    open: int
