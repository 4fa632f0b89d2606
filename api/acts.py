"""What a caller may do with a record, by the mode in which it is before him (S11).

It is read off the routes themselves: each says which right it needs, so that nothing is offered
that would be refused, and what is added is offered by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Flask, current_app

from api.calls import Call
from api.declarations import Operation
from api.dispatch import API
from api.operations import View
from api.schemas.acts import ActView, MenuView, Mode
from hub.access.principals import Permission
from hub.access.roles import Verb
from hub.i18n import N_, translate

_OF_PARTS = {
    "notes:create": Verb.COMMENT, "reminders:create": Verb.COMMENT,
    "activities:create": Verb.COMMENT, "approvals:create": Verb.READ,
}  # fmt: skip
"""What a right over a part needs of the record, where it is not what its verb needs."""

_BEGUN = {
    "customers": ("/leads", "/opportunities"),
    "leads": ("/opportunities",),
    "opportunities": (),
}
"""What may be made for a record of a collection, naming it in the body."""

_HOLDS = ("/hold", "/hold-release")
_CONFIGURING = ("GET /custom-fields", "GET /catalogues", "GET /settings")
COLLECTIONS = tuple(_BEGUN)


@dataclass(frozen=True, slots=True)
class _Menu:
    name: str
    label: str
    modes: tuple[Mode, ...]


_ALWAYS = (Mode.CREATE, Mode.EDIT, Mode.VIEW)
_MENUS = (
    _Menu("save", N_("Save"), (Mode.CREATE, Mode.EDIT)),
    _Menu("find", N_("Find"), (Mode.EDIT, Mode.VIEW)),
    _Menu("hold", N_("Hold"), (Mode.EDIT, Mode.VIEW)),
    _Menu("actions", N_("Actions"), (Mode.VIEW,)),
    _Menu("email", N_("Email"), (Mode.VIEW,)),
    _Menu("configure", N_("Configure"), _ALWAYS),
    _Menu("help", N_("Help"), _ALWAYS),
)
_WRITE_TO, _READ = N_("Write a mail to its address."), N_("Read the guides.")


def menus_of_new(call: Call[Any, Any], collection: str) -> list[MenuView]:
    """Return what a caller may do where a record of a collection is to be made."""
    saving = [each for each in _declared() if str(each) == f"POST /{collection}"]
    found = {"save": [_act(each) for each in saving if _may(call, each)], **_beside(call)}
    return _menus(call, found, Mode.CREATE)


def menus_of(call: Call[Any, Any], path: str, record: Any, *, mode: Mode | None) -> list[MenuView]:
    """Return what a caller may do with a record that he sees.

    Args:
        call: his request.
        path: the rule of the record's path.
        record: the record.
        mode: in which mode alone; None for every one.
    """
    may = _judge(call, record)
    found = defaultdict[str, list[ActView]](list, _beside(call))
    for each in _declared():
        rest = each.path.removeprefix(path)
        if each.path.startswith(path) and "<" not in rest and may(each):
            found[_menu_of(each, rest)].append(
                _act(each, path.partition("<")[0] + f"{record.id}{rest}")
            )
    begun = [f"POST {each}" for each in _BEGUN[record.collection()]]
    found["actions"] += [
        _act(each) for each in _declared() if str(each) in begun and _may(call, each)
    ]
    address = getattr(record, "email", None)
    if address and not record.refuses_email:
        found["email"].append(
            ActView(
                operation="mailto", title=translate(call.language, _WRITE_TO), method="GET",
                path=f"mailto:{address}",
            )
        )  # fmt: skip
    return _menus(call, found, mode)


def _menu_of(each: Operation, rest: str) -> str:
    if each.method == "GET":
        return "find"
    if each.method == "PATCH" and not rest:
        return "save"
    return "hold" if rest in _HOLDS else "actions"


def _beside(call: Call[Any, Any]) -> dict[str, list[ActView]]:
    """Return what is offered whatever record it is."""
    configures = call.principal.may(Permission(Verb.CONFIGURE, "settings"))
    configuring = [each for each in _declared() if str(each) in _CONFIGURING and configures]
    reading = ActView(
        operation="documentation", title=translate(call.language, _READ), method="GET",
        path="/api/docs",
    )  # fmt: skip
    return {"configure": [_act(each) for each in configuring], "help": [reading]}


def _menus(
    call: Call[Any, Any], found: Mapping[str, list[ActView]], mode: Mode | None
) -> list[MenuView]:
    return [
        MenuView(
            name=menu.name, label=translate(call.language, menu.label), modes=list(menu.modes),
            items=found[menu.name],
        )
        for menu in _MENUS
        if found.get(menu.name) and (mode is None or mode in menu.modes)
    ]  # fmt: skip


def _judge(call: Call[Any, Any], record: Any) -> Callable[[Operation], bool]:
    """Return what says whether an operation on a record is a caller's."""
    verbs = set(call.actions(record.collection(), record, tuple(Verb)))

    def may(each: Operation) -> bool:
        permission = each.permission
        if not isinstance(permission, Permission) or not call.principal.may(permission):
            return False
        return _OF_PARTS.get(str(permission), permission.verb) in verbs

    return may


def _may(call: Call[Any, Any], each: Operation) -> bool:
    return isinstance(each.permission, Permission) and call.principal.may(each.permission)


def _act(each: Operation, path: str | None = None) -> ActView:
    return ActView(
        operation=each.function.__name__, title=each.summary, method=each.method,
        path=API + (path or each.path),
    )  # fmt: skip


def _declared() -> Iterable[Operation]:
    return _of_application(current_app._get_current_object())  # type: ignore[attr-defined] # noqa: SLF001 - the proxy itself is no key


@cache
def _of_application(app: Flask) -> tuple[Operation, ...]:
    """Return the documented operations of an application, in the order of their paths."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        view = app.view_functions[rule.endpoint]
        if isinstance(view, View) and view.operation.documented:
            found.append(view.operation)
    return tuple(found)
