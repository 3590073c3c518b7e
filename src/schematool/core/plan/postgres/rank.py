"""Which action goes first where nothing demands an order: adds sooner, deletes later, a table's things together."""

from __future__ import annotations

from collections.abc import Callable

from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.decide import Decision
from schematool.core.plan.postgres.graph import Node
from schematool.core.plan.postgres.names import table_of

_FIRST = (
    "schema",
    "extension",
    "language",
    "access method",
    "collation",
    "text search parser",
    "text search template",
)
_GROUP = {
    **{kind: position for position, kind in enumerate(_FIRST)},
    "type": 20,
    "sequence": 21,
    "function": 22,
    "aggregate": 23,
    "operator": 24,
    "table": 30,
    "foreign table": 31,
    "view": 32,
    "materialized view": 33,
    "event trigger": 40,
    "default privileges": 41,
}
_INSIDE = {
    kind: n for n, kind in enumerate(("column", "default", "constraint", "index", "statistics", "rule", "trigger"))
}
_MAKE, _PRIVILEGES, _REMOVE, _ALONE = 1, 2, 3, 4


def ranking(decision: Decision, is_alone: Callable[[Node], bool]) -> Callable[[Node], tuple[object, ...]]:
    """The rank of a node, smallest first."""

    def rank(node: Node) -> tuple[object, ...]:
        action, of = node
        stage = _stage(decision, action, of)
        if stage in {_MAKE, _REMOVE} and is_alone(node):
            stage = _ALONE
        owner = _owner(decision, of)
        # What belongs to a new table follows it at once.
        group = -1 if owner != of and owner in decision.creates else _GROUP.get(owner.kind, 29)
        inside = 0 if owner == of else 1 + _INSIDE.get(of.kind, 9)
        forward = (group, owner.path, inside, _position(decision, of), of.path)
        if action == "drop":
            return (stage, -group, owner.path, -inside, 0, of.path)
        return (stage, *forward)

    return rank


def _position(decision: Decision, of: Id) -> int:
    """Where a column stands in its table, so that new ones are added in that order."""
    table = decision.after.objects.get(table_of(of)) if of.kind == "column" else None
    known = isinstance(table, pg.Table) and of.name in table.columns
    return table.columns.index(of.name) if isinstance(table, pg.Table) and known else 0


def _stage(decision: Decision, action: str, of: Id) -> int:
    if action in {"drop", "detach", "release", "unbind"} and (of in decision.creates or of in decision.after):
        return 0
    if of.kind == "default privileges":
        return _PRIVILEGES
    return _REMOVE if action in {"drop", "finish", "unbind"} else _MAKE


def _owner(decision: Decision, of: Id) -> Id:
    """The object that an object is shown with: its table, for what a table has."""
    thing = decision.after.objects.get(of) or decision.before.objects.get(of)
    match thing:
        case (
            pg.Constraint() | pg.Index() | pg.Trigger() | pg.Rule() | pg.Policy() | pg.Statistics() | pg.Distribution()
        ):
            return thing.table
        case pg.Column() | pg.Default():
            return table_of(of)
        case _:
            return of
