"""Links gathered into nets: all that point at one field share one line, which branches to each of them.

A hundred lines to one table would cover a picture; one line with a hundred branches does not. Lines that differ in what
they say (one or zero-or-one, within a database or across) stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from schematool.core.erd.diagram import End, Link
from schematool.core.erd.sizes import ROW, TITLE, UNIT, Size

HALF = UNIT // 2


@dataclass(frozen=True, slots=True)
class Net:
    """One line. `step` 1: children are right of the parent; -1: left of it; 0: in the same column."""

    number: int
    parent: str
    parent_path: str
    parent_end: End
    across: bool
    step: int
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a line touches an item: how far below its upper edge, and the link that ends here, if one does."""

    item: str
    offset: int
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """What a net does in one channel: from `source` on one side to `targets`, each with its side (True: right)."""

    net: Net
    source: Pin
    source_right: bool
    targets: tuple[tuple[Pin, bool], ...]

    def pins(self, right: bool) -> Iterator[Pin]:  # the side
        """The pins on one side of the channel."""
        if self.source_right is right:
            yield self.source
        yield from (pin for pin, side in self.targets if side is right)


def nets(links: Iterable[Link], column: Mapping[str, int]) -> tuple[Net, ...]:
    """Gather links, in order of parent, field and meaning."""
    groups: dict[tuple[str, str, bool, str, int, str], list[Link]] = {}
    for link in links:
        distance = column[link.child] - column[link.parent]
        step = (distance > 0) - (distance < 0)
        alone = link.said if link.child == link.parent else ""
        key = (link.parent, link.parent_paths[0], link.across, link.parent_end.value, step, alone)
        groups.setdefault(key, []).append(link)
    return tuple(
        Net(number, key[0], key[1], End(key[3]), key[2], key[4], tuple(groups[key]))
        for number, key in enumerate(sorted(groups))
    )


def passing(net: Net, at: int) -> str:
    """The name of the place where a net passes through a column."""
    return f"\0{net.number}\0{at}"


def is_passing(item: str) -> bool:
    """Say whether an item is such a place, and no box."""
    return item.startswith("\0")


def passed(net: Net, column: Mapping[str, int]) -> range:
    """The columns that a net passes through between its parent and its farthest child."""
    start = column[net.parent]
    if net.step > 0:
        return range(start + 1, max(column[link.child] for link in net.links))
    if net.step < 0:
        return range(start - 1, min(column[link.child] for link in net.links), -1)
    return range(0)


def passing_offset(at: int) -> int:
    """Lines pass through a column a quarter of a unit off the rows, so that they never run into a row's own line."""
    return 3 if at % 2 == 0 else 9


class Ports:
    """Hands out the places along the sides of boxes, each at most once as long as there are any."""

    def __init__(self, sizes: Mapping[str, Size]) -> None:
        self._sizes = sizes
        self._taken: set[tuple[str, bool, int]] = set()

    def parent(self, net: Net, right: bool) -> int:  # the side
        """Where a net leaves its parent: half a unit off the middle of the row, or beside the title."""
        top = self._sizes[net.parent].row_top(net.parent_path)
        near = [] if top is None else [top + HALF, top + HALF + UNIT, top + UNIT]
        title = [TITLE - HALF, TITLE - HALF - UNIT, HALF, 2 * UNIT, UNIT]
        return self._first(net.parent, right, near + title if top in {None, TITLE} else near)

    def child(self, link: Link, right: bool) -> int:  # the side
        """Where a line ends at its child: the middle of the row."""
        size = self._sizes[link.child]
        tops = [top for path in link.child_paths if (top := size.row_top(path)) is not None]
        wanted = [top + ROW // 2 for top in tops] + [top + half for top in tops for half in (HALF, ROW - HALF)]
        if right:
            wanted = [top + half for top in tops for half in (HALF, ROW - HALF)]
        if not wanted:
            wanted = list(range(UNIT, max(size.height, 2 * UNIT), UNIT))
        return self._first(link.child, right, wanted)

    def _first(self, key: str, right: bool, wanted: list[int]) -> int:  # the side
        found = next((offset for offset in wanted if (key, right, offset) not in self._taken), wanted[0])
        self._taken.add((key, right, found))
        return found


def hops(all_nets: Iterable[Net], column: Mapping[str, int], sizes: Mapping[str, Size]) -> dict[int, list[Hop]]:
    """What runs in each channel; the channel right of a column has the column's number."""
    ports = Ports(sizes)
    channels: dict[int, list[Hop]] = {}
    for net in all_nets:
        for channel, hop in _hops(net, column, ports):
            channels.setdefault(channel, []).append(hop)
    return channels


def _hops(net: Net, column: Mapping[str, int], ports: Ports) -> Iterator[tuple[int, Hop]]:
    forward = net.step >= 0
    source = Pin(net.parent, ports.parent(net, forward))
    if net.step == 0:
        ends = tuple((Pin(link.child, ports.child(link, True), link), False) for link in net.links)
        yield column[net.parent], Hop(net, source, False, ends)
        return
    at = column[net.parent]
    way = passed(net, column)
    for following in (*way, way.stop):
        targets = [
            (Pin(link.child, ports.child(link, not forward), link), forward)
            for link in net.links
            if column[link.child] == following
        ]
        if following in way:
            through = Pin(passing(net, following), passing_offset(following))
            targets.append((through, forward))
        yield min(at, following), Hop(net, source, not forward, tuple(targets))
        if following in way:
            source, at = through, following
