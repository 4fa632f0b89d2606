"""What asks for attention about a record, as its reader is told."""

from collections.abc import Iterable
from typing import Any

from api.calls import Call
from api.schemas.signals import SignalView
from hub import signals
from hub.i18n import translate
from hub.signals import Signal, SignalTable


def signal_views(
    call: Call[Any, Any], tables: Iterable[SignalTable], record: Any
) -> dict[str, SignalView | None]:
    """Return the signals of a record by table, in the caller's words; asked once for a page."""
    if not call.shown or type(record) is not type(call.shown[0]):
        found = signals.read(call.session, call.reader, tables, [record.id])
    else:
        known = call.session.info.setdefault("signals", {})
        if record.id not in known:
            ids = [each.id for each in call.shown]
            known |= signals.read(call.session, call.reader, tables, ids)
        found = known
    return {name: _view(call, signal) for name, signal in found[record.id].items()}


def _view(call: Call[Any, Any], signal: Signal | None) -> SignalView | None:
    if signal is None:
        return None
    rule = signal.rule
    return SignalView(
        key=rule.key,
        colour=rule.colour,
        paints=rule.paints,
        icon=rule.icon,
        reason=translate(call.language, rule.reason),
        since=signal.since,
    )
