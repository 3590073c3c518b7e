"""Where lines run between two columns: each net has an upright part of its own, in an order with few crossings.

Lines only run in channels, which no box reaches into, and through gaps between boxes: none runs through a box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schematool.core.erd.nets import HALF, Hop, is_passing
from schematool.core.erd.sizes import ROW, TITLE, UNIT

NEAR = 4
"""Lines nearer to each other than this look like one."""


@dataclass(frozen=True, slots=True)
class Track:
    """The upright part of a net in a channel: how many tracks from the left, and from where to where it reaches."""

    hop: Hop
    number: int
    low: int
    high: int


Heights = Mapping[tuple[int, str, int], int]
"""Where a pin is, by net, item and offset."""


def pin_heights(channels: Mapping[int, Iterable[Hop]], y: Mapping[str, int]) -> dict[tuple[int, str, int], int]:
    """How far down each pin is."""
    return {
        (hop.net.number, pin.item, pin.offset): y[pin.item] + pin.offset
        for hops in channels.values()
        for hop in hops
        for pin in (hop.source, *(target for target, _ in hop.targets))
    }


def straightened(
    channels: Mapping[int, Sequence[Hop]], heights: dict[tuple[int, str, int], int], column: Mapping[str, int]
) -> None:
    """Move passing places, and ends at parents, by half a unit where that makes a line straight and meets no other."""
    taken = _taken(channels, heights, column)
    by_net: dict[int, list[Hop]] = {}
    for at in sorted(channels):
        for hop in channels[at]:
            by_net.setdefault(hop.net.number, []).append(hop)
    for number in sorted(by_net):
        hops = by_net[number] if by_net[number][0].net.step >= 0 else by_net[number][::-1]
        for hop in hops:
            _straighten(hop, heights, taken, column)


def _taken(
    channels: Mapping[int, Sequence[Hop]], heights: Heights, column: Mapping[str, int]
) -> dict[int, dict[tuple[int, str, int], int]]:
    """By column, every pin of a passing place."""
    found: dict[int, dict[tuple[int, str, int], int]] = {}
    for hops in channels.values():
        for hop in hops:
            for pin in (hop.source, *(target for target, _ in hop.targets)):
                key = (hop.net.number, pin.item, pin.offset)
                if is_passing(pin.item):
                    found.setdefault(int(pin.item.rsplit("\0", 1)[1]), {})[key] = heights[key]
                else:
                    found.setdefault(column[pin.item], {})[key] = heights[key]
    return found


def _straighten(
    hop: Hop,
    heights: dict[tuple[int, str, int], int],
    taken: dict[int, dict[tuple[int, str, int], int]],
    column: Mapping[str, int],
) -> None:
    if len(hop.targets) != 1 or hop.net.step == 0:
        return
    (target, _) = hop.targets[0]
    start = (hop.net.number, hop.source.item, hop.source.offset)
    end = (hop.net.number, target.item, target.offset)
    distance = heights[end] - heights[start]
    if not 0 < abs(distance) <= HALF:
        return
    if is_passing(target.item):
        moved, to = end, heights[start]
    elif not is_passing(hop.source.item) and not _between_rows(hop.source.offset + distance):
        moved, to = start, heights[end]
    else:
        return
    at = int(moved[1].rsplit("\0", 1)[1]) if is_passing(moved[1]) else column[moved[1]]
    own = taken.get(at, {})
    if all(abs(to - other) >= HALF for key, other in own.items() if key != moved and key[0] != hop.net.number):
        heights[moved] = to
        own[moved] = to


def _between_rows(offset: int) -> bool:
    """Whether a place at the side of a box is where two rows meet, so that nobody could tell of which it is the end."""
    return offset > TITLE and (offset - TITLE) % ROW == 0


def tracks(hops: Sequence[Hop], heights: Heights) -> tuple[Track, ...]:
    """Give each net of a channel a place from left to right."""
    reaches = [_reach(hop, heights) for hop in hops]
    upright = [number for number, reach in enumerate(reaches) if reach.high > reach.low]
    order = _arranged(upright, reaches)
    given: dict[int, int] = {}
    for place, number in enumerate(order):
        reach = reaches[number]
        before = [
            given[other] + 1
            for other in order[:place]
            if reaches[other].low - UNIT < reach.high and reach.low - UNIT < reaches[other].high
        ]
        given[number] = max(before, default=0)
    return tuple(
        Track(hops[number], given.get(number, 0), reaches[number].low, reaches[number].high)
        for number in range(len(hops))
    )


@dataclass(frozen=True, slots=True)
class _Reach:
    low: int
    high: int
    left: tuple[int, ...]
    right: tuple[int, ...]


def _reach(hop: Hop, heights: Heights) -> _Reach:
    sides = {
        right: tuple(heights[hop.net.number, pin.item, pin.offset] for pin in hop.pins(right))
        for right in (False, True)
    }
    both = (*sides[False], *sides[True])
    return _Reach(min(both), max(both), sides[False], sides[True])


def _cost(first: _Reach, second: _Reach) -> int:
    """How bad it is for the first to stand left of the second: crossings, and lines that look like one."""
    crossed = sum(second.low < y < second.high for y in first.right)
    crossed += sum(first.low < y < first.high for y in second.left)
    merged = sum(abs(a - b) < NEAR for a in first.right for b in second.left)
    return crossed + 1000 * merged


def _arranged(numbers: Sequence[int], reaches: Sequence[_Reach]) -> list[int]:
    """Move each to where it costs least, until nothing gets better; starts from the middles of their left ends."""
    order = sorted(numbers, key=lambda n: (min(reaches[n].left, default=reaches[n].low), reaches[n].high, n))
    cost = {
        (a, b): _cost(reaches[a], reaches[b])
        for a in numbers
        for b in numbers
        if a != b and reaches[a].low <= reaches[b].high and reaches[b].low <= reaches[a].high
    }
    for _ in range(6):
        changed = False
        for number in list(order):
            changed |= _moved(order, number, cost)
        if not changed:
            break
    return order


def _moved(order: list[int], number: int, cost: Mapping[tuple[int, int], int]) -> bool:
    at = order.index(number)
    rest = [other for other in order if other != number]
    # The price of standing before all others, then step by step further right.
    price = sum(cost.get((number, other), 0) for other in rest)
    prices = [price]
    for other in rest:
        price += cost.get((other, number), 0) - cost.get((number, other), 0)
        prices.append(price)
    best = min(range(len(prices)), key=lambda place: (prices[place], abs(place - at)))
    if prices[best] >= prices[at]:
        return False
    order[:] = [*rest[:best], number, *rest[best:]]
    return True
