"""Custom values in plans stand beside the others, each by its name; in records they lie in one."""

from collections.abc import Mapping
from typing import Any

from hub.custom_fields.models import COLUMN, PREFIX


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as a record takes them: custom ones together, by their keys."""
    custom = {
        name.removeprefix(PREFIX): value
        for name, value in values.items()
        if name.startswith(PREFIX)
    }
    others = {name: value for name, value in values.items() if not name.startswith(PREFIX)}
    return {**others, COLUMN: custom} if custom else others


def spread(custom: Mapping[str, Any]) -> dict[str, Any]:
    """Return custom values each by its name."""
    return {f"{PREFIX}{key}": value for key, value in custom.items()}
