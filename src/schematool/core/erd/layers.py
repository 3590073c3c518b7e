"""Which column each box goes to: parents left of their children, no column too high and not too many of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, sqrt

Pair = tuple[str, str]
"""(parent, child)."""

PROPORTION = 1.5
"""Width to height that a picture should have."""

SLACK = 1.3
"""How much wider than a packed one, since nothing can be packed without gaps."""

FEW = 8
"""So many columns are never too many: a chain of three tables is shown as one."""


def without_cycles(keys: Sequence[str], pairs: Iterable[Pair]) -> set[Pair]:
    """Turn as few pairs around as it takes to have no cycle (Eades, Lin and Smyth 1993); ties by name."""
    edges = {(a, b) for a, b in pairs if a != b}
    rank = {key: number for number, key in enumerate(_greedy_order(keys, edges))}
    return {(a, b) if rank[a] < rank[b] else (b, a) for a, b in edges}


def _greedy_order(keys: Sequence[str], edges: set[Pair]) -> list[str]:
    """Sources first, sinks last, and of the rest the one with most children over parents."""
    children: dict[str, set[str]] = {key: set() for key in keys}
    parents: dict[str, set[str]] = {key: set() for key in keys}
    for a, b in edges:
        children[a].add(b)
        parents[b].add(a)
    first: list[str] = []
    last: list[str] = []
    left = set(keys)

    def take(key: str, target: list[str]) -> None:
        target.append(key)
        left.discard(key)
        for other in children[key]:
            parents[other].discard(key)
        for other in parents[key]:
            children[other].discard(key)

    while left:
        sinks = sorted(key for key in left if not children[key])
        sources = sorted(key for key in left if not parents[key] and key not in sinks)
        if sinks or sources:
            for key in sinks:
                take(key, last)
            for key in sources:
                take(key, first)
            continue
        take(min(left, key=lambda key: (len(parents[key]) - len(children[key]), key)), first)
    return first + last[::-1]


def columns(
    heights: Mapping[str, int],
    widths: Mapping[str, int],
    band_of: Mapping[str, int],
    pairs: Iterable[Pair],
) -> dict[str, int]:
    """Give each box its column. `heights` and `widths` hold the room around a box as well."""
    keys = sorted(heights)
    edges = without_cycles(keys, pairs)
    parents: dict[str, list[str]] = {key: [] for key in keys}
    children: dict[str, list[str]] = {key: [] for key in keys}
    for a, b in sorted(edges):
        children[a].append(b)
        parents[b].append(a)
    many = _wanted_columns(heights, widths)
    longest = _longest_paths(keys, parents, children)
    caps = _caps(heights, band_of, many)
    order = sorted(keys, key=lambda key: (longest[key], -len(children[key]), key))
    return _capped(order, _folded(longest, many), parents, children, heights, band_of, caps)


def _topological(keys: Sequence[str], parents: Mapping[str, list[str]], children: Mapping[str, list[str]]) -> list[str]:
    waiting = {key: len(parents[key]) for key in keys}
    ready = sorted(key for key in keys if not waiting[key])
    order: list[str] = []
    while ready:
        order += ready
        following = set()
        for key in ready:
            for child in children[key]:
                waiting[child] -= 1
                if not waiting[child]:
                    following.add(child)
        ready = sorted(following)
    return order


def _longest_paths(
    keys: Sequence[str], parents: Mapping[str, list[str]], children: Mapping[str, list[str]]
) -> dict[str, int]:
    """As far left as their parents allow; those with more children than parents then as near to the children."""
    order = _topological(keys, parents, children)
    rank: dict[str, int] = {}
    for key in order:
        rank[key] = 1 + max((rank[parent] for parent in parents[key]), default=-1)
    for key in reversed(order):
        if children[key] and len(children[key]) >= len(parents[key]):
            rank[key] = max(rank[key], min(rank[child] for child in children[key]) - 1)
    return rank


def _wanted_columns(heights: Mapping[str, int], widths: Mapping[str, int]) -> int:
    """How many columns make a picture of the right proportion."""
    area = sum(heights[key] * widths[key] for key in heights)
    wide = sum(widths.values()) / max(len(widths), 1)
    high = max(sqrt(area / PROPORTION), 1)
    return max(1, ceil(area / high / wide))


def _folded(rank: Mapping[str, int], many: int) -> dict[str, int]:
    """Where chains are longer than the picture should be wide, let neighbours in a chain share a column."""
    longest = max(rank.values(), default=0) + 1
    most = max(ceil(many * SLACK), FEW)
    return dict(rank) if longest <= most else {key: at * most // longest for key, at in rank.items()}


def _caps(heights: Mapping[str, int], band_of: Mapping[str, int], many: int) -> dict[int, int]:
    """How high each band may be, so that all bands are about as wide as each other and the whole in proportion."""
    caps: dict[int, int] = {}
    for band in sorted(set(band_of.values())):
        own = [heights[key] for key in heights if band_of[key] == band]
        caps[band] = max(ceil(sum(own) / many * SLACK), *own)
    return caps


def _capped(  # the graph, its measures and its limits
    keys: Sequence[str],
    rank: Mapping[str, int],
    parents: Mapping[str, list[str]],
    children: Mapping[str, list[str]],
    heights: Mapping[str, int],
    band_of: Mapping[str, int],
    caps: Mapping[int, int],
) -> dict[str, int]:
    """Fill columns from the left; what does not fit goes on to the next one."""
    filled: dict[tuple[int, int], int] = {}
    column: dict[str, int] = {}

    def put(key: str, at: int) -> None:
        column[key] = at
        filled[at, band_of[key]] = filled.get((at, band_of[key]), 0) + heights[key]

    def room(key: str, at: int) -> bool:
        used = filled.get((at, band_of[key]), 0)
        return not used or used + heights[key] <= caps[band_of[key]]

    connected = [key for key in keys if parents[key] or children[key]]
    for key in connected:
        at = max((column[parent] + (rank[key] > rank[parent]) for parent in parents[key]), default=rank[key])
        while not room(key, at):
            at += 1
        put(key, at)
    for key in sorted(set(keys) - set(connected), key=lambda key: (band_of[key], -heights[key], key)):
        many = max(column.values(), default=0) + 1
        free = [at for at in range(many) if room(key, at)]
        put(key, min(free, key=lambda at: (filled.get((at, band_of[key]), 0), at)) if free else many)
    return _without_gaps(column)


def _without_gaps(column: Mapping[str, int]) -> dict[str, int]:
    used = {at: number for number, at in enumerate(sorted(set(column.values())))}
    return {key: used[at] for key, at in column.items()}
