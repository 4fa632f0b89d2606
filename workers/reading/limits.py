"""What a file may cost, and the error that says which limit it broke."""

from dataclasses import dataclass

from hub.errors import FieldError, ValidationError

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one file; the defaults are those of reliability.md R-56."""

    file_bytes: int = 50 * MEBIBYTE
    archive_entries: int = 2_000
    unpacked_bytes: int = 100 * 1000 * 1000
    ratio: int = 100  # unpacked to packed
    rows: int = 100_000
    columns: int = 200
    cell_length: int = 32_767
    parsed_bytes: int = 256 * MEBIBYTE  # one string may be named by a million cells
    parser_memory_bytes: int = 512 * MEBIBYTE
    parser_cpu_s: int = 30
    parser_wall_s: int = 60


class FileRefusedError(ValidationError):
    """The file was not read; the code says which rule it broke, the message what to do.

    `pointer` is to what is at fault, where that is not the file but what was said of it.
    """

    def __init__(
        self, code: str, message: str, *, pointer: str = "/file", **params: object
    ) -> None:
        super().__init__(FieldError(pointer, code, message, params))

    @property
    def reason(self) -> str:
        """Return the code, such as ``file.macro``."""
        return self.errors[0].code
