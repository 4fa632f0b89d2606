"""Generated requests that follow the links of the document, from record to record."""

import json
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import stateful
from schemathesis.specs.openapi.checks import ensure_resource_availability, use_after_free

from api.authentication import forget_tokens
from hub import remembering
from hub.access.roles import Role
from tests.api.conftest import make_caller
from tests.api.test_openapi import CHECKS
from tests.databases import Cleaner
from tests.lengths import FEW, examples

STEPS = 50  # of a scenario, at most
EXAMPLES = examples(4)  # scenarios of that many steps; `make fuzz`: more
MANY = 20  # operations, of some hundred that links lead to
TEXT = 40  # characters
# What a salesperson's records are reached by: what is made here leads to all the others.
COLLECTIONS = (
    "activities", "addresses", "contacts", "customers", "grants", "leads", "notes",
    "opportunities", "plans", "reminders",
)  # fmt: skip
BEGINNINGS = {"POST /api/v1/customers", "POST /api/v1/leads"}
# The fields of bodies that anything well-formed will do for; others name what must exist, or hold
# what has check digits. The single calls of test_openapi send them all.
PLAIN = {
    "address", "body", "city", "company", "contact", "customer", "description", "first_name",
    "job", "kind", "last_name", "name", "next_step", "note", "on", "opportunity", "person",
    "probability", "reason", "roles", "title", "without_contact",
}  # fmt: skip
NEEDED = {  # what a rule asks for that is not one of a single field
    "ContactFields": "last_name",
    "CustomerCreate": "name",
    "LeadCreate": "company",
    "NoteCreate": "body",
    "OfASubject": "title",
}


class Enough(BaseException):  # Hypothesis would take an Exception for a failure
    """So many steps were made; it does not count the scenarios that draw much, and goes on."""


def what_is_taken_away_is_gone(ctx: Any, response: Any, case: Any) -> bool | None:
    """Do as `use_after_free`, but for histories: these stay readable when the record is gone."""
    if case.path.endswith(("/as-of", "/events")):
        return None
    return use_after_free(ctx, response, case)


def _plausible(document: Any) -> Any:
    """Have requests made that mostly succeed: a link leads on from an answer, not from a refusal.

    What need not be sent in addresses and headers is left out: only where all that is sent comes of
    a link can `ensure_resource_availability` tell that a record is missing.
    """
    for methods in document["paths"].values():
        for each in methods.values():
            each["parameters"] = [p for p in each["parameters"] if p.get("required")]
    for name, schema in document["components"]["schemas"].items():
        if name.endswith(("Create", "Fields", "Patch", "OfASubject", "ConvertedOpportunity")):
            required = {*schema.get("required", ()), *NEEDED.get(name, "").split()}
            schema["required"] = sorted(required)
            schema["properties"] = {
                field: _short(of_it.get("anyOf", [of_it])[0])
                for field, of_it in schema["properties"].items()
                if field in PLAIN | required
            }
    return document


def _short(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "maxLength": TEXT} if schema.get("type") == "string" else schema


@pytest.mark.slow
@pytest.mark.usefixtures("client", "unhurried")
def test_what_generated_requests_make_is_reached_by_the_links_of_the_answers(  # noqa: C901
    served: Flask, document: str, cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begins(operation: Any, *_: Any) -> bool:
        return operation.label in BEGINNINGS

    monkeypatch.setattr(stateful, "is_likely_root_transition", begins)
    schema = schemathesis.openapi.from_dict(_plausible(json.loads(document)))
    schema.app = served
    schema.config.generation.codec = "ascii"
    schema.config.generation.modes = [GenerationMode.POSITIVE]
    schema.config.phases.stateful.inference.algorithms = []  # only the document's own links
    chosen = schema.include(path_regex=rf"^/api/v1/({'|'.join(COLLECTIONS)})(/|$)")
    broken: list[str] = []
    begun: Counter[tuple[str, int]] = Counter()
    linked: Counter[tuple[str, int]] = Counter()
    machine: Any = chosen.as_state_machine()

    class Following(machine):  # type: ignore[misc]
        def setup(self) -> None:
            cleaner.clean()  # the same draws get the same answers, or Hypothesis calls it flaky
            remembering.forget()
            forget_tokens()
            self.caller = make_caller(Role.ADMINISTRATOR, "anna@example.com")

        def teardown(self) -> None:
            super().teardown()
            if begun.total() + linked.total() >= EXAMPLES * STEPS:
                raise Enough

        def get_call_kwargs(self, _case: Any) -> dict[str, Any]:
            return {"headers": self.caller.headers}

        def step(self, sent: Any) -> Any:
            output = super().step(sent)
            answered = sent.case.operation.label, output.response.status_code
            if sent.transition is None:
                begun[answered] += 1
            elif sent.is_applied:
                linked[answered] += 1
            return output

        def validate_response(self, response: Any, case: Any, **sent: Any) -> None:
            checks = [*CHECKS, what_is_taken_away_is_gone, ensure_resource_availability]
            try:
                case.validate_response(
                    response, checks=checks, transport_kwargs=sent, recorder=self.recorder
                )
            except FailureGroup as error:
                broken.append(f"{case.operation.label}: {[str(e) for e in error.exceptions]}")

    with suppress(Enough):
        Following.run(
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=FEW,  # the same in every run; of many, new ones
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
        )
    succeeded = Counter({each: n for each, n in linked.items() if each[1] < HTTPStatus.BAD_REQUEST})

    assert broken == []
    assert linked.total() > begun.total()
    assert succeeded.total() > linked.total() // 3
    assert len(succeeded) > MANY
