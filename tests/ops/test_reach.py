"""Where the API listens."""

import socket
from collections.abc import Iterator

import pytest

from hub.settings import Settings
from ops.errors import OperationError
from ops.reach import answers, local_url, refuse_taken_port
from tests.stack import free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_refused_by_its_setting(taken_port: int) -> None:
    with pytest.raises(OperationError, match=rf"listens on port {taken_port}.*HUB_PORT"):
        refuse_taken_port(Settings(port=taken_port))


def test_a_port_whose_connections_wind_up_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first keeps the port in TIME_WAIT
        client.close()

    refuse_taken_port(Settings(port=port))


def test_an_address_of_another_machine_is_refused_by_its_setting() -> None:
    with pytest.raises(OperationError, match=r"HUB_HOST=192\.0\.2\.1"):
        refuse_taken_port(Settings(host="192.0.2.1", port=8080))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - a setting
        ("::", "http://[::1]:8080"),
        ("hub.example", "http://hub.example:8080"),
    ],
)
def test_the_local_url_is_one_that_can_be_called(host: str, url: str) -> None:
    assert local_url(Settings(host=host)) == url


def test_nobody_there_is_no_answer() -> None:
    assert answers(f"http://127.0.0.1:{free_port()}/readyz") is False
