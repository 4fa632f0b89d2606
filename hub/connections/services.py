"""What may be done with connections."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from hub.access.people import get_active_user
from hub.connections import credentials, declarations, holding
from hub.connections.models import ENTITY, LIVE, USABLE, Connection, ConnectionState
from hub.errors import ConflictError, NotFoundError, StaleVersionError, ValidationError
from hub.history.recording import origin_of
from hub.i18n import N_
from hub.ledger.models import Schedule
from hub.ports import FieldType
from hub.remembering import Remembered


def create(
    session: Session,
    *,
    name: str,
    connector: str,
    settings: Mapping[str, Any],
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the field's own name
    numbering_owner: bool = False,
    outgoing_held: bool | None = None,
) -> Connection:
    """Set a connection up; it is new until a test succeeds.

    A first connection to an accounting system starts with outgoing changes held, until its first
    plan was looked at, unless `outgoing_held` says otherwise.

    Raises:
        NotFoundError: no such connector.
        ValidationError: a setting is unknown or of a wrong type.
        ConflictError: the name is taken, or another connection owns the numbers.
    """
    declared = declarations.get(session, connector)
    values, secrets = declarations.split_settings(declared, settings)
    _refuse_taken_name(session, name, None)
    if numbering_owner:
        _refuse_second_numbering_owner(session, None)
    connection = Connection(
        name=name,
        connector=connector,
        kind=declared["kind"],
        settings=values,
        filter=dict(filter or {}),
        numbering_owner=numbering_owner,
        outgoing_held=declared["kind"] == "accounting" if outgoing_held is None else outgoing_held,
        owner_user_id=origin_of(session).user_id,
    )
    session.add(connection)
    session.flush()
    if secrets:
        credentials.store_secrets(connection, secrets)
    return connection


def update(session: Session, connection: Connection, changes: Mapping[str, Any]) -> Connection:
    """Change name, filter, settings (merged by name; a secret left out stays), flags and owner.

    With other settings calls are made again at once, whatever the last ones were told.

    Raises:
        ValidationError: a setting is unknown or of a wrong type, or the owner is no active user.
        ConflictError: the name is taken, or another connection owns the numbers.
    """
    changes = dict(changes)
    given = changes.pop("settings", None)
    if given is not None:
        declared = declarations.get(session, connection.connector)
        values, secrets = declarations.split_settings(declared, given)
        _refuse_secrets_elsewhere(connection, declared, values, secrets)
        connection.settings = {**connection.settings, **values}
        if secrets:
            credentials.store_secrets(
                connection, {**credentials.usable_secrets(connection), **secrets}
            )
    if "name" in changes:
        _refuse_taken_name(session, changes["name"], connection.id)
    if changes.get("numbering_owner"):
        _refuse_second_numbering_owner(session, connection.id)
    if "owner_user_id" in changes:
        _hand_over(session, connection, changes["owner_user_id"])
    released = connection.outgoing_held and changes.get("outgoing_held") is False
    for field, value in changes.items():
        setattr(connection, field, value)
    session.flush()
    if given is not None:
        holding.try_again(session, connection.id)
    if released:
        holding.release(session, connection)
    return connection


def get(session: Session, connection_id: UUID, *, lock: bool = False) -> Connection:
    """Return a connection.

    Raises:
        NotFoundError: there is none.
    """
    statement = select(Connection).where(
        Connection.id == connection_id, Connection.deleted_at.is_(None)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    found = session.scalars(statement.execution_options(populate_existing=lock)).one_or_none()
    if found is None:
        raise NotFoundError(ENTITY, connection_id)
    return found


def get_for_change(session: Session, connection_id: UUID, expected_version: int) -> Connection:
    """Return a connection, locked, if it still is as the caller saw it.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it was changed meanwhile.
    """
    connection = get(session, connection_id, lock=True)
    if connection.version != expected_version:
        raise StaleVersionError(ENTITY, connection.id, connection.version)
    return connection


def active_of_kind(session: Session, kind: str, *, live: bool = False) -> list[Connection]:
    """Return the connections of a kind that are in use, oldest first.

    Args:
        session: the caller's.
        kind: registry, accounting, mail, shop or mailbox.
        live: True also returns the paused and revoked ones, whose changes are collected.
    """
    if not has_kind(session, kind):  # every change of a customer asks for two of them
        return []
    return list(session.scalars(_LIVE if live else _USABLE, {"kind": kind}))


def has_kind(session: Session, kind: str) -> bool:
    """Say whether there is a connection of a kind, in whatever state; it is remembered."""
    return kind in _KINDS.current(session)


def _read_kinds(session: Session) -> frozenset[str]:
    living = select(Connection.kind).where(Connection.deleted_at.is_(None))
    return frozenset(session.scalars(living))


_KINDS = Remembered(_read_kinds, Connection)


def _of_kind(states: Collection[ConnectionState]) -> Select[Connection]:
    return (
        select(Connection)
        .where(
            Connection.kind == bindparam("kind"),
            Connection.state.in_(states),
            Connection.deleted_at.is_(None),
        )
        .order_by(Connection.id)
    )


_ADDRESSES = frozenset({FieldType.URL, FieldType.HOST})

# Every change of a customer asks this: the statements are built once.
_LIVE, _USABLE = _of_kind(LIVE), _of_kind(USABLE)


def _refuse_secrets_elsewhere(
    connection: Connection,
    declared: Mapping[str, Any],
    values: Mapping[str, Any],
    secrets: Mapping[str, str],
) -> None:
    """Refuse to send stored secrets to another address than the one they were given for."""
    addresses = {f["name"] for f in declared["settings"] if f["type"] in _ADDRESSES}
    moved = [
        name
        for name in sorted(addresses & set(values))
        if connection.settings.get(name) not in {None, values[name]}
    ]
    kept = set(credentials.usable_secrets(connection)) - set(secrets)
    if moved and kept:
        raise ValidationError.of(
            f"/settings/{min(kept)}",
            "required",
            N_("Give it again: it is not sent to another address than the one it was given for."),
        )


def _hand_over(session: Session, connection: Connection, owner_id: UUID) -> None:
    """Let a connection's pulls be its new owner's, who then sees what they did.

    Raises:
        ValidationError: there is no such user, or he is not active.
    """
    get_active_user(session, owner_id, pointer="/owner_user_id")
    for pulling in session.scalars(
        select(Schedule).where(Schedule.args == {"connection_id": str(connection.id)})
    ):
        pulling.owner_user_id = owner_id


def _refuse_taken_name(session: Session, name: str, own_id: UUID | None) -> None:
    other = session.scalar(
        select(Connection.id).where(Connection.name == name, Connection.deleted_at.is_(None))
    )
    if other is not None and other != own_id:
        raise ConflictError(
            "taken",
            N_("Another connection is called {name} already."),
            details={"existing_id": str(other), "pointer": "/name"},
            name=name,
        )


def _refuse_second_numbering_owner(session: Session, own_id: UUID | None) -> None:
    other = session.scalar(
        select(Connection.id).where(Connection.numbering_owner, Connection.deleted_at.is_(None))
    )
    if other is not None and other != own_id:
        raise ConflictError(
            "numbering_owned",
            N_("Another connection gives the customers their numbers already."),
            details={"existing_id": str(other), "pointer": "/numbering_owner"},
        )
