from hub.db import transaction
from hub.history.sealing import seal
from tests.api.client import ApiClient
from tests.api.conftest import Caller

BODY = {"email": "carl@example.com", "name": "Carl", "roles": ["representative"]}


def seal_all() -> None:
    with transaction() as session:
        seal(session)


def test_events_are_read_in_order_without_gaps_or_repeats(
    client: ApiClient, administrator: Caller
) -> None:
    client.post("/api/v1/users", headers=administrator.headers, json=BODY)
    unsealed = client.get("/api/v1/events", headers=administrator.headers).json
    seal_all()

    first = client.get("/api/v1/events?limit=2", headers=administrator.headers)
    path = first.headers["Link"].partition("<")[2].partition(">")[0]
    rest = client.get(path, headers=administrator.headers)

    assert unsealed == {"items": [], "next_after": 0, "last_position": 0}
    assert [event["position"] for event in first.json["items"]] == [1, 2]
    assert [event["position"] for event in rest.json["items"]] == [3]
    assert (rest.json["next_after"], rest.json["last_position"]) == (3, 3)
    assert rest.json["items"][0]["type"] == "user.created"
    again = client.get("/api/v1/events?after=3", headers=administrator.headers).json
    assert (again["items"], again["next_after"]) == ([], 3)


def test_an_event_says_who_and_why_and_keeps_secrets(
    client: ApiClient, administrator: Caller
) -> None:
    headers = {**administrator.headers, "X-Request-Id": "request-77"}
    made = client.post("/api/v1/tokens", headers=headers, json={"name": "n", "scopes": ["*"]})
    seal_all()

    events = client.get("/api/v1/events?type=api_token.created", headers=administrator.headers)
    event = events.json["items"][-1]

    assert {each["type"] for each in events.json["items"]} == {"api_token.created"}
    assert (event["actor_kind"], event["actor_id"]) == ("token", str(administrator.token_id))
    assert event["user_id"] == str(administrator.user_id)
    assert (event["cause_kind"], event["cause_id"]) == ("request", "request-77")
    assert event["changes"]["name"] == [None, "n"]
    assert event["changes"].get("hash", ["•", "•"]) == ["•", "•"]
    assert made.json["token"] not in events.text
