"""A workflow as a picture (C19): where its states stand, and the picture as SVG 1.1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from hub.workflow.definition import Definition, State
from hub.workflow.models import StateKind

WIDTH, HEIGHT = 170, 44  # of a state
_ACROSS, _DOWN = 230, 150  # from one state to the next
_MARGIN = 30
_BEND = 26
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
    ' height="{height}" role="img" font-family="system-ui, sans-serif" font-size="13">'
)
_ARROWHEAD = (
    '<defs><marker id="end" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"'
    ' markerHeight="7" orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#64748b"/>'
    "</marker></defs>"
)
_COLOURS = {
    StateKind.NEW: "#2563eb",
    StateKind.WORKING: "#475569",
    StateKind.WON: "#15803d",
    StateKind.LOST: "#b91c1c",
    StateKind.PARKED: "#a16207",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A state and where its upper left corner stands."""

    state: State
    x: int
    y: int


def arrange(definition: Definition) -> Sequence[Node]:
    """Return the states with their places: what goes on in a row, what is over beneath it."""
    rows = (
        [each for each in definition.states if each.kind in {StateKind.NEW, StateKind.WORKING}],
        [each for each in definition.states if each.kind not in {StateKind.NEW, StateKind.WORKING}],
    )
    widest = max(len(row) for row in rows)
    return [
        Node(
            state,
            _MARGIN + place * _ACROSS + (widest - len(row)) * _ACROSS // 2,
            _MARGIN + number * _DOWN,
        )
        for number, row in enumerate(rows)
        for place, state in enumerate(row)
    ]


@dataclass(frozen=True, slots=True)
class Words:
    """What the picture says to whoever looks at it.

    `labels` are the states' names; what is done on coming to a state, or on going a way, stands
    where a pointer rests on it, and the number of it beside it.
    """

    labels: Mapping[str, str]
    of_states: Mapping[str, Sequence[str]] = field(default_factory=dict)
    of_ways: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)


def draw(definition: Definition, title: str, words: Words) -> str:
    """Return the picture as SVG."""
    nodes = arrange(definition)
    places = {node.state.key: node for node in nodes}
    width = max(node.x for node in nodes) + WIDTH + _MARGIN
    height = max(node.y for node in nodes) + HEIGHT + _MARGIN
    ways = [
        _way(
            places[way.origin],
            places[way.target],
            words.of_ways.get((way.origin, way.target), ()),
        )
        for way in definition.transitions
    ]
    boxes = [
        _box(node, words.labels[node.state.key], words.of_states.get(node.state.key, ()))
        for node in nodes
    ]
    return "\n".join(
        [
            _HEAD.format(width=width, height=height),
            f"<title>{escape(title)}</title>",
            _ARROWHEAD,
            *ways,
            *boxes,
            "</svg>",
            "",
        ]
    )


def _box(node: Node, label: str, done: Sequence[str]) -> str:
    colour = _COLOURS[node.state.kind]
    middle_x, middle_y = node.x + WIDTH // 2, node.y + HEIGHT // 2
    return (
        f"<g id={quoteattr('state-' + node.state.key)}>{_hint(done)}"
        f'<rect x="{node.x}" y="{node.y}" width="{WIDTH}" height="{HEIGHT}" rx="8"'
        f' fill="white" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{middle_x}" y="{middle_y}" fill="{colour}" text-anchor="middle"'
        f' dominant-baseline="central">{escape(label)}</text>'
        f"{_badge(node.x + WIDTH - 4, node.y + 4, done)}</g>"
    )


def _hint(done: Sequence[str]) -> str:
    """Return what stands where a pointer rests, and what a screen reader says."""
    return f"<title>{escape(chr(10).join(done))}</title>" if done else ""


def _badge(x: int, y: int, done: Sequence[str]) -> str:
    """Return a mark of how much is done there."""
    if not done:
        return ""
    return (
        f'<circle cx="{x}" cy="{y}" r="9" fill="#64748b"/>'
        f'<text x="{x}" y="{y}" fill="white" font-size="11" text-anchor="middle"'
        f' dominant-baseline="central">{len(done)}</text>'
    )


def _way(origin: Node, target: Node, done: Sequence[str]) -> str:
    """Return the arrow; there and back bend to different sides, so that both can be told."""
    bend = _along_the_row if origin.y == target.y else _between_rows
    curve = bend(origin, target)
    path = f'<path d="{curve}" fill="none" stroke="#64748b" marker-end="url(#end)"/>'
    if not done:
        return path
    return f"<g>{_hint(done)}{path}{_badge(*curve.middle, done)}</g>"


@dataclass(frozen=True, slots=True)
class _Curve:
    """A cubic Bézier curve: where it starts, what draws it to either end, where it ends."""

    start: tuple[int, int]
    first: tuple[int, int]
    second: tuple[int, int]
    end: tuple[int, int]

    def __str__(self) -> str:
        """Return it as a path of SVG."""
        points = (self.start, self.first, self.second, self.end)
        start, *rest = (f"{x} {y}" for x, y in points)
        return f"M{start} C{' '.join(rest)}"

    @property
    def middle(self) -> tuple[int, int]:
        """The point half way along it."""
        points = (self.start, self.first, self.second, self.end)
        x, y = (
            sum(weight * each[axis] for weight, each in zip((1, 3, 3, 1), points, strict=True)) // 8
            for axis in (0, 1)
        )
        return x, y


def _along_the_row(origin: Node, target: Node) -> _Curve:
    forward = target.x > origin.x
    steps = abs(target.x - origin.x) // _ACROSS
    y = origin.y if forward else origin.y + HEIGHT
    bend = y + (-_BEND if forward else _BEND) * max(1, min(steps, 2))
    aside = WIDTH // 8 if forward else -WIDTH // 8
    start, end = origin.x + WIDTH // 2 + aside, target.x + WIDTH // 2 - aside
    return _Curve((start, y), (start, bend), (end, bend), (end, y))


def _between_rows(origin: Node, target: Node) -> _Curve:
    down = target.y > origin.y
    start_y, end_y = (origin.y + HEIGHT, target.y) if down else (origin.y, target.y + HEIGHT)
    aside = WIDTH // 5 if down else -WIDTH // 5
    start, end = origin.x + WIDTH // 2 + aside, target.x + WIDTH // 2 + aside
    half = (start_y + end_y) // 2
    return _Curve((start, start_y), (start, half), (end, half), (end, end_y))
