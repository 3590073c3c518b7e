"""Which objects are made, removed, altered, and which are made again because something under them changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from schematool.core.catalog import Catalog, Id
from schematool.core.change import Added, Altered, Removed
from schematool.core.diff import diff
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres import types
from schematool.core.plan.postgres.alter import Way, way
from schematool.core.plan.postgres.names import table_of

# What ALTER COLUMN TYPE refuses to carry along ("cannot alter type of a column used by …", tablecmds.c).
_HOLDS_A_TYPE = frozenset(
    {"view", "materialized view", "rule", "policy", "trigger", "function", "publication", "default"}
)
# What is never dropped for the sake of something else: it holds rows or everything.
_NEVER = frozenset({"table", "schema", "extension", "sequence", "foreign table"})


@dataclass(slots=True)
class Decision:
    """The fate of each object. An id can be in both `drops` and `creates`: it is made again."""

    before: Catalog
    after: Catalog
    version: int
    drops: set[Id] = field(default_factory=set)
    creates: set[Id] = field(default_factory=set)
    alters: dict[Id, Altered] = field(default_factory=dict)
    swaps: set[Id] = field(default_factory=set)
    rebuilds: set[Id] = field(default_factory=set)
    retyped: set[Id] = field(default_factory=set)

    def old(self, of: Id) -> pg.PgObject:
        """The object as it was."""
        thing = self.before.objects[of]
        assert isinstance(thing, pg.PgObject)
        return thing

    def parents_of(self, of: Id, catalog: Catalog) -> tuple[Id, ...]:
        """The columns of the parents that an inherited column comes from, in the table's order of parents."""
        column = catalog.objects.get(of)
        table = catalog.objects.get(table_of(of))
        if not isinstance(column, pg.Column) or not column.inherited or not isinstance(table, pg.Table):
            return ()
        parents = (*table.inherits, *((table.partition_of,) if table.partition_of else ()))
        return tuple(Id("column", (*parent.path, of.name)) for parent in parents)

    def new(self, of: Id) -> pg.PgObject:
        """The object as it shall be."""
        thing = self.after.objects[of]
        assert isinstance(thing, pg.PgObject)
        return thing


def decide(before: Catalog, after: Catalog, version: int) -> Decision:
    """Compare two catalogs and decide the fate of everything that differs or depends on what differs."""
    decision = Decision(before, after, version)
    for change in diff(before, after):
        match change:
            case Added():
                decision.creates.add(change.id)
            case Removed():
                decision.drops.add(change.id)
            case Altered():
                _altered(decision, change)
            case _:
                raise AssertionError(change)
    _propagate(decision)
    _leave_to_the_parent(decision)
    _keep_rows_for_the_copy(decision)
    return decision


def _altered(decision: Decision, change: Altered) -> None:
    before, after = decision.old(change.id), decision.new(change.id)
    match way(before, after, decision.version):
        case Way.IN_PLACE:
            decision.alters[change.id] = change
        case Way.REPLACE:
            _again(decision, change.id)
        case Way.SWAP:
            _again(decision, change.id)
            decision.swaps.add(change.id)
        case Way.REBUILD:
            _again(decision, change.id)
            decision.rebuilds.add(change.id)


def _again(decision: Decision, of: Id) -> None:
    decision.alters.pop(of, None)
    decision.drops.add(of)
    if of in decision.after:
        decision.creates.add(of)


def _propagate(decision: Decision) -> None:
    """Carry the fate of each object to what depends on it, until nothing changes any more."""
    todo = sorted(decision.drops) + sorted(decision.alters)
    seen: set[Id] = set()
    while todo:
        of = todo.pop()
        forced = set(_forced(decision, of)) - decision.drops
        for dependent in sorted(forced):
            _again(decision, dependent)
            todo.append(dependent)
        if of in decision.swaps and of not in seen:
            seen.add(of)
            todo += _retype_users(decision, of)


def _forced(decision: Decision, of: Id) -> Iterator[Id]:
    """What must be dropped and made again because of what happens to `of`."""
    dependents = decision.before.needed_by.get(of, frozenset())
    if of in decision.drops:
        for dependent in dependents:
            if _must_go(decision, of, dependent):
                yield dependent
        return
    change = decision.alters.get(of)
    if change is None:
        return
    before, after = change.before, change.after
    if not isinstance(before, pg.Column) or not isinstance(after, pg.Column):
        return
    if of in decision.retyped or (before.type, before.collation) != (after.type, after.collation):
        yield from _held_by_type(decision, before, after, dependents)


def _must_go(decision: Decision, of: Id, dependent: Id) -> bool:
    if dependent in decision.drops or dependent.kind in _NEVER:
        return False
    if of in decision.swaps and dependent.kind == "column":
        return False
    still = of in decision.after.needs_of.get(dependent, frozenset())
    if dependent in decision.alters and not still:
        return False
    inside = of.kind in pg.RELATIONS and dependent.path[:2] == of.path[:2]
    if dependent.kind == "column" and not inside:
        column = decision.old(dependent)
        return isinstance(column, pg.Column) and column.generated is not None
    return True


def _held_by_type(decision: Decision, before: pg.Column, after: pg.Column, dependents: frozenset[Id]) -> Iterator[Id]:
    other = types.other_base(before.type, after.type) or before.id in decision.retyped
    apart = not types.comparable(before.type, after.type) or before.id in decision.retyped
    for dependent in dependents:
        if dependent.kind in _HOLDS_A_TYPE and (dependent.kind != "default" or other):
            yield dependent
        if dependent.kind == "column":
            column = decision.old(dependent)
            if isinstance(column, pg.Column) and column.generated is not None:
                yield dependent
        # What the server can rebuild by itself it does (ATPostAlterTypeCleanup); between types that have no
        # operator in common it cannot.
        if apart and dependent.kind in {"constraint", "index", "statistics"} and _has_expression(decision, dependent):
            yield dependent
    if apart:
        yield from _keys_on(decision, before.id)


def _has_expression(decision: Decision, of: Id) -> bool:
    match decision.old(of):
        case pg.Index() as index:
            return " WHERE " in index.definition or "(" in index.definition.split("(", 1)[-1]
        case pg.Constraint() as constraint:
            return constraint.type in {"foreign key", "check", "exclude"}
        case _:
            return True


def _keys_on(decision: Decision, column: Id) -> Iterator[Id]:
    """Foreign keys that point at a column."""
    for thing in decision.before:
        needed = decision.before.needs_of.get(thing.id, frozenset())
        if isinstance(thing, pg.Constraint) and thing.type == "foreign key" and column in needed:
            yield thing.id


def _retype_users(decision: Decision, of: Id) -> list[Id]:
    """Columns of a type that is swapped keep their name of the type and must still be moved to the new one."""
    users: list[Id] = []
    for dependent in sorted(decision.before.needed_by.get(of, frozenset())):
        if dependent.kind == "column" and dependent in decision.after and dependent not in decision.drops:
            decision.retyped.add(dependent)
            decision.alters.setdefault(dependent, Altered(decision.old(dependent), decision.new(dependent)))
            users.append(dependent)
        if dependent.kind == "type" and dependent not in decision.drops and dependent in decision.after:
            _again(decision, dependent)
            decision.swaps.add(dependent)
            users.append(dependent)
    return users


def _leave_to_the_parent(decision: Decision) -> None:
    """Take out what a partitioned or inherited parent does for its children by itself.

    A column that its parent's column takes along stays in, to be done by the parent's statement.
    """
    for of in [i for i in decision.drops if _inherited(decision.old(i))]:
        if not any(parent in decision.drops for parent in decision.parents_of(of, decision.before)):
            decision.drops.discard(of)
            decision.drops.discard(Id("default", of.path))
    for of in [i for i in decision.creates if _inherited(decision.new(i))]:
        if not any(parent in decision.creates for parent in decision.parents_of(of, decision.after)):
            decision.creates.discard(of)
    for of, change in list(decision.alters.items()):
        if isinstance(change.after, pg.Constraint) and change.after.inherited:
            del decision.alters[of]


def _keep_rows_for_the_copy(decision: Decision) -> None:
    """Partitions of a table that is rebuilt hold its rows: they go with it, when these are copied, and not before."""
    for of in decision.rebuilds:
        kept = _partitions(decision, of)
        for thing in decision.before:
            table = getattr(thing, "table", table_of(thing.id))
            if table in kept:
                decision.drops.discard(thing.id)


def _partitions(decision: Decision, of: Id) -> set[Id]:
    found: set[Id] = set()
    for thing in decision.before:
        if isinstance(thing, pg.Table) and thing.partition_of == of and thing.id not in decision.after:
            found |= {thing.id} | _partitions(decision, thing.id)
    return found


def _inherited(thing: pg.PgObject) -> bool:
    match thing:
        case pg.Column() | pg.Trigger():
            return thing.inherited
        case pg.Constraint():
            return thing.inherited and thing.type in {"check", "foreign key"}
        case _:
            return False
