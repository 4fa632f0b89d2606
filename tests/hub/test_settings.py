"""Settings that break a rule are refused at once, all together, and in a line each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.settings import Settings, SettingsError, get_settings, unknown_settings

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the settings anew, and no `.env` but one of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")
    monkeypatch.delenv("HUB_MASTER_KEY", raising=False)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def refused() -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        get_settings()
    return list(refusal.value.lines)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "DATABASE_URL", "mysql://hub:sesam@db/hub",
            (
                "must be the address of a PostgreSQL, for example"
                " postgresql://hub:secret@db.example:5432/hub"
            ),
        ),
        (
            "DATABASE_URL", "postgresql://hub:sesam@db:port/hub",
            (
                "must be the address of a PostgreSQL, for example"
                " postgresql://hub:secret@db.example:5432/hub"
            ),
        ),
        (
            "REDIS_URL", "sesam",
            (
                "must be the address of a Redis or Valkey, for example"
                " redis://:secret@redis.example:6379/0"
            ),
        ),
        (
            "SMTP_URL", "mail:sesam",
            (
                "must be the address of a mail server, for example"
                " smtp://user:password@mail.example:587?starttls=1"
            ),
        ),
        (
            "PUBLIC_URL", "foo",
            (
                "must be an address that begins with https:// or http://, for example"
                " https://hub.example.com"
            ),
        ),
        (
            "MASTER_KEY", "sesam",
            (
                "must be 32 bytes in base64, or two such by comma, for example what"
                " `openssl rand -base64 32` prints"
            ),
        ),
        ("LOCALE", "dansk", "must be a language of en, da, for example da"),
        (
            "ZONE", "Europe/Kobenhavn",
            "must be a time zone of IANA, for example Europe/Copenhagen",
        ),
        ("CURRENCY", "DKKK", "must be a currency code of ISO 4217, for example DKK"),
        ("COUNTRY", "Danmark", "must be a country code of ISO 3166-1, for example DK"),
        (
            "ADMINISTRATOR_EMAIL", "nobody",
            "must be a mail address, for example admin@example.com",
        ),
        (
            "MAIL_FROM", "foo",
            "must be a mail address, with or without a name, for example Hub <hub@example.com>",
        ),
        ("LOG_LEVEL", "verbose", "must be one of DEBUG, INFO, WARNING, ERROR, for example INFO"),
        (
            "PORT", "80800",
            "is wrong: input should be less than or equal to 65535, for example HUB_PORT=8080",
        ),
        (
            "METRICS", "perhaps",
            (
                "is wrong: input should be a valid boolean, unable to interpret input, for example"
                " HUB_METRICS=true"
            ),
        ),
        (
            "VISIBILITY", "all",
            (
                "is wrong: input should be 'public', 'team' or 'private', for example"
                " HUB_VISIBILITY=public"
            ),
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_name_its_rule_and_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"HUB_{name}", value)

    assert refused() == [f"HUB_{name} {told}"]


def test_an_unknown_kind_of_mail_is_told_which_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_HOLD_UNSURE_MAIL", "report, reports")

    [told] = refused()

    assert told.startswith("HUB_HOLD_UNSURE_MAIL must be kinds of mail by comma, of invitation, ")
    assert told.endswith(", move, for example report,alert")


def test_all_wrong_values_are_told_at_once_and_none_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "MASTER_KEY", "MASTER_KEY_FILE"):
        monkeypatch.setenv(f"HUB_{name}", "sesam")

    told = refused()

    assert len(told) == 4  # of the key the value is given and counts, and its file is not asked
    assert "sesam" not in " ".join(told)


def test_a_secret_file_that_is_not_there_is_told_by_the_settings_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_MASTER_KEY_FILE", "/nonexist")

    [told] = refused()

    assert told == (
        "HUB_MASTER_KEY_FILE must name a file that can be read, for example"
        " HUB_MASTER_KEY_FILE=/run/secrets/master_key: No such file or directory"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgres://hub@db.example/hub"),
        ("database_url", "postgresql+psycopg://hub@/hub?host=/run/postgresql"),
        ("redis_url", "unix:///run/redis.sock"),
        ("smtp_url", "smtps://user:p%40ss@mail.example"),
        ("public_url", "http://127.0.0.1:8080/hub"),
        ("mail_from", "hub@localhost"),
        ("hold_unsure_mail", "report, alert"),
        ("locale", "da-DK"),
        ("zone", "UTC"),
        ("master_key", f"{KEY},{KEY}"),
    ],
)
def test_what_fits_is_taken_as_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"HUB_{name.upper()}", value)

    found = getattr(get_settings(), name)

    assert (found if isinstance(found, str) else found.get_secret_value()) == value


def test_how_much_is_logged_is_said_in_small_letters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_LOG_LEVEL", "warning")

    assert get_settings().log_level == "WARNING"


def test_misspelt_names_are_seen_in_the_environment_and_in_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_PROT", "8080")
    Path(".env").write_text("HUB_ZOEN=Europe/Copenhagen\nHUB_ZONE=Europe/Oslo\nOTHER=1\n")

    assert unknown_settings() == ["HUB_PROT", "HUB_ZOEN"]
    assert get_settings().zone == "Europe/Oslo"


def test_the_file_too_may_say_where_a_secret_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_SMTP_URL", "")  # so that what is read is forgotten with the test
    monkeypatch.delenv("HUB_SMTP_URL")
    (tmp_path / "smtp").write_text("smtp://mail.example\n")
    Path(".env").write_text(f"HUB_SMTP_URL_FILE={tmp_path}/smtp\n")

    found = get_settings().smtp_url

    assert found is not None
    assert found.get_secret_value() == "smtp://mail.example"
