"""The account PostgreSQL runs under: it refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OperationError

_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine that a child is started under instead of root."""

    name: str
    user_id: int
    group_id: int


def store_account(data: Path) -> Account | None:
    """Return the account for a server whose files are, or will be, at `data`; None: our own.

    The owner of existing files stays: an account that appears on the machine later must not lock
    the server out of them.

    Raises:
        OperationError: our own account has no name, or no unprivileged account exists.
    """
    user_id = os.geteuid()
    if user_id != 0:
        try:
            pwd.getpwuid(user_id)
        except KeyError:
            raise OperationError(
                f"This process runs as user id {user_id}, which has no name on this machine, and "
                "PostgreSQL does not start without one. Add the user to /etc/passwd, or set "
                "HUB_DATABASE_URL to an external PostgreSQL 18."
            ) from None
        return None
    owner = _owner(data)
    if owner is not None:
        return owner
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise OperationError(
        "PostgreSQL does not run as root and this machine has neither an account 'postgres' nor "
        "'nobody'. Start Hub as another user, or set HUB_DATABASE_URL."
    )


def can_reach(path: Path, account: Account | None) -> bool:
    """Tell whether `account` may walk to `path` through all its ancestors."""
    if account is None:
        return True
    return all(_may_enter(ancestor, account) for ancestor in path.absolute().parents)


def _owner(data: Path) -> Account | None:
    try:
        status = data.stat()
    except FileNotFoundError:
        return None
    if status.st_uid == 0:
        return None
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        raise OperationError(
            f"{data} belongs to user id {status.st_uid}, which has no name on this machine. "
            "Change its owner, or add the user to /etc/passwd."
        ) from None
    return Account(name, status.st_uid, status.st_gid)


def _may_enter(directory: Path, account: Account) -> bool:
    try:
        status = directory.stat()
    except FileNotFoundError:
        return True  # whoever makes it lets the account in
    if status.st_uid == account.user_id:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.group_id:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
