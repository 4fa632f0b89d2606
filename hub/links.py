"""Addresses under which people reach Hub: what a mail links to."""

from uuid import UUID

from hub.settings import get_settings


def absolute(path: str) -> str:
    """Return the address of a path, such as ``/api/v1/problems``, as people reach it."""
    settings = get_settings()
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    return base.rstrip("/") + path


def ticket_path(secret: str) -> str:
    """Return the path of the page on which a ticket is used."""
    return f"/tickets/{secret}"


def record_path(collection: str, identifier: UUID) -> str:
    """Return the path of a record; the pages for people will take its place here."""
    return f"/api/v1/{collection}/{identifier}"
