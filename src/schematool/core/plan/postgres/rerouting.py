"""Rows that belong to another partition once bounds have changed: from where to where they are moved, and how.

ATTACH PARTITION refuses a table with a row outside of its bound, and a new partition while the default one has rows
for it. So the rows go first: into partitions that are about to be attached, or to the default one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schematool.core.catalog import Catalog, Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.bounds import Bound, bound, condition, covers, key_parts, overlap
from schematool.core.plan.postgres.names import name, relation
from schematool.core.sql.quote import identifier


@dataclass(frozen=True, slots=True)
class Move:
    """Rows that go from one partition to another. `inside`: those that fit `table`, or that do not fit it."""

    source: Id
    target: Id
    table: Id
    inside: bool = True

    @property
    def id(self) -> Id:
        """What it is known by in the graph of a plan."""
        return Id("move", (*self.table.path, *self.source.path))

    def is_early(self, before: Catalog, after: Catalog) -> bool:
        """Whether it is made while both tables are as they were: a source that goes is not altered with the others."""
        return self.source not in after and self.target in before


def moves(before: Catalog, after: Catalog, parents: Iterable[Id]) -> Iterator[Move]:
    """Return what may have to move below these tables, as far as they stay partitioned by the same key."""
    for parent in sorted(parents):
        old, new = before.objects.get(parent), after.objects.get(parent)
        if isinstance(old, pg.Table) and isinstance(new, pg.Table) and old.partition_key == new.partition_key:
            yield from _among(before, after, new)


def _parts(catalog: Catalog, parent: Id) -> dict[Id, pg.Table]:
    things = (catalog.objects[of] for of in catalog.needed_by.get(parent, frozenset()) if of.kind == "table")
    return {thing.id: thing for thing in things if isinstance(thing, pg.Table) and thing.partition_of == parent}


def _among(before: Catalog, after: Catalog, parent: pg.Table) -> Iterator[Move]:
    types = _types(after, parent)
    had, has = _parts(before, parent.id), _parts(after, parent.id)
    now = {of: bound(table.partition_bound or "") for of, table in has.items()}
    was = {of: bound(table.partition_bound or "") for of, table in had.items()}
    fresh = {of for of, one in now.items() if not one.is_default and was.get(of) != one}
    default = next((of for of, one in now.items() if one.is_default), None)
    for source, left in sorted(was.items()):
        gone = source not in after
        if not gone and (source not in now or _keeps_all(left, now[source], types)):
            continue
        for target in sorted(fresh - {source}):
            had_it = target in was and not was[target].is_default
            if had_it and covers(was[target], now[target], types) is True:
                continue  # what it takes now was its own before
            meet = overlap(left, now[target], types)
            if meet is True or (meet is None and (not gone or left.is_default)):
                yield Move(source, target, target)
        kept_apart = not gone and default not in {None, source} and now.get(source) not in {None, Bound()}
        if kept_apart and default is not None and left != now[source]:
            yield Move(source, default, source, inside=False)


def _keeps_all(was: Bound, now: Bound, types: tuple[str, ...]) -> bool:
    """Whether all rows of a partition surely stay; of a default one that depends on the others."""
    return not (was.is_default or now.is_default) and covers(now, was, types) is True


def _types(catalog: Catalog, table: pg.Table) -> tuple[str, ...]:
    columns = {identifier(name): Id("column", (*table.id.path, name)) for name in table.columns}
    parts = key_parts(table.partition_key or "")
    found = (catalog.objects.get(columns[part]) if part in columns else None for part in parts)
    return tuple(one.type if isinstance(one, pg.Column) else "" for one in found)


def in_the_way(before: Catalog, after: Catalog, partition: pg.Table) -> Iterator[Id]:
    """The partitions that leave a table and may have had rows for one that comes: both at once are refused."""
    parent = after.objects.get(partition.partition_of) if partition.partition_of else None
    if not isinstance(parent, pg.Table):
        return
    types, now = _types(after, parent), bound(partition.partition_bound or "")
    for thing in _parts(before, parent.id).values():
        if thing.id != partition.id:
            was, later = bound(thing.partition_bound or ""), after.objects.get(thing.id)
            leaves = not isinstance(later, pg.Table) or (later.partition_of, later.partition_bound) != (
                thing.partition_of,
                thing.partition_bound,
            )
            both = was.is_default and now.is_default
            if leaves and (both or (was.is_default == now.is_default and overlap(was, now, types) is not False)):
                yield thing.id


def heir_of(before: Catalog, after: Catalog, partition: Id) -> tuple[Id, Id] | None:
    """Where the rows of a partition belong that is no more: what leaves with it, and from which table.

    That table stays divided by the same key and keeps its default partition, which takes what no other takes. Whoever
    takes a partition out of the schema, or rolls back the migration that made it, has not said that its rows shall go.
    """
    going = before.objects.get(partition)
    while isinstance(going, pg.Table) and going.partition_of and going.partition_of not in after:
        going = before.objects.get(going.partition_of)
    if not isinstance(going, pg.Table) or going.partition_of is None or going.id in after or partition in after:
        return None
    old, new = (side.objects.get(going.partition_of) for side in (before, after))
    same = isinstance(old, pg.Table) and isinstance(new, pg.Table) and old.partition_key == new.partition_key
    defaults = [_default(side, going.partition_of) for side in (before, after)]
    return (going.id, going.partition_of) if same and defaults[1] and defaults[0] == defaults[1] else None


def _default(catalog: Catalog, parent: Id) -> Id | None:
    parts = _parts(catalog, parent).items()
    return next((of for of, part in parts if bound(part.partition_bound or "").is_default), None)


def inheriting(before: Catalog, after: Catalog, partition: Id, table: Id) -> str:
    """The statement that gives the rows of a partition that left to its former table."""
    there = {column.id.name for column in _columns(before, partition)}
    columns = ", ".join(identifier(one.id.name) for one in _columns(after, table) if one.id.name in there)
    into = f"INSERT INTO {relation(table)} ({columns}) OVERRIDING SYSTEM VALUE"
    return f"{into}\nSELECT {columns} FROM {relation(partition)}"


def moving(before: Catalog, after: Catalog, move: Move) -> str:
    """The statement that moves the rows; only columns that both have, and no generated ones."""
    fits, parent = after.objects[move.table], after.objects[_parent(after, move.table)]
    assert isinstance(fits, pg.Table)
    assert isinstance(parent, pg.Table)
    rows = condition(bound(fits.partition_bound or ""), key_parts(parent.partition_key or ""), name(parent.id))
    rows = rows if move.inside else f"({rows}) IS NOT TRUE"
    there = {column.id.name for column in _columns(before, move.source)}
    has = _columns(before if move.is_early(before, after) else after, move.target)
    columns = ", ".join(identifier(column.id.name) for column in has if column.id.name in there)
    return (
        f"WITH moved AS (\n    DELETE FROM {relation(move.source)}\n    WHERE {rows}\n    RETURNING {columns}\n)\n"
        f"INSERT INTO {relation(move.target)} ({columns}) OVERRIDING SYSTEM VALUE\nSELECT {columns} FROM moved"
    )


def _parent(catalog: Catalog, of: Id) -> Id:
    table = catalog.objects[of]
    assert isinstance(table, pg.Table)
    assert table.partition_of
    return table.partition_of


def _columns(catalog: Catalog, of: Id) -> list[pg.Column]:
    table = catalog.objects[of]
    assert isinstance(table, pg.Table)
    found = (catalog.objects.get(Id("column", (*of.path, column))) for column in table.columns)
    return [column for column in found if isinstance(column, pg.Column) and column.generated is None]
