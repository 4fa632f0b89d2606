"""What the doctor says of the address under which people reach Hub."""

from types import SimpleNamespace

import pytest

from hub.settings import Settings
from ops.doctor.findings import Level
from ops.doctor.machine import look_at_public_url


@pytest.mark.parametrize(
    ("url", "levels"),
    [
        (None, []),
        ("https://hub.nordlys.example", []),
        ("http://localhost:8080", []),
        ("http://127.0.0.1:8080", []),
        ("http://hub.nordlys.example", [Level.WARN]),
        ("http://192.168.1.7:8080", [Level.WARN]),
    ],
)
def test_browsers_keep_no_session_over_plain_http_from_elsewhere(
    url: str | None, levels: list[Level]
) -> None:
    installation = SimpleNamespace(settings=Settings(_env_file=None, public_url=url))

    found = look_at_public_url(installation)  # type: ignore[arg-type] # as much of one as it reads

    assert [each.level for each in found] == levels
