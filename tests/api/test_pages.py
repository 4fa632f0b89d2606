import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import Engine, text

from api.app import UndeclaredRouteError, create_app, refuse_undeclared_routes
from hub import outside
from hub.db import transaction
from hub.ledger import pulses
from hub.ledger.models import ProcessKind, Pulse
from hub.ledger.tasks import Queue
from hub.links import absolute, base
from hub.settings import get_settings
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.api.test_jobs import make_job


class References(HTMLParser):
    """Collects what a page loads or links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [v for k, v in attrs if k in {"href", "src", "action"} and v]


@pytest.fixture
def redis_setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()


def set_redis(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(get_settings(), "redis_url", SecretStr(url))


def test_a_route_without_a_permission_cannot_be_served() -> None:
    app = create_app()
    app.add_url_rule("/open", "open", lambda: "hello")

    with pytest.raises(UndeclaredRouteError, match="/open"):
        refuse_undeclared_routes(app)


def test_liveness_needs_nothing(client: ApiClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_with_everything_there_we_are_ready(
    client: ApiClient, redis_setting: pytest.MonkeyPatch, redis_url: str
) -> None:
    set_redis(redis_setting, redis_url)
    with transaction() as session:
        pulses.beat(session, ProcessKind.WORKER, list(Queue))
        session.add(Pulse(kind=ProcessKind.RELAY, host="b", process_id=1, queues=[]))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "parts": {
            "database": "ok", "schema": "ok", "redis": "ok", "relay": "ok",
            "workers": {"urgent": "ok", "default": "ok", "bulk": "ok"},
            "outside": "ok",
        },
    }  # fmt: skip


def test_without_a_relay_or_workers_of_a_queue_we_are_degraded_and_ready(
    client: ApiClient, redis_setting: pytest.MonkeyPatch, redis_url: str
) -> None:
    set_redis(redis_setting, redis_url)
    with transaction() as session:
        pulses.beat(session, ProcessKind.WORKER, ["urgent", "default"])

    answer = client.get("/readyz")
    metrics = client.get("/metrics").text

    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert answer.json["parts"]["relay"] == "down"
    assert answer.json["parts"]["workers"] == {"urgent": "ok", "default": "ok", "bulk": "down"}
    assert "hub_relays 0.0" in metrics
    assert 'hub_workers{queue="urgent"} 1.0' in metrics
    assert 'hub_workers{queue="bulk"} 0.0' in metrics


def test_without_redis_we_are_degraded_and_ready(
    client: ApiClient, redis_setting: pytest.MonkeyPatch
) -> None:
    set_redis(redis_setting, "unix:///nowhere/redis.sock")

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert answer.json["parts"]["redis"] == "down"


def test_a_frozen_redis_does_not_make_us_look_dead(
    client: ApiClient, redis_setting: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        set_redis(redis_setting, f"redis://127.0.0.1:{frozen.getsockname()[1]}/0")

        answer = client.get("/readyz")

    assert (answer.status_code, answer.json["parts"]["redis"]) == (200, "down")


def test_redis_is_given_its_password(client: ApiClient, redis_setting: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(512))
            connection.sendall(b"+OK\r\n")
            heard.append(connection.recv(512))
            connection.sendall(b"+PONG\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        set_redis(redis_setting, f"redis://:s%40fe@127.0.0.1:{server.getsockname()[1]}/0")
        answer = client.get("/readyz")
        thread.join()

    assert answer.json["parts"]["redis"] == "ok"
    assert heard == [b"*2\r\n$4\r\nAUTH\r\n$4\r\ns@fe\r\n", b"*1\r\n$4\r\nPING\r\n"]


def test_whether_calls_and_mails_are_held_is_told_and_no_trouble_of_ours(
    client: ApiClient,
) -> None:
    with transaction() as session:
        outside.set_held(session, held=True, reason=None)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json["parts"]["outside"]) == (200, "held")
    assert (
        '<td>Calls and mails</td><td class="warn">held: hub release lets them go</td>'
        in client.get("/").text
    )


def test_a_schema_behind_the_code_is_not_ready(client: ApiClient, database: Engine) -> None:
    with database.begin() as connection:
        known = connection.scalar(text("select version_num from alembic_version"))
        connection.execute(text("update alembic_version set version_num = '0000'"))

    answer = client.get("/readyz")

    with database.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :v"), {"v": known})
    assert (answer.status_code, answer.json["parts"]["schema"]) == (503, "behind")


def test_metrics_count_requests_by_route_and_jobs_by_state(
    client: ApiClient, administrator: Caller
) -> None:
    make_job(state="queued")
    make_job(state="dead")
    client.get("/api/v1/jobs/01900000-0000-7000-8000-00000000000a", headers=administrator.headers)

    answer = client.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'hub_jobs{queue="urgent",state="queued"} 1.0' in answer.text
    assert 'hub_jobs{queue="urgent",state="dead"} 1.0' in answer.text
    assert re.search(r'hub_oldest_due_job_seconds\{queue="urgent"\} \d', answer.text)
    assert (
        'hub_http_requests_total{method="GET",route="/api/v1/jobs/<uuid:job_id>",status="404"}'
        in answer.text
    )
    assert "01900000" not in answer.text


def test_metrics_can_be_switched_off(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "metrics", False)

    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/docs", "/go/customers/7?a=b"])
def test_a_page_loads_nothing_from_anywhere(client: ApiClient, path: str) -> None:
    answer = client.get(path)
    page = References()
    page.feed(answer.text)
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert answer.status_code == 200
    assert all(link.startswith(("/", "#")) for link in page.found)
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_the_front_page_tells_the_first_steps(client: ApiClient) -> None:
    text = client.get("/").text

    assert "Outgoing mail" in text
    assert "HUB_SMTP_URL" in text
    assert '<td class="ok">ok</td>' in text


def test_the_front_page_tells_of_every_part_how_it_is(client: ApiClient) -> None:
    with transaction() as session:
        pulses.beat(session, ProcessKind.WORKER, ["urgent", "default"])

    rows = dict(
        re.findall(r"<tr><td>(.+?)</td><td class=\"\w+\">(.+?)</td></tr>", client.get("/").text)
    )

    assert rows == {
        "Database": "ok", "Schema": "ok", "Redis": rows["Redis"], "Relay": "down",
        "Workers of urgent jobs": "ok", "Workers of other jobs": "ok",
        "Workers of bulk jobs": "down", "Calls and mails": "ok",
    }  # fmt: skip


def test_open_steps_lead_to_how_they_are_taken(client: ApiClient) -> None:
    page = References()
    page.feed(client.get("/").text)
    documented = set(re.findall(r'id="([^"]+)"', client.get("/api/docs").text))

    led_to = [link.partition("#")[2] for link in page.found if "#" in link]

    assert led_to == ["send_test_mail", *["create_connection"] * 3]
    assert set(led_to) <= documented


def test_the_front_page_speaks_one_language(client: ApiClient) -> None:
    text = client.get("/", headers={"Accept-Language": "da"}).text

    assert '<html lang="da">' in text
    assert "Udgående mail" in text
    assert not {"First steps", "Parts", "API documentation"} & set(re.split("[<>]", text))


def test_a_link_of_a_mail_opens_a_page_that_says_how_to_come_there(client: ApiClient) -> None:
    address = absolute("/api/v1/conflicts?state=open&connection=7")
    path = address.removeprefix(base())

    answer = client.get(path, headers={"Accept-Language": "da"})

    assert path == "/go/conflicts?state=open&connection=7"
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert '<html lang="da">' in answer.text
    assert "Linket i din mail fører til" in answer.text
    assert (
        'curl -H "Authorization: Bearer $TOKEN" '
        f'"{base()}/api/v1/conflicts?state=open&amp;connection=7"'
    ) in answer.text


def test_the_page_says_the_same_of_what_exists_and_what_does_not(
    client: ApiClient, administrator: Caller
) -> None:
    made = client.post(
        "/api/v1/customers", json={"name": "Zanzibarfalk"}, headers=administrator.headers
    ).json
    unknown = str(uuid4())

    there, not_there = (
        client.get(f"/go/customers/{made['id']}"),
        client.get(f"/go/customers/{unknown}"),
    )

    assert there.text.replace(made["id"], unknown) == not_there.text


@pytest.mark.parametrize(
    "path",
    [
        "/go/a'b",
        "/go/a%22b",
        "/go/$(id)",
        "/go/a;b",
        "/go/a%0Ab",
        "/go/a?b=`id`",
        "/go/" + "a" * 999,
    ],
)
def test_nothing_is_shown_that_must_not_be_pasted_into_a_shell(
    client: ApiClient, path: str
) -> None:
    assert client.get(path).status_code == 404


def test_links_of_the_documentation_lead_somewhere(client: ApiClient) -> None:
    answer = client.get("/api/docs")
    page = References()
    page.feed(answer.text)
    targets = set(re.findall(r'id="([^"]+)"', answer.text))

    assert {link[1:] for link in page.found if link.startswith("#")} <= targets
    for path in {link for link in page.found if link.startswith("/")}:
        assert client.get(path).status_code == 200


def test_no_answer_may_be_cached_or_sniffed(client: ApiClient, app: Flask) -> None:
    for path in ("/", "/api/v1/openapi.json", "/api/v1/me"):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
