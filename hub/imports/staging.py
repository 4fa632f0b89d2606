"""The rows of a file between reading and deciding: on disk, and by what they meet one another.

A file of a hundred thousand rows must not fill the memory of a worker: only numbers are kept in it.
"""

import json
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from hub.imports.reading import ReadRow
from hub.matching import Prepared
from hub.matching.keys import DECIDES, MEETS

BLOCK = 20
"""A key that more rows have says too little to compare them all …"""
DECIDING_BLOCK = 200
"""… but for a registration number and its like."""
COMPARED = 10
"""So many earlier rows at most are compared with one, those that share the rarest keys first."""
LEAST_CLOSE = 0.1  # the sum of 1 / size over the shared keys: a key of ten rows, or several
_ROW_BITS = 20  # a file has at most 100,000 rows


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row with what duplicate detection prepared, None where it cannot come in."""

    index: int
    row: ReadRow
    prepared: Prepared | None

    @property
    def digests(self) -> Sequence[int]:
        """Return the digests of its keys."""
        return self.prepared.digests if self.prepared is not None else ()


class Staging:
    """The rows of one file; fill it, `seal` it, then read it. A context manager."""

    def __init__(self) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        self._offsets = array("q")
        self._keys: list[int] = []
        self._runs: list[array[int]] = []
        self._memberships: list[int] = []
        self.sizes: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, row: ReadRow, prepared: Prepared | None) -> None:
        """Add the next row of the file."""
        index = len(self._offsets)
        self._offsets.append(self._spool.tell())
        stored = [
            row.number,
            row.values,
            row.errors,
            row.notes,
            prepared.stored() if prepared is not None else None,
        ]
        self._spool.write(json.dumps(stored, separators=(",", ":")).encode() + b"\n")
        if prepared is not None:
            # A digest has 64 bits with a sign: shifted, it leaves room for the row.
            self._keys.extend(digest << _ROW_BITS | index for digest in prepared.digests)

    def seal(self) -> None:
        """Find out which rows share keys; no row may be added any more."""
        self._spool.flush()
        self._keys.sort()
        mask = (1 << _ROW_BITS) - 1
        for digest, found in groupby(self._keys, key=lambda key: key >> _ROW_BITS):
            rows = array("i", (key & mask for key in found))
            if len(rows) > 1:
                self.sizes[digest] = len(rows)
            if digest & MEETS and 1 < len(rows) <= (DECIDING_BLOCK if digest & DECIDES else BLOCK):
                weight = 0 if digest & DECIDES else len(rows)
                place = len(self._runs)
                rows.append(weight)
                self._runs.append(rows)
                self._memberships.extend(index << 32 | place for index in rows[:-1])
        self._keys = []
        self._memberships.sort()

    def __iter__(self) -> Iterator[StagedRow]:
        self._spool.seek(0)
        for index in range(len(self._offsets)):
            yield self._staged(index, self._spool.readline())

    def batches(self, size: int) -> Iterator[list[StagedRow]]:
        """Give the rows out in order, so many at a time; others may be looked up meanwhile."""
        for start in range(0, len(self), size):
            yield [self.row(index) for index in range(start, min(start + size, len(self)))]

    def row(self, index: int) -> StagedRow:
        """Return one row."""
        self._spool.seek(self._offsets[index])
        return self._staged(index, self._spool.readline())

    def met(self, index: int) -> list[int]:
        """Return the earlier rows that share enough with one to be compared, the closest first."""
        closeness: dict[int, float] = {}
        place = bisect_left(self._memberships, index << 32)
        while place < len(self._memberships) and self._memberships[place] >> 32 == index:
            run = self._runs[self._memberships[place] & 0xFFFFFFFF]
            weight = 1 / run[-1] if run[-1] else 1.0
            for other in run[:-1]:
                if other >= index:
                    break
                closeness[other] = closeness.get(other, 0.0) + weight
            place += 1
        close = [(-value, other) for other, value in closeness.items() if value >= LEAST_CLOSE]
        return [other for _, other in sorted(close)[:COMPARED]]

    def _staged(self, index: int, line: bytes) -> StagedRow:
        stored: list[Any] = json.loads(line)
        number, values, errors, notes, prepared = stored
        row = ReadRow(number, values, errors, notes)
        return StagedRow(index, row, Prepared.of_stored(prepared))
