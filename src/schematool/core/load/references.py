"""What only the whole model can tell: names declared twice, unknown types, references and fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from schematool.core import distribution, partitions
from schematool.core.diagnostic import Findings, Severity, Span
from schematool.core.keys import primary_key
from schematool.core.load import types
from schematool.core.load.near import did_you_mean
from schematool.core.model.entity import Declaration, Entity, Field, Model, Plain, Reference
from schematool.core.patterns.rules import mistakes
from schematool.core.views import former_names, reads

_TYPE_KINDS = frozenset({"enum", "domain", "composite", "range"})
_RELATION_KINDS = frozenset({"entity", "view", "materialized_view", "sequence", "bucket"})
_CODE_KINDS = frozenset({"function", "procedure", "aggregate"})
MAX_IDENTIFIER = 63


@dataclass(frozen=True, slots=True)
class Names:
    """What the model declares, for looking up."""

    entities: Mapping[str, Entity]
    types: frozenset[str]
    extensions: frozenset[str]
    collections: frozenset[str]
    """Those of MongoDB by themselves: a table may have the same name, and then it is the one in `entities`."""
    open_ended: bool
    """Whether types may come from where we cannot look: `sql:` documents and extensions that we do not know."""


def resolve(model: Model, found: Findings) -> Model:
    """Check all that names something else; returns the model with its references completed."""
    model = _once(model, found)
    names = _names(model)
    _identifiers(model, found)
    _types(model, names, found)
    _declared_types(model, names, found)
    for entity in model.entities:
        _fields_named(entity, found)
    for declaration in model.declarations:
        _points_at_entity(declaration, names, found)
    _views_of_what_is_renamed(model, found)
    found.extend(mistakes(model))
    found.extend(partitions.mistakes(model))
    found.extend(distribution.mistakes(model))
    entities = tuple(
        replace(entity, fields=tuple(_resolved(field, entity, names, found) for field in entity.fields))
        for entity in model.entities
    )
    return replace(model, entities=entities)


def _names(model: Model) -> Names:
    entities: dict[str, Entity] = {}
    for entity in model.entities:
        entities.setdefault(f"{entity.schema or 'public'}.{entity.name}", entity)
        entities.setdefault(entity.name, entity)
    declared: set[str] = set()
    for thing in model.declarations:
        if thing.kind in _TYPE_KINDS | {"view", "materialized_view"} and thing.store == "postgres":
            declared |= {thing.name, f"{thing.options.get('schema', 'public')}.{thing.name}"}
            if thing.kind == "range":
                multirange = str(thing.options.get("multirange") or _multirange(thing.name))
                declared |= {multirange, f"{thing.options.get('schema', 'public')}.{multirange}"}
    declared |= {name for name, entity in entities.items() if entity.store == "postgres"}
    extensions = frozenset(thing.name for thing in model.declarations if thing.kind == "extension")
    known = set(types.EXTENSION_TYPES.values()) | _TYPELESS_EXTENSIONS
    open_ended = bool(extensions - known) or any(thing.kind in {"sql", "object"} for thing in model.declarations)
    collections = frozenset(entity.name for entity in model.entities if entity.store == "mongo")
    return Names(entities, frozenset(declared), extensions, collections, open_ended)


_TYPELESS_EXTENSIONS = frozenset(
    {"uuid-ossp", "pgcrypto", "pg_trgm", "btree_gist", "btree_gin", "unaccent", "pg_stat_statements"}
)


def _multirange(name: str) -> str:
    """The name PostgreSQL gives to a range's multirange (makeMultirangeTypeName)."""
    return name.replace("range", "multirange", 1) if "range" in name else f"{name}_multirange"


def _once(model: Model, found: Findings) -> Model:
    """Leave out what would share a name with something before it, and say so."""
    again: set[Span] = set()
    seen: dict[tuple[str, ...], Span] = {}
    for space, name, span in _spaces(model):
        first = seen.setdefault((*space, name), span)
        if first is not span:
            message = f"`{name}` is declared twice, first at {first.file}:{first.line}"
            found.add("ST110", message, span, hint="rename or remove one of them")
            again.add(span)
    entities = tuple(entity for entity in model.entities if entity.span not in again)
    return Model(entities, tuple(thing for thing in model.declarations if thing.span not in again))


def _spaces(model: Model) -> Iterator[tuple[tuple[str, ...], str, Span]]:
    for entity in model.entities:
        yield (entity.store, "relation", entity.schema or "public"), entity.name, entity.span
    for thing in model.declarations:
        schema = str(thing.options.get("schema") or "public")
        if thing.kind in _RELATION_KINDS:
            yield (thing.store, "relation", schema), thing.name, thing.span
        elif thing.kind in _TYPE_KINDS:
            yield (thing.store, "type", schema), thing.name, thing.span
        elif thing.kind in _CODE_KINDS:
            yield (thing.store, "code", schema, str(thing.options.get("arguments"))), thing.name, thing.span
        elif thing.kind == "trigger":
            yield (thing.store, "trigger", str(thing.options.get("on"))), thing.name, thing.span
        elif thing.kind == "default_privileges":
            continue
        else:
            yield (thing.store if thing.kind != "pattern" else "", thing.kind), thing.name, thing.span


def _identifiers(model: Model, found: Findings) -> None:
    """Names that the server would cut or refuse."""
    for entity in model.entities:
        if entity.store == "mongo":
            _mongo_name(entity.name, entity.span, found)
            continue
        for name, span in _postgres_names(entity):
            _postgres_name(name, span, found)
    for thing in model.declarations:
        if thing.store == "mongo" and thing.kind in _RELATION_KINDS:
            _mongo_name(thing.name, thing.span, found)
        elif thing.store == "postgres" and thing.kind not in {"sql", "object", "pattern"}:
            _postgres_name(thing.name, thing.span, found)


_NAMED_IN_ENTITY = (
    "checks",
    "foreign_keys",
    "exclusions",
    "triggers",
    "policies",
    "rules",
    "statistics",
    "partitions",
    "unique",
)


def _postgres_names(entity: Entity) -> Iterator[tuple[str, Span]]:
    yield entity.name, entity.span
    for field in entity.fields:
        yield field.name, field.span
    for index in entity.indexes:
        if index.name:
            yield index.name, index.options.span("name") or index.span
    for word in _NAMED_IN_ENTITY:
        named = entity.options.get(word)
        if isinstance(named, Mapping):
            for name in named:
                yield name, entity.options.span(f"{word}.{name}") or entity.span


def _postgres_name(name: str, span: Span, found: Findings) -> None:
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > MAX_IDENTIFIER:
        message = f"`{name[:30]}…` is {size} bytes long; PostgreSQL would cut it to {MAX_IDENTIFIER}"
        found.add("ST114", message, span, hint="choose a shorter name")
    if "\0" in name:
        found.add("ST114", "a name cannot hold a NUL character", span)


def _mongo_name(name: str, span: Span, found: Findings) -> None:
    """Refuse what the server refuses; it takes `a.` and `a..b`, which pymongo and others do not (seen on 6.0.5)."""
    if "$" in name or "\0" in name or name.startswith(("system.", ".")):
        message = f"`{name}` cannot be a collection: no `$`, no NUL, not `system.`, no dot at the beginning"
        found.add("ST114", message, span, hint="choose another name")
    elif name.endswith(".") or ".." in name:
        message = f"drivers refuse the name `{name}`, which MongoDB takes: no program of yours may be able to read it"
        found.add("ST114", message, span, hint="rename it, with the old name as `was:`", severity=Severity.WARNING)


# --- types -----------------------------------------------------------------------------------------------------------


def _types(model: Model, names: Names, found: Findings) -> None:
    for entity in model.entities:
        for field in entity.fields:
            if entity.store == "postgres":
                _postgres_type(field.type, field.type_span, names, found)
                _postgres_field(field, found)
            else:
                _mongo_type(field, found)


def _postgres_type(text: str, span: Span, names: Names, found: Findings) -> None:
    bare = types.base(text)
    if bare in types.POSTGRES or bare in names.types or types.bare(text).replace('"', "") in names.types:
        return
    extension = types.EXTENSION_TYPES.get(bare.rpartition(".")[2])
    if extension is not None:
        if extension not in names.extensions and not names.open_ended:
            found.add(
                "ST102",
                f"the type `{bare}` comes with an extension",
                span,
                hint=f"add a document `extension: {extension}`",
            )
        return
    if not re.fullmatch(r'("[^"]+"|[\w$]+)(\.("[^"]+"|[\w$]+))?( [\w ]+)?', bare):
        found.add("ST102", f"`{text}` is not a type", span)
        return
    if names.open_ended:
        return
    hint = did_you_mean(bare, [*types.POSTGRES, *names.types])
    hint = hint or "declare it: `enum:`, `domain:`, `composite:` or `range:`, or the `extension:` that brings it"
    found.add("ST102", f"unknown type `{text}`", span, hint=hint)


_BARE_WORD = re.compile(r"[A-Za-z_][\w-]*( [\w-]+)*\Z")
_SQL_WORDS = frozenset(
    [
        "null",
        "true",
        "false",
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "current_user",
        "session_user",
        "current_role",
        "current_catalog",
        "current_schema",
        "user",
        "default",
    ]
)


def _postgres_field(field: Field, found: Findings) -> None:
    """A default that was meant as text: `active` is a column to PostgreSQL, `'active'` is the word."""
    if not field.has_default or not isinstance(field.default, str):
        return
    text = field.default.strip()
    if (
        _BARE_WORD.match(text)
        and text.lower() not in _SQL_WORDS
        and not re.match(r"(?i)(interval|date|time|timestamp|array|not|row|case) ", text)
    ):
        message = f"`{text}` would be a column here: a default is an SQL expression"
        span = field.options.span("default") or field.span
        found.add("ST117", message, span, hint=f"write \"'{text}'\"")


def _mongo_type(field: Field, found: Findings) -> None:
    several = field.options.get("type")
    for name in several if isinstance(several, tuple) else (field.type,):
        _mongo_type_name(str(name), field.type_span, found)
    for inner in (*field.fields, *((field.items,) if field.items else ())):
        _mongo_type(inner, found)
    kinds = {"fields": "object", "items": "array"}
    present = {"fields": bool(field.fields), "items": field.items is not None}
    for word, kind in kinds.items():
        if present[word] and field.type != kind and not isinstance(several, tuple):
            found.add(
                "ST116",
                f"`{word}` of a {field.type}: only an {kind} has them",
                field.type_span,
                hint=f"write `type: {kind}`",
            )


def _mongo_type_name(name: str, span: Span, found: Findings) -> None:
    if name in types.MONGO:
        return
    meant = types.MONGO_SYNONYMS.get(types.base(name))
    extra = ", format: uuid" if types.base(name) == "uuid" else ""
    hint = f"did you mean `{meant}{extra}`?" if meant else did_you_mean(name, types.MONGO)
    found.add("ST102", f"unknown type `{name}`", span, hint=hint or f"MongoDB has {', '.join(sorted(types.MONGO))}")


def _declared_types(model: Model, names: Names, found: Findings) -> None:
    """Types inside of documents that are not entities."""
    for thing in model.declarations:
        if thing.store != "postgres":
            continue
        for word in {"domain": ("type",), "range": ("subtype",), "aggregate": ("state_type",)}.get(thing.kind, ()):
            _postgres_type(str(thing.options[word]), thing.options.span(word) or thing.span, names, found)
        fields = thing.options.get("fields")
        if thing.kind == "composite" and isinstance(fields, Mapping):
            for name, attribute in fields.items():
                text = attribute["type"] if isinstance(attribute, Mapping) else attribute
                span = thing.options.span(f"fields.{name}.type") or thing.span
                _postgres_type(str(text), span, names, found)


# --- fields that other words name ------------------------------------------------------------------------------------

_IDENTIFIER = re.compile(r"[A-Za-z_][\w$]*\Z")


def _fields_named(entity: Entity, found: Findings) -> None:
    if entity.store == "postgres":
        known = {field.name for field in entity.fields}
        # Columns that come from a parent or a type are not written here.
        if not any(entity.options.get(word) for word in ("inherits", "of_type", "partition_of")):
            for name, span in _columns_named(entity):
                if name not in known:
                    found.add(
                        "ST113",
                        f"`{entity.name}` has no field `{name}`",
                        span,
                        hint=did_you_mean(name, known),
                    )
        return
    if entity.fields:
        _paths_named(entity, found)


def _columns_named(entity: Entity) -> Iterator[tuple[str, Span]]:
    for index in entity.indexes:
        for key in index.keys:
            word = re.sub(r"(?i)\s+(asc|desc)(\s+nulls\s+(first|last))?\s*$", "", key.text.strip())
            if _IDENTIFIER.match(word):
                yield word, key.span
        yield from _listed(index.options.get("include"), index.span)
    options = entity.options
    primary = options.get("primary_key")
    columns = primary.get("on") if isinstance(primary, Mapping) else primary
    yield from _listed(columns, options.span("primary_key") or entity.span, options.spans, "primary_key")
    unique = options.get("unique")
    for name, given in _entries(unique):
        columns = given.get("on") if isinstance(given, Mapping) else given
        yield from _listed(columns, options.span(f"unique.{name}") or entity.span, options.spans, f"unique.{name}")
    for name, given in _entries(options.get("foreign_keys")):
        if isinstance(given, Mapping):
            span = options.span(f"foreign_keys.{name}.on") or entity.span
            yield from _listed(given.get("on"), span, options.spans, f"foreign_keys.{name}.on")
    for name, given in _entries(options.get("triggers")):
        if isinstance(given, Mapping):
            yield from _listed(given.get("columns"), options.span(f"triggers.{name}.columns") or entity.span)


def _entries(value: Plain) -> Iterable[tuple[object, Plain]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, tuple) else ()


def _listed(
    value: Plain, around: Span, spans: Mapping[str, Span] | None = None, path: str = ""
) -> Iterator[tuple[str, Span]]:
    if isinstance(value, str):
        yield value, around
    elif isinstance(value, tuple):
        for number, name in enumerate(value):
            if isinstance(name, str):
                yield name, (spans or {}).get(f"{path}.{number}", around)


_NAMING_MORE = ("time_series", "field_patterns", "any_of", "all_of", "exactly_one_of", "dependencies")
"""Words of a collection that may tell of fields which are not under `fields`."""


def _paths_named(entity: Entity, found: Findings) -> None:
    """Index paths of a collection, as far as the fields are declared; `$**` and undeclared objects are left alone."""
    additional = entity.options.get("additional_fields")
    if additional is not None and additional is not False:
        return
    if any(word in entity.options for word in _NAMING_MORE):
        return
    for index in entity.indexes:
        for key in index.keys:
            if key.text.endswith("$**") or key.text in {"_id", "_fts", "_ftsx"}:
                continue
            missing = _missing_part(key.text.split("."), entity.fields)
            if missing is not None:
                part, known = missing
                message = f"`{entity.name}` has no field `{key.text}`"
                found.add("ST113", message, key.span, hint=did_you_mean(part, known))


def _missing_part(parts: list[str], fields: tuple[Field, ...]) -> tuple[str, list[str]] | None:
    if not fields or not parts:
        return None
    if parts[0].isdigit():
        return _missing_part(parts[1:], fields)
    field = next((candidate for candidate in fields if candidate.name == parts[0]), None)
    if field is None:
        return parts[0], [candidate.name for candidate in fields]
    if field.options.get("additional_fields") or field.options.get("field_patterns"):
        return None
    return _missing_part(parts[1:], field.items.fields if field.items else field.fields)


# --- references ------------------------------------------------------------------------------------------------------


def _points_at_entity(thing: Declaration, names: Names, found: Findings) -> None:
    word = {"pattern": "collection", "view": "from"}.get(thing.kind) if thing.store == "mongo" else None
    if word is None or word not in thing.options:
        return
    name = str(thing.options[word])
    known = names.collections
    if word == "collection" and name not in known and not re.search(r"\.(files|chunks)$", name):
        found.add(
            "ST111",
            f"there is no collection `{name}`",
            thing.options.span(word),
            hint=did_you_mean(name, known),
        )


def _views_of_what_is_renamed(model: Model, found: Findings) -> None:
    """A view of a name that is gone finds nothing, and MongoDB says no word."""
    former = former_names(model)
    for view in model.declarations:
        for name, path in reads(view) if (view.store, view.kind) == ("mongo", "view") and former else ():
            if name in former:
                span = view.options.span(path) or view.options.span(path.partition(".")[0]) or view.span
                message = f"`{view.name}` reads `{name}`, which becomes `{former[name]}`: it would find nothing"
                found.add("ST111", message, span, hint=f"write `{former[name]}`")


def _resolved(field: Field, entity: Entity, names: Names, found: Findings) -> Field:
    """The field with its reference (and those inside of it) completed."""
    inner = tuple(_resolved(child, entity, names, found) for child in field.fields)
    items = _resolved(field.items, entity, names, found) if field.items else None
    made = field if inner == field.fields and items is field.items else replace(field, fields=inner, items=items)
    if field.references is None:
        return made
    reference = _target(field.references, entity, names, found)
    if reference is None:
        return made
    _fits(field, entity, reference, names, found)
    return replace(made, references=reference)


def _target(reference: Reference, source: Entity, names: Names, found: Findings) -> Reference | None:
    target = names.entities.get(reference.entity) if reference.field or reference.entity in names.entities else None
    whole = f"{reference.entity}.{reference.field}".rstrip(".")
    if target is None and whole in names.entities:
        target, reference = names.entities[whole], replace(reference, entity=whole, field="")
    if target is None:
        known = [name for name in names.entities if "." not in name]
        found.add(
            "ST111",
            f"there is no entity `{reference.entity}`",
            reference.span,
            hint=did_you_mean(reference.entity, known),
        )
        return None
    if source.store == "postgres" and target.store == "mongo":
        message = f"`{reference.entity}` is in MongoDB: PostgreSQL cannot hold a foreign key to it"
        found.add(
            "ST111",
            message,
            reference.span,
            hint="keep the reference on the MongoDB side, or describe it in words",
        )
        return None
    if not reference.field:
        return _primary(reference, target, found)
    known_fields = [field.name for field in target.fields]
    if reference.field not in known_fields and not (target.store == "mongo" and reference.field == "_id"):
        message = f"`{reference.entity}` has no field `{reference.field}`"
        found.add("ST113", message, reference.span, hint=did_you_mean(reference.field, known_fields))
        return None
    return reference


def _primary(reference: Reference, target: Entity, found: Findings) -> Reference | None:
    if target.store == "mongo":
        return replace(reference, field="_id")
    columns = primary_key(target)
    if len(columns) != 1:
        message = f"`{reference.entity}` has no primary key of one field"
        found.add("ST113", message, reference.span, hint=f"name the field: `{reference.entity}.<field>`")
        return None
    return replace(reference, field=columns[0])


def _fits(field: Field, entity: Entity, reference: Reference, names: Names, found: Findings) -> None:
    target = names.entities[reference.entity]
    pointed = next((candidate for candidate in target.fields if candidate.name == reference.field), None)
    if pointed is None:
        return
    here, there = _family(entity, field), _family(target, pointed)
    if types.compatible(here, there):
        return
    hint = f"give it the type `{pointed.type}`" if entity.store == target.store else None
    if entity.store == "mongo" and there == "uuid":
        hint = "write `type: string, format: uuid`"
    message = f"`{field.name}` is {_said(field)}, but `{reference.entity}.{reference.field}` is {_said(pointed)}"
    found.add("ST112", message, field.type_span, hint=hint)


def _family(entity: Entity, field: Field) -> str | None:
    form = field.options.get("format")
    held = field.items if entity.store == "mongo" and field.type == "array" and field.items else field
    if held is not field:
        form = held.options.get("format")
    return types.family(entity.store, held.type, str(form) if form else None)


def _said(field: Field) -> str:
    form = field.options.get("format")
    return f"{field.type} ({form})" if form else field.type
