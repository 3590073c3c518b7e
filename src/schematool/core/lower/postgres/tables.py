"""Entities to tables with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from schematool.core.catalog import Id
from schematool.core.diagnostic import Span
from schematool.core.distribution import Distribution, distribution
from schematool.core.keys import primary_key as key_of
from schematool.core.load.types import base, is_array
from schematool.core.lower.postgres import constraints, triggers
from schematool.core.lower.postgres.indexes import index, key_text
from schematool.core.lower.postgres.read import (
    Words,
    mapping,
    named,
    names,
    parameters,
    record,
    text,
    truth,
    whole,
)
from schematool.core.lower.postgres.scope import Scope, collation_text, schema_of, was_place
from schematool.core.lower.postgres.types import counting
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Entity, Field, Options, Plain
from schematool.core.partitions import default_name
from schematool.core.sql.names import choose, object_name
from schematool.core.sql.quote import literal, qualified

_SERIAL = {
    **dict.fromkeys(("serial", "serial4"), "integer"),
    **dict.fromkeys(("bigserial", "serial8"), "bigint"),
    **dict.fromkeys(("smallserial", "serial2"), "smallint"),
}


def table(scope: Scope, entity: Entity) -> None:
    """Add an entity's table, columns, constraints, indexes, triggers, rules, policies and statistics."""
    of = Id("table", (schema_of(entity), entity.name))
    _table(scope, entity, of)
    if entity.was:
        scope.renamed("table", (of.path[0], entity.was), of.path, was_place(entity))
    if (parent := parent_of(scope, entity)) and not entity.fields:
        for column in _inherited_columns(scope, parent, of, truth(entity.options, "parents_names")):
            scope.put(column, entity.span)
    for field in entity.fields:
        _column(scope, of, field, entity)
    _keys(scope, of, entity)
    for field in entity.fields:
        _field_constraints(scope, of, field)
    _table_constraints(scope, of, entity)
    fields = _field_names(scope, entity)
    for spec in entity.indexes:
        index(scope, of, spec, fields, parent)
    triggers.all_of(scope, of, entity.options)
    _policies(scope, of, entity.options)
    _statistics(scope, of, entity.options, fields)
    _distribution(scope, of, entity)
    if parent:
        _inherited_checks(scope, parent, of, entity.span)
    parts = dict(mapping(entity.options, "partitions"))
    if default := default_name(entity):
        parts[default] = {"default": True}
    _partitions(scope, of, entity, parts, "partitions")


def parent_of(scope: Scope, entity: Entity) -> Id | None:
    """The table that an entity is a partition of."""
    name = text(mapping(entity.options, "partition_of"), "entity")
    if name is None:
        return None
    inside = next((of for of in scope.objects if of.kind == "table" and name in {of.name, ".".join(of.path)}), None)
    return scope.relation(name) if scope.entity(name) else inside or scope.relation(name)


def depth(scope: Scope, entity: Entity) -> int:
    """How many tables an entity is a partition of, one inside of the other."""
    levels, seen, above = 0, set[str](), entity
    while (name := text(mapping(above.options, "partition_of"), "entity")) and name not in seen:
        seen.add(name)
        levels += 1
        parent = scope.entity(name)
        if parent is None:
            break
        above = parent
    return levels


def _field_names(scope: Scope, entity: Entity) -> list[str]:
    """The columns in order; a partition that names none has its parent's."""
    parent = None if entity.fields else parent_of(scope, entity)
    above = scope.objects.get(parent) if parent else None
    return list(above.columns) if isinstance(above, pg.Table) else [field.name for field in entity.fields]


def _parents_name(scope: Scope, entity: Entity, field: str) -> str | None:
    """The name that NOT NULL has in the parent, where the partition is to have the same."""
    parent = parent_of(scope, entity)
    if parent is None or not truth(entity.options, "parents_names"):
        return None
    return _not_null_name(scope, parent, field)


def _not_null_name(scope: Scope, table_id: Id, field: str) -> str | None:
    column = scope.objects.get(Id("column", (*table_id.path, field)))
    if not isinstance(column, pg.Column) or not column.not_null:
        return None
    return column.not_null_name or object_name(table_id.name, field, "not_null")


def reserve(scope: Scope, entity: Entity) -> None:
    """Take the names that are given, before any is chosen."""
    taken = scope.relations_of(schema_of(entity))
    taken.add(entity.name)
    taken.update(spec.name for spec in entity.indexes if spec.name)
    for word in ("unique", "checks", "foreign_keys", "exclusions"):
        for name, _, value in named(entity.options, word):
            given = name or (text(value, "name") if isinstance(value, Mapping) else None)
            if given:
                taken.add(given)


def _table(scope: Scope, entity: Entity, of: Id) -> None:
    options = entity.options
    stored = parameters(options, "options")
    security = options.get("row_level_security")
    common = scope.common(options, entity.description)
    made = pg.Table(
        id=of,
        comment=common.comment,
        owner=common.owner,
        grants=common.grants,
        revokes=common.revokes,
        security_labels=common.security_labels,
        persistence="unlogged" if truth(options, "unlogged") else "permanent",
        partition_key=_partition_key(mapping(options, "partition_by"), _field_names(scope, entity)),
        partition_of=parent_of(scope, entity),
        partition_bound=_entity_bound(scope, entity),
        inherits=tuple(scope.relation(name) for name in names(options, "inherits")),
        of_type=scope.type_text(name) if (name := text(options, "of_type")) else None,
        options=tuple(pair for pair in stored if not pair[0].startswith("toast.")),
        toast_options=tuple((key.removeprefix("toast."), value) for key, value in stored if key.startswith("toast.")),
        tablespace=text(options, "tablespace"),
        access_method=text(options, "access_method"),
        row_security=security is True or security == "forced",
        force_row_security=security in {"forced", "forced when on"},
        replica_identity=_replica_identity(options.get("replica_identity")),
        columns=tuple(_field_names(scope, entity)),
    )
    scope.put(made, entity.span)


def _entity_bound(scope: Scope, entity: Entity) -> str | None:
    words = mapping(entity.options, "partition_of")
    if not words:
        return None
    bound = _bound(words)
    if bound is None:
        place = entity.options.span("partition_of") or entity.span
        scope.found.add("ST105", f"the partition `{entity.name}` does not say what it holds", place, hint=_BOUND_HINT)
    return bound or "DEFAULT"


_BOUND_HINT = "give `from` and `to`, or `in`, or `modulus` and `remainder`, or `default: true`"


def _replica_identity(value: Plain) -> str:
    if isinstance(value, Mapping):
        return f"index {value.get('index')}"
    return str(value or "default")


def _partition_key(words: Words, fields: list[str]) -> str | None:
    for method in ("range", "list", "hash"):
        if keys := names(words, method):
            return f"{method.upper()} ({', '.join(key_text(key, fields) for key in keys)})"
    return None


# --- columns ---------------------------------------------------------------------------------------------------------


def _column(scope: Scope, table_id: Id, field: Field, entity: Entity) -> None:
    path = (*table_id.path, field.name)
    kind = base(field.type)
    generated = field.options.get("generated")
    words = record(generated, "as")
    given = scope.common(field.options, field.description)
    identity = _identity(scope, field.options, path)
    collation = text(field.options, "collation")
    made = pg.Column(
        id=Id("column", path),
        comment=given.comment,
        security_labels=given.security_labels,
        grants=_column_grants(scope, entity, field.name, "grants"),
        type=_SERIAL.get(kind) or scope.type_text(field.type),
        collation=collation_text(collation),
        not_null=field.required or identity is not None or kind in _SERIAL or _in_primary_key(entity, field.name),
        not_null_name=text(field.options, "required_name") or _parents_name(scope, entity, field.name),
        not_null_no_inherit=truth(field.options, "required_no_inherit"),
        not_null_valid=truth(field.options, "required_validated", True),
        not_null_comment=text(field.options, "required_description"),
        identity=identity,
        generated=text(words, "as") if generated is not None else None,
        generated_kind=None if generated is None else "stored" if truth(words, "stored", True) else "virtual",
        storage=text(field.options, "storage"),
        compression=text(field.options, "compression"),
        statistics=whole(field.options, "statistics"),
        options=parameters(field.options, "options"),
        foreign_options=parameters(field.options, "foreign_options"),
        inherited=truth(field.options, "inherited"),
    )
    scope.put(made, field.span)
    if field.was:
        scope.renamed("column", (*table_id.path, field.was), path, field.options.span("was") or field.span)
    if field.has_default:
        default = pg.Default(id=Id("default", path), expression=str(field.default))
        scope.put(default, field.options.span("default") or field.span)
    if kind in _SERIAL:
        _serial(scope, field, path, _SERIAL[kind], text(entity.options, "owner"))
    if expression := text(field.options, "on_update"):
        triggers.on_update(scope, table_id, field.name, expression, field.options.span("on_update") or field.span)


def _in_primary_key(entity: Entity, name: str) -> bool:
    return name in key_of(entity)


def _column_grants(scope: Scope, entity: Entity, name: str, key: str) -> tuple[pg.Grant, ...]:
    return tuple(grant for grant in scope.grants(entity.options, key) if grant.column == name)


def _identity(scope: Scope, options: Options, path: tuple[str, ...]) -> pg.Identity | None:
    value = options.get("identity")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return pg.Identity(always=value == "always")
    name = text(value, "name")
    common = scope.common(value, text(value, "description"))
    return pg.Identity(
        always=truth(value, "always", True),
        **counting(value),
        cache=whole(value, "cache") or 1,
        cycle=truth(value, "cycle"),
        sequence=f"{path[0]}.{name}" if name else None,
        persistence=None if "unlogged" not in value else "unlogged" if truth(value, "unlogged") else "permanent",
        comment=common.comment,
        grants=common.grants,
        revokes=common.revokes,
    )


def _serial(scope: Scope, field: Field, path: tuple[str, ...], kind: str, owner: str | None) -> None:
    """What `serial` stands for: a sequence that the column and its table's owner own, and a default that asks it."""
    schema, table_name, column = path
    name = choose(table_name, [column], "seq", scope.relations_of(schema))
    of = Id("sequence", (schema, name))
    scope.put(pg.Sequence(id=of, type=kind, owner=owner, owned_by=Id("column", path)), field.type_span)
    if not field.has_default:
        expression = f"nextval({literal(qualified(*of.path))}::regclass)"
        scope.put(pg.Default(id=Id("default", path), expression=expression), field.type_span)


# --- constraints -----------------------------------------------------------------------------------------------------


def _put(  # noqa: PLR0913, PLR0917  # one argument for each part of a constraint
    scope: Scope,
    table_id: Id,
    name: str,
    kind: str,
    definition: str,
    place: Span,
    *,
    words: Words | None = None,
    columns: tuple[str, ...] = (),
    references: Id | None = None,
    was_at: Span | None = None,
) -> None:
    words = words or {}
    of = Id("constraint", (*table_id.path, name))
    made = pg.Constraint(
        id=of,
        comment=text(words, "description"),
        table=table_id,
        type=kind,
        definition=definition,
        columns=columns,
        references=references,
        validated=truth(words, "validated", True),
        enforced=truth(words, "enforced", True),
        clustered=truth(words, "clustered"),
        index_comment=text(words, "index_description"),
        index_valid=not truth(words, "only"),
    )
    scope.put(made, place)
    if was := text(words, "was"):
        scope.renamed("constraint", (*table_id.path, was), of.path, was_at or place)


def _keys(scope: Scope, table_id: Id, entity: Entity) -> None:
    fields = key_of(entity)
    if not fields:
        return
    words = record(entity.options.get("primary_key"), "on")
    place = entity.options.span("primary_key") or entity.span
    name = text(words, "name") or choose(entity.name, None, "pkey", scope.relations_of(table_id.path[0]))
    definition = constraints.primary_key(fields, words)
    was_at = entity.options.span("primary_key.was")
    _put(scope, table_id, name, "primary key", definition, place, words=words, columns=fields, was_at=was_at)


def _field_constraints(scope: Scope, table_id: Id, field: Field) -> None:
    schema, table_name = table_id.path
    taken = scope.relations_of(schema)
    options = field.options
    unique = options.get("unique")
    if unique is not None and unique is not False:
        name = str(unique) if isinstance(unique, str) else choose(table_name, [field.name], "key", taken)
        place = options.span("unique") or field.span
        _put(scope, table_id, name, "unique", constraints.unique([field.name], {}), place, columns=(field.name,))
    if field.one_of:
        name = choose(table_name, [field.name], "check", taken)
        definition = constraints.one_of(
            field.name, field.one_of, array=is_array(field.type), type_text=scope.type_text(field.type)
        )
        _put(scope, table_id, name, "check", definition, options.span("one_of") or field.span, columns=(field.name,))
    if condition := text(options, "check"):
        name = choose(table_name, [field.name], "check", taken)
        place = options.span("check") or field.span
        _put(scope, table_id, name, "check", constraints.check(condition), place, columns=(field.name,))
    if field.references is not None and (target := scope.entity(field.references.entity)) is not None:
        words = field.references.options
        name = text(words, "name") or choose(table_name, [field.name], "fkey", taken)
        pointed = Id("table", (schema_of(target), target.name))
        definition = constraints.foreign_key([field.name], qualified(*pointed.path), [field.references.field], words)
        _put(
            scope,
            table_id,
            name,
            "foreign key",
            definition,
            field.references.span,
            words=words,
            columns=(field.name,),
            references=pointed,
            was_at=words.span("was"),
        )


def _table_constraints(scope: Scope, table_id: Id, entity: Entity) -> None:
    options = entity.options
    taken = scope.relations_of(table_id.path[0])
    for name, path, value in named(options, "unique"):
        words, fields = record(value, "on"), constraints.fields_of(value)
        parts = [*fields, *names(words, "include")]
        chosen = name or text(words, "name") or choose(entity.name, parts, "key", taken)
        place = options.span(path) or entity.span
        definition, was_at = constraints.unique(fields, words), options.span(f"{path}.was")
        _put(scope, table_id, chosen, "unique", definition, place, words=words, columns=fields, was_at=was_at)
    for name, value in mapping(options, "checks").items():
        words = record(value, "check")
        definition = constraints.check(text(words, "check") or "", words)
        place, was_at = _place(options, f"checks.{name}", "check"), options.span(f"checks.{name}.was")
        _put(scope, table_id, name, "check", definition, place, words=words, was_at=was_at)
    for name, path, value in named(options, "foreign_keys"):
        if isinstance(value, Mapping):
            places = _place(options, path, "references"), _place(options, path, "was")
            _foreign_key(scope, table_id, name, value, *places)
    for name, value in mapping(options, "exclusions").items():
        words = record(value, "elements")
        place = options.span(f"exclusions.{name}") or entity.span
        definition, was_at = constraints.exclusion(words), options.span(f"exclusions.{name}.was")
        _put(scope, table_id, name, "exclude", definition, place, words=words, was_at=was_at)


def _foreign_key(  # noqa: PLR0913, PLR0917  # one argument for each source of a word
    scope: Scope, table_id: Id, name: str | None, words: Words, place: Span, was_at: Span
) -> None:
    fields = names(words, "on")
    target_name = text(words, "references") or ""
    target = scope.entity(target_name)
    if target is None:
        scope.found.add("ST111", f"there is no PostgreSQL entity `{target_name}`", place)
        return
    pointed = names(words, "fields") or key_of(target)
    if len(pointed) != len(fields):
        message = f"{len(fields)} fields here point at {len(pointed)} of `{target_name}`"
        scope.found.add("ST112", message, place, hint="name as many `fields` as `on`")
        return
    taken = scope.relations_of(table_id.path[0])
    chosen = name or text(words, "name") or choose(table_id.name, fields, "fkey", taken)
    of = Id("table", (schema_of(target), target.name))
    definition = constraints.foreign_key(fields, qualified(*of.path), pointed, words)
    _put(
        scope,
        table_id,
        chosen,
        "foreign key",
        definition,
        place,
        words=words,
        columns=fields,
        references=of,
        was_at=was_at,
    )


def _place(options: Options, path: str, inner: str) -> Span:
    return options.span(f"{path}.{inner}") or options.span(path) or Span("", 1, 1)


# --- what else belongs to a table ------------------------------------------------------------------------------------


def _policies(scope: Scope, table_id: Id, options: Options) -> None:
    for name, value in mapping(options, "policies").items():
        words = record(value, "using")
        of = Id("policy", (*table_id.path, name))
        roles = tuple(sorted("PUBLIC" if role.upper() == "PUBLIC" else role for role in names(words, "to")))
        scope.roles |= set(roles) - {"PUBLIC"}
        made = pg.Policy(
            id=of,
            comment=text(words, "description"),
            table=table_id,
            command=text(words, "for") or "all",
            permissive=not truth(words, "restrictive"),
            roles=roles or ("PUBLIC",),
            using=text(words, "using"),
            check=text(words, "check"),
        )
        scope.put(made, options.span(f"policies.{name}") or Span("", 1, 1))
        if was := text(words, "was"):
            scope.renamed("policy", (*table_id.path, was), of.path, _place(options, f"policies.{name}", "was"))


def _statistics(scope: Scope, table_id: Id, options: Options, fields: list[str]) -> None:
    for name, value in mapping(options, "statistics").items():
        words = record(value, "on")
        of = Id("statistics", (table_id.path[0], name))
        kinds = f" ({', '.join(kinds)})" if (kinds := names(words, "kinds")) else ""
        on = ", ".join(key_text(key, fields) for key in names(words, "on"))
        made = pg.Statistics(
            id=of,
            comment=text(words, "description"),
            owner=text(words, "owner"),
            table=table_id,
            definition=f"CREATE STATISTICS {qualified(*of.path)}{kinds} ON {on} FROM {qualified(*table_id.path)}",
            target=whole(words, "target"),
        )
        scope.put(made, options.span(f"statistics.{name}") or Span("", 1, 1))
        if was := text(words, "was"):
            scope.renamed("statistics", (table_id.path[0], was), of.path, _place(options, f"statistics.{name}", "was"))


def _beside(scope: Scope, entity: Entity, made: Distribution) -> Id | None:
    """The first of the tables that lie together: that is all that Citus can say of them."""
    seen = {entity.name}
    while made.beside and (other := scope.entity(made.beside)) and other.name not in seen:
        seen.add(other.name)
        entity = other
        if (following := distribution(other)) is None:
            break
        made = following
    own = Id("table", (schema_of(entity), entity.name))
    return own if len(seen) > 1 else None


def _distribution(scope: Scope, table_id: Id, entity: Entity) -> None:
    if made := distribution(entity):
        beside = _beside(scope, entity, made)
        thing = pg.Distribution(
            id=Id("distribution", table_id.path),
            table=table_id,
            column=made.field,
            beside=beside,
            shards=None if beside else made.shards,
        )
        scope.put(thing, made.span)


def _partitions(scope: Scope, parent: Id, entity: Entity, parts: Mapping[str, Plain], path: str) -> None:
    """Partitions with the columns of their parent, which they must have to be attached."""
    for name, value in parts.items():
        words = record(value, "default")
        place = entity.options.span(f"{path}.{name}") or entity.span
        of = Id("table", (text(words, "schema") or parent.path[0], name))
        bound = _bound(words)
        if bound is None:
            scope.found.add("ST105", f"the partition `{name}` does not say what it holds", place, hint=_BOUND_HINT)
            continue
        made = pg.Table(
            id=of,
            comment=text(words, "description"),
            partition_key=_partition_key(mapping(words, "partition_by"), _field_names(scope, entity)),
            partition_of=parent,
            partition_bound=bound,
            options=parameters(words, "options"),
            tablespace=text(words, "tablespace"),
            persistence="unlogged" if truth(entity.options, "unlogged") else "permanent",
            columns=tuple(_field_names(scope, entity)),
        )
        scope.put(made, place)
        for column in _inherited_columns(scope, parent, of, truth(words, "parents_names")):
            scope.put(column, place)
        _inherited_checks(scope, parent, of, place)
        if was := text(words, "was"):
            scope.renamed("table", (of.path[0], was), of.path, entity.options.span(f"{path}.{name}.was") or place)
        _partitions(scope, of, entity, mapping(words, "partitions"), f"{path}.{name}.partitions")


def _inherited_columns(scope: Scope, parent: Id, of: Id, parents_names: bool) -> Iterator[pg.PgObject]:
    """The columns of a partition as its parent has them."""
    above = scope.objects.get(parent)
    for name in above.columns if isinstance(above, pg.Table) else ():
        path = (*parent.path, name)
        column = scope.objects.get(Id("column", path))
        if isinstance(column, pg.Column):
            yield pg.Column(
                id=Id("column", (*of.path, name)),
                type=column.type,
                collation=column.collation,
                not_null=column.not_null,
                not_null_name=_not_null_name(scope, parent, name) if parents_names else None,
                generated=column.generated,
                generated_kind=column.generated_kind,
                inherited=True,
            )
        default = scope.objects.get(Id("default", path))
        if isinstance(default, pg.Default):
            yield pg.Default(id=Id("default", (*of.path, name)), expression=default.expression)


def _inherited_checks(scope: Scope, parent: Id, of: Id, place: Span) -> None:
    """The parent's checks, which a table must have to become its partition."""
    for thing in [one for one in scope.objects.values() if isinstance(one, pg.Constraint) and one.table == parent]:
        mine = Id("constraint", (*of.path, thing.id.name))
        if thing.type == "check" and not thing.definition.endswith(" NO INHERIT") and mine not in scope.objects:
            scope.put(replace(thing, id=mine, table=of, comment=None, inherited=True), place)


def _bound(words: Words) -> str | None:
    if truth(words, "default"):
        return "DEFAULT"
    if values := names(words, "in"):
        return f"FOR VALUES IN ({', '.join(values)})"
    first, last = names(words, "from"), names(words, "to")
    if first and last:
        return f"FOR VALUES FROM ({', '.join(first)}) TO ({', '.join(last)})"
    modulus, remainder = whole(words, "modulus"), whole(words, "remainder")
    if modulus is not None and remainder is not None:
        return f"FOR VALUES WITH (MODULUS {modulus}, REMAINDER {remainder})"
    return None
