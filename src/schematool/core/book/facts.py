"""What the book says of each entity: gathered from the YAML, what it compiles to, and the migration files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schematool.core.book.plans import PlanFact
from schematool.core.catalog import Catalog, Id
from schematool.core.erd.diagram import Diagram, Link, diagram, entity_key, type_text
from schematool.core.history.unit import Migration, Unit
from schematool.core.model.entity import Declaration, Entity, Field, Model, Plain


@dataclass(frozen=True, slots=True)
class FieldFact:
    """A column, or a field of a document (`depth` how deep it is embedded). `rules`: what its values must be."""

    path: str
    name: str
    type: str
    depth: int = 0
    marks: tuple[str, ...] = ()
    required: bool = False
    default: str | None = None
    refers: str | None = None
    """Key of the entity that it points at."""
    rules: tuple[str, ...] = ()
    description: str = ""
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A constraint, a trigger, a policy: what it is, its name, and its text."""

    kind: str
    name: str
    text: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class IndexFact:
    """An index, and what it is there for."""

    name: str
    text: str
    unique: bool = False
    serves: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Touch:
    """A migration file that changes an entity, with the statements that do, shortened."""

    migration: str
    file: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatternFact:
    """A declared query. `entities`: keys of those that it reads. `expect` and `cache` as (word, value)."""

    name: str
    store: str
    description: str
    text: str
    parameters: tuple[tuple[str, str], ...] = ()
    expect: tuple[tuple[str, str], ...] = ()
    cache: tuple[tuple[str, str], ...] = ()
    entities: tuple[str, ...] = ()
    place: str = ""
    plan: PlanFact | None = None


@dataclass(frozen=True, slots=True)
class EntityFact:
    """One page of the book."""

    key: str
    store: str
    description: str
    place: str
    was: str | None = None
    sensitive: bool = False
    fields: tuple[FieldFact, ...] = ()
    parts: tuple[Part, ...] = ()
    indexes: tuple[IndexFact, ...] = ()
    refers_to: tuple[Link, ...] = ()
    referred_by: tuple[Link, ...] = ()
    patterns: tuple[str, ...] = ()
    history: tuple[Touch, ...] = ()
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OtherFact:
    """A type, function, view or anything else that is no entity."""

    kind: str
    name: str
    store: str
    description: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """Everything, in order of name."""

    title: str
    diagram: Diagram
    entities: tuple[EntityFact, ...] = ()
    patterns: tuple[PatternFact, ...] = ()
    others: tuple[OtherFact, ...] = ()
    migrations: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Id, and the keys of the entities that it changes."""

    def entity(self, key: str) -> EntityFact | None:
        """The entity of this key."""
        return next((entity for entity in self.entities if entity.key == key), None)


def book(
    title: str,
    model: Model,
    catalogs: Mapping[str, Catalog],
    migrations: Sequence[Migration] = (),
    folder: str = "",
    plans: Mapping[str, PlanFact] | None = None,
) -> Book:
    """Gather. `catalogs`: what the model compiles to, by store. `folder`: where the migration files are."""
    drawn = diagram(model)
    patterns = tuple(
        _pattern(thing, model, drawn, plans or {}) for thing in model.declarations if thing.kind == "pattern"
    )
    touched = _touches(model, drawn, catalogs, migrations, folder)
    named = {_drawn_key(entity, drawn): entity for entity in model.entities if not entity.options.get("partition_of")}
    entities = [
        _entity(key, entity, drawn, catalogs[entity.store], patterns, touched.get(key, ()))
        for key, entity in named.items()
    ]
    entities += [
        _bucket(thing, drawn, catalogs["mongo"], touched.get(thing.name, ()))
        for thing in model.declarations
        if thing.kind == "bucket"
    ]
    by_migration = {migration.id: set[str]() for migration in migrations}
    for key, touches in touched.items():
        for touch in touches:
            by_migration[touch.migration].add(key)
    return Book(
        title,
        drawn,
        tuple(sorted(entities, key=lambda entity: entity.key)),
        tuple(sorted(patterns, key=lambda pattern: pattern.name)),
        tuple(_other(thing) for thing in model.declarations if thing.kind not in {"pattern", "bucket"}),
        tuple((id_, tuple(sorted(keys))) for id_, keys in by_migration.items()),
    )


def _drawn_key(entity: Entity, drawn: Diagram) -> str:
    key = entity_key(entity)
    return key if drawn.box(key) else f"{key} ({entity.store})"


def _place(thing: Entity | Declaration) -> str:
    return f"{thing.span.file}:{thing.span.line}"


def _entity(
    key: str,
    entity: Entity,
    drawn: Diagram,
    catalog: Catalog,
    patterns: Iterable[PatternFact],
    touches: tuple[Touch, ...],
) -> EntityFact:
    out = tuple(link for link in drawn.links if link.child == key)
    own = tuple(pattern for pattern in patterns if key in pattern.entities)
    path = (entity.schema or "public", entity.name) if entity.store == "postgres" else (entity.name,)
    box = drawn.box(key)
    marks = {row.path: row.marks for row in box.rows} if box else {}
    pointed = {link.child_paths[0]: link.parent for link in out if len(link.child_paths) == 1}
    said = dict(entity.options.items())
    return EntityFact(
        key,
        entity.store,
        entity.description or "",
        _place(entity),
        entity.was,
        entity.sensitive,
        tuple(_fields(entity.fields, marks, pointed, "", 0)),
        tuple(_parts(catalog, path)),
        tuple(_indexes(entity, catalog, path, out, own)),
        out,
        tuple(link for link in drawn.links if link.parent == key),
        tuple(pattern.name for pattern in own),
        touches,
        tuple((word.replace("_", " "), _option(word, said[word])) for word in _OPTIONS if word in said),
    )


MANY_PARTITIONS = 12
"""Of more the first and the last are shown: they are alike."""


def _option(word: str, value: Plain) -> str:
    """What is said of an entity, on a line; partitions on one each."""
    if word != "partitions" or not isinstance(value, Mapping):
        return words(value)
    return "\n".join(f"{name}: {words(part).replace(', to ', ' to ')}" for name, part in value.items())


def shown(option: str) -> list[str]:
    """The lines of an option as a page shows them: of very many the first and the last."""
    lines, half = option.split("\n"), MANY_PARTITIONS // 2
    if len(lines) > MANY_PARTITIONS:
        lines[half:-half] = [f"… {len(lines) - 2 * half} more"]
    return lines


_OPTIONS = (
    "partition_by",
    "partitions",
    "distribute_by",
    "inherits",
    "row_level_security",
    "validation",
    "capped",
    "time_series",
    "clustered",
    "shard_key",
    "expire_after",
)


def _fields(
    fields: Iterable[Field], marks: Mapping[str, tuple[str, ...]], pointed: Mapping[str, str], above: str, depth: int
) -> Iterator[FieldFact]:
    for field in fields:
        path = f"{above}{field.name}"
        own = marks.get(path, ())
        yield FieldFact(
            path,
            field.name,
            type_text(field),
            depth,
            own,
            field.required or "PK" in own,
            words(field.default) if field.has_default else None,
            pointed.get(path),
            tuple(_rules(field)),
            field.description or "",
            field.was,
        )
        inner = field.fields or (field.items.fields if field.items else ())
        yield from _fields(inner, marks, pointed, f"{path}.", depth + 1)


_RULES = {
    "check": "check",
    "pattern": "matches",
    "minimum": "at least",
    "maximum": "at most",
    "min_length": "length at least",
    "max_length": "length at most",
    "min_items": "items at least",
    "max_items": "items at most",
    "generated": "generated as",
    "identity": "numbered",
    "on_update": "on update",
    "collation": "collation",
}


def _rules(field: Field) -> Iterator[str]:
    if field.one_of:
        yield "one of " + ", ".join(words(value) for value in field.one_of)
    for word, said in _RULES.items():
        if word in field.options:
            yield f"{said} {words(field.options[word])}"
    if field.references is not None and (action := field.references.options.get("on_delete")):
        yield f"on delete {action}"
    if field.options.get("sensitive"):
        yield "sensitive"


_PART_KINDS = {"constraint": "", "trigger": "trigger", "policy": "policy", "rule": "rule"}


def _parts(catalog: Catalog, path: tuple[str, ...]) -> Iterator[Part]:
    """Constraints, triggers, policies and rules of a table, in the order of the catalog."""
    table = Id("table", path)
    for thing in catalog:
        if thing.id.kind in _PART_KINDS and (getattr(thing, "table", None) == table or thing.id.path[:-1] == path):
            kind = _PART_KINDS[thing.id.kind] or str(getattr(thing, "type", "constraint"))
            text = str(getattr(thing, "definition", "") or getattr(thing, "using", "") or "")
            yield Part(kind, thing.id.name, _one_line(text), str(getattr(thing, "comment", None) or ""))


def _indexes(
    entity: Entity,
    catalog: Catalog,
    path: tuple[str, ...],
    links: Sequence[Link],
    patterns: Sequence[PatternFact],
) -> Iterator[IndexFact]:
    expected = [(pattern.name, dict(pattern.expect).get("uses index", "")) for pattern in patterns]
    described = {index.name: index.description for index in entity.indexes if index.name}
    for thing in catalog:
        if thing.id.kind != "index" or not _belongs(thing, path, entity.store):
            continue
        name = thing.id.name
        unique = bool(getattr(thing, "unique", False))
        leading = _leading(thing)
        serves = [f"pattern {pattern}" for pattern, uses in expected if name in re.split(r",\s*", uses)]
        serves += [
            f"reference to {link.parent}"
            for link in links
            if set(leading[: len(link.child_paths)]) == set(link.child_paths)
        ]
        if unique:
            serves.append("uniqueness")
        if getattr(thing, "expire_after_seconds", None) is not None:
            serves.append("expiry")
        description = described.get(name) or str(getattr(thing, "comment", None) or "")
        yield IndexFact(name, _index_text(thing), unique, tuple(dict.fromkeys(serves)), description)


def _belongs(thing: object, path: tuple[str, ...], store: str) -> bool:
    if store == "mongo":
        return isinstance(key := getattr(thing, "id", None), Id) and key.path[:-1] == path
    table = getattr(thing, "table", None)
    return isinstance(table, Id) and table.path == path


def _leading(thing: object) -> tuple[str, ...]:
    keys = getattr(thing, "keys", None)
    if isinstance(keys, tuple):
        return tuple(str(path) for path, _ in keys)
    definition = str(getattr(thing, "definition", ""))
    inside = definition.partition("(")[2].partition(")")[0]
    columns = getattr(thing, "columns", ()) or inside.split(",")
    return tuple(re.sub(r"(?i)\s+(asc|desc|nulls).*$", "", str(column).strip()).strip('"') for column in columns)


def _index_text(thing: object) -> str:
    keys = getattr(thing, "keys", None)
    if isinstance(keys, tuple):
        said = "{ " + ", ".join(f"{path}: {kind}" for path, kind in keys) + " }"
        marks = [mark for mark in ("sparse", "hidden") if getattr(thing, mark, False)]
        seconds = getattr(thing, "expire_after_seconds", None)
        marks += [f"expires after {seconds} s"] if seconds is not None else []
        partial = getattr(thing, "partial_filter", None)
        marks += [f"where {partial}"] if partial else []
        return " ".join([said, *marks])
    definition = _one_line(str(getattr(thing, "definition", "")))
    match = re.search(r"(?i)\bON\s+.*?\s(?:USING\s+(\w+)\s*)?(\(.*)$", definition)
    if match is None:
        return definition
    method = match.group(1)
    return match.group(2) if method in {None, "btree"} else f"{method} {match.group(2)}"


def _bucket(thing: Declaration, drawn: Diagram, catalog: Catalog, touches: tuple[Touch, ...]) -> EntityFact:
    key = thing.name if drawn.box(thing.name) else f"{thing.name} (bucket)"
    box = drawn.box(key)
    rows = box.rows if box else ()
    fields = tuple(FieldFact(row.path, row.name, row.type, 0, row.marks, row.required) for row in rows)
    indexes = tuple(
        IndexFact(
            f"{one.id.path[0]}.{one.id.name}",
            _index_text(one),
            bool(getattr(one, "unique", False)),
            ("GridFS drivers",),
        )
        for one in catalog
        if one.id.kind == "index" and one.id.path[0] in {f"{thing.name}.files", f"{thing.name}.chunks"}
    )
    about = thing.description or "A GridFS bucket"
    return EntityFact(key, "mongo", about, _place(thing), thing.was, fields=fields, indexes=indexes, history=touches)


# --- patterns and others ---------------------------------------------------------------------------------------------


def _pattern(thing: Declaration, model: Model, drawn: Diagram, plans: Mapping[str, PlanFact]) -> PatternFact:
    options = thing.options
    text = str(options["query"]).rstrip() if "query" in options else _mongo_text(thing)
    return PatternFact(
        thing.name,
        thing.store,
        thing.description or "",
        text,
        _named(options.get("parameters")),
        _pairs(options.get("expect")),
        _pairs(options.get("cache")),
        tuple(_read(thing, text, model, drawn)),
        _place(thing),
        plans.get(thing.name),
    )


def _mongo_text(thing: Declaration) -> str:
    options = thing.options
    collection = options.get("collection")
    if "pipeline" in options:
        return f"db.{collection}.aggregate({_json(options['pipeline'])})"
    said = f"db.{collection}.find({_json(options.get('filter') or {})}"
    said += f", {_json(options['projection'])})" if "projection" in options else ")"
    said += f".sort({_json(options['sort'])})" if "sort" in options else ""
    return said + (f".limit({options['limit']})" if "limit" in options else "")


def _read(thing: Declaration, text: str, model: Model, drawn: Diagram) -> Iterator[str]:
    """The entities that a pattern names."""
    for entity in model.entities:
        if entity.store != thing.store:
            continue
        if thing.store == "mongo":
            found = thing.options.get("collection") == entity.name or f'"from": "{entity.name}"' in text
        else:
            found = re.search(rf"(?<![\w.]){re.escape(entity.name)}(?!\w)", text) is not None or (
                f"{entity.schema}.{entity.name}" in text
            )
        if found:
            yield _drawn_key(entity, drawn)


def _named(value: Plain) -> tuple[tuple[str, str], ...]:
    return tuple((name, words(said)) for name, said in value.items()) if isinstance(value, Mapping) else ()


def _pairs(value: Plain) -> tuple[tuple[str, str], ...]:
    return tuple((name.replace("_", " "), said) for name, said in _named(value))


def _other(thing: Declaration) -> OtherFact:
    said = dict(thing.options.items())
    long = {"query", "body", "definition", "up", "create"} & set(said)
    short = [f"{name.replace('_', ' ')}: {words(value)}" for name, value in said.items() if name not in long]
    text = "\n".join([*short, *(words(said[name]).rstrip() for name in sorted(long))])
    return OtherFact(
        thing.kind.replace("_", " "), thing.name, thing.store, thing.description or "", _place(thing), text
    )


def words(value: Plain) -> str:
    """A plain value as a person writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(words(part) for part in value)
        case Mapping():
            return ", ".join(f"{name} {words(part)}" for name, part in value.items())
        case _:
            return str(value)


def _json(value: Plain) -> str:
    return json.dumps(_lists(value), ensure_ascii=False)


def _lists(value: Plain) -> object:
    match value:
        case tuple():
            return [_lists(part) for part in value]
        case Mapping():
            return {name: _lists(part) for name, part in value.items()}
        case _:
            return value


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


# --- history ---------------------------------------------------------------------------------------------------------

_LONGEST = 110


def _touches(
    model: Model, drawn: Diagram, catalogs: Mapping[str, Catalog], migrations: Sequence[Migration], folder: str
) -> dict[str, tuple[Touch, ...]]:
    """By entity, the migration files with a statement about it, its indexes or constraints; also by its old name."""
    found: dict[str, list[Touch]] = {}
    owners = {store: _owners(model, drawn, catalogs[store], store) for store in ("postgres", "mongo")}
    for migration in migrations:
        for unit in (migration.postgres, migration.mongo):
            if unit is None:
                continue
            said: dict[str, list[str]] = {}
            for command in unit.up:
                for key in _subjects(unit, command.text, owners[unit.store]):
                    said.setdefault(key, []).append(_short(unit, command.text))
            file = f"{folder}/{unit.store}/{unit.id}{'.sql' if unit.store == 'postgres' else '.json'}"
            for key, statements in said.items():
                found.setdefault(key, []).append(Touch(unit.id, file, tuple(statements)))
    return {key: tuple(touches) for key, touches in found.items()}


def _owners(model: Model, drawn: Diagram, catalog: Catalog, store: str) -> dict[str, str]:
    """Whose a name is: of tables, their indexes and constraints; of collections, also those of buckets."""
    owners: dict[str, str] = {}
    for entity in model.entities:
        if entity.store == store:
            key = _drawn_key(entity, drawn)
            owners |= {name: key for name in (entity.was, entity.name) if name}
    if store == "mongo":
        for thing in model.declarations:
            if thing.kind == "bucket":
                owners |= dict.fromkeys((thing.name, f"{thing.name}.files", f"{thing.name}.chunks"), thing.name)
        return owners
    for one in catalog:
        table = getattr(one, "table", None)
        if one.id.kind in {"index", "constraint", "trigger"} and isinstance(table, Id):
            owners.setdefault(one.id.name, owners.get(table.path[-1], table.path[-1]))
    return owners


def _subjects(unit: Unit, text: str, owners: Mapping[str, str]) -> Iterator[str]:
    if unit.store == "mongo":
        try:
            command = json.loads(text)
        except json.JSONDecodeError:
            return
        name = str(next(iter(command.values()), ""))
        key = owners.get(name) or owners.get(name.partition(".")[2])
        if key:
            yield key
        return
    plain = re.sub(r"'(?:[^']|'')*'|--[^\n]*|\$(\w*)\$.*?\$\1\$", " ", text, flags=re.DOTALL)
    plain = re.sub(r"(?i)\breferences\s+[\w.\"]+", " ", plain)
    names = [quoted or bare for quoted, bare in re.findall(r'"([^"]+)"|([A-Za-z_][\w$]*)', plain)]
    yield from dict.fromkeys(owners[name] for name in names[:_HEAD] if name in owners)


_HEAD = 12
"""What a statement is about is in its first words: `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a ON ONLY b.c`."""


def _short(unit: Unit, text: str) -> str:
    line = _one_line(text)
    if unit.store == "mongo":
        command = json.loads(text)
        verb = next(iter(command), "")
        names = [str(index.get("name", "")) for index in command.get("indexes", ()) if isinstance(index, dict)]
        line = f"{verb} {command.get(verb)}" + (f" ({', '.join(names)})" if names else "")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


__all__ = ["Book", "EntityFact", "FieldFact", "IndexFact", "OtherFact", "Part", "PatternFact", "Touch", "book", "words"]
