"""A draft catalog as statements that make it from nothing; the engine finds the order that works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schematool.core.catalog import Catalog, Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.attributes import default_privileges, on_create
from schematool.core.plan.postgres.create import (
    after_column,
    after_table,
    column_text,
    constraint_text,
    create,
    create_foreign_table,
    create_table,
    own_sequence,
    replica_identity,
)
from schematool.core.plan.postgres.names import name, relation
from schematool.core.plan.postgres.not_nulls import said_outright
from schematool.core.sql.expression import enclosed
from schematool.core.sql.quote import identifier

_ORDER = (
    "schema",
    "extension",
    "type",
    "sequence",
    "function",
    "table",
    "foreign table",
    "distribution",
    "view",
    "materialized view",
)
_LAST = ("default privileges", "event trigger")


def build(catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Return (key, statement) pairs, the key being the text of the object's identity.

    The order is a good guess: what only the server knows (a view that uses a function) is left to it.
    """
    (catalog,) = said_outright(catalog)
    pairs: list[tuple[str, str]] = []
    for of in sorted(catalog.objects, key=_rank):
        thing = catalog.objects[of]
        assert isinstance(thing, pg.PgObject)
        pairs += ((str(of), text) for text in _statements(catalog, thing))
    for thing in catalog:
        if isinstance(thing, pg.Sequence) and thing.owned_by:
            pairs.append((str(thing.id), own_sequence(thing)))
        if isinstance(thing, pg.Table | pg.ForeignTable) and thing.partition_of:
            text = (
                f"ALTER TABLE ONLY {name(thing.partition_of)} ATTACH PARTITION {name(thing.id)} {thing.partition_bound}"
            )
            pairs.append((str(thing.id), text))
        if isinstance(thing, pg.Table) and thing.replica_identity != "default":
            pairs.append((str(thing.id), replica_identity(thing)))
    return tuple(pairs)


def _rank(of: Id) -> tuple[int, Id]:
    if of.kind in _ORDER:
        return _ORDER.index(of.kind), of
    return (len(_ORDER) + 1 if of.kind in _LAST else len(_ORDER)), of


def _statements(catalog: Catalog, thing: pg.PgObject) -> Iterator[str]:
    match thing:
        case pg.Schema() if thing.id.name == "public":
            yield "CREATE SCHEMA IF NOT EXISTS public"
        case pg.Table() | pg.ForeignTable():
            yield from _table(catalog, thing)
        case pg.Column():
            if _owner(catalog, thing.id) is None:
                return
            if thing.inherited and thing.not_null and not _is_partition(catalog, thing.id):
                yield f"ALTER TABLE {relation(thing.id)} ALTER COLUMN {identifier(thing.id.name)} SET NOT NULL"
            yield from after_column(thing)
        case pg.Default() if _in_its_table(catalog, thing.id):
            return
        case pg.DefaultPrivileges():
            yield from default_privileges(None, thing)
            return
        case pg.Constraint() if thing.inherited and not _waits(catalog, thing):
            return
        case _:
            yield from create(thing)
    yield from on_create(thing)


def _in_its_table(catalog: Catalog, of: Id) -> bool:
    """Whether CREATE TABLE says the default: not of a column that comes from a parent or a type."""
    column = catalog.objects.get(Id("column", of.path))
    if not isinstance(_owner(catalog, of), pg.Table | pg.ForeignTable):
        return False
    return not isinstance(column, pg.Column) or not column.inherited or _is_partition(catalog, of)


def _waits(catalog: Catalog, check: pg.Constraint) -> bool:
    """Whether a partition's share of its parent's check is not valid, which CREATE TABLE cannot say."""
    return check.type == "check" and not check.validated and _is_partition(catalog, check.id)


def _is_partition(catalog: Catalog, of: Id) -> bool:
    table = _owner(catalog, of)
    return isinstance(table, pg.Table | pg.ForeignTable) and table.partition_of is not None


def _owner(catalog: Catalog, of: Id) -> pg.PgObject | None:
    for kind in sorted(pg.RELATIONS):
        found = catalog.objects.get(Id(kind, of.path[:2]))
        if isinstance(found, pg.PgObject):
            return found
    return None


def _enclosed(default: object) -> pg.Default | None:
    """A default as it was written may be any expression; in parentheses it cannot be anything more."""
    return replace(default, expression=enclosed(default.expression)) if isinstance(default, pg.Default) else None


def _table(catalog: Catalog, table: pg.Table | pg.ForeignTable) -> Iterator[str]:
    members: list[str] = []
    for column_name in table.columns:
        of = Id("column", (*table.id.path, column_name))
        column = catalog.objects.get(of)
        default = catalog.objects.get(Id("default", of.path))
        if isinstance(column, pg.Column) and (not column.inherited or table.partition_of):
            members.append(column_text(column, _enclosed(default)))
    if table.partition_of:
        members += (
            constraint_text(thing)
            for thing in catalog
            if isinstance(thing, pg.Constraint)
            and thing.table == table.id
            and thing.inherited
            and thing.type == "check"
            and not _waits(catalog, thing)
        )
    if isinstance(table, pg.ForeignTable):
        yield create_foreign_table(table, members)
        return
    yield create_table(table, members)
    yield from after_table(table)
