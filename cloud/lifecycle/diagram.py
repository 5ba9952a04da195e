"""The state diagram of the lifecycle, drawn from the engine itself: its table, and the moves that it really makes.

`explore` feeds sample events to the real `merge` and `stage_of` in every order that leads anywhere new, and collects
the moves. So the picture cannot say what the code does not do. Pure; whoever wants a file writes one.
"""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from broker.contract.messages import Json
from broker.contract.stages import Stage
from cloud.lifecycle.facts import NOTHING, Facts, encode_facts
from cloud.lifecycle.rules import LINES, merge, moves
from cloud.record.events import Event, EventType, Source
from cloud.registry.profiles import InstallStep, Profile, Sign, Thresholds

_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PROFILE: Final = Profile(
    name="diagram",
    states={},
    steps=(InstallStep(id="all", witness="device", witnessed_by=(Sign(event="all"),)),),
    thresholds=Thresholds(parcel_late_grace_h=0, install_stuck_h=1, fault_unattended_min=1, silent_h=1),
)
"""One step stands for the whole checklist."""


class Edge(NamedTuple):
    """A move that the engine makes, and the labels of the events that make it."""

    source: Stage
    target: Stage
    labels: tuple[str, ...]


def explore() -> tuple[Edge, ...]:
    """Every move that the samples can bring about, by stage."""
    found: defaultdict[tuple[Stage, Stage], set[str]] = defaultdict(set)
    seen, waiting = {encode_facts(NOTHING)}, [NOTHING]
    while waiting:
        before = waiting.pop()
        for label, event in SAMPLES:
            after = merge(before, event, _PROFILE)
            if after == before:
                continue
            move = moves(before, after, event, _PROFILE)
            if move is not None:
                found[move.from_stage, move.to_stage].add(label)
            _remember(after, seen, waiting)
    spine = list(Stage)
    ordered = sorted(found, key=lambda edge: (spine.index(edge[0]), spine.index(edge[1])))
    return tuple(Edge(source, target, tuple(sorted(found[source, target]))) for source, target in ordered)


def svg(edges: tuple[Edge, ...]) -> str:
    """The diagram as an SVG document: the spine from left to right, moves forward above it, falls back below."""
    inner = [edge for edge in edges if edge.target is not Stage.CLOSED]
    closing = sorted({label for edge in edges if edge.target is Stage.CLOSED for label in edge.labels})
    parts = [_HEAD, *(_arc(edge) for edge in inner), *(_box(stage) for stage in Stage), _note(closing), "</svg>"]
    return "\n".join(parts) + "\n"


def table(edges: tuple[Edge, ...]) -> str:
    """The moves as a Markdown table, for the page that shows the picture."""
    rows = [f"| {edge.source} | {edge.target} | {', '.join(edge.labels)} |" for edge in edges]
    return "\n".join(["| from | to | by |", "|---|---|---|", *rows]) + "\n"


def lines_table() -> str:
    """The lines of `stage_of` as a Markdown table."""
    rows = [f"| {line.number} | {line.name} | {line.says} | {line.stage} |" for line in LINES]
    return "\n".join(["| line | name | holds when | stage |", "|---|---|---|---|", *rows]) + "\n"


def redrawn(page: str, edges: tuple[Edge, ...]) -> str:
    """The page with its two tables as they are now; each is found by its first line and ends at an empty one."""
    for new in (lines_table(), table(edges)):
        head = new.partition("\n")[0]
        before, found, rest = page.partition(head)
        _, _, after = rest.partition("\n\n")
        page = f"{before}{new}\n{after}" if found else page
    return page


def _remember(facts: Facts, seen: set[bytes], waiting: list[Facts]) -> None:
    name = encode_facts(facts)
    if name not in seen:
        seen.add(name)
        waiting.append(facts)


def _sample(label: str, kind: EventType, /, **data: Json) -> tuple[str, Event]:
    return label, Event(id=label, type=kind, at=_AT, source=Source.CLOUD, data=data)


def _parcel(status: str, day: int) -> dict[str, Json]:
    return {"tracking_code": "p", "carrier": "c", "status": status, "status_at": _AT.replace(day=day)}


SAMPLES: Final = (
    _sample("campaign clicked", EventType.CAMPAIGN_CLICKED, campaign_id="c", stage="interested"),
    _sample("order placed", EventType.ORDER_CHANGED, order_id="o", version=1, status="placed"),
    _sample("order cancelled", EventType.ORDER_CHANGED, order_id="o", version=2, status="cancelled"),
    _sample("parcel delivered", EventType.PARCEL_CHANGED, **_parcel("delivered", 2)),
    _sample("parcel returning", EventType.PARCEL_CHANGED, **_parcel("returning", 3)),
    _sample("claimed", EventType.PRODUCT_CLAIMED, epoch=0, role="owner", how="code"),
    _sample("device connected", EventType.DEVICE_BIRTH, boot=1, seq=1, epoch=0),
    _sample("last step done", EventType.INSTALL_STEP_DONE, epoch=0, step="all", witness="expert"),
    _sample("factory reset", EventType.DEVICE_FACTORY_RESET, boot=2, seq=1, epoch=1),
    _sample("handed on", EventType.PRODUCT_TRANSFERRED, epoch=2),
    _sample("closed", EventType.JOURNEY_CLOSED, reason="retired"),
    _sample("person erased", EventType.PERSON_ERASED),
)

_STEP, _LEFT, _WIDTH, _HEIGHT, _SPINE = 190, 20, 120, 56, 330
_HEAD: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1120 680" font-family="sans-serif" font-size="12" '
    'role="img" aria-label="The stages of a journey and the moves between them">\n'
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#456"/></marker></defs>\n'
    '<rect width="1120" height="680" fill="#fff"/>'
)


def _box(stage: Stage) -> str:
    left = _LEFT + list(Stage).index(stage) * _STEP
    middle = left + _WIDTH // 2
    line = next(line for line in LINES if line.stage is stage)
    return (
        f'<g><title>{escape(line.says)}</title><rect x="{left}" y="{_SPINE}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'rx="10" fill="#eaf1f8" stroke="#456"/><text x="{middle}" y="{_SPINE + 25}" text-anchor="middle" '
        f'font-size="15" fill="#123">{stage.value}</text><text x="{middle}" y="{_SPINE + 43}" '
        f'text-anchor="middle" fill="#567">line {line.number}: {line.name}</text></g>'
    )


def _arc(edge: Edge) -> str:
    """Higher for a longer way; the whole list of events in its tooltip, which also a screen reader finds."""
    spine = list(Stage)
    start, end = spine.index(edge.source), spine.index(edge.target)
    forward, span = end > start, abs(end - start)
    # Arrows leave right of the middle of a box and arrive left of it, each by its length, so that none lie on another.
    lean = (1 if forward else -1) * (8 + 10 * (4 - span))
    x1, x2 = (_LEFT + _WIDTH // 2 + place * _STEP for place in (start, end))
    base = _SPINE if forward else _SPINE + _HEIGHT
    peak = base + (-1 if forward else 1) * (40 + 95 * (span - 1) + 22 * (start % 2 if span > 1 else 0))
    text_y = base + (peak - base) * 3 // 4 + (-5 if forward else 13)
    what = f"{edge.source.value} to {edge.target.value}: {', '.join(edge.labels)}"
    label = edge.labels[0] + (f" +{len(edge.labels) - 1}" if len(edge.labels) > 1 else "")
    return (
        f'<g><title>{escape(what)}</title><path d="M{x1 + lean} {base}C{x1 + lean} {peak} {x2 - lean} {peak} '
        f'{x2 - lean} {base}" fill="none" stroke="#456" marker-end="url(#tip)"/>'
        f'<text x="{(x1 + x2) // 2}" y="{text_y}" text-anchor="middle" fill="#345">{escape(label)}</text></g>'
    )


def _note(closing: list[str]) -> str:
    left = _LEFT + list(Stage).index(Stage.CLOSED) * _STEP + _WIDTH // 2
    lines = ["from every stage:", *closing, "and none leads out"]
    top = _SPINE + _HEIGHT + 20
    texts = (
        f'<text x="{left}" y="{top + 16 * row}" text-anchor="middle" fill="#345">{escape(text)}</text>'
        for row, text in enumerate(lines)
    )
    return "\n".join(texts)
