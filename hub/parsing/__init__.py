"""What a cell of somebody's file means: text, numbers, dates, yes and no, by the file's locale.

A cell of a workbook may come typed (a real date, a real number), one of a CSV file never. What
could mean two things is refused with a code and a message, never guessed: ``1,234`` in a Danish
file may be an English thousand, ``03-04-2026`` in an English one may be March or April.
Empty cells are None everywhere; a cell that holds an error of its workbook is a `CellError`, which
means nothing and is not parsed. Errors carry the pointer that the caller gives.
"""

from hub.parsing.cells import Cell, CellError
from hub.parsing.dates import parse_date, parse_datetime
from hub.parsing.numbers import parse_decimal, parse_integer
from hub.parsing.words import normalised_header, parse_boolean, parse_text

__all__ = [
    "Cell",
    "CellError",
    "normalised_header",
    "parse_boolean",
    "parse_date",
    "parse_datetime",
    "parse_decimal",
    "parse_integer",
    "parse_text",
]
