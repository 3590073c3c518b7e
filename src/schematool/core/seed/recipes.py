"""The conditions of a table as recipes: for each way to satisfy all of them together, the domain of every column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from schematool.core.seed.condition import (
    Alternatives,
    Among,
    Atom,
    Bound,
    Cased,
    Like,
    Null,
    Order,
    Unknown,
    alternatives,
    opposite,
)
from schematool.core.seed.domain import Domain, narrowed
from schematool.core.seed.kinds import Labels, Ordered
from schematool.core.seed.wish import NONE, Wish

MOST = 64
"""How many recipes a table may have; the likeliest are kept."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to satisfy everything. `inside`: names of the partial keys whose condition it satisfies, or may."""

    domains: Mapping[str, Domain]
    weight: float = 1.0
    inside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Recipes:
    """All ways. `unsure`: conditions that they may not satisfy, for the server to judge."""

    ways: tuple[Recipe, ...]
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition by name. `text` is what the server prints; `ways` what was understood of it."""

    name: str
    text: str
    ways: Alternatives

    @property
    def understood(self) -> bool:
        """Whether nothing of it is left to the server."""
        return not any(isinstance(atom, Unknown) for way in self.ways for atom in way)


def recipes(
    base: Mapping[str, Domain],
    conditions: Iterable[Condition],
    partial: Sequence[tuple[str, str]],
    wishes: Mapping[str, Wish],
) -> Recipes:
    """Combine conditions. `partial`: partial keys by name with their conditions, which a row may satisfy or not."""
    unsure: list[str] = []
    ways: list[Recipe] = [Recipe(dict(base))]
    sorted_conditions = sorted(conditions, key=lambda condition: len(condition.ways) != 1)
    settled = dict(base)
    for condition in sorted_conditions:
        if not condition.understood:
            unsure.append(condition.name)
        found = [made for way in ways for atoms in condition.ways if (made := _narrow(way, atoms, settled, wishes))]
        if found:
            ways = _likeliest(found)
        else:
            unsure.append(condition.name)
        if len(condition.ways) == 1:
            settled = dict(ways[0].domains)
            ways = [replace(way, weight=1.0) for way in ways]
    for name, text in partial:
        inside = [
            replace(made, inside=way.inside | {name})
            for way in ways
            for atoms in alternatives(text)
            if (made := _narrow(way, atoms, settled, wishes))
        ]
        outside = [made for way in ways for atoms in opposite(text) if (made := _narrow(way, atoms, settled, wishes))]
        if any(isinstance(atom, Unknown) for atoms in opposite(text) for atom in atoms):
            ways = [replace(way, inside=way.inside | {name}) for way in ways]
        elif inside or outside:
            ways = _likeliest(inside + outside)
    return Recipes(tuple(ways), tuple(dict.fromkeys(unsure)))


def merged(ways: Alternatives) -> Alternatives:
    """Join the conditions of neighbouring partitions: lists into one list, ranges that touch into one range."""
    if len(ways) < 2:
        return ways
    plain = [tuple(atom for atom in way if not isinstance(atom, Null)) for way in ways]
    nulls = tuple(dict.fromkeys(atom for way in ways for atom in way if isinstance(atom, Null) and not atom.absent))
    if all(len(way) == 1 and isinstance(way[0], Among) and way[0].inside for way in plain):
        members = [way[0] for way in plain if isinstance(way[0], Among)]
        if len({member.column for member in members}) == 1:
            values = dict.fromkeys(value for member in members for value in member.values)
            return ((*nulls, Among(members[0].column, tuple(values))),)
    ranges = [_range(way) for way in plain]
    if all(ranges) and len({one[0].term for one in ranges if one}) == 1:
        chained = sorted((one for one in ranges if one), key=lambda one: _sortable(one[0].value))
        if all(one[1].value == other[0].value for one, other in pairwise(chained)):
            return ((*nulls, chained[0][0], chained[-1][1]),)
    return ways


def _range(way: Sequence[Atom]) -> tuple[Bound, Bound] | None:
    match way:
        case [Bound(operator=">=") as low, Bound(operator="<") as high] if low.term == high.term:
            return low, high
        case _:
            return None


def _sortable(text: str) -> tuple[int, float, str]:
    try:
        return (0, float(text), "")
    except ValueError:
        return (1, 0.0, text)


def _narrow(
    way: Recipe, atoms: Sequence[Atom], settled: Mapping[str, Domain], wishes: Mapping[str, Wish]
) -> Recipe | None:
    domains = dict(way.domains)
    weight = way.weight
    for atom in atoms:
        for column, one in _placed(atom, domains):
            before = domains[column]
            made = narrowed(before, one)
            if made is None or not _satisfiable(made):
                return None
            weight *= _share(before, made, settled[column], wishes.get(column, NONE))
            domains[column] = made
    return replace(way, domains=domains, weight=weight)


def _satisfiable(domain: Domain) -> bool:
    """Say whether the members of a list are left that its bounds and bars allow."""
    if isinstance(domain.kind, Labels) and domain.empty < 1:
        labels = domain.kind.labels if domain.among is None else domain.among
        return any(label not in domain.barred for label in labels)
    return True


def _placed(atom: Atom, domains: Mapping[str, Domain]) -> list[tuple[str, Atom]]:
    """Give a condition to the column that has to keep it; nothing when it is about something that is not made here."""
    match atom:
        case Unknown():
            return []
        case Bound(term=term):
            return [(term.column, atom)] if term.column in domains else []
        case Order(left=left, right=right):
            if left.column not in domains or right.column not in domains or left.measure or right.measure:
                return []
            ordered = all(isinstance(domains[term.column].kind, Ordered) for term in (left, right))
            return [(left.column, atom)] if ordered else []
        case Among(column=column) | Null(column=column) | Like(column=column) | Cased(column=column):
            return [(column, atom)] if column in domains else []


def _share(before: Domain, after: Domain, settled: Domain, wish: Wish) -> float:
    """How much of the likelihood a narrower domain keeps."""
    share = 1.0
    if before.empty != after.empty:
        share *= before.empty if after.empty >= 1 else 1 - before.empty
    if before.among != after.among or before.barred != after.barred:
        labels = settled.kind.labels if isinstance(settled.kind, Labels) else ()
        choices = settled.among if settled.among is not None else (wish.values or labels)
        if choices:
            total = sum(_weight(value, wish) for value in choices) or 1.0
            left = after.among if after.among is not None else choices
            kept = sum(_weight(value, wish) for value in left if value not in after.barred)
            share *= kept / total
    return max(share, 1e-6)


def _weight(value: str, wish: Wish) -> float:
    return wish.weights.get(value, 0.0) if wish.weights else 1.0


def _likeliest(ways: list[Recipe]) -> list[Recipe]:
    """Keep the likeliest, in the order in which they came."""
    if len(ways) <= MOST:
        return ways
    least = sorted((way.weight for way in ways), reverse=True)[MOST - 1]
    return [way for way in ways if way.weight >= least][:MOST]
