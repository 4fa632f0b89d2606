"""Quick search in core PostgreSQL: a text of folded words, and an index over its trigrams.

A searchable table has a column ``search_text`` (`Searchable`) that its service fills with
`search_document`, and the index `search_index`: GIN over the array that the SQL function
``search_trigrams`` makes of the text. (Measured against an array column filled by Python: the same
answers from a table a sixth of the size.)

A row matches when every word of the question stands somewhere in its document: from three letters
on anywhere, below that at the beginning of a word. Where nothing that the reader may see matches, a
longer word may be one slip away: a letter wrong, missing, too many, or two exchanged.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import (
    DDL,
    Connection,
    Index,
    and_,
    event,
    exists,
    false,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.expression import cast

from hub.db import Base
from hub.listing.declaration import Expression, Predicate
from hub.listing.words import digits_of, words_of

TRIGRAM = 3
SLIP_LENGTH = 5  # letters; shorter words are too like each other for a slip to be told
HIGHEST_WORDS = 10
BEGIN = "^^"  # before the name, so that its first letters have trigrams of their own
GAP = "  "  # between words, so that a word's first letter and first two have theirs

FUNCTION = """
create or replace function search_trigrams(document text) returns text[]
language sql immutable strict parallel safe
return (select array_agg(substr(document, place, 3))
        from generate_series(1, length(document) - 2) as place)
"""
"""The SQL of the index's function, run before tables are created from the metadata."""


def _ddl(statement: str) -> DDL:
    return DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


event.listen(Base.metadata, "before_create", _ddl(FUNCTION))
event.listen(Base.metadata, "after_drop", _ddl("drop function if exists search_trigrams"))


class Searchable:
    """Mixin of a model with quick search; its service fills `search_text` on every change of text.

    A record names the column in `__derived__`, since nobody writes it by hand.
    """

    search_text: Mapped[str] = mapped_column(default="", server_default="")


def search_index(table: str) -> Index:
    """Return the index that quick search of a table needs, for its `__table_args__`."""
    return Index(
        f"ix_{table}_search_trigrams",
        text("search_trigrams(search_text)"),
        postgresql_using="gin",
    )


def search_document(name: str | None, parts: Iterable[str | None]) -> str:
    """Return the text to store for a row: its name, then all else it is found by.

    Telephone and registration numbers are found however they are spaced; give the former with
    their country code (E.164), so that they are found with and without.
    """
    name_words = words_of(name or "")
    others = dict.fromkeys(name_words[:1])
    for part in parts:
        number = digits_of(part or "")
        others |= dict.fromkeys([number] if number else words_of(part or ""))
    rest = [word for word in others if word not in name_words[1:]]
    return BEGIN + GAP.join([GAP.join(name_words), *rest, ""])


@dataclass(frozen=True, slots=True)
class Question:
    """What was typed, in words."""

    words: tuple[str, ...]
    folded: str

    @classmethod
    def of(cls, q: str) -> "Question":
        """Read what was typed; a number may be spaced in any way."""
        number = digits_of(q)
        words = (number,) if number else tuple(words_of(q))[:HIGHEST_WORDS]
        return cls(words, GAP.join(words))


def matches(document: Expression, q: str) -> Predicate:
    """Return the predicate that each word stands in a document; false for no words at all."""
    words = Question.of(q).words
    return and_(*(_has(document, word) for word in words)) if words else false()


def begins(document: Expression, q: str) -> Predicate:
    """Return the predicate that the name begins with what was typed."""
    beginning = BEGIN + Question.of(q).folded
    return and_(_has_trigrams(document, beginning), document.like(f"{beginning}%"))


def nearly_matches(document: Expression, q: str) -> Predicate:
    """Return the predicate that each word stands in a document, a longer one with one slip."""
    words = Question.of(q).words
    return and_(*(or_(_has(document, word), _nearly(document, word)) for word in words))


def matching(
    executor: Session | Connection, document: Expression, q: str, among: Predicate
) -> Predicate:
    """Return the predicate of a search: exact where that finds any row, else with slips.

    Args:
        executor: where to look.
        document: the search document's column.
        q: what was typed.
        among: the rows that may be found at all, so that a hidden row decides nothing.
    """
    exact = matches(document, q)
    if not any(_may_slip(word) for word in Question.of(q).words):
        return exact
    found = executor.execute(select(exists().where(among, exact))).scalar()
    return exact if found else nearly_matches(document, q)


def may_contain(document: Expression, part: str) -> Predicate:
    """Return a predicate that holds wherever a text of the document contains `part`.

    It holds elsewhere too: it only lets the index narrow an ILIKE down.
    """
    # An e at the beginning may have been folded into the letter before it, and so may an a.
    pieces = words_of(part)
    if pieces:
        pieces[0] = pieces[0].lstrip("ae")
    wanted = [gram for piece in pieces for gram in _trigrams(piece)]
    return _contains_all(document, wanted)


def _has(document: Expression, word: str) -> Predicate:
    looked_for = word if len(word) >= TRIGRAM else GAP + word
    return and_(_has_trigrams(document, looked_for), document.like(f"%{looked_for}%"))


def _has_trigrams(document: Expression, looked_for: str) -> Predicate:
    return _contains_all(document, _trigrams(looked_for))


def _nearly(document: Expression, word: str) -> Predicate:
    """One slip: the pattern decides, the trigrams outside of the slip let the index help."""
    if not _may_slip(word):
        return false()
    grams = _trigrams(f" {word} ")
    spoilt = TRIGRAM + 1  # as many trigrams as two exchanged letters spoil
    untouched = [
        grams[:start] + grams[start + spoilt :] for start in range(len(grams) - spoilt + 1)
    ]
    return and_(
        or_(*(_contains_all(document, kept) for kept in untouched)),
        document.regexp_match(f"  ({'|'.join(_slips(word))}) "),
    )


def _may_slip(word: str) -> bool:
    return len(word) >= SLIP_LENGTH and not word.isdigit()


def _slips(word: str) -> list[str]:
    """Return patterns for a word with one slip; words are letters and digits, so need no escape."""
    places = range(len(word))
    wrong_or_missing = [word[:at] + ".?" + word[at + 1 :] for at in places]
    left_out = [word[:at] + "." + word[at:] for at in range(len(word) + 1)]
    exchanged = [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]]
    return [*wrong_or_missing, *left_out, *exchanged]


def _trigrams(folded: str) -> list[str]:
    return [folded[at : at + TRIGRAM] for at in range(len(folded) - TRIGRAM + 1)]


def _contains_all(document: Expression, grams: Iterable[str]) -> Predicate:
    wanted = list(dict.fromkeys(grams))
    if not wanted:
        return true()
    return func.search_trigrams(document, type_=ARRAY(TEXT)).contains(cast(wanted, ARRAY(TEXT)))
