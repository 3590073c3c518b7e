"""The plan of one table's rows: every cell a function of the seed, the table, the column and the number of the row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from schematool.core.seed.chance import MASK, ODD, again, below, key, number, numbers, weighted
from schematool.core.seed.condition import Order
from schematool.core.seed.demand import Source, Table
from schematool.core.seed.domain import Raw, Values, near, shift_of
from schematool.core.seed.keys import Ordinal
from schematool.core.seed.kinds import Ordered

BLOCK = 2048
"""Rows that are made at once: what is in memory."""
NULL = "\\N"
_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class Follows:
    """A bound that another column of the row sets: `operator` that column, times `factor`, plus `shift`."""

    column: str
    operator: str
    shift: int
    factor: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Cell:
    """How a column is made in one recipe.

    `values` None: always NULL. `ordinal`: which value a row gets, else chance decides. `keyed`: chance can be asked
    for one row alone, since others point at it. `low`, `high`: raw bounds of what follows another column.
    """

    column: str
    values: Values | None
    empty: float = 0.0
    ordinal: Ordinal | None = None
    keyed: bool = False
    follows: tuple[Follows, ...] = ()
    kind: Ordered | None = None
    low: int | None = None
    high: int | None = None

    def make(self, row: int, chance: int, others: Sequence[Raw]) -> Raw:
        """Make the raw value of one row."""
        if self.values is None:
            return None
        if self.empty:
            if (chance & 0xFFFFF) < self.empty * 0x100000:
                return None
            chance = again(chance)
        if self.ordinal is not None:
            return self.values.nth(self.ordinal(row))
        if self.follows and self.kind is not None:
            return self._after(chance, others, self.kind, self.values)
        return self.values.make(chance)

    def maker(self) -> Callable[[int, int, Mapping[str, Raw]], Raw]:
        """Give `make` with all that is the same for every row settled: from a row, its chance and the values so far."""
        values = self.values
        if values is None:
            return lambda _row, _chance, _found: None
        bounds, threshold = tuple(bound.column for bound in self.follows), self.empty * 0x100000
        if self.ordinal is not None or (bounds and self.kind is not None):
            return lambda row, chance, found: self.make(row, chance, [found[column] for column in bounds])
        plain = values.make
        if not threshold:
            return lambda _row, chance, _found: plain(chance)

        def made(_row: int, chance: int, _found: Mapping[str, Raw]) -> Raw:
            if (chance & 0xFFFFF) < threshold:
                return None
            mixed = ((chance ^ (chance >> 32)) * ODD) & MASK  # `again`, without the call
            return plain(mixed ^ (mixed >> 29))

        return made

    def _after(self, chance: int, others: Sequence[Raw], kind: Ordered, values: Values) -> Raw:
        low: int | None = None
        high: int | None = None
        step = kind.step
        for bound, other in zip(self.follows, others, strict=True):
            if not isinstance(other, int):
                continue
            at = other * bound.factor[0] // bound.factor[1] + bound.shift
            match bound.operator:
                case "=":
                    return at
                case ">" | ">=":
                    at += step if bound.operator == ">" else 0
                    low = at if low is None else max(low, at)
                case "<" | "<=":
                    at -= step if bound.operator == "<" else 0
                    high = at if high is None else min(high, at)
                case _:
                    pass
        if low is None and high is None:
            return values.make(chance)
        usual_low, usual_high = values.window
        if high is None and low is not None:
            beyond = max(usual_high, low + near(kind)) if kind.unit == "number" else low + near(kind)
            high = beyond if self.high is None else min(self.high, beyond)
        elif low is None and high is not None:
            beyond = min(usual_low, high - near(kind)) if kind.unit == "number" else high - near(kind)
            low = beyond if self.low is None else max(self.low, beyond)
        assert low is not None
        assert high is not None
        low = -(-low // step) * step
        count = (high - low) // step + 1
        return low + below(chance, count) * step if count > 0 else low


@dataclass(frozen=True, slots=True)
class Pick:
    """A reference: which row of its target a row points at, and where each of its columns comes from.

    `empty`: the share that points at nothing; then only the columns in `optional` are NULL.
    """

    name: str
    columns: Mapping[str, Callable[[int], str | None]]
    ordinal: Callable[[int, int], int]
    empty: float = 0.0
    optional: frozenset[str] = frozenset()
    keyed: bool = False

    def row(self, row: int, chance: int) -> tuple[int, bool]:
        """Return the row pointed at, and whether the reference is left empty."""
        if self.empty:
            if (chance & 0xFFFFF) < self.empty * 0x100000:
                return self.ordinal(row, again(chance)), True
            chance = again(chance)
        return self.ordinal(row, chance), False


@dataclass(frozen=True, slots=True)
class Way:
    """One recipe, ready to be made: references first, then cells after those that they follow."""

    picks: tuple[Pick, ...]
    cells: tuple[Cell, ...]
    weight: float
    inside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """All rows of a table. `sieve`: conditions that the server has to judge row by row. `notes`: what was given up.

    `cycles`: columns that hold row `i % n` of a table, by name; what several references of one row have in common.
    """

    table: Table
    rows: int
    salt: str
    written: tuple[str, ...]
    ways: tuple[Way, ...]
    limits: tuple[tuple[str, int], ...] = ()
    sieve: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    cycles: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def blocks(self) -> int:
        """How many blocks of rows it has."""
        return -(-self.rows // BLOCK)

    def lines(self, block: int, attempt: int = 0) -> Iterator[str]:
        """Make the rows of one block as COPY reads them; another attempt makes others with the same keys."""
        return map("\t".join, zip(*self.columns(block, attempt), strict=True)) if self.written else iter(
            [""] * len(self.numbers(block))
        )  # fmt: skip

    def numbers(self, block: int) -> range:
        """The numbers of the rows of one block."""
        return range(block * BLOCK, min(self.rows, (block + 1) * BLOCK))

    def columns(self, block: int, attempt: int = 0) -> list[list[str]]:
        """Make the rows of one block, a list of texts for each column."""
        rows = self.numbers(block)
        chances = _Chances(self.salt, block, len(rows), attempt)
        if len(self.ways) == 1:
            made = self._made(self.ways[0], rows, None, chances)
            return [made[column] for column in self.written]
        chosen = [self._way(row) for row in rows]
        found = [[NULL] * len(rows) for _ in self.written]
        for index, way in enumerate(self.ways):
            places = [place for place, one in enumerate(chosen) if one == index]
            if places:
                made = self._made(way, [rows[place] for place in places], places, chances)
                for column, name in zip(found, self.written, strict=True):
                    for place, text in zip(places, made[name], strict=True):
                        column[place] = text
        return found

    def _made(
        self, way: Way, rows: Sequence[int], places: Sequence[int] | None, chances: _Chances
    ) -> dict[str, list[str]]:
        texts: dict[str, list[str]] = {}
        raws: dict[str, list[Raw]] = {}
        for pick in way.picks:
            _pick(pick, rows, chances.of(pick.name, places, rows if pick.keyed else None), texts)
        for cell in way.cells:
            many = chances.of(cell.column, places, rows if cell.keyed or cell.ordinal else None)
            others = [raws[bound.column] for bound in cell.follows]
            if others:
                made = [
                    cell.make(row, chance, beside)
                    for row, chance, beside in zip(rows, many, zip(*others, strict=True), strict=True)
                ]
            elif cell.values is not None and not cell.empty and cell.ordinal is None:
                make = cell.values.make
                made = [make(chance) for chance in many]
            else:
                made = [cell.make(row, chance, ()) for row, chance in zip(rows, many, strict=True)]
            raws[cell.column] = made
            spell = cell.values.spell if cell.values else str
            texts[cell.column] = [NULL if raw is None else spell(raw) for raw in made]
        return texts

    def source(self, column: str) -> Source:
        """Return where references to a column come from: of small tables every value is kept, once it was made."""
        way = self.ways[0]
        cell = next((cell for cell in way.cells if cell.column == column), None)
        if len(self.ways) == 1 and cell and cell.values and cell.ordinal and not cell.empty:
            nth, ordinal, spell = cell.values.nth, cell.ordinal, cell.values.spell
            at: Callable[[int], str | None] = lambda row: spell(nth(ordinal(row)))  # noqa: E731  # one of two
        else:
            at = lambda row: self.text(column, row)  # noqa: E731  # the other
        return Source(self.rows, lru_cache(maxsize=_KEPT)(at) if self.rows <= _KEPT else at)

    def text(self, column: str, row: int) -> str | None:
        """Return what COPY reads for one cell, of a column that others point at; None for NULL."""
        way = self.ways[self._way(row)]
        for pick in way.picks:
            if column in pick.columns:
                target, gone = pick.row(row, number(self._number(pick.name), row))
                return None if gone and column in pick.optional else pick.columns[column](target)
        cell, raw = self._raw(way, column, row)
        return None if raw is None or cell.values is None else cell.values.spell(raw)

    def _raw(self, way: Way, column: str, row: int) -> tuple[Cell, Raw]:
        cell = next(one for one in way.cells if one.column == column)
        others = [self._raw(way, bound.column, row)[1] for bound in cell.follows]
        return cell, cell.make(row, number(self._number(column), row), others)

    def _number(self, name: str) -> int:
        found = self._keys.get(name)
        if found is None:
            found = self._keys[name] = key(f"{self.salt}/{name}")
        return found

    @cached_property
    def _keys(self) -> dict[str, int]:
        return {}

    def _way(self, row: int) -> int:
        if len(self.ways) == 1:
            return 0
        beyond = frozenset(name for name, most in self.limits if row >= most)
        return self._chooser(beyond)(number(self._number(""), row))

    @cached_property
    def _choosers(self) -> dict[frozenset[str], Callable[[int], int]]:
        return {}

    def _chooser(self, beyond: frozenset[str]) -> Callable[[int], int]:
        """The choice among recipes; of those that keep a row out of the partial keys that are full."""
        if beyond not in self._choosers:
            weights = [0.0 if way.inside & beyond else way.weight for way in self.ways]
            total = sum(weights) or 1.0
            self._choosers[beyond] = weighted([max(weight / total, 1e-5) if weight else 0.0 for weight in weights])
        return self._choosers[beyond]


def _pick(pick: Pick, rows: Sequence[int], chances: Sequence[int], texts: dict[str, list[str]]) -> None:
    if pick.empty:
        found = [pick.row(row, chance) for row, chance in zip(rows, chances, strict=True)]
        for column, at in pick.columns.items():
            optional = column in pick.optional
            texts[column] = [
                NULL if (gone and optional) or (text := at(target)) is None else text for target, gone in found
            ]
        return
    targets = [pick.ordinal(row, chance) for row, chance in zip(rows, chances, strict=True)]
    for column, at in pick.columns.items():
        texts[column] = [NULL if (text := at(target)) is None else text for target in targets]


@dataclass(slots=True)
class _Chances:
    """The chance of every cell of a block: of one column for some of its rows."""

    salt: str
    block: int
    count: int
    attempt: int
    known: dict[str, Sequence[int]] = field(default_factory=dict)

    def of(self, name: str, places: Sequence[int] | None, keyed: Sequence[int] | None) -> Sequence[int]:
        if keyed is not None:
            of = key(f"{self.salt}/{name}")
            return [number(of, row) for row in keyed]
        if name not in self.known:
            again_ = f"#{self.attempt}" if self.attempt else ""
            self.known[name] = numbers(f"{self.salt}/{name}{again_}", self.block, self.count)
        found = self.known[name]
        return found if places is None else [found[place] for place in places]


def follows(orders: Sequence[Order], kinds: Mapping[str, object]) -> tuple[Follows, ...]:
    """Turn orders between two columns into bounds that the right one sets; what cannot be compared is left out."""
    found = []
    for order in orders:
        left, right = kinds.get(order.left.column), kinds.get(order.right.column)
        if not isinstance(left, Ordered) or not isinstance(right, Ordered) or left.unit != right.unit:
            continue
        if left.unit == "time" and (left.high <= _DAY) != (right.high <= _DAY):
            continue
        shift = shift_of(left, order.right.shift)
        if shift is None or order.left.shift:
            continue
        factor = (10 ** max(0, left.scale - right.scale), 10 ** max(0, right.scale - left.scale))
        found.append(Follows(order.right.column, order.operator, shift, factor))
    return tuple(found)


_DAY = 86_400_000_000
