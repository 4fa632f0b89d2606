"""What can be done with a record, as the API shows it."""

from enum import StrEnum

from pydantic import Field

from api.schemas.shapes import Query, View


class Mode(StrEnum):
    """How a record is before somebody: not written yet, being written, or looked at."""

    CREATE = "create"
    EDIT = "edit"
    VIEW = "view"


class ActsQuery(Query):
    """In which mode."""

    mode: Mode | None = Field(None, description="Only what is offered in this one.")


class ActView(View):
    """One thing that you may do."""

    operation: str = Field(description="Its name in the OpenAPI document.")
    title: str = Field(description="What it does, in a sentence.")
    method: str
    path: str


class MenuView(View):
    """What stands together in a menu."""

    name: str
    label: str
    modes: list[Mode] = Field(description="Where it is offered.")
    items: list[ActView]


class ActsView(View):
    """The menus of a record, with what you may do; those in which there is nothing are left out."""

    menus: list[MenuView]
