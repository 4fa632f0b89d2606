"""Whose row it is: a customer that is here, one that an earlier row brings, or nobody we know.

By its own reference first, then as a row that was imported before, then by CVR number together with
EAN, then by mail address, at last as one that is alike and surely the same (`hub.matching.judge`).
A number or an address that several may share never decides alone, unless whoever imports has said
so: the names must agree too. Rows of one file that have references of their own are never one, and
of a customer with another reference only a number says that it is the row's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub import matching
from hub.customers.models import Customer, CustomerKind
from hub.i18n import N_
from hub.imports.known import Known, Snapshot
from hub.imports.options import MatchKey, Options
from hub.imports.reading import ReadRow
from hub.imports.reasons import Reason
from hub.imports.staging import StagedRow, Staging
from hub.matching import FORBID, Candidate, Judgement
from hub.matching.frequencies import Frequencies
from hub.matching.scoring import compare_if

Target = UUID | int
"""A customer's id, or the index of the row that brings a new one."""

_ROW_HAS_NO_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose row it is, None for nobody's; `refusal` says why it cannot come in."""

    target: Target | None = None
    refusal: Reason | None = None
    notes: Sequence[Reason] = ()


@dataclass(frozen=True, slots=True)
class _Like:
    """One that a row may mean: a customer here, or an earlier row with its target."""

    target: Target
    name: str
    number: str | None
    ean: str | None
    is_known_apart: bool
    name_is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class _Alike:
    """One that is like a row, and how; several of one target where earlier rows are it."""

    target: Target
    name: str
    is_person: bool
    is_known_apart: bool
    candidate: Candidate


@dataclass(slots=True)
class Finder:
    """Remembers the rows it has seen; rows are asked about in the order of the file."""

    staging: Staging
    options: Options
    _targets: dict[int, Target] = field(default_factory=dict)
    _by_digest: dict[bytes, int] = field(default_factory=dict)
    _by_number: dict[str, list[int]] = field(default_factory=dict)
    _by_mail: dict[str, list[int]] = field(default_factory=dict)
    _references: dict[Target, str] = field(default_factory=dict)

    def find(
        self,
        staged: StagedRow,
        known: Known,
        here: Mapping[UUID, Snapshot],
        similar: Sequence[Candidate],
    ) -> Found:
        """Return whose a row is.

        Args:
            staged: a row that can come in.
            known: the answers for its batch.
            here: the customers that the answers name.
            similar: customers that the row may be, the best first.
        """
        row, match = staged.row, self.options.match
        target = self._exactly(row, known)
        if target is None and MatchKey.CVR in match and row.values.get("cvr"):
            target = self._by_cvr(row, known, here)
        if target is None and MatchKey.EMAIL in match and row.values.get("email"):
            target = self._by_email(row, known, here)
        if target is None and MatchKey.DUPLICATES in match:
            return self._alike(staged, here, similar)
        return Found(target)

    def remember(self, staged: StagedRow, target: Target) -> None:
        """Note whose a row was found to be, for the rows that follow."""
        values = staged.row.values
        self._targets[staged.index] = target
        self._by_digest.setdefault(staged.row.digest, staged.index)
        if staged.row.external_ref is not None:
            self._references.setdefault(target, staged.row.external_ref)
        if values.get("cvr"):
            self._by_number.setdefault(values["cvr"], []).append(staged.index)
        if values.get("email"):
            self._by_mail.setdefault(values["email"].casefold(), []).append(staged.index)

    def target_of(self, index: int) -> Target | None:
        """Return whose an earlier row was."""
        return self._targets.get(index)

    def _exactly(self, row: ReadRow, known: Known) -> Target | None:
        """Return the target of a row's reference, or of the same row seen before."""
        if row.external_ref is not None:
            target = known.by_reference.get(row.external_ref)
            if target is not None:
                return target
        if row.digest in known.by_digest:
            return known.by_digest[row.digest]
        earlier = self._by_digest.get(row.digest)
        return None if earlier is None else self._targets[earlier]

    def _by_cvr(self, row: ReadRow, known: Known, here: Mapping[UUID, Snapshot]) -> Target | None:
        number, ean = row.values["cvr"], row.values.get("ean")
        alike = [
            like
            for like in [
                *_likes(row, here, known.by_number.get(number, ())),
                *self._rows(self._by_number.get(number, ())),
            ]
            if like.ean == ean and not self._is_of_another_row(row, like.target)
        ]
        name = row.values.get("name")
        certain = self.options.explicit_match or ean is not None
        return _only(
            like
            for like in alike
            if certain
            or name is None
            or like.name_is_provisional
            or matching.same_name(like.name, name)
        )

    def _by_email(self, row: ReadRow, known: Known, here: Mapping[UUID, Snapshot]) -> Target | None:
        mail, name, number = row.values["email"], row.values.get("name"), row.values.get("cvr")
        alike = [
            *_likes(row, here, known.by_mail.get(mail, ())),
            *self._rows(self._by_mail.get(mail.casefold(), ())),
        ]
        return _only(
            like
            for like in alike
            if (number is None or like.number is None or number == like.number)
            and not self._is_of_another_row(row, like.target)
            and (
                self.options.explicit_match
                or (
                    name is not None
                    and not like.is_known_apart
                    and matching.same_name(like.name, name)
                )
            )
        )

    def _alike(
        self, staged: StagedRow, here: Mapping[UUID, Snapshot], similar: Sequence[Candidate]
    ) -> Found:
        found = [
            _Alike(
                candidate.record_id, here[candidate.record_id].name,
                _is_person(here[candidate.record_id].values),
                self._is_of_another_row(staged.row, candidate.record_id)
                or _has_another_reference(staged.row, here[candidate.record_id]), candidate,
            )
            for candidate in similar
            if candidate.record_id in here
        ]  # fmt: skip
        found += self._alike_rows(staged)
        found.sort(key=lambda each: -each.candidate.score)
        judged = _judge(staged.row, found)
        for target, judgement in judged.items():
            if judgement.is_sure and not self._is_of_another_row(staged.row, target):
                return Found(target)
        number, ean = staged.row.values.get("cvr"), staged.row.values.get("ean")
        for each in found:
            same_number = any(e.field == "cvr" and e.weight > 0 for e in each.candidate.evidence)
            if (
                each.candidate.score >= FORBID
                and number
                and same_number
                and not (ean or each.is_known_apart)
            ):
                return Found(refusal=self._same_number(staged.row, each))
        return Found(notes=[_may_be(each, judged[each.target], self.staging) for each in found[:1]])

    def _alike_rows(self, staged: StagedRow) -> list[_Alike]:
        if staged.prepared is None:
            return []
        known = Frequencies(Customer.entity(), self.staging.sizes)
        found: list[_Alike] = []
        for index in self.staging.met(staged.index):
            target = self._targets.get(index)
            earlier = self.staging.row(index)
            if target is None or earlier.prepared is None:
                continue
            facts = earlier.prepared.facts
            scored = compare_if(staged.prepared.facts, facts, known, FORBID)
            if scored is not None:
                candidate = Candidate(_ROW_HAS_NO_ID, scored.score, scored.evidence)
                values = earlier.row.values
                name = str(values.get("name", ""))
                is_apart = self._is_of_another_row(staged.row, target)
                found.append(_Alike(target, name, _is_person(values), is_apart, candidate))
        return found

    def _rows(self, indexes: Iterable[int]) -> list[_Like]:
        found = []
        for index in indexes:
            values = self.staging.row(index).row.values
            found.append(
                _Like(
                    self._targets[index], values.get("name", ""), values.get("cvr"),
                    values.get("ean"), is_known_apart=False,
                    name_is_provisional="name" not in values,
                )
            )  # fmt: skip
        return found

    def _same_number(self, row: ReadRow, other: _Alike) -> Reason:
        return {
            "pointer": "/cvr", "code": "same_number",
            "message": _TELL_APART if row.external_ref is None else _REFER_TO_OTHER,
            "params": _named(other.name, other.target, self.staging),
        }  # fmt: skip

    def _is_of_another_row(self, row: ReadRow, target: Target) -> bool:
        """Say whether an earlier row with another reference than a row's is a target already."""
        return row.external_ref is not None and self._references.get(target) not in {
            None, row.external_ref,
        }  # fmt: skip


def _likes(
    row: ReadRow, here: Mapping[UUID, Snapshot], customer_ids: Iterable[UUID]
) -> list[_Like]:
    return [
        _Like(
            customer_id, here[customer_id].name, here[customer_id].values["cvr"],
            here[customer_id].values["ean"], _has_another_reference(row, here[customer_id]),
            here[customer_id].name_is_provisional,
        )
        for customer_id in customer_ids
        if customer_id in here
    ]  # fmt: skip


def _judge(row: ReadRow, found: Iterable[_Alike]) -> dict[Target, Judgement]:
    """Return of those that are like a row whether it is surely one of them, in their order."""
    by_target: dict[Target, list[_Alike]] = {}
    for each in found:
        by_target.setdefault(each.target, []).append(each)
    return {
        target: matching.judge(
            [each.candidate for each in some],
            of_companies=not (_is_person(row.values) or any(each.is_person for each in some)),
            known_apart=any(each.is_known_apart for each in some),
        )
        for target, some in by_target.items()
    }


def _is_person(values: Mapping[str, Any]) -> bool:
    return values.get("kind") == CustomerKind.PERSON


def _has_another_reference(row: ReadRow, customer: Snapshot) -> bool:
    return row.external_ref is not None and customer.values["external_ref"] not in {
        None, row.external_ref,
    }  # fmt: skip


def _only(likes: Iterable[_Like]) -> Target | None:
    """Return the one target of all; None where there is none, or where there are several."""
    targets = {like.target for like in likes}
    return targets.pop() if len(targets) == 1 else None


_TELL_APART = N_(
    "{other} has this CVR number too: an EAN, or a reference of its own, must tell the two apart."
)
_REFER_TO_OTHER = N_(
    "{other} has this CVR number too, and no reference: give it its own where they are two, or"
    " choose match=cvr where they are one."
)
_MAY_BE: Mapping[frozenset[str], str] = {
    frozenset(): N_("It may be the same customer as {other}."),
    frozenset({"email"}): N_(
        "It may be the same customer as {other}, but the mail addresses differ: a new one until"
        " somebody merges the two."
    ),
    frozenset({"phone"}): N_(
        "It may be the same customer as {other}, but the telephone numbers differ: a new one until"
        " somebody merges the two."
    ),
    frozenset({"email", "phone"}): N_(
        "It may be the same customer as {other}, but mail addresses and telephone numbers differ: a"
        " new one until somebody merges the two."
    ),
}
"""By the fields that keep them apart."""


_HAS_ITS_OWN = N_(
    "It may be the same customer as {other}, but has a reference of its own: a new one until"
    " somebody merges the two."
)


def _may_be(each: _Alike, judgement: Judgement, staging: Staging) -> Reason:
    against = sorted({item.field for item in judgement.against})
    message = _MAY_BE[frozenset(against)]
    if each.is_known_apart and not against:
        against, message = ["external_ref"], _HAS_ITS_OWN
    return {
        "pointer": f"/{against[0]}" if against else "", "code": "may_be_same",
        "message": message,
        "params": _named(each.name, each.target, staging),
    }  # fmt: skip


def _named(name: str, target: Target, staging: Staging) -> dict[str, str]:
    if isinstance(target, UUID):
        return {"other": name, "customer_id": str(target)}
    return {"other": name, "row": str(staging.row(target).row.number)}
