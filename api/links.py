"""The links of the OpenAPI document: what can be called with what an answer holds.

All of them follow from the declared routes. The home of a record is the one GET whose path ends in
the record's id. Whatever makes the record answers as its home does, or adds to that, and so leads
to every operation at the home's path and below it.
"""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from api.declarations import Operation

_MAKES = {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}


class Links:
    """What the answers of some operations lead to, among these operations."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = sorted(operations, key=lambda each: (each.path, each.method))
        self._homes: dict[type[BaseModel], Operation] = {
            each.answer: each
            for each in self._operations
            if each.method == "GET" and each.answer is not None and _id_of(each)
        }

    def after(self, each: Operation, status: HTTPStatus) -> dict[str, Any]:
        """Return the links of an answer by their names, which are those of the operations.

        Answers that make a record (201, 202) or read one at its home have links: by the record's
        `id` to all that it has, by a field that names another (`customer_id`) to reading that one.
        """
        if each.answer is None or not (status in _MAKES or each in self._homes.values()):
            return {}
        steps = [*self._to_others(each.answer), *self._onward(each, each.answer)]
        return {
            target.function.__name__: {
                "operationId": target.function.__name__,
                "parameters": parameters,
            }
            for target, parameters in steps
        }

    def _to_others(self, answer: type[BaseModel]) -> Iterator[tuple[Operation, dict[str, str]]]:
        for home in self._homes.values():
            name = _field_naming(home)
            if name in answer.model_fields:
                yield home, {name: f"$response.body#/{name}"}

    def _onward(
        self, each: Operation, answer: type[BaseModel]
    ) -> Iterator[tuple[Operation, dict[str, str]]]:
        home = next((self._homes[kind] for kind in answer.__mro__ if kind in self._homes), None)
        if home is None:
            return
        known = {name: f"$request.path.{name}" for name in each.places}
        known[_id_of(home)] = "$response.body#/id"
        for target in self._operations:
            is_of_the_record = target.path == home.path
            if not is_of_the_record and not target.path.startswith(f"{home.path}/"):
                continue
            if target.needs_version and not is_of_the_record:
                continue  # the version is that of something else, which this answer does not tell
            if target.places.keys() <= known.keys():
                parameters = {name: known[name] for name in target.places}
                if target.needs_version:
                    parameters["If-Match"] = "$response.header.ETag"
                yield target, parameters


def _id_of(home: Operation) -> str:
    """Return the name of the id that a path ends in, or an empty text."""
    name = next(reversed(home.places), "")
    return name if home.path.endswith(f"/<uuid:{name}>") else ""


def _field_naming(home: Operation) -> str:
    """Return the field by which other records name the one at home, or an empty text.

    That of `/customers/<uuid:customer_id>` is `customer_id`. `/note-templates/<uuid:template_id>`
    has none: a `template_id` may be that of a template of another kind.
    """
    collection = home.path.split("/")[1]
    one = f"{collection[:-3]}y" if collection.endswith("ies") else collection.removesuffix("s")
    name = f"{one}_id"
    return name if home.path == f"/{collection}/<uuid:{name}>" else ""
