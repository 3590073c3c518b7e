"""The plans of all tables of a database, each after those that it refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from schematool.core.seed.chance import again, below, key, skewed
from schematool.core.seed.condition import (
    UNKNOWN,
    Among,
    Atom,
    Bound,
    Cased,
    Like,
    Null,
    Order,
    Term,
    alternatives,
)
from schematool.core.seed.demand import Column, ForeignKey, Source, Table
from schematool.core.seed.domain import USUALLY_EMPTY, Domain, values
from schematool.core.seed.keys import Keys, Ordinal, settle
from schematool.core.seed.kinds import OPEN, Opaque, Ordered, Textual
from schematool.core.seed.recipes import Condition, Recipe, merged, recipes
from schematool.core.seed.specimens import Type
from schematool.core.seed.sql_kinds import Typed, typed
from schematool.core.seed.table import Cell, Follows, Pick, Plan, Way, follows
from schematool.core.seed.wish import NONE, Target, Wish, Wished


@dataclass(frozen=True, slots=True)
class World:
    """What plans are made from. `kept`: sources of tables that are left as they are, by table and column.

    `elsewhere`: what fields of the other store hold; `pointed`: tables and columns that the other store points at.
    `doubted`: conditions that the server refused rows for, by table;
    `refused`: tables that the server took no row for, with what it said. `modest`: those whose numbers stay small,
    since what is computed of them went beyond its type.
    """

    seed: int
    tables: Mapping[str, Table]
    types: Mapping[int, Type]
    wished: Mapping[str, Wished]
    counts: Mapping[str, int]
    kept: Mapping[tuple[str, str], Source] = field(default_factory=dict)
    elsewhere: Callable[[Target], Source | None] = lambda _target: None
    doubted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pointed: frozenset[tuple[str, str]] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    modest: frozenset[str] = frozenset()


@dataclass(slots=True)
class Plans:
    """Plans in the order of filling; `groups` are filled together. `refused`: why a table cannot be filled."""

    groups: list[tuple[str, ...]] = field(default_factory=list)
    by_table: dict[str, Plan] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def plan(world: World, most: int | None = None) -> Plans:
    """Plan every table that has rows to be made; `most`: no more rows than this in each, for a trial."""
    plans = Plans(groups=groups(world.tables.values()))
    for group in plans.groups:
        counts = {name: world.counts.get(name, 0) for name in group}
        counts = {name: min(count, most) if most is not None else count for name, count in counts.items()}
        for name in group:
            table = world.tables[name]
            if counts[name] == 0 or any((name, column.name) in world.kept for column in table.columns):
                continue
            if name in world.refused:
                plans.refused[name] = world.refused[name]
                continue
            made = _Maker(world, plans, table, counts).plan()
            if isinstance(made, str):
                plans.refused[name] = made
            else:
                plans.by_table[name] = made
    return plans


def groups(tables: Iterable[Table]) -> list[tuple[str, ...]]:
    """Order tables after those that they refer to; tables that refer to each other in a circle are one group."""
    named = {table.name: table for table in tables}
    targets = {
        name: {foreign.target for foreign in table.foreign_keys if foreign.target in named}
        for name, table in named.items()
    }
    circle = _circles(targets)
    sorter: TopologicalSorter[str] = TopologicalSorter(
        {circle[name]: {circle[to] for to in targets[name]} - {circle[name]} for name in sorted(named)}
    )
    for name in sorted(named):
        for to in targets[name]:
            if circle[to] != circle[name]:
                sorter.add(circle[name], circle[to])
    found: list[tuple[str, ...]] = []
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += [tuple(sorted(name for name in named if circle[name] == head)) for head in ready]
        sorter.done(*ready)
    return found


def _circles(targets: Mapping[str, set[str]]) -> dict[str, str]:
    """Give each table the first name among those that it reaches and that reach it."""
    reach: dict[str, set[str]] = {}
    for name in targets:
        found, ahead = {name}, [name]
        while ahead:
            for to in targets[ahead.pop()]:
                if to not in found:
                    found.add(to)
                    ahead.append(to)
        reach[name] = found
    return {name: min(to for to in reach[name] if name in reach[to]) for name in targets}


@dataclass(slots=True)
class _Maker:
    world: World
    plans: Plans
    table: Table
    counts: Mapping[str, int]
    notes: list[str] = field(default_factory=list)
    cycles: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def salt(self) -> str:
        return f"{self.world.seed}/{self.table.name}"

    def wish(self, column: str) -> Wish:
        wished = self.world.wished.get(self.table.name)
        return wished.fields.get(column, NONE) if wished else NONE

    def plan(self) -> Plan | str:
        table = self.table
        if table.closed:
            return table.closed
        kinds = {
            column.name: typed(column.type, column.modifier, self.world.types)
            for column in table.columns
            if not column.generated
        }
        references, gone = self._references()
        if gone:
            return gone
        referring = {column for reference in references for column in reference.columns}
        base = {}
        for column in table.columns:
            if column.generated:
                continue
            domain = self._base(column, kinds[column.name], referring)
            if isinstance(domain, Domain):
                base[column.name] = domain
            elif domain:
                return domain
        conditions, unclear = self._conditions(kinds)
        partial = [(one.name, one.where) for one in table.uniques if one.where]
        found = recipes(base, conditions, partial, {name: self.wish(name) for name in base})
        keys = self._keys(base, found.ways, references)
        if keys.rows < 1:
            return "its keys leave no room for a row"
        if keys.capped and keys.rows < self.counts[table.name]:
            self.notes.append(f"{keys.capped} has room for {keys.rows:,} rows")
        picks = self._picks(references, keys)
        ways = tuple(way for one in found.ways if (way := self._way(one, keys, picks, base)) is not None)
        if not ways:
            return "no value satisfies all its conditions"
        doubted = self.world.doubted.get(table.name, frozenset())
        texts = dict(table.checks) | {condition.name: condition.text for condition in conditions}
        sieve = tuple((name, texts[name]) for name in texts if name in doubted and name not in unclear)
        made = {cell.column for cell in ways[0].cells} | {column for pick in ways[0].picks for column in pick.columns}
        written = tuple(column.name for column in table.columns if column.name in made)
        limits = tuple(keys.limits)
        return Plan(
            table, keys.rows, self.salt, written, ways, limits, sieve, tuple(self.notes), cycles=dict(self.cycles)
        )

    def _base(self, column: Column, of: Typed, referring: set[str]) -> Domain | str | None:
        """The domain before any condition; None to leave the column to its default; a text when that cannot be."""
        wish = self.wish(column.name)
        required = column.required or of.required
        empty = 0.0 if required else (USUALLY_EMPTY if wish.empty is None else wish.empty)
        if of.kind is None:
            if column.name in referring:
                return Domain(Textual(), empty)
            if column.defaulted or not required:
                return None
            return f"no values are known for the type {of.sql} of {column.name}"
        if self.table.name in self.world.modest and isinstance(of.kind, Ordered) and of.kind.unit == "number":
            return Domain(of.kind, empty, modest=True)
        return Domain(of.kind, empty)

    def _conditions(self, kinds: Mapping[str, Typed]) -> tuple[list[Condition], frozenset[str]]:
        """All that must hold: checks, those of domains on their columns, and that a partition takes the row."""
        found = [Condition(name, text, alternatives(text)) for name, text in self.table.checks]
        for column, of in kinds.items():
            for number, text in enumerate(of.checks):
                ways = tuple(tuple(_renamed(atom, column) for atom in way) for way in alternatives(text))
                found.append(Condition(f"{column} {number}", "", ways))
        inner = frozenset(condition.name for condition in found if not condition.text)
        if self.table.partitions is not None:
            each = tuple(way for text in self.table.partitions for way in alternatives(text))
            hashed = any("satisfies_hash_partition" in text for text in self.table.partitions)
            found.append(Condition("partitions", "", UNKNOWN if hashed else merged(each)))
            inner |= {"partitions"}
        names = {column.name: column for column in self.table.columns}
        if {"created_at", "updated_at"} <= set(names):
            soft = Order(Term("updated_at"), ">=", Term("created_at"))
            found.append(Condition("updated after created", "", ((soft,),)))
            inner |= {"updated after created"}
        return found, inner

    def _references(self) -> tuple[dict[ForeignKey, int], str | None]:
        """The references that can be kept, with the rows of their targets; or why there can be no row."""
        found: dict[ForeignKey, int] = {}
        nullable = {column.name for column in self.table.columns if not column.required}
        for reference in self.table.foreign_keys:
            rows = self._rows_of(reference.target, reference.target_columns)
            if rows:
                found[reference] = rows
            elif not set(reference.columns) & nullable:
                why = self.plans.refused.get(reference.target, "it has no rows")
                return {}, f"{reference.name} needs a row of {reference.target}: {why}"
            else:
                found[reference] = 0
        wished = self.world.wished.get(self.table.name)
        for column, target in wished.targets.items() if wished else ():
            if target.store != "postgres" and (source := self.world.elsewhere(target)) and source.rows:
                foreign = ForeignKey(f"{column} → {target.entity}", (column,), "", (column,))
                found[foreign] = source.rows
        return found, None

    def _rows_of(self, target: str, columns: Sequence[str]) -> int:
        if target == self.table.name:
            return self.counts[target]
        if target in self.plans.by_table:
            return self.plans.by_table[target].rows
        if (target, columns[0]) in self.world.kept:
            return self.world.kept[target, columns[0]].rows
        return self.counts.get(target, 0) if target not in self.plans.refused else 0

    def _keys(
        self,
        base: Mapping[str, Domain],
        ways: Sequence[Recipe],
        references: Mapping[ForeignKey, int],
    ) -> Keys:
        table = self.table
        keys = Keys(self.counts[table.name])
        referring = {column for reference in references for column in reference.columns}
        for column in table.columns:
            if column.counter and column.name in base and column.name not in referring:
                keys.columns[column.name] = lambda row: row
                keys.injective.add(column.name)
        for apart in table.apart:
            first = next((name for name in apart.columns if name in base and name not in referring), None)
            if first is None:
                keys.unmet.append(apart.name)
            else:
                keys.columns[first] = lambda row: row
                keys.injective.add(first)
        capacities = {
            name: min(
                (made.capacity if (made := values(way.domains[name], name, keys.rows, self.wish(name))) else 0)
                for way in ways
            )
            for name in {column for unique in table.uniques for column in unique.columns}
            if name in base and name not in referring
        }
        settle(
            keys, table.uniques, {foreign: rows for foreign, rows in references.items() if rows}, capacities, self.salt
        )
        self.notes += [f"nothing keeps {name} from repeating" for name in keys.unmet]
        if "created_at" in base and "created_at" not in keys.columns and "created_at" not in referring:
            free = all(way.domains["created_at"].orders == () for way in ways)
            if isinstance(base["created_at"].kind, Ordered) and self.wish("created_at") == NONE and free:
                # Rows lie in a table in the order in which they came.
                keys.columns["created_at"] = lambda row: row
        return keys

    def _picks(self, references: Mapping[ForeignKey, int], keys: Keys) -> list[Pick]:
        """References as picks: those of keys first, then the longest; what a longer one covers follows from it."""
        picks: list[Pick] = []
        covered: dict[str, Pick] = {}
        pointed = self._pointed_at()
        ordered = sorted(references, key=lambda one: (one.name not in keys.references, -len(one.columns), one.name))
        for reference in ordered:
            shared = set(reference.columns) & set(covered)
            if shared == set(reference.columns):
                continue
            if references[reference] == 0:
                pick = self._nowhere(reference)
            elif shared:
                together = self._joined(reference, references[reference], covered)
                if together is None:
                    optional = {c.name for c in self.table.columns if not c.required} & set(reference.columns) - shared
                    if not optional:
                        self.notes.append(f"{reference.name} shares a column with another reference")
                        continue
                    pick = replace(self._nowhere(reference), columns=dict.fromkeys(sorted(optional), lambda _: None))
                else:
                    pick = together
            else:
                pick = self._pick(reference, references[reference], keys, pointed, references)
            picks.append(pick)
            covered |= dict.fromkeys(pick.columns, pick)
        return picks

    def _nowhere(self, reference: ForeignKey) -> Pick:
        optional = [column.name for column in self.table.columns if not column.required]
        columns = [column for column in reference.columns if column in optional]
        return Pick(reference.name, dict.fromkeys(columns, lambda _: None), lambda _row, _chance: 0)

    def _pointed_at(self) -> set[str]:
        """The columns that others point at, together with more than themselves."""
        return {
            column
            for table in self.world.tables.values()
            for foreign in table.foreign_keys
            if foreign.target == self.table.name and len(foreign.target_columns) > 1
            for column in foreign.target_columns
        }

    def _pick(
        self,
        reference: ForeignKey,
        rows: int,
        keys: Keys,
        pointed: set[str],
        references: Mapping[ForeignKey, int],
    ) -> Pick:
        wish = next((wish for column in reference.columns if (wish := self.wish(column)) != NONE), NONE)
        columns = self._sources(reference, reference.columns)
        optional = frozenset(c.name for c in self.table.columns if not c.required) & set(reference.columns)
        empty = (USUALLY_EMPTY if wish.empty is None else wish.empty) if optional else 0.0
        keyed = bool(set(reference.columns) & pointed)
        many = min(rows, wish.distinct or rows)
        joined = self._join_of(reference, references)
        if reference.name in keys.references:
            ordinal = keys.references[reference.name]
            return Pick(reference.name, columns, lambda row, _chance: ordinal(row), empty, optional, keyed)
        if joined is not None:
            return Pick(reference.name, columns, self._among(joined, rows, pointed), empty, optional, keyed)
        if keyed and len(reference.columns) == 1:
            self.cycles[reference.columns[0]] = (reference.target, many)
            return Pick(reference.name, columns, lambda row, _chance: row % many, empty, optional, keyed)
        if reference.target == self.table.name:
            if not optional:
                # The first points at itself; the server looks at references when the statement is done.
                return Pick(reference.name, columns, lambda row, chance: below(chance, max(1, row)), keyed=keyed)
            return Pick(
                reference.name,
                columns,
                lambda row, chance: below(chance, max(1, row)),
                max(empty, 0.1),
                optional,
                keyed,
            )
        choose = skewed if wish.skew else below
        return Pick(reference.name, columns, lambda _row, chance: choose(chance, many), empty, optional, keyed)

    def _sources(self, reference: ForeignKey, columns: Sequence[str]) -> dict[str, Callable[[int], str | None]]:
        wished = self.world.wished.get(self.table.name)
        found: dict[str, Callable[[int], str | None]] = {}
        for column, at in zip(reference.columns, reference.target_columns, strict=True):
            if column not in columns:
                continue
            if not reference.target and wished:
                source = self.world.elsewhere(wished.targets[column])
                found[column] = source.at if source else lambda _: None
            else:
                found[column] = self._source(reference.target, at)
        return found

    def _source(self, target: str, column: str) -> Callable[[int], str | None]:
        if (target, column) in self.world.kept:
            return self.world.kept[target, column].at
        if target in self.plans.by_table:
            return self.plans.by_table[target].source(column).at
        # Of this table itself, or of one in the same circle, which is planned later.
        found: list[Callable[[int], str | None]] = []

        def late(row: int) -> str | None:
            if not found:
                found.append(self.plans.by_table[target].source(column).at)
            return found[0](row % self.plans.by_table[target].rows)

        return late

    def _join_of(self, reference: ForeignKey, references: Mapping[ForeignKey, int]) -> tuple[str, ...] | None:
        """Names of the column that this reference has in common with others, and of those others' targets."""
        others = [
            other
            for other in references
            if other != reference and len(other.columns) > 1 and set(other.columns) & set(reference.columns)
            and not set(other.columns) <= set(reference.columns)
        ]  # fmt: skip
        if not others or len(reference.columns) < 2:
            return None
        common = set(reference.columns).intersection(*(other.columns for other in others))
        if len(common) != 1:
            return None
        column = common.pop()
        cycles = [self._cycle(one, column) for one in (reference, *others)]
        if any(one is None for one in cycles) or len({one[0] for one in cycles if one}) != 1:
            return None
        return (column, *(one.name for one in (reference, *others)))

    def _cycle(self, reference: ForeignKey, column: str) -> tuple[str, int] | None:
        at = reference.target_columns[reference.columns.index(column)]
        plan_of = self.plans.by_table.get(reference.target)
        return plan_of.cycles.get(at) if plan_of else None

    def _among(self, joined: tuple[str, ...], rows: int, pointed: set[str]) -> Callable[[int, int], int]:
        column, *names = joined
        by_name = {reference.name: reference for reference in self.table.foreign_keys}
        cycles = [cycle for name in names if (cycle := self._cycle(by_name[name], column))]
        targets = [self.plans.by_table[by_name[name].target].rows for name in names]
        limit = min(*(cycle[1] for cycle in cycles), *targets)
        own = cycles[0][1]
        steady = column in pointed
        if steady:
            self.cycles[column] = (cycles[0][0], limit)

        def chosen(row: int, chance: int) -> int:
            turn = row % limit if steady else below(chance, limit)
            return turn + own * below(again(chance), (rows - turn + own - 1) // own)

        return chosen

    def _joined(self, reference: ForeignKey, rows: int, covered: Mapping[str, Pick]) -> Pick | None:
        """A reference that must agree with one before it in a column: both tables go through its values in turn."""
        shared = [column for column in reference.columns if column in covered]
        if len(shared) != 1:
            return None
        before = covered[shared[0]]
        first = next((one for one in self.table.foreign_keys if one.name == before.name), None)
        if first is None or len(first.columns) < 2:
            return None
        theirs, ours = self._cycle(first, shared[0]), self._cycle(reference, shared[0])
        if theirs is None or ours is None or theirs[0] != ours[0]:
            return None
        rest = [column for column in reference.columns if column not in shared]
        optional = frozenset(c.name for c in self.table.columns if not c.required) & set(rest)

        def chosen(row: int, chance: int) -> int:
            # The same number decides both, so that both know the turn of the shared column.
            turn = before.row(row, chance)[0] % theirs[1]
            return turn + ours[1] * below(again(chance ^ 0xA5), (rows - turn + ours[1] - 1) // ours[1])

        return Pick(before.name, self._sources(reference, rest), chosen, before.empty, optional, before.keyed)

    def _way(
        self,
        recipe: Recipe,
        keys: Keys,
        picks: Sequence[Pick],
        base: Mapping[str, Domain],
    ) -> Way | None:
        ready: list[Pick] = []
        for pick in picks:
            forced = [recipe.domains[name].empty for name in pick.columns if name in recipe.domains]
            empty = pick.empty
            if any(share >= 1 for share in forced):
                empty = 1.0
            elif forced and any(
                recipe.domains[name].empty == 0 and base[name].empty > 0 for name in pick.columns if name in base
            ):
                empty = 0.0
            ready.append(replace(pick, empty=empty))
        referring = {column for pick in picks for column in pick.columns}
        columns = [name for name in base if name not in referring]
        kinds = {name: base[name].kind for name in columns}
        bounds = self._bounds(recipe, kinds, keys)
        pointed = {column for table, column in self.world.pointed if table == self.table.name} | {
            column
            for table in self.world.tables.values()
            for foreign in table.foreign_keys
            if foreign.target == self.table.name
            for column in foreign.target_columns
        }
        cells: dict[str, Cell] = {}
        for name in columns:
            cell = self._cell(name, recipe.domains[name], keys, bounds.get(name, ()))
            if cell is None:
                return None
            cells[name] = replace(cell, keyed=name in pointed)
        for apart in self.table.apart:
            self._lane(apart.columns, cells)
        keyed = {name for name, cell in cells.items() if cell.keyed}
        while more := {bound.column for name in keyed for bound in cells[name].follows} - keyed:
            keyed |= more
        cells = {name: replace(cell, keyed=name in keyed) for name, cell in cells.items()}
        return Way(tuple(ready), tuple(_in_order(cells)), recipe.weight, recipe.inside)

    def _bounds(self, recipe: Recipe, kinds: Mapping[str, object], keys: Keys) -> dict[str, tuple[Follows, ...]]:
        """Who follows whom: the greater the smaller, but never one whose value a key decides, and never in a circle."""
        found: dict[str, tuple[Follows, ...]] = {}
        orders = [order for name in kinds for order in recipe.domains[name].orders]
        for order in orders:
            one = order
            swap = one.operator in {"<", "<="} and one.right.column not in keys.columns
            if one.left.column in keys.columns or swap:
                one = one.turned()
            if one.left.column in keys.columns or one.left.column == one.right.column:
                continue
            if _reaches(found, one.right.column, one.left.column):
                one = one.turned()
                if one.left.column in keys.columns or _reaches(found, one.right.column, one.left.column):
                    continue
            found[one.left.column] = (*found.get(one.left.column, ()), *follows((one,), kinds))
        return found

    def _cell(self, name: str, domain: Domain, keys: Keys, bounds: tuple[Follows, ...]) -> Cell | None:
        if domain.empty >= 1:
            return Cell(name, None)
        wish = self.wish(name)
        made = values(domain, name, keys.rows, wish)
        counter = next((column.counter for column in self.table.columns if column.name == name), None)
        if made is None:
            return Cell(name, None) if domain.nullable else None
        if counter is not None:
            start, step = counter.start, counter.increment
            made = replace(made, nth=lambda n: start + n * step)
        kind = domain.kind if isinstance(domain.kind, Ordered) else None
        ordinal = keys.columns.get(name)
        if ordinal is not None and isinstance(domain.kind, Opaque) and domain.kind.capacity == OPEN:
            # Ids of one table are none of another, so that a wrong join finds nothing.
            ordinal = _moved(ordinal, key(f"{self.salt}/{name}") % OPEN)
        empty = (
            0.0 if any(name in unique.columns for unique in self.table.uniques if unique.nulls_alike) else domain.empty
        )
        return Cell(
            name, made, empty, ordinal, follows=() if ordinal else bounds, kind=kind, low=domain.low, high=domain.high
        )

    def _lane(self, columns: Sequence[str], cells: dict[str, Cell]) -> None:
        """Of a start and an end that no other row may overlap: the end comes before the next start."""
        if len(columns) != 2 or any(column not in cells for column in columns):
            return
        start, end = (cells[column] for column in columns)
        if start.ordinal is None or start.values is None or start.kind is None:
            return
        first, second = start.values.nth(0), start.values.nth(1)
        if isinstance(first, int) and isinstance(second, int):
            cells[columns[1]] = replace(
                end,
                ordinal=None,
                follows=(Follows(columns[0], ">", 0), Follows(columns[0], "<=", second - first)),
            )


def _moved(ordinal: Ordinal, by: int) -> Ordinal:
    return lambda row: (ordinal(row) + by) % OPEN


def _reaches(found: Mapping[str, tuple[Follows, ...]], start: str, end: str) -> bool:
    ahead, seen = [start], {start}
    while ahead:
        here = ahead.pop()
        if here == end:
            return True
        for bound in found.get(here, ()):
            if bound.column not in seen:
                seen.add(bound.column)
                ahead.append(bound.column)
    return False


def _in_order(cells: Mapping[str, Cell]) -> list[Cell]:
    """Put cells after those that they follow."""
    done: dict[str, Cell] = {}
    waiting = list(cells.values())
    while waiting:
        ready = [cell for cell in waiting if all(bound.column in done for bound in cell.follows)]
        if not ready:
            # A column that is no cell of its own (a reference) cannot be followed.
            ready = [
                replace(cell, follows=tuple(bound for bound in cell.follows if bound.column in done))
                for cell in waiting
            ]
        done |= {cell.column: cell for cell in ready}
        waiting = [cell for cell in waiting if cell.column not in done]
    return list(done.values())


def _renamed(atom: Atom, column: str) -> Atom:
    """A condition on VALUE, of a domain, as one on the column."""
    match atom:
        case Bound():
            return replace(atom, term=replace(atom.term, column=column))
        case Among() | Null() | Like() | Cased():
            return replace(atom, column=column)
        case _:
            return atom
