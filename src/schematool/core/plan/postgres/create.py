"""How each kind of object is made and removed: one statement each, without what follows it (comments, grants)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.attributes import identity_sequence, role
from schematool.core.plan.postgres.distribution import gather, spread
from schematool.core.plan.postgres.names import name, relation
from schematool.core.plan.postgres.not_nulls import not_null_name
from schematool.core.plan.postgres.texts import again
from schematool.core.sql.quote import identifier, literal, qualified

ENABLED = {"origin": "ENABLE", "disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def options_text(options: pg.Options) -> str:
    """`fillfactor='70', autovacuum_enabled='false'`."""
    return ", ".join(f"{_option_name(key)}={literal(value)}" for key, value in options)


def _option_name(key: str) -> str:
    return ".".join(identifier(part) for part in key.split("."))


def foreign_options(options: pg.Options) -> str:
    """` OPTIONS (schema_name 'app')`, or nothing."""
    inside = ", ".join(f"{identifier(key)} {literal(value)}" for key, value in options)
    return f" OPTIONS ({inside})" if inside else ""


def column_text(column: pg.Column, default: pg.Default | None, *, identity: bool = True) -> str:
    """A column as CREATE TABLE and ADD COLUMN take it."""
    parts = [identifier(column.id.name), column.type]
    if column.foreign_options:
        parts.append(foreign_options(column.foreign_options).strip())
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.compression:
        parts.append(f"COMPRESSION {column.compression}")
    return " ".join([*parts, *filter(None, [column_options(column, default, identity=identity)])])


def column_options(column: pg.Column, default: pg.Default | None, *, identity: bool = True) -> str:
    """What follows a column's type: where its values come from, and NOT NULL."""
    parts: list[str] = []
    if column.generated is not None:
        parts.append(f"GENERATED ALWAYS AS ({again(column.generated)}) {(column.generated_kind or 'stored').upper()}")
    elif column.identity and identity:
        parts.append(f"GENERATED {identity_text(column.identity)}")
    elif default:
        parts.append(f"DEFAULT {again(default.expression)}")
    if column.not_null and column.not_null_valid:
        parts.append(not_null_text(column))
    return " ".join(parts)


def not_null_text(column: pg.Column) -> str:
    """`NOT NULL` with its name where that is not the server's own choice (PostgreSQL 18)."""
    text = f"CONSTRAINT {identifier(column.not_null_name)} NOT NULL" if column.not_null_name else "NOT NULL"
    return f"{text} NO INHERIT" if column.not_null_no_inherit else text


def add_not_null(column: pg.Column) -> str:
    """The statement that adds a NOT NULL by its name; only this can leave it unvalidated."""
    named = replace(column, not_null_name=not_null_name(column))
    words = not_null_text(named).replace("NOT NULL", f"NOT NULL {identifier(column.id.name)}", 1)
    state = "" if column.not_null_valid else " NOT VALID"
    return f"ALTER TABLE {relation(column.id)} ADD {words}{state}"


def identity_text(identity: pg.Identity) -> str:
    """`ALWAYS AS IDENTITY (START WITH 100)`; options at their default are left out."""
    always = "ALWAYS" if identity.always else "BY DEFAULT"
    options: list[str] = []
    if identity.sequence:
        schema, _, own = identity.sequence.partition(".")
        options.append(f"SEQUENCE NAME {qualified(schema, own)}")
    options += _sequence_options(identity)
    return f"{always} AS IDENTITY" + (f" ({' '.join(options)})" if options else "")


def _sequence_options(sequence: pg.Identity | pg.Sequence) -> list[str]:
    options: list[str] = []
    if sequence.start != pg.usual_start(sequence.increment, sequence.minimum, sequence.maximum):
        options.append(f"START WITH {sequence.start}")
    if sequence.increment != 1:
        options.append(f"INCREMENT BY {sequence.increment}")
    if sequence.minimum is not None:
        options.append(f"MINVALUE {sequence.minimum}")
    if sequence.maximum is not None:
        options.append(f"MAXVALUE {sequence.maximum}")
    if sequence.cache != 1:
        options.append(f"CACHE {sequence.cache}")
    if sequence.cycle:
        options.append("CYCLE")
    return options


def constraint_text(constraint: pg.Constraint) -> str:
    """`CONSTRAINT name CHECK (…)`, with its states."""
    definition = again(constraint.definition)
    index = index_attributes(constraint)
    if index:
        # The grammar wants what the index has before the constraint's attributes (ConstraintElem, gram.y).
        body, defer, rest = definition.partition(" DEFERRABLE")
        definition = f"{body}{index}{defer}{rest}"
    text = f"CONSTRAINT {identifier(constraint.id.name)} {definition}"
    if not constraint.enforced:
        return f"{text} NOT ENFORCED"
    return text if constraint.validated else f"{text} NOT VALID"


def index_attributes(constraint: pg.Constraint, using: str = " USING INDEX TABLESPACE") -> str:
    """Storage parameters and tablespace of the index behind a key."""
    text = f" WITH ({options_text(constraint.options)})" if constraint.options else ""
    return text + (f"{using} {identifier(constraint.tablespace)}" if constraint.tablespace else "")


def create_table(table: pg.Table, members: Sequence[str]) -> str:
    """CREATE TABLE with its columns and inline constraints. A partition is made by itself and attached later."""
    unlogged = "UNLOGGED " if table.persistence == "unlogged" else ""
    head = f"CREATE {unlogged}TABLE {name(table.id)}"
    if table.of_type:
        head += f" OF {table.of_type}"
    body = " (\n    " + ",\n    ".join(members) + "\n)" if members else ("" if table.of_type else " ()")
    tail = ""
    if table.inherits:
        tail += f" INHERITS ({', '.join(name(parent) for parent in table.inherits)})"
    if table.partition_key:
        tail += f" PARTITION BY {again(table.partition_key)}"
    if table.access_method:
        tail += f" USING {identifier(table.access_method)}"
    stored = (*table.options, *((f"toast.{key}", value) for key, value in table.toast_options))
    if stored:
        tail += f" WITH ({options_text(stored)})"
    if table.tablespace:
        tail += f" TABLESPACE {identifier(table.tablespace)}"
    return head + body + tail


def create_foreign_table(table: pg.ForeignTable, members: Sequence[str]) -> str:
    """CREATE FOREIGN TABLE with its columns."""
    parents = f" INHERITS ({', '.join(name(p) for p in table.inherits)})" if table.inherits else ""
    body = ",\n    ".join(members)
    return (
        f"CREATE FOREIGN TABLE {name(table.id)} (\n    {body}\n){parents} SERVER {identifier(table.server)}"
        f"{foreign_options(table.options)}"
    )


def after_table(table: pg.Table) -> Iterator[str]:
    """What a table has that CREATE TABLE cannot say."""
    if table.row_security:
        yield f"ALTER TABLE {name(table.id)} ENABLE ROW LEVEL SECURITY"
    if table.force_row_security:
        yield f"ALTER TABLE {name(table.id)} FORCE ROW LEVEL SECURITY"


def replica_identity(table: pg.Table) -> str:
    """REPLICA IDENTITY; an index must exist before it can be named."""
    kind, _, index = table.replica_identity.partition(" ")
    words = f"USING INDEX {identifier(index)}" if kind == "index" else kind.upper()
    return f"ALTER TABLE {name(table.id)} REPLICA IDENTITY {words}"


def after_column(column: pg.Column, *, only: bool = False) -> Iterator[str]:
    """What a column has that its definition cannot say on every supported version."""
    head = f"ALTER TABLE {'ONLY ' if only else ''}{relation(column.id)} ALTER COLUMN {identifier(column.id.name)}"
    if column.not_null and not column.not_null_valid:
        yield add_not_null(column)
    if column.storage:
        yield f"{head} SET STORAGE {column.storage.upper()}"
    if column.statistics is not None:
        yield f"{head} SET STATISTICS {column.statistics}"
    if column.options:
        yield f"{head} SET ({options_text(column.options)})"
    if column.identity and column.identity.persistence:
        yield sequence_persistence(identity_sequence(column), column.identity.persistence)


def sequence_persistence(sequence: Id, persistence: str) -> str:
    """ALTER SEQUENCE … SET UNLOGGED, or LOGGED."""
    return f"ALTER SEQUENCE {name(sequence)} SET {'UNLOGGED' if persistence == 'unlogged' else 'LOGGED'}"


def create_index(index: pg.Index, *, concurrently: bool = False) -> str:
    """CREATE INDEX as the server prints it, with the tablespace that it leaves out."""
    text = again(index.definition)
    if concurrently:
        text = text.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
    if index.tablespace:
        space = f" TABLESPACE {identifier(index.tablespace)}"
        head, where, predicate = text.partition(" WHERE ")
        text = f"{head}{space}{where}{predicate}"
    return text


def after_index(index: pg.Index) -> Iterator[str]:
    """CLUSTER ON and statistics targets."""
    if index.clustered:
        yield f"ALTER TABLE {name(index.table)} CLUSTER ON {identifier(index.id.name)}"
    for number, target in index.statistics:
        yield f"ALTER INDEX {name(index.id)} ALTER COLUMN {number} SET STATISTICS {target}"


def create_sequence(sequence: pg.Sequence) -> str:
    """CREATE SEQUENCE; its owner is set when the column is there."""
    unlogged = "UNLOGGED " if sequence.persistence == "unlogged" else ""
    kind = [] if sequence.type == "bigint" else [f"AS {sequence.type}"]
    return " ".join([f"CREATE {unlogged}SEQUENCE {name(sequence.id)}", *kind, *_sequence_options(sequence)])


def own_sequence(sequence: pg.Sequence) -> str:
    """ALTER SEQUENCE … OWNED BY."""
    owner = name(sequence.owned_by) if sequence.owned_by else "NONE"
    return f"ALTER SEQUENCE {name(sequence.id)} OWNED BY {owner}"


def create_domain(domain: pg.Domain) -> str:
    """CREATE DOMAIN with its validated checks; NOT VALID ones are added afterwards."""
    parts = [f"CREATE DOMAIN {name(domain.id)} AS {domain.base}"]
    if domain.collation:
        parts.append(f"COLLATE {domain.collation}")
    if domain.default is not None:
        parts.append(f"DEFAULT {again(domain.default)}")
    if domain.not_null:
        named = f"CONSTRAINT {identifier(domain.not_null_name)} " if domain.not_null_name else ""
        parts.append(f"{named}NOT NULL")
    checks = [f"\n    CONSTRAINT {identifier(c.name)} {again(c.definition)}" for c in domain.checks if c.validated]
    return " ".join(parts) + "".join(checks)


def domain_check(domain: pg.Domain, check: pg.DomainCheck) -> str:
    """ALTER DOMAIN … ADD CONSTRAINT."""
    state = "" if check.validated else " NOT VALID"
    return f"ALTER DOMAIN {name(domain.id)} ADD CONSTRAINT {identifier(check.name)} {again(check.definition)}{state}"


def attribute_text(attribute: pg.Attribute) -> str:
    """A member of a composite type."""
    collation = f" COLLATE {attribute.collation}" if attribute.collation else ""
    return f"{identifier(attribute.name)} {attribute.type}{collation}"


def create_range(range_: pg.Range) -> str:
    """CREATE TYPE … AS RANGE."""
    parts = [f"SUBTYPE = {range_.subtype}"]
    for word, value in (
        ("SUBTYPE_OPCLASS", range_.operator_class),
        ("COLLATION", range_.collation),
        ("CANONICAL", range_.canonical),
        ("SUBTYPE_DIFF", range_.difference),
        ("MULTIRANGE_TYPE_NAME", range_.multirange),
    ):
        if value:
            parts.append(f"{word} = {value}")
    return f"CREATE TYPE {name(range_.id)} AS RANGE ({', '.join(parts)})"


def create_view(view: pg.View, *, replace: bool = False) -> str:
    """CREATE [OR REPLACE] VIEW."""
    word = "CREATE OR REPLACE VIEW" if replace else "CREATE VIEW"
    options = f" WITH ({options_text(view.options)})" if view.options else ""
    columns = f" ({', '.join(identifier(column) for column, _ in view.columns)})" if view.columns else ""
    return f"{word} {name(view.id)}{columns}{options} AS\n{again(view.definition.strip())}"


def create_materialized_view(view: pg.MaterializedView) -> str:
    """CREATE MATERIALIZED VIEW, filled at once unless it is declared empty."""
    columns = f" ({', '.join(identifier(column) for column, _ in view.columns)})" if view.columns else ""
    using = f" USING {identifier(view.access_method)}" if view.access_method else ""
    stored = (*view.options, *((f"toast.{key}", value) for key, value in view.toast_options))
    options = f" WITH ({options_text(stored)})" if stored else ""
    space = f" TABLESPACE {identifier(view.tablespace)}" if view.tablespace else ""
    data = "" if view.populated else "\nWITH NO DATA"
    head = f"CREATE MATERIALIZED VIEW {name(view.id)}{columns}{using}{options}{space}"
    return f"{head} AS\n{again(view.definition.strip())}{data}"


_MATERIALIZED = (("column_storage", "STORAGE", "extended"), ("column_compression", "COMPRESSION", "default"))


def materialized_columns(before: pg.MaterializedView | None, after: pg.MaterializedView) -> Iterator[str]:
    """The attributes of a materialised view's columns, as they differ from what they were (None: just made)."""
    for column, _ in after.columns:
        head = f"ALTER MATERIALIZED VIEW {name(after.id)} ALTER COLUMN {identifier(column)}"
        for attribute, word, usual in _MATERIALIZED:
            old, new = (dict(getattr(view, attribute)).get(column) if view else None for view in (before, after))
            if old != new:
                yield f"{head} SET {word} {(new or usual).upper()}"
        old_target, new_target = (dict(v.column_statistics).get(column) if v else None for v in (before, after))
        if old_target != new_target:
            yield f"{head} SET STATISTICS {-1 if new_target is None else new_target}"
        old_options, new_options = (dict(dict(v.column_options).get(column, ())) if v else {} for v in (before, after))
        gone = [key for key in old_options if key not in new_options]
        changed = tuple((key, value) for key, value in new_options.items() if old_options.get(key) != value)
        if gone:
            yield f"{head} RESET ({', '.join(gone)})"
        if changed:
            yield f"{head} SET ({options_text(changed)})"


def function_text(function: pg.Function) -> str:
    """CREATE OR REPLACE FUNCTION; a body that the server keeps parsed is said so that it parses the same."""
    text = function.definition.strip().removesuffix(";")
    return again(text) if function.body_atomic else text


def replacing(thing: pg.PgObject) -> Iterator[str]:
    """The statements that make something in the place of what stands for it."""
    match thing:
        case pg.View():
            yield create_view(thing, replace=True)
        case pg.Function():
            yield function_text(thing)
        case pg.Defined():
            yield from thing.create[1:]
        case _:
            raise AssertionError(f"{thing.id} cannot be replaced")


def create_policy(policy: pg.Policy) -> str:
    """CREATE POLICY."""
    kind = "" if policy.permissive else " AS RESTRICTIVE"
    command = "" if policy.command == "all" else f" FOR {policy.command.upper()}"
    text = f"CREATE POLICY {identifier(policy.id.name)} ON {name(policy.table)}{kind}{command}"
    text += f" TO {', '.join(role(r) for r in policy.roles)}"
    return text + policy_expressions(policy)


def policy_expressions(policy: pg.Policy) -> str:
    """` USING (…) WITH CHECK (…)`."""
    text = f" USING ({again(policy.using)})" if policy.using is not None else ""
    return text + (f" WITH CHECK ({again(policy.check)})" if policy.check is not None else "")


def enabled_state(thing: pg.Trigger | pg.Rule | pg.EventTrigger) -> str:
    """The statement that sets whether a trigger or rule fires; not of its clones at partitions."""
    word = ENABLED[thing.enabled]
    match thing:
        case pg.EventTrigger():
            return f"ALTER EVENT TRIGGER {identifier(thing.id.name)} {word}"
        case pg.Trigger():
            return f"ALTER TABLE ONLY {name(thing.table)} {word} TRIGGER {identifier(thing.id.name)}"
        case pg.Rule():
            return f"ALTER TABLE {name(thing.table)} {word} RULE {identifier(thing.id.name)}"


def create(thing: pg.PgObject) -> Iterator[str]:
    """The statements that make an object which stands by itself (tables and columns are the planner's)."""
    match thing:
        case pg.Schema():
            yield f"CREATE SCHEMA {identifier(thing.id.name)}"
        case pg.Extension():
            version = f" VERSION {literal(thing.version)}" if thing.version else ""
            in_schema = "" if thing.schema == "pg_catalog" else f" SCHEMA {identifier(thing.schema)}"
            yield f"CREATE EXTENSION IF NOT EXISTS {identifier(thing.id.name)} WITH{in_schema}{version}".removesuffix(
                " WITH"
            )
        case pg.Enum():
            labels = ", ".join(literal(label) for label in thing.labels)
            yield f"CREATE TYPE {name(thing.id)} AS ENUM ({labels})"
        case pg.Domain():
            yield create_domain(thing)
            yield from (domain_check(thing, check) for check in thing.checks if not check.validated)
        case pg.Composite():
            inside = ",\n    ".join(attribute_text(a) for a in thing.attributes)
            yield (
                f"CREATE TYPE {name(thing.id)} AS (\n    {inside}\n)"
                if inside
                else f"CREATE TYPE {name(thing.id)} AS ()"
            )
        case pg.Range():
            yield create_range(thing)
        case pg.Sequence():
            yield create_sequence(thing)
        case pg.Function():
            # OR REPLACE would take over a function that somebody else made.
            yield function_text(thing).replace("CREATE OR REPLACE ", "CREATE ", 1)
        case pg.Default():
            head = f"ALTER TABLE {relation(thing.id)} ALTER COLUMN {identifier(thing.id.name)}"
            yield f"{head} SET DEFAULT {again(thing.expression)}"
        case pg.Constraint():
            yield f"ALTER TABLE {name(thing.table)} ADD {constraint_text(thing)}"
            if thing.clustered:
                yield f"ALTER TABLE {name(thing.table)} CLUSTER ON {identifier(thing.id.name)}"
        case pg.Index():
            yield create_index(thing)
            yield from after_index(thing)
        case pg.View():
            yield create_view(thing)
        case pg.MaterializedView():
            yield create_materialized_view(thing)
            yield from materialized_columns(None, thing)
        case pg.Trigger() | pg.Rule() | pg.EventTrigger():
            yield again(thing.definition)
            if thing.enabled != "origin":
                yield enabled_state(thing)
        case pg.Policy():
            yield create_policy(thing)
        case pg.Statistics():
            yield again(thing.definition)
            if thing.target is not None:
                yield f"ALTER STATISTICS {name(thing.id)} SET STATISTICS {thing.target}"
        case pg.Distribution():
            yield spread(thing)
        case pg.Defined():
            yield from thing.create
        case pg.Privileges():
            return  # it is nothing but what follows
        case _:
            raise AssertionError(f"the planner makes {thing.id} itself")


def drop(thing: pg.PgObject) -> str:
    """The statement that removes an object."""
    of = thing.id
    match thing:
        case pg.Column():
            return f"ALTER TABLE {relation(of)} DROP COLUMN {identifier(of.name)}"
        case pg.Default():
            return f"ALTER TABLE {relation(of)} ALTER COLUMN {identifier(of.name)} DROP DEFAULT"
        case pg.Constraint():
            return f"ALTER TABLE {name(thing.table)} DROP CONSTRAINT {identifier(of.name)}"
        case pg.Trigger() | pg.Rule() | pg.Policy():
            return f"DROP {of.kind.upper()} {identifier(of.name)} ON {name(thing.table)}"
        case pg.Distribution():
            return gather(thing)
        case pg.Function():
            return f"DROP {'PROCEDURE' if thing.kind == 'procedure' else 'FUNCTION'} {name(of)}"
        case pg.Domain():
            return f"DROP DOMAIN {name(of)}"
        case pg.Enum() | pg.Composite() | pg.Range():
            return f"DROP TYPE {name(of)}"
        case pg.Defined():
            return thing.drop
        case _:
            return f"DROP {of.kind.upper()} {name(of)}"
