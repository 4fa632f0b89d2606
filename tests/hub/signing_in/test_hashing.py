"""Argon2id: how dear, and how many at a time (R-58)."""

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from hub.errors import PostponedError
from hub.signing_in import hashing
from tests.patience import PATIENCE_S

PASSWORD = "four words nobody would join"


def test_it_costs_what_owasp_demands_or_more() -> None:
    found = extract_parameters(hashing.hash_password(PASSWORD))

    assert found.type is Type.ID
    assert found.memory_cost >= 46 * 1024
    assert found.time_cost >= 1
    assert (found.parallelism, found.hash_len, found.salt_len) == (1, 32, 16)


def test_only_the_password_itself_fits_however_its_accents_are_typed() -> None:
    known = hashing.hash_password("caf\u00e9 med fire gode venner")

    assert hashing.compare(known, "cafe\u0301 med fire gode venner") == hashing.Comparison(
        fits=True
    )
    assert not hashing.compare(known, "cafe med fire gode venner").fits
    assert not hashing.compare(None, "a password that nobody has").fits
    assert not hashing.compare("no hash at all", PASSWORD).fits


def test_a_hash_of_yesterdays_cost_is_said_to_be_outdated() -> None:
    known = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)

    assert hashing.compare(known, PASSWORD) == hashing.Comparison(fits=True, is_outdated=True)


def test_two_are_hashed_at_a_time_and_who_would_wait_too_long_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, most, lock = [0], [0], threading.Lock()
    outcomes: list[str] = []
    most_are_sent_away = threading.Event()

    class Counting(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            del password, salt
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            most_are_sent_away.wait(PATIENCE_S)  # until all twenty have come
            with lock:
                running[0] -= 1
            return "hash"

    def work() -> None:
        try:
            outcomes.append(hashing.hash_password(PASSWORD))
        except PostponedError:
            outcomes.append("later")
            if outcomes.count("later") == 20 - hashing.AT_A_TIME - hashing.MOST_WAITING:
                most_are_sent_away.set()

    monkeypatch.setattr(hashing, "HASHER", Counting())
    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most[0] == hashing.AT_A_TIME == 2
    assert outcomes.count("hash") == hashing.AT_A_TIME + hashing.MOST_WAITING
    assert outcomes.count("later") == 20 - outcomes.count("hash")
    assert hashing.hash_password(PASSWORD) == "hash"  # and the places are free again
