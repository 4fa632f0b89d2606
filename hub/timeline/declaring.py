"""How records of a kind appear in timelines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Date, FromClause, Text, Uuid, cast, false, null
from sqlalchemy.orm import Session

from hub import links
from hub.access.predicates import visible
from hub.access.principals import Permission, Principal
from hub.access.roles import Verb
from hub.catalogues import services as catalogues
from hub.history import words
from hub.i18n import translate
from hub.listing.declaration import Choice, Expression, Predicate

NO_TEXT: Expression = cast(null(), Text)
NO_ID: Expression = cast(null(), Uuid)
NO_DAY: Expression = cast(null(), Date)
NO: Expression = false()
WAY = " → "
"""Between the state that something left and the one that it came to."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose timeline it is, and who reads it; that he sees the subject was asked before."""

    entity: str
    id: UUID
    reader: Principal


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """Rows of one table, or of a join, that stand in the timeline of a subject.

    They are read in the order of (`at`, `id`), a few at a time: best from an index over what
    `where` compares, and these two.

    Attributes:
        source: the table or the join.
        where: which rows are the subject's, and living.
        at: where a row stands in time.
        id: the id of the record, unique among all kinds.
        title: words of people; of a move the labels of both states, with `WAY` between.
        reason: why, where that is said beside the title.
        word: a word of ours, such as a code, which the reader is told in his language.
        user: the user whose it is, or who did it.
        planned: whether it lies ahead still.
        on: the day, of what has a day and no time.
        subject_type: the entity of the record that it hangs on, where the reader may know that.
        subject_id: its id.
    """

    source: FromClause | type[Any]
    where: Predicate
    at: Expression
    id: Expression
    title: Expression = NO_TEXT
    reason: Expression = NO_TEXT
    word: Expression = NO_TEXT
    user: Expression = NO_ID
    planned: Expression = NO
    on: Expression = NO_DAY
    subject_type: Expression = NO_TEXT
    subject_id: Expression = NO_ID


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a timeline; see `Rows`."""

    kind: str
    at: datetime
    id: UUID
    title: str | None
    reason: str | None
    word: str | None
    user_id: UUID | None
    planned: bool
    on: date | None
    subject_type: str | None
    subject_id: UUID | None


FindRows: TypeAlias = Callable[[Subject], Iterable[Rows]]
Speak: TypeAlias = Callable[[Session, str | None, str], str]
"""Says the word of an entry in a language."""


def by_choices(choices: Iterable[Choice]) -> Speak:
    """Speak the words of an enum as its list does."""
    labels = {str(each.value): each.label for each in choices}
    return lambda _, language, word: translate(language, labels.get(word, word))


def by_catalogue(name: str) -> Speak:
    """Speak the codes of a catalogue."""
    return lambda session, language, word: translate(
        language, catalogues.labels(session, name).get(word, word)
    )


def by_event(session: Session, language: str | None, word: str) -> str:
    """Speak the type of an event."""
    del session
    return words.title(language, word)


def as_way(language: str | None, title: str) -> str:
    """Say the title of a move: its states as the reader calls them."""
    return WAY.join(translate(language, label) for label in title.split(WAY))


def plainly(session: Session, language: str | None, word: str) -> str:
    """Speak a name of ours."""
    del session
    return words.spoken(language, word.rpartition(".")[2])


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """A kind of things that appear in timelines.

    Attributes:
        name: as in ``?kind=``.
        label: what people call them, an English source text.
        model: whose right the reader needs; None for what is a part of the subject itself.
        rows: finds those of a subject; none where the kind does not hang on such a one.
        speak: says the words of its rows.
        entitle: says their titles, where those are words of ours.
        link: where a row leads; to the record itself where there is none.
        by_rule: whether the rule of the model is asked which rows he sees; False where the rows
            are found by that very rule.
    """

    name: str
    label: str
    model: type[Any] | None
    rows: FindRows
    speak: Speak = plainly
    entitle: Callable[[str | None, str], str] | None = None
    link: Callable[[Entry], str] | None = None
    by_rule: bool = True

    def shown_to(self, subject: Subject) -> Iterable[Rows]:
        """Return the rows of a subject, as far as its reader has the right to read such at all."""
        if self.model is None or subject.reader.may(Permission(Verb.READ, self.model.collection())):
            yield from self.rows(subject)

    def seen(self, subject: Subject) -> Iterable[Predicate]:
        """Return the conditions for the rows that the reader sees."""
        if self.model is None or not self.by_rule:
            return ()
        return (visible(subject.reader, Verb.READ, self.model),)

    def path_of(self, entry: Entry) -> str:
        """Return where a row leads."""
        if self.link is not None:
            return self.link(entry)
        if self.model is None:
            raise TypeError(f"{self.name} has no records to lead to")
        return links.record_path(self.model.collection(), entry.id)
