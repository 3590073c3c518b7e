"""A diagram laid out: where each box stands, where each line runs. Nothing here knows SVG or pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schematool.core.erd.diagram import Box, Diagram, End, Link, apart, group_of
from schematool.core.erd.layers import columns
from schematool.core.erd.measure import width
from schematool.core.erd.nets import Hop, hops, is_passing, nets, passed, passing
from schematool.core.erd.ordering import ordered, wires
from schematool.core.erd.placing import placed
from schematool.core.erd.routing import Track, pin_heights, straightened, tracks
from schematool.core.erd.sizes import SMALL, UNIT, Size, sizes
from schematool.core.erd.words import Grouping

MARGIN = 24
MARKER = 16
SIDE = MARKER + 12
FRAME = 24
FRAME_TITLE = 28
BY_VALUE = "by value"
LABEL = int(width(BY_VALUE, SMALL))
ROUND = 6

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """A box with its place."""

    box: Box
    size: Size
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Stroke:
    """A piece of a line: from `start`, straight or in a quarter turn around `turn`, to `end`."""

    start: Point
    end: Point
    turn: Point | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """The sign at an end of a line: how many there are. `right`: the line leaves to the right of this point."""

    at: Point
    end: End
    right: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A net as it is drawn. `said`: what it means; `labels`: where `BY_VALUE` is written, by its middle."""

    strokes: tuple[Stroke, ...]
    markers: tuple[Marker, ...]
    across: bool
    said: str
    links: tuple[Link, ...]
    labels: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What encloses a group."""

    title: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything in its place."""

    width: int
    height: int
    boxes: tuple[Placed, ...]
    lines: tuple[Line, ...]
    frames: tuple[Frame, ...] = ()

    @property
    def ground(self) -> str:
        """What is behind the lines: the page, or the frames of groups."""
        return "frame" if self.frames else "page"


def arrange(diagram: Diagram, by: Grouping = Grouping.NONE) -> Picture:
    """Lay a diagram out; the same diagram gives the same picture everywhere."""
    if not diagram.boxes:
        return Picture(2 * MARGIN, 2 * MARGIN, (), ())
    diagram = apart(diagram, by)
    size = sizes(diagram.boxes, diagram.links)
    names = _groups(diagram, by)
    band = {box.key: names.index(group_of(box, by)) for box in diagram.boxes}
    column = columns(
        {box.key: size[box.key].height + 3 * UNIT for box in diagram.boxes},
        {box.key: size[box.key].width + 8 * UNIT for box in diagram.boxes},
        band,
        ((link.parent, link.child) for link in diagram.links),
    )
    all_nets = nets(diagram.links, column)
    heights = {key: one.height for key, one in size.items()}
    start: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for key, at in column.items():
        start[at].append(key)
    for net in all_nets:
        for at in passed(net, column):
            item = passing(net, at)
            start[at].append(item)
            heights[item] = UNIT
            band[item] = band[net.parent]
    channels = hops(all_nets, column, size)
    order = ordered(start, band, wires(channels, heights))
    y = placed(order, band, channels, heights)
    top = MARGIN + (FRAME + FRAME_TITLE if by is not Grouping.NONE else 0)
    y = {item: value + top for item, value in y.items()}
    return _drawn(diagram, size, column, order, channels, y, names if by is not Grouping.NONE else [], band)


def _groups(diagram: Diagram, by: Grouping) -> list[str]:
    """The names of the groups, those with tables first."""
    tables = {group_of(box, by) for box in diagram.boxes if box.store == "postgres"}
    return sorted({group_of(box, by) for box in diagram.boxes}, key=lambda name: (name not in tables, name))


def _drawn(  # all that the stages before have found out
    diagram: Diagram,
    size: Mapping[str, Size],
    column: Mapping[str, int],
    order: Sequence[Sequence[str]],
    channels: Mapping[int, list[Hop]],
    y: Mapping[str, int],
    names: Sequence[str],
    band: Mapping[str, int],
) -> Picture:
    pins = pin_heights(channels, y)
    straightened(channels, pins, column)
    by_channel = {at: tracks(found, pins) for at, found in channels.items()}
    left_edge = MARGIN + (FRAME if names else 0)
    edges = _edges(order, size, by_channel, left_edge)
    boxes = tuple(Placed(box, size[box.key], edges[column[box.key]][0], y[box.key]) for box in diagram.boxes)
    lines = _lines(by_channel, pins, edges, {placed.box.key: placed for placed in boxes})
    right = max(edges[-1][1], *(box.x + box.size.width for box in boxes))
    frames = _frames(names, band, boxes, y, left_edge, right)
    bottom = max((frame.y + frame.height for frame in frames), default=max(one.y + one.size.height for one in boxes))
    low = max(
        (point[1] for line in lines for stroke in line.strokes for point in (stroke.start, stroke.end)), default=0
    )
    wide = right + (FRAME if names else 0) + MARGIN
    return Picture(wide, int(max(bottom, low)) + MARGIN, boxes, lines, frames)


def _edges(
    order: Sequence[Sequence[str]], size: Mapping[str, Size], by_channel: Mapping[int, tuple[Track, ...]], left: int
) -> list[tuple[int, int]]:
    """Where each column begins, and where the channel right of it ends."""
    found: list[tuple[int, int]] = []
    for at, items in enumerate(order):
        wide = max((size[item].width for item in items if not is_passing(item)), default=0)
        end = left + wide
        if at + 1 < len(order) or by_channel.get(at):
            end += channel_width(by_channel.get(at, ()), last=at + 1 == len(order))
        found.append((left, end))
        left = end
    return found


def channel_width(found: Sequence[Track], *, last: bool = False) -> int:
    """Room for signs on both sides, for tracks, and for what is written on lines across databases."""
    many = max((track.number + 1 for track in found if track.high > track.low), default=0)
    right = 0 if last else SIDE + _label_width(found)
    return max(SIDE + many * UNIT + right, 0 if last else 5 * UNIT)


def _label_width(found: Iterable[Track]) -> int:
    return LABEL + UNIT if any(track.hop.net.across for track in found) else 0


def _frames(
    names: Sequence[str],
    band: Mapping[str, int],
    boxes: Sequence[Placed],
    y: Mapping[str, int],
    left: int,
    right: int,
) -> tuple[Frame, ...]:
    """Each around its boxes, and around the lines of the group that go past boxes."""
    frames = []
    for number, name in enumerate(names):
        own = [placed for placed in boxes if band[placed.box.key] == number]
        top = min(placed.y for placed in own) - FRAME - FRAME_TITLE // 2
        low = max((at for item, at in y.items() if band[item] == number and is_passing(item)), default=0)
        bottom = max(low, *(placed.y + placed.size.height for placed in own)) + FRAME // 2
        title = name or "."
        wide = max(right - left + 2 * FRAME, int(width(title, SMALL + 4, bold=True)) + 2 * FRAME)
        frames.append(Frame(title, left - FRAME, top, wide, bottom - top))
    return tuple(frames)


# --- lines -----------------------------------------------------------------------------------------------------------


def _lines(
    by_channel: Mapping[int, tuple[Track, ...]],
    pins: Mapping[tuple[int, str, int], int],
    edges: Sequence[tuple[int, int]],
    boxes: Mapping[str, Placed],
) -> tuple[Line, ...]:
    parts: dict[int, tuple[list[Stroke], list[Marker], list[Point], Hop]] = {}
    for at in sorted(by_channel):
        start = max((box.x + box.size.width for box in boxes.values() if box.x == edges[at][0]), default=edges[at][0])
        for track in by_channel[at]:
            net = track.hop.net
            strokes, markers, labels, _ = parts.setdefault(net.number, ([], [], [], track.hop))
            x = start + SIDE + track.number * UNIT
            for piece in _hop(track, x, _Sides(at, edges, boxes, pins, _label_width(by_channel[at]))):
                match piece:
                    case Stroke():
                        strokes.append(piece)
                    case Marker():
                        markers.append(piece)
                    case (_, _):
                        labels.append(piece)
    return tuple(
        Line(
            tuple(dict.fromkeys(strokes)),
            tuple(dict.fromkeys(markers)),
            hop.net.across,
            _said(hop.net.links),
            hop.net.links,
            tuple(labels),
        )
        for _, (strokes, markers, labels, hop) in sorted(parts.items())
    )


def _said(links: Sequence[Link]) -> str:
    children = ", ".join(f"{link.child}.{link.said}" for link in links)
    how = ", by value" if links[0].across else ""
    return f"{children} → {links[0].parent}.{', '.join(links[0].parent_paths)} ({links[0].parent_end.value}{how})"


@dataclass(frozen=True, slots=True)
class _Sides:
    """Where the pins of a channel are."""

    at: int
    edges: Sequence[tuple[int, int]]
    boxes: Mapping[str, Placed]
    pins: Mapping[tuple[int, str, int], int]
    label_width: int

    def point(self, net: int, item: str, offset: int, right: bool) -> Point:  # the side
        """The end of a line: at the edge of its box, or at the far side of the column that it passes through."""
        y = self.pins[net, item, offset]
        if is_passing(item):
            # A column is crossed in the channel left of it, up to its right edge.
            return (self._column_end(self.at + 1) if right else self._column_end(self.at), y)
        box = self.boxes[item]
        return (box.x if right else box.x + box.size.width, y)

    def _column_end(self, at: int) -> int:
        left = self.edges[at][0]
        return max((box.x + box.size.width for box in self.boxes.values() if box.x == left), default=left)


def _hop(track: Track, x: float, sides: _Sides) -> Iterator[Stroke | Marker | Point]:
    hop, net = track.hop, track.hop.net
    source = sides.point(net.number, hop.source.item, hop.source.offset, hop.source_right)
    if not is_passing(hop.source.item):
        yield Marker(source, net.parent_end, not hop.source_right)
    ends = [
        (target, right, sides.point(net.number, target.item, target.offset, right)) for target, right in hop.targets
    ]
    high, low = min(end[1] for _, _, end in ends), max(end[1] for _, _, end in ends)
    for target, right, end in ends:
        yield from _path(source, end, x, farthest=end[1] == (high if end[1] < source[1] else low))
        if target.link is not None:
            yield Marker(end, target.link.child_end, not right)
            if net.across and right:
                yield (end[0] - SIDE - (sides.label_width - UNIT) / 2, end[1])


def _path(start: Point, end: Point, x: float, *, farthest: bool) -> Iterator[Stroke]:
    """Straight, or level, upright, level, with rounded corners that show the way to the parent.

    The upright part is drawn once, to the farthest end: dashes drawn over each other would make a whole line.
    """
    (x0, y0), (x1, y1) = start, end
    if y0 == y1:
        yield Stroke(start, end)
        return
    radius = min(ROUND, abs(y1 - y0) / 2)
    down = radius if y1 > y0 else -radius
    before = -radius if x0 < x else radius
    after = radius if x1 > x else -radius
    yield Stroke(start, (x + before, y0))
    yield Stroke((x + before, y0), (x, y0 + down), (x, y0))
    if farthest and y1 - down != y0 + down:
        yield Stroke((x, y0 + down), (x, y1 - down))
    yield Stroke((x, y1 - down), (x + after, y1), (x, y1))
    yield Stroke((x + after, y1), end)
