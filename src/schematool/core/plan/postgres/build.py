"""A draft catalog as statements that make it from nothing; the engine finds the order that works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schematool.core.catalog import Catalog, Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.attributes import default_privileges, on_create
from schematool.core.plan.postgres.create import (
    add_not_null,
    after_column,
    after_table,
    column_text,
    constraint_text,
    create,
    create_foreign_table,
    create_table,
    enabled_state,
    function_text,
    own_sequence,
    replica_identity,
)
from schematool.core.plan.postgres.knots import has_parsed_body, placeholder
from schematool.core.plan.postgres.names import name, relation
from schematool.core.plan.postgres.not_nulls import not_null_member, said_outright
from schematool.core.plan.postgres.twins import twins
from schematool.core.sql.expression import enclosed
from schematool.core.sql.quote import identifier, qualified

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
    late: list[tuple[str, str]] = []
    alone = _like_a_share(catalog)
    for of in sorted(catalog.objects, key=lambda one: _order(catalog, one)):
        thing = catalog.objects[of]
        assert isinstance(thing, pg.PgObject)
        # A partition that is attached later would get an index of its own, and a trigger's state as its parent has it.
        waits = _lacks_children(thing) or (isinstance(thing, pg.Trigger) and thing.inherited) or of in alone
        group = late if waits else pairs
        group += ((str(of), text) for text in _statements(catalog, thing))
        if isinstance(thing, pg.Function) and has_parsed_body(thing):
            # Its body is read when it is made, and may need what needs the function, or the function itself.
            late.append((str(of), function_text(thing)))
    for thing in catalog:
        if isinstance(thing, pg.Sequence) and thing.owned_by:
            pairs.append((str(thing.id), own_sequence(thing)))
        if isinstance(thing, pg.Table | pg.ForeignTable) and thing.partition_of:
            text = (
                f"ALTER TABLE ONLY {name(thing.partition_of)} ATTACH PARTITION {name(thing.id)} {thing.partition_bound}"
            )
            pairs.append((str(thing.id), text))
        if isinstance(thing, pg.Index) and thing.parent:
            late.append((str(thing.id), f"ALTER INDEX {name(thing.parent)} ATTACH PARTITION {name(thing.id)}"))
        if isinstance(thing, pg.Constraint) and not thing.index_valid:
            late += _attached_keys(catalog, thing)
        if isinstance(thing, pg.Table) and thing.replica_identity != "default":
            pairs.append((str(thing.id), replica_identity(thing)))
    return (*pairs, *late)


def _like_a_share(catalog: Catalog) -> set[Id]:
    """Indexes and keys that stay a partition's own though they are like one that is its share of its parent's."""
    tables = {thing.table for thing in catalog if isinstance(thing, pg.Index) and thing.parent}
    later = {of for table in tables for of, _ in twins(catalog, table)}
    return {of for of in later if getattr(catalog.objects[of], "parent", None) is None}


def _attached_keys(catalog: Catalog, whole: pg.Constraint) -> Iterator[tuple[str, str]]:
    """Attach those keys of partitions that are like one which some partition lacks, as ATTACH PARTITION would do."""
    head = f"ALTER INDEX {qualified(whole.table.path[0], whole.id.name)} ATTACH PARTITION"
    for thing in catalog:
        table = catalog.objects.get(thing.table) if isinstance(thing, pg.Constraint) else None
        inside = isinstance(table, pg.Table) and table.partition_of == whole.table
        alike = isinstance(thing, pg.Constraint) and (thing.type, thing.definition) == (whole.type, whole.definition)
        if inside and alike and isinstance(table, pg.Table):
            yield str(thing.id), f"{head} {qualified(table.id.path[0], thing.id.name)}"


def _lacks_children(thing: pg.PgObject) -> bool:
    """Whether it is an index, or a key's, of a partitioned table without one in each partition."""
    match thing:
        case pg.Index(valid=valid) | pg.Constraint(index_valid=valid):
            return not valid
        case _:
            return False


def _rank(of: Id) -> tuple[int, str]:
    if of.kind in _ORDER:
        return _ORDER.index(of.kind), of.kind
    return (len(_ORDER) + 1 if of.kind in _LAST else len(_ORDER)), of.kind


def _order(catalog: Catalog, of: Id) -> tuple[object, ...]:
    return (*_rank(of), *_heirs_first(catalog, of), _share_of(catalog, of), of)


def _share_of(catalog: Catalog, of: Id) -> tuple[str, ...]:
    """The path of the index that one is a share of: shares of indexes that are alike come in the order of these."""
    thing = catalog.objects[of]
    return thing.parent.path if isinstance(thing, pg.Index) and thing.parent else ()


def _heirs_first(catalog: Catalog, of: Id) -> tuple[int, ...]:
    """How many generations are above: a check that an heir has already becomes one with its parent's.

    The other way round, a parent's that is not valid would be in the way of a valid one. What is said of a trigger
    reaches the partitions below, before something else is said of theirs.
    """
    if of.kind not in {"constraint", "trigger"}:
        return ()
    above = _generations(catalog, Id("table", of.path[:2]), frozenset())
    return (above if of.kind == "trigger" else -above,)


def _generations(catalog: Catalog, table: Id, seen: frozenset[Id]) -> int:
    thing = catalog.objects.get(table)
    if not isinstance(thing, pg.Table) or table in seen:
        return 0
    parents = (*thing.inherits, *((thing.partition_of,) if thing.partition_of else ()))
    return max((1 + _generations(catalog, parent, seen | {table}) for parent in parents), default=0)


def _statements(catalog: Catalog, thing: pg.PgObject) -> Iterator[str]:
    match thing:
        case pg.Schema() if thing.id.name == "public":
            yield "CREATE SCHEMA IF NOT EXISTS public"
        case pg.Table() | pg.ForeignTable():
            yield from _table(catalog, thing)
        case pg.Column():
            if _owner(catalog, thing.id) is None:
                return
            table = _owner(catalog, thing.id)
            own = _has_own_name(thing)
            if own and isinstance(table, pg.Table) and table.of_type:
                yield add_not_null(thing)
            elif thing.inherited and thing.not_null and not own and not _is_partition(catalog, thing.id):
                yield f"ALTER TABLE {relation(thing.id)} ALTER COLUMN {identifier(thing.id.name)} SET NOT NULL"
            yield from after_column(thing)
            if thing.compression and isinstance(table, pg.Table | pg.ForeignTable) and table.inherits:
                head = f"ALTER TABLE {relation(thing.id)} ALTER COLUMN {identifier(thing.id.name)}"
                yield f"{head} SET COMPRESSION {thing.compression}"
        case pg.Default() if _in_its_table(catalog, thing.id):
            return
        case pg.DefaultPrivileges():
            yield from default_privileges(None, thing)
            return
        case pg.Constraint() if thing.inherited and not _waits(catalog, thing):
            return
        case pg.Constraint() if not thing.index_valid:
            yield from (text.replace("ALTER TABLE ", "ALTER TABLE ONLY ", 1) for text in create(thing))
        case pg.Trigger() if thing.inherited:
            yield enabled_state(thing).replace("ALTER TABLE ONLY ", "ALTER TABLE ", 1)
        case pg.Trigger():
            # Its clones at partitions fire as it does unless something else is said of them.
            yield from (text.replace("ALTER TABLE ONLY ", "ALTER TABLE ", 1) for text in create(thing))
        case pg.Function() if has_parsed_body(thing):
            *_, stub = placeholder(thing, replace=False)
            yield stub
        case _:
            yield from create(thing)
    yield from on_create(thing)


def _has_own_name(column: pg.Column) -> bool:
    """Whether the NOT NULL of a column that comes from a parent is said to be a constraint of its own."""
    return column.inherited and column.not_null and bool(column.not_null_name or column.not_null_no_inherit)


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
    elif not (isinstance(table, pg.Table) and table.of_type):
        # A name can be given on PostgreSQL 18 only, and only here: what comes from a parent cannot be renamed.
        columns = (catalog.objects.get(Id("column", (*table.id.path, column_name))) for column_name in table.columns)
        members += (not_null_member(one) for one in columns if isinstance(one, pg.Column) and _has_own_name(one))
    if isinstance(table, pg.ForeignTable):
        yield create_foreign_table(table, members)
        return
    if table.partition_of and not table.columns:
        # Only the server knows the columns: they are those of its parent's composite type.
        members.append(f"LIKE {name(table.partition_of)}")
    yield create_table(table, members)
    yield from after_table(table)
