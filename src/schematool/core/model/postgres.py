"""The objects of a PostgreSQL database in normal form: every text is what the server itself prints.

Identities (kind, path):
  schema (s) · extension (e) · language (l) · role-wide and database-wide things carry their own name
  table, view, materialized view, foreign table, sequence (schema, name)
  type (schema, name): enum, domain, composite and range share one name space
  function, aggregate (schema, name, "types of the input arguments, qualified unless in pg_catalog")
  column, default, constraint, trigger, rule, policy (schema, relation, name)
  index, statistics, collation, conversion, text search … (schema, name)
  operator (schema, name, "left type, right type", NONE for a missing one) · operator class, operator family
  (schema, name, access method) · cast (source, target) · transform (type, language) · user mapping (server, role)
  default privileges (role, schema or "", object type) · distribution (schema, table) · privileges (what it is)

Fields that are `None` are at the server's default or not managed; `compare=False` marks what is carried along but
is not part of the object's meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from schematool.core.catalog import Id
from schematool.core.model.quick import quick


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One privilege of one grantee. `grantee` is a role name or `PUBLIC`; `column` only for column grants."""

    grantee: str
    privilege: str
    grantable: bool = False
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PgObject:
    """What every object has.

    `owner` None: not managed. `grants` are those beyond the built-in default of its kind, `revokes` the built-in
    ones that were taken away (PUBLIC's EXECUTE on a function, say; the owner's own are under grantee `OWNER`).
    In both, the grantee `OWNER` stands for whoever owns the object. `security_labels` are (provider, label).
    `depends_on_extensions`: set by ALTER … DEPENDS ON EXTENSION (functions, triggers, materialised views, indexes).
    """

    id: Id
    comment: str | None = None
    owner: str | None = None
    grants: tuple[Grant, ...] = ()
    revokes: tuple[Grant, ...] = ()
    security_labels: tuple[tuple[str, str], ...] = ()
    depends_on_extensions: tuple[str, ...] = ()


Options: TypeAlias = tuple[tuple[str, str], ...]
"""Storage parameters and their like: (name, value), in the order in which they were set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(PgObject):
    """A name space. `public` is always present in a catalog of a database that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(PgObject):
    """An installed extension; its members belong to it and are not objects of the catalog.

    `version` None in a draft: whatever the server installs by default.
    """

    schema: str
    version: str | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Table(PgObject):
    """A table, partitioned table or partition; its columns, constraints and indexes are objects of their own.

    `partition_key`: `RANGE (start_time)` as pg_get_partkeydef prints it. `partition_of` with `partition_bound`
    (`FOR VALUES …` or `DEFAULT`). `inherits`: parents in order. `of_type`: composite type of a typed table.
    `replica_identity`: `default`, `full`, `nothing`, or `index NAME`. `columns`: their order, which is carried but not
    compared (PostgreSQL cannot change it).
    """

    persistence: str = "permanent"
    partition_key: str | None = None
    partition_of: Id | None = None
    partition_bound: str | None = None
    inherits: tuple[Id, ...] = ()
    of_type: str | None = None
    options: Options = ()
    toast_options: Options = ()
    tablespace: str | None = None
    access_method: str | None = None
    row_security: bool = False
    force_row_security: bool = False
    replica_identity: str = "default"
    columns: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTable(PgObject):
    """A table of a foreign server."""

    server: str
    options: Options = ()
    inherits: tuple[Id, ...] = ()
    partition_of: Id | None = None
    partition_bound: str | None = None
    columns: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """`GENERATED … AS IDENTITY` with its sequence's options (and its name where that is not the default)."""

    always: bool
    start: int = 1
    increment: int = 1
    minimum: int | None = None
    maximum: int | None = None
    cache: int = 1
    cycle: bool = False
    sequence: str | None = None
    """`schema.name` of the sequence, unquoted, only where it is not `schema.table_column_seq`."""
    persistence: str | None = None
    """Of the sequence, only where it differs from the table's."""
    comment: str | None = None
    grants: tuple[Grant, ...] = ()
    revokes: tuple[Grant, ...] = ()


def usual_start(increment: int, minimum: int | None, maximum: int | None) -> int:
    """Where a sequence begins unless it is told: at the bound that it counts away from (init_params, sequence.c)."""
    if increment < 0:
        return -1 if maximum is None else maximum
    return 1 if minimum is None else minimum


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Column(PgObject):
    """A column of a table, foreign table or partition.

    `type` is format_type()'s text, schema-qualified unless in pg_catalog. `collation` only where it is not the type's
    own. `not_null` with `not_null_name`: the name of the NOT NULL constraint on PostgreSQL 18, only where it is not the
    one that the server would choose; `not_null_no_inherit`, `not_null_valid` likewise 18 only, and
    `not_null_inherited`: it is there for the parents' sake alone.
    `generated`: the expression; `generated_kind`: `stored` or `virtual`. `storage`, `compression`, `statistics`,
    `options`: only where they are not the type's own. `inherited`: defined by a parent and not locally (attislocal
    false): never created or dropped by itself.
    """

    type: str
    collation: str | None = None
    not_null: bool = False
    not_null_name: str | None = None
    not_null_no_inherit: bool = False
    not_null_valid: bool = True
    not_null_comment: str | None = None
    not_null_inherited: bool = field(default=False, compare=False)
    identity: Identity | None = None
    generated: str | None = None
    generated_kind: str | None = None
    storage: str | None = None
    compression: str | None = None
    statistics: int | None = None
    options: Options = ()
    foreign_options: Options = ()
    inherited: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Default(PgObject):
    """A column's default, apart from it for its dependencies' sake. View columns can have one too, for INSERT."""

    expression: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint(PgObject):
    """A constraint of a table or foreign table (a domain's are part of the domain).

    `type`: `primary key`, `unique`, `check`, `foreign key`, `exclude`, `trigger` never (a constraint trigger is a
    Trigger). `definition`: pg_get_constraintdef() without a trailing NOT VALID, which is `validated`; without
    NOT ENFORCED, which is `enforced` (18). Of its index: `options` (not printed by pg_get_constraintdef for primary and
    unique keys; () for exclusion constraints, whose definition has them), `tablespace`, `clustered`, `index_comment`,
    `index_valid` (False: a partitioned one that lacks children). The replica identity is the table's.
    `columns` in order. `references`: the table a foreign key points at. `inherited`: comes from a parent or is the
    partition's share of a parent's constraint, never created or dropped by itself; `parent`: the parent's constraint
    that an index-backed constraint of a partition is attached to, or its index where no constraint owns that.
    """

    table: Id
    type: str
    definition: str
    columns: tuple[str, ...] = ()
    references: Id | None = None
    validated: bool = True
    enforced: bool = True
    options: Options = ()
    tablespace: str | None = None
    clustered: bool = False
    index_comment: str | None = None
    index_valid: bool = True
    inherited: bool = False
    parent: Id | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Index(PgObject):
    """An index that no constraint owns.

    `definition`: pg_get_indexdef() as it is (it has the method, columns, opclasses, INCLUDE, WITH and WHERE in it).
    `valid` False: the corpse of a failed CONCURRENTLY, or a partitioned index that lacks children.
    `statistics`: (column number, target) of expression columns. `parent`: the partitioned index it is attached to.
    """

    table: Id
    definition: str
    unique: bool = False
    method: str = "btree"
    columns: tuple[str, ...] = ()
    valid: bool = True
    clustered: bool = False
    tablespace: str | None = None
    statistics: tuple[tuple[int, int], ...] = ()
    parent: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(PgObject):
    """A sequence that is not an identity column's. `owned_by`: the column that takes it along (serial)."""

    type: str = "bigint"
    start: int = 1
    increment: int = 1
    minimum: int | None = None
    maximum: int | None = None
    cache: int = 1
    cycle: bool = False
    persistence: str = "permanent"
    owned_by: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enum(PgObject):
    """An enumeration; `labels` in sort order."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainCheck:
    """A constraint of a domain; `definition` without NOT VALID."""

    name: str
    definition: str
    validated: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(PgObject):
    """A domain over `base`, with its checks sorted by name.

    `not_null_name`: of its NOT NULL constraint (17 and later), only where it is not what the server would choose.
    """

    base: str
    collation: str | None = None
    not_null: bool = False
    not_null_name: str | None = None
    default: str | None = None
    checks: tuple[DomainCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """A member of a composite type."""

    name: str
    type: str
    collation: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite(PgObject):
    """A free-standing composite type."""

    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(PgObject):
    """A range type. `multirange`: its multirange's name with its schema, quoted, only where it is not the default."""

    subtype: str
    operator_class: str | None = None
    collation: str | None = None
    canonical: str | None = None
    difference: str | None = None
    multirange: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(PgObject):
    """A function or procedure. `definition`: pg_get_functiondef(), a CREATE OR REPLACE statement.

    `kind`: `function`, `procedure` or `window`. `signature` is what CREATE OR REPLACE cannot change: result type,
    argument names and modes, number of defaults, kind. `body_atomic`: the body is parsed SQL (BEGIN ATOMIC/RETURN).
    """

    kind: str
    definition: str
    result: str
    signature: str
    defaults: int = 0
    language: str = "sql"
    body_atomic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(PgObject):
    """A trigger; `definition` is pg_get_triggerdef(). `enabled`: `origin`, `disabled`, `replica`, `always`.

    `inherited`: a partition's copy of its parent's trigger; only its `enabled` can be set by itself.
    """

    table: Id
    definition: str
    enabled: str = "origin"
    constraint: bool = False
    inherited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View(PgObject):
    """A view. `definition` is pg_get_viewdef() without the final semicolon; `columns` are (name, type) in order.

    `options`: security_barrier, security_invoker, check_option. `column_comments`: (column, comment).
    """

    definition: str
    columns: tuple[tuple[str, str], ...] = ()
    options: Options = ()
    column_comments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterializedView(PgObject):
    """A materialised view; its indexes are objects of their own. `column_…`: (column, value) where set."""

    definition: str
    columns: tuple[tuple[str, str], ...] = ()
    options: Options = ()
    toast_options: Options = ()
    tablespace: str | None = None
    access_method: str | None = None
    populated: bool = field(default=True, compare=False)
    column_comments: tuple[tuple[str, str], ...] = ()
    column_statistics: tuple[tuple[str, int], ...] = ()
    column_storage: tuple[tuple[str, str], ...] = ()
    column_compression: tuple[tuple[str, str], ...] = ()
    column_options: tuple[tuple[str, Options], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(PgObject):
    """A rewrite rule that is not a view's own; `definition` is pg_get_ruledef() without the final semicolon."""

    table: Id
    definition: str
    enabled: str = "origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(PgObject):
    """A row-level security policy. `command`: all, select, insert, update, delete. `roles` sorted, PUBLIC too."""

    table: Id
    command: str = "all"
    permissive: bool = True
    roles: tuple[str, ...] = ("PUBLIC",)
    using: str | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPrivileges(PgObject):
    """What ALTER DEFAULT PRIVILEGES set for `role` in `schema` ("" for all) on `object_type` (tables, functions …).

    `grants` and `revokes` are relative to the built-in default, as for objects.
    """

    role: str
    schema: str
    object_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileges(PgObject):
    """What was granted and revoked on a member of an extension; its path is how the server calls it.

    `target` is what GRANT calls it: `FUNCTION public.dblink_connect_u(text)`. `extension`: whose it is, in a catalog.
    """

    target: str
    extension: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics(PgObject):
    """Extended statistics; `definition` is pg_get_statisticsobjdef()."""

    table: Id
    definition: str
    target: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution(PgObject):
    """How Citus spreads a table over its nodes; its path is the table's.

    `column` None: a whole copy on every node. `beside`: the table whose shards its own lie beside. `shards` None: as
    the cluster is set. A server without Citus cannot be asked: there it is what the migrations said
    (`engines.postgres.inspect.distribution`).
    """

    table: Id
    column: str | None = None
    beside: Id | None = None
    shards: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger(PgObject):
    """An event trigger; `definition` is its CREATE statement."""

    definition: str
    enabled: str = "origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defined(PgObject):
    """A rarely used object that carries its own way to be made: compared as text, changed by drop and create.

    Kinds: aggregate, collation, operator, operator class, operator family, cast, conversion, language, access method,
    transform, text search configuration/dictionary/parser/template, foreign data wrapper, server, user mapping,
    publication, subscription, base type. `create` are the statements that make it, in order; `drop` the one that
    removes it; `reference` how COMMENT, ALTER … OWNER and GRANT name it (`AGGREGATE public.total(integer)`).
    """

    create: tuple[str, ...]
    drop: str
    reference: str


OWN_TABLES = frozenset(
    {
        "_yoyo_log",
        "_yoyo_migration",
        "_yoyo_version",
        "schematool_distribution",
        "schematool_journal",
        "schematool_ledger",
        "yoyo_lock",
    }
)
"""Tables of schematool and yoyo: never part of a catalog. So is all of `OWN_PREFIX` beside a `schematool_ledger`."""

OWN_PREFIX = "schematool_"

DISTRIBUTION_NOTES = "public.schematool_distribution"
"""One row for each table that Citus spreads, or would: its oid, the column's name and number, the table that it lies
beside, the shards that were asked for."""

CITUS = ("citus", "citus_columnar")
"""Extensions that are set up with a cluster, on every node and before any migration: no part of a catalog."""


def members(things: Iterable[object]) -> Iterator[Id]:
    """What types are made of and can be renamed in: the values of enums, the attributes of composites."""
    for thing in things:
        match thing:
            case Enum():
                yield from (Id("enum value", (*thing.id.path, label)) for label in thing.labels)
            case Composite():
                yield from (Id("attribute", (*thing.id.path, attribute.name)) for attribute in thing.attributes)
            case _:
                continue


SECRET = "********"  # noqa: S105  # it is what stands where a password was
"""Stands in a definition for a password, which is never read into a catalog."""

UNREADABLE = "not readable by this role"
"""Stands in a definition for what only a superuser may read: options of user mappings, a subscription's connection."""

INDEXED = frozenset({"primary key", "unique", "exclude"})
"""Types of constraints that an index stands behind."""

RELATIONS = frozenset({"table", "view", "materialized view", "foreign table"})
"""Kinds that share one name space and can hold columns."""
