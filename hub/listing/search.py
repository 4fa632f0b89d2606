"""Quick search in core PostgreSQL: a text of folded words, and an index over what it is made of.

A searchable table has a column ``search_text`` (`Searchable`) that its service fills with
`search_document`, and the index `search_index`: GIN over the arrays that the SQL functions
``search_trigrams`` and ``search_slips`` make of the text. (Measured against an array column filled
by Python: the same answers from a table a sixth of the size.)

A row matches when every word of the question stands somewhere in its document: from three letters
on anywhere, below that at the beginning of a word. Where nothing that the reader may see matches, a
longer word may be one slip away from a word of the name: a letter wrong, missing, too many, or two
exchanged. Two words are one slip apart when they are equal once each has lost at most one letter;
looked up as such, a slip costs no more than an exact search.
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
END = "^"  # after the name
GAP = "  "  # between words, so that a word's first letter and first two have theirs

TRIGRAMS_FUNCTION = """
create or replace function search_trigrams(document text) returns text[]
language plpgsql immutable strict parallel safe cost 1000 as $$
declare
    keys text[] := '{}';
    word text;
begin
    foreach word in array string_to_array(document, '  ') loop
        word := '  ' || word;
        for place in 1 .. length(word) - 2 loop
            keys := keys || substr(word, place, 3);
        end loop;
    end loop;
    return keys;
end $$
"""
"""Every three letters of every word, blanks before it.

It loops over words, since substr walks from the beginning of its text; its cost is the measured
one, so that the planner does not call it for every row of a table.
"""

SLIPS_FUNCTION = """
create or replace function search_slips(document text) returns text[]
language plpgsql immutable strict parallel restricted cost 1000 as $$
declare
    keys text[] := '{}';
    word text;
begin
    foreach word in array string_to_array(split_part(document, '^', 3), '  ') loop
        if length(word) >= 4 then
            for place in 1 .. length(word) + 1 loop
                keys := keys || (left(word, place - 1) || substr(word, place + 1));
            end loop;
        end if;
    end loop;
    return keys;
end $$
"""
"""Every longer word of the name, and what remains of it without any one letter.

Restricted, since the planner believes that slips let many rows through and would start parallel
workers, which takes longer than the search.
"""


def _ddl(statement: str) -> DDL:
    return DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


for _function in (TRIGRAMS_FUNCTION, SLIPS_FUNCTION):
    event.listen(Base.metadata, "before_create", _ddl(_function))
for _name in ("search_trigrams", "search_slips"):
    event.listen(Base.metadata, "after_drop", _ddl(f"drop function if exists {_name}"))


class Searchable:
    """Mixin of a model with quick search; its service fills `search_text` on every change of text.

    A record names the column in `__derived__`, since nobody writes it by hand.
    """

    search_text: Mapped[str] = mapped_column(default="", server_default="")


def search_index(table: str) -> Index:
    """Return the index that quick search of a table needs, for its `__table_args__`."""
    return Index(
        f"ix_{table}_search",
        text("search_trigrams(search_text)"),
        text("search_slips(search_text)"),
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
    return BEGIN + GAP.join([GAP.join(name_words) + END, *rest, ""])


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


def name_of(document: str) -> str:
    """Return the folded name that a document begins with."""
    return document.removeprefix(BEGIN).partition(END)[0]


def can_slip(q: str) -> bool:
    """Tell whether a word of the question is long enough to be one slip away."""
    return any(_may_slip(word) for word in Question.of(q).words)


def matches(document: Expression, q: str) -> Predicate:
    """Return the predicate that each word stands in a document; false for no words at all."""
    words = Question.of(q).words
    return and_(*(_has(document, word) for word in words)) if words else false()


def begins(document: Expression, q: str) -> Predicate:
    """Return the predicate that the name begins with what was typed."""
    first, *rest = Question.of(q).words
    grams = _trigrams(BEGIN + first) + [gram for word in rest for gram in _trigrams(GAP + word)]
    beginning = BEGIN + GAP.join([first, *rest])
    return and_(_contains_all(document, grams), document.like(f"{beginning}%"))


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
    if not can_slip(q):
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
    found = document.like(f"%{looked_for}%")
    if len(word) == 1 and word.isascii():
        # So common that reading on until enough are found beats any index.
        return found
    return and_(found, _contains_all(document, _trigrams(looked_for)))


def _nearly(document: Expression, word: str) -> Predicate:
    if not _may_slip(word):
        return false()
    slips = func.search_slips(document, type_=ARRAY(TEXT))
    near: Predicate = slips.overlap(cast(_slips(word), ARRAY(TEXT)))
    return near


def _may_slip(word: str) -> bool:
    return len(word) >= SLIP_LENGTH and not word.isdigit()


def _slips(word: str) -> list[str]:
    """Return a word and what remains of it without any one letter."""
    remains = (word[:at] + word[at + 1 :] for at in range(len(word) + 1))
    return list(dict.fromkeys(remains))


def _trigrams(folded: str) -> list[str]:
    """Return three letters after three, and the last three: each letter in one of them.

    What holds them all is compared as a text anyway. All trigrams of a word would let fewer rows
    through, and cost more in looking up the common ones than is saved.
    """
    last = len(folded) - TRIGRAM
    return [folded[at : at + TRIGRAM] for at in (*range(0, last, TRIGRAM), last) if at >= 0]


def _contains_all(document: Expression, grams: Iterable[str]) -> Predicate:
    wanted = list(dict.fromkeys(grams))
    if not wanted:
        return true()
    trigrams = func.search_trigrams(document, type_=ARRAY(TEXT))
    contained: Predicate = trigrams.contains(cast(wanted, ARRAY(TEXT)))
    return contained
