"""Addresses under which people reach Hub: what a mail links to."""

from uuid import UUID

from hub.settings import get_settings

API = "/api/v1/"
PAGES = "/go/"
"""Where a person is told how to come to what lies under `API`: a browser has no token."""


def base() -> str:
    """Return the address of this installation as people reach it, without a slash at its end."""
    settings = get_settings()
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")


def absolute(path: str) -> str:
    """Return the address under which a person opens a path, such as ``/api/v1/problems``."""
    return base() + (PAGES + path.removeprefix(API) if path.startswith(API) else path)


def ticket_path(secret: str) -> str:
    """Return the path of the page on which a ticket is used."""
    return f"/tickets/{secret}"


def collection_path(collection: str) -> str:
    """Return the path of a collection, where a record of it is made."""
    return f"{API}{collection}"


def record_path(collection: str, identifier: UUID) -> str:
    """Return the path of a record; the pages for people will take its place here."""
    return f"{API}{collection}/{identifier}"
