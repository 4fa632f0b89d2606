"""A small entity of the tests' own, with one field of each kind, in the real database."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, MetaData, Text, cast, exists, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from hub.db import Base, EnumText, new_id
from hub.listing import (
    Bucket,
    Choice,
    Field,
    Kind,
    Listing,
    Operator,
    Reader,
    Searchable,
    SearchSpec,
    search_document,
    search_index,
)

ANNA = UUID("0197a000-0000-7000-8000-00000000000a")
BENT = UUID("0197a000-0000-7000-8000-00000000000b")
NOW = datetime(2026, 8, 20, 22, 30, tzinfo=UTC)  # in Copenhagen it is Friday the 21st already


class Stage(StrEnum):
    NEW = "new"
    WON = "won"
    LOST = "lost"


class Table(Base):
    """Keeps the tests' tables apart from the schema."""

    __abstract__ = True
    metadata = MetaData()


class Company(Searchable, Table):
    __tablename__ = "company"

    name: Mapped[str]
    number: Mapped[str | None] = mapped_column(unique=True)
    stage: Mapped[Stage] = mapped_column(EnumText(Stage), default=Stage.NEW)
    employees: Mapped[int | None]
    amount: Mapped[Decimal | None]
    due_on: Mapped[date | None]
    noted_at: Mapped[datetime | None]
    is_active: Mapped[bool | None]
    owner_id: Mapped[UUID | None]
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    secret: Mapped[str | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        search_index("company"),
        Index(None, "name", "id"),
        Index(None, "employees", "id"),
        Index(None, "noted_at", "id"),
        Index("ix_company_lower_name", text("lower(name) text_pattern_ops")),
    )


class Remark(Table):
    __tablename__ = "remark"

    company_id: Mapped[UUID]
    at: Mapped[datetime]
    kind: Mapped[str]


def _any_remark(condition: Any) -> Any:
    return exists().where(Remark.company_id == Company.id, condition)


_newest_remark = (
    select(func.max(Remark.at)).where(Remark.company_id == Company.id).scalar_subquery()
)

COMPANIES = Listing(
    name="companies",
    model=Company,
    fields=(
        Field("name", Company.name, label="Name", sortable=True, search_text=Company.search_text),
        Field("number", Company.number, label="Number"),
        Field(
            "stage",
            Company.stage,
            label="Stage",
            kind=Kind.ENUM,
            choices=(Choice("new", "New"), Choice("won", "Won"), Choice("lost", "Lost")),
            facet=True,
        ),
        Field(
            "employees",
            Company.employees,
            label="Employees",
            kind=Kind.INTEGER,
            sortable=True,
            facet=True,
        ),
        Field("amount", Company.amount, label="Amount", kind=Kind.MONEY, sortable=True),
        Field(
            "due_on",
            Company.due_on,
            label="Due",
            kind=Kind.DATE,
            sortable=True,
            facet=True,
            buckets=(
                Bucket("overdue", "Overdue", {"lt": "today"}),
                Bucket("this_week", "This week", {"gte": "today", "lt": "week+1w"}),
                Bucket("later", "Later", {"gte": "week+1w"}),
            ),
        ),
        Field("noted_at", Company.noted_at, label="Noted", kind=Kind.DATETIME, sortable=True),
        Field("is_active", Company.is_active, label="Active", kind=Kind.BOOLEAN, facet=True),
        Field(
            "owner",
            Company.owner_id,
            label="Owner",
            kind=Kind.USER,
            facet=True,
            caption=func.upper(func.right(cast(Company.owner_id, Text), 1)),
        ),
        Field("tags", Company.tags, label="Tags", kind=Kind.TAGS, facet=True),
        Field(
            "secret", Company.secret, label="Secret", sortable=True, permission_class="sensitive"
        ),
        Field("remark.at", Remark.at, label="Remark", kind=Kind.DATETIME, through=_any_remark),
        Field("remark.kind", Remark.kind, label="Remark kind", through=_any_remark),
        Field(
            "newest_remark_at",
            _newest_remark,
            label="Newest remark",
            kind=Kind.DATETIME,
            shown=False,
        ),
        Field(
            "letters",
            None,
            label="Letters",
            kind=Kind.INTEGER,
            operators=(Operator.EQ,),
            condition=lambda _, value: func.length(Company.name) == value,
        ),
    ),
    default_sort=("name",),
    search=SearchSpec(text=Company.search_text, number=Company.number),
)

READER = Reader(now=NOW, zone="Europe/Copenhagen", user_id=ANNA)


def make_company(session: Session, name: str, *found_by: str, **values: Any) -> Company:
    company = Company(
        id=values.pop("id", None) or new_id(),
        name=name,
        search_text=search_document(name, [values.get("number"), *found_by]),
        **values,
    )
    session.add(company)
    session.flush()
    return company


def make_companies(session: Session, rows: Iterable[dict[str, Any]]) -> list[Company]:
    return [make_company(session, **row) for row in rows]
