import hashlib
import io
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import files
from hub.errors import NotFoundError
from hub.files import services, storage
from hub.files.models import StoredFile
from hub.settings import get_settings

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)


def test_bytes_are_kept_under_their_hash_and_read_again() -> None:
    content = files.put(b"navn;by\nNordlys;Aarhus\n")

    assert content.sha256 == hashlib.sha256(b"navn;by\nNordlys;Aarhus\n").hexdigest()
    assert content.size_bytes == 23
    with files.open_content(content.sha256) as stream:
        assert stream.read() == b"navn;by\nNordlys;Aarhus\n"


def test_a_stream_is_kept_to_its_end_and_equal_bytes_are_one_file(tmp_path: Path) -> None:
    data = os.urandom(3 * 1024 * 1024 + 17)

    first = files.put(io.BytesIO(data))
    second = files.put(data)

    assert first == second == files.Content(hashlib.sha256(data).hexdigest(), len(data))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [first.sha256]


def test_a_stream_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the line is cut")
            return super().read(size)

    with pytest.raises(OSError, match="the line is cut"):
        files.put(Breaking(b"half of it"))

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_not_there_is_not_found_and_a_name_that_is_no_hash_is_refused() -> None:
    with pytest.raises(NotFoundError):
        files.open_content("0" * 64)
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        files.path_of("../../master.key")

    assert files.remove("0" * 64) is False


def test_a_row_names_a_content_and_opens_it(session: Session) -> None:
    row = services.keep(session, files.put(b"abc"), name="kunder.csv", media_type="text/csv")
    session.commit()

    found = services.get(session, row.id)

    assert (found.name, found.media_type, found.size_bytes) == ("kunder.csv", "text/csv", 3)
    with services.open_file(found) as stream:
        assert stream.read() == b"abc"


def test_the_sweep_takes_expired_files_but_not_a_content_that_another_row_names(
    session: Session,
) -> None:
    shared, single = files.put(b"shared"), files.put(b"single")
    past, future = NOW - timedelta(seconds=1), NOW + timedelta(days=1)
    for content, expires_at in ((shared, past), (shared, future), (single, past)):
        services.keep(session, content, name="x", media_type="y", expires_at=expires_at)
    session.commit()
    _age(shared.sha256, single.sha256)

    removed = services.sweep(session, now=NOW)

    assert removed == 1
    assert not storage.path_of(single.sha256).exists()
    assert storage.path_of(shared.sha256).exists()
    assert [row.expires_at for row in session.scalars(select(StoredFile))] == [future]


def test_the_sweep_leaves_what_was_just_put_and_takes_old_drafts(
    session: Session, tmp_path: Path
) -> None:
    fresh = files.put(b"its row is not committed yet")
    draft = tmp_path / "files" / "draft-of-a-crash"
    draft.write_bytes(b"half")
    long_ago = time.time() - services.UNNAMED_FOR_S - 60
    os.utime(draft, (long_ago, long_ago))

    removed = services.sweep(session, now=NOW)

    assert removed == 1
    assert not draft.exists()
    assert storage.path_of(fresh.sha256).exists()


def _age(*hashes: str) -> None:
    long_ago = time.time() - services.UNNAMED_FOR_S - 60
    for sha256 in hashes:
        os.utime(storage.path_of(sha256), (long_ago, long_ago))


def test_bytes_written_again_while_they_are_swept_away_stay() -> None:
    content = files.put(b"written again")
    place = files.path_of(content.sha256)
    os.utime(place, (0, 0))
    [found] = [path for path in storage.untouched_for(60) if path == place]

    files.put(b"written again")

    assert storage.remove_untouched(found, 60) is False
    assert place.read_bytes() == b"written again"
    os.utime(place, (0, 0))
    assert storage.remove_untouched(found, 60) is True
    assert storage.remove_untouched(found, 60) is False
    assert not any(place.parent.iterdir())
