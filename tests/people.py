"""Users and customers for tests that need some."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.roles import Role
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.origin import ActorKind, Origin

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def make_user(
    session: Session,
    email: str = "aase@nordlys.example",
    *,
    name: str = "Åse Holm",
    role: str = Role.REPRESENTATIVE,
    locale: str | None = "da",
    zone: str | None = None,
    active: bool = True,
) -> User:
    user = User(email=email, name=name, roles=[role], locale=locale, zone=zone, active=active)
    session.add(user)
    session.flush()
    return user


def make_customer(session: Session, name: str = "Havn ApS", **fields: object) -> Customer:
    return customers.create(
        session, {"name": name, "phone": "+4533121212", **fields}, now=NOW, check_duplicates=False
    )


def acting(user: User) -> Origin:
    return Origin(ActorKind.USER, user.id, user.id)
