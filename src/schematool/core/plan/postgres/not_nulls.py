"""The names of NOT NULL constraints, which are objects with names since PostgreSQL 18."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.model import postgres as pg
from schematool.core.sql.names import object_name
from schematool.core.sql.quote import identifier

NAMED_NOT_NULL = 18
"""The major from which on NOT NULL is a constraint with a name."""


def usual_not_null(column: pg.Column) -> str:
    """The name that PostgreSQL 18 gives to a NOT NULL constraint, cut as makeObjectName cuts it."""
    return object_name(column.id.path[1], column.id.name, "not_null")


def not_null_name(column: pg.Column) -> str:
    """The name that the NOT NULL of a column has: its own, or the usual one."""
    return column.not_null_name or usual_not_null(column)


def own_not_nulls(catalog: Catalog, table: pg.Table | pg.ForeignTable, version: int) -> Iterator[pg.Column]:
    """The columns of an heir that come from its parents, but whose NOT NULL is its own.

    Before PostgreSQL 18 it is no object, and an heir's is its own only where no parent has one.
    """
    for name in table.columns:
        column = catalog.objects.get(Id("column", (*table.id.path, name)))
        if not isinstance(column, pg.Column) or not (column.inherited and column.not_null and column.not_null_valid):
            continue
        above = [catalog.objects.get(Id("column", (*parent.path, name))) for parent in table.inherits]
        given = any(isinstance(one, pg.Column) and one.not_null for one in above)
        if not column.not_null_inherited if version >= NAMED_NOT_NULL else not given:
            yield column


def not_null_member(column: pg.Column) -> str:
    """`CONSTRAINT a_nn NOT NULL a`, as a part of CREATE TABLE (PostgreSQL 18)."""
    alone = " NO INHERIT" if column.not_null_no_inherit else ""
    return f"CONSTRAINT {identifier(not_null_name(column))} NOT NULL {identifier(column.id.name)}{alone}"


def said_outright(*catalogs: Catalog) -> tuple[Catalog, ...]:
    """Write down a usual name that another constraint of the same schema has too, in one of the catalogs.

    The server appends a number to a name that it chooses and finds taken anywhere in the schema, as of `role_id` in
    `user` and `id` in `user_role`; it takes one that it is told: two tables may have constraints
    of one name.
    """
    claims: dict[tuple[str, str], set[Id]] = defaultdict(set)
    for catalog in catalogs:
        for thing in catalog:
            for name in _constraint_names(thing):
                claims[thing.id.path[0], name].add(thing.id)
    shared = {claim for claim, claimants in claims.items() if len(claimants) > 1}
    return tuple(_named(catalog, shared) if shared else catalog for catalog in catalogs)


def _constraint_names(thing: Object) -> Iterator[str]:
    match thing:
        case pg.Column() if thing.not_null:
            yield not_null_name(thing)
        case pg.Constraint():
            yield thing.id.name
        case pg.Domain():
            yield from (check.name for check in thing.checks)
            if thing.not_null:
                yield thing.not_null_name or object_name(thing.id.name, None, "not_null")
        case _:
            return


def _named(catalog: Catalog, shared: set[tuple[str, str]]) -> Catalog:
    objects = {key: _outright(thing, shared) for key, thing in catalog.objects.items()}
    return replace(catalog, objects=objects)


def _outright(thing: Object, shared: set[tuple[str, str]]) -> Object:
    if isinstance(thing, pg.Column) and thing.not_null and not thing.not_null_name:
        usual = usual_not_null(thing)
        if (thing.id.path[0], usual) in shared:
            return replace(thing, not_null_name=usual)
    return thing
