import logging

import pytest

from tests.api.client import ApiClient
from tests.api.conftest import Caller


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [vars(r) for r in caplog.records if r.name == "api.access"]


def test_a_sane_request_id_is_kept(client: ApiClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": "trace-0042.a_b"})

    assert answer.headers["X-Request-Id"] == "trace-0042.a_b"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space here", "<script>alert(1)"])
def test_another_request_id_is_replaced(client: ApiClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 32


def test_a_request_is_logged_by_its_route(
    client: ApiClient, administrator: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = f"/api/v1/tokens/{administrator.token_id}"

    client.get(path, headers=administrator.headers)
    client.get("/hooks/canary-secret?token=canary-secret")
    known, unknown = lines(caplog)

    assert (known["method"], known["route"]) == ("GET", "/api/v1/tokens/<uuid:token_id>")
    assert (known["status"], known["user_id"]) == (200, str(administrator.user_id))
    assert isinstance(known["duration_s"], float)
    assert (unknown["route"], unknown["status"], unknown["user_id"]) == ("-", 404, None)
    assert "canary" not in str(lines(caplog))


def test_a_method_of_the_callers_invention_makes_no_new_series(client: ApiClient) -> None:
    client._client.open("/healthz", method="CANARY")

    assert "CANARY" not in client.get("/metrics").text


def test_what_programs_ask_all_the_time_is_told_for_debugging_only(
    client: ApiClient, administrator: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "api.access"):
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/me"):
            client.get(path, headers=administrator.headers)

    told = {line["route"]: line["levelname"] for line in lines(caplog)}
    assert told == {
        "/healthz": "DEBUG", "/readyz": "DEBUG", "/metrics": "DEBUG", "/api/v1/me": "INFO",
    }  # fmt: skip
