"""An answer that was kept is given again to nobody who may not see its record any more (R-32)."""

import pytest
from flask import Flask
from sqlalchemy import Engine, update

from hub.db import transaction
from hub.idempotency.models import IdempotencyKey
from tests.api.client import ApiClient
from tests.security.callers import is_for_colleagues, make_colleague
from tests.security.possessions import make_possessions
from tests.security.routes import Route, documented_routes
from tests.security.undoing import undone

pytestmark = pytest.mark.slow
WORD = "Zanzibarfalk"

OF_OTHERS = {
    "POST /access-requests",
    "POST /approvals/<uuid:approval_id>/approval",
    "POST /approvals/<uuid:approval_id>/refusal",
}
"""What is asked for, or decided, of others' records only."""


def reads_again(route: Route) -> bool:
    operation = route.operation
    return operation.method == "POST" and operation.reload is not None and is_for_colleagues(route)


def test_no_kept_answer_is_given_to_who_does_not_see_its_record(
    app: Flask, client: ApiClient, database: Engine, private: None
) -> None:
    caller, stranger = (make_colleague(f"{name}@example.com") for name in ("caller", "stranger"))
    own = make_possessions(caller, WORD)
    wrong, tried = [], 0

    for route in filter(reads_again, documented_routes(app)):
        if str(route) in OF_OTHERS:
            continue
        keyed = {"Idempotency-Key": "once"}
        with undone(database):
            first = route.call(client, {**caller.headers, **keyed}, own)
            again = route.call(client, {**caller.headers, **keyed}, own)
            with transaction() as session:  # as if he had become one who does not see it
                session.execute(update(IdempotencyKey).values(principal_id=stranger.user_id))
            lost = route.call(client, {**stranger.headers, **keyed}, own)
        tried += 1
        given = again.headers.get("Idempotency-Replayed") == "true" and again.data == first.data
        told = WORD in lost.text or first.text in lost.text
        if first.status_code >= 300 or not given or lost.status_code != 404 or told:
            seen = [(each.status_code, each.text[:200]) for each in (first, again, lost)]
            wrong.append((str(route), given, seen))

    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 40
