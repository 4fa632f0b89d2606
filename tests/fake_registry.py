"""A registry without a server, that keeps the port's contract (test_company_registry.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.registries import check_number
from hub.errors import ConnectorError
from hub.ports import CompanyChanges, CompanyRecord


@dataclass(slots=True)
class FakeRegistry:
    """Knows the companies in `companies`, by number; keeps what it was asked in `calls`.

    `failure` is raised by every call that would leave the house, until it is taken away.
    `has_changes` false makes it a registry without a change feed.
    """

    companies: dict[str, CompanyRecord] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    failure: ConnectorError | None = None
    has_changes: bool = True

    def put(self, company: CompanyRecord) -> None:
        """Add or replace a company; the change feed tells of it."""
        self.companies[company.registration_number] = company
        self.changed.append(company.registration_number)

    def find(self, number: str) -> CompanyRecord | None:
        """See `hub.ports.CompanyRegistry.find`."""
        check_number("fake", number, "DK")
        self._call("find", number)
        return self.companies.get(number)

    def search(self, name: str, limit: int) -> Sequence[CompanyRecord]:
        """See `hub.ports.CompanyRegistry.search`."""
        words = name.casefold().split()
        if not words or limit < 1:
            return []
        self._call("search", name)
        found = [
            company
            for company in self.companies.values()
            if all(word in company.name.casefold() for word in words)
        ]
        return found[:limit]

    def changes(self, cursor: Mapping[str, Any] | None, limit: int) -> CompanyChanges:
        """See `hub.ports.CompanyRegistry.changes`."""
        if not self.has_changes:
            raise NotImplementedError
        self._call("changes", "")
        start = len(self.changed) if cursor is None else cursor["position"]
        page = self.changed[start : start + limit]
        numbers = tuple(dict.fromkeys(page))
        return CompanyChanges(numbers, {"position": start + len(page)}, complete=not page)

    def _call(self, kind: str, value: str) -> None:
        self.calls.append((kind, value))
        if self.failure is not None:
            raise self.failure
