"""What a diagram shows: boxes with rows, and links whose cardinalities come from keys and nullability."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePosixPath

from schematool.core.erd.words import Grouping, Rows
from schematool.core.keys import constraint_keys, listed_foreign_keys, primary_key
from schematool.core.model.entity import Declaration, Entity, Field, IndexSpec, Model

DEEPEST = 2
"""Levels of an embedded document that are shown; what is below is counted. A reference is shown however deep it is."""


class End(Enum):
    """How many there may be at one end of a link, in Mermaid's words."""

    ONE = "one"
    ZERO_OR_ONE = "zero or one"
    ZERO_OR_MANY = "zero or many"


@dataclass(frozen=True, slots=True)
class Row:
    """A field. `path` is dotted from the entity; `depth` how deep it is embedded; `marks` of PK, FK, UK."""

    path: str
    name: str
    type: str
    depth: int = 0
    marks: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """An entity or a bucket. `key` is its name, unlike all others; `hidden`: fields that are not shown."""

    key: str
    store: str
    rows: tuple[Row, ...]
    folder: str = ""
    schema: str = ""
    note: str = ""
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A reference from `child` to `parent`. `across`: by value, from one database to the other.

    `child_end`: how many children a parent may have; `parent_end`: how many parents a child has.
    """

    child: str
    child_paths: tuple[str, ...]
    parent: str
    parent_paths: tuple[str, ...]
    child_end: End
    parent_end: End
    across: bool = False

    @property
    def said(self) -> str:
        """The fields of the child, in one word."""
        return ", ".join(self.child_paths)


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in order of name, links in order of child and field."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]

    def box(self, key: str) -> Box | None:
        """The box of this name."""
        return next((box for box in self.boxes if box.key == key), None)


def entity_key(entity: Entity) -> str:
    """The name of an entity in a diagram: with its schema where that is not `public`."""
    return f"{entity.schema}.{entity.name}" if entity.schema and entity.schema != "public" else entity.name


def diagram(model: Model) -> Diagram:
    """The whole schema, both stores. Partitions are their parent's business and not shown."""
    shown = [entity for entity in model.entities if not entity.options.get("partition_of")]
    keys = _keys(shown)
    links = tuple(sorted(_links(shown, keys), key=lambda link: (link.child, link.child_paths, link.parent)))
    boxes = [_box(entity, keys[id(entity)], links) for entity in shown]
    taken = {box.key for box in boxes}
    boxes += [_bucket(thing, taken) for thing in model.declarations if thing.kind == "bucket"]
    return Diagram(tuple(sorted(boxes, key=lambda box: box.key)), links)


def _keys(entities: Collection[Entity]) -> dict[int, str]:
    """Names that tell entities apart also where both stores have one of the same name."""
    names = [entity_key(entity) for entity in entities]
    twice = {name for name in names if names.count(name) > 1}
    return {
        id(entity): f"{name} ({entity.store})" if name in twice else name
        for entity, name in zip(entities, names, strict=True)
    }


def _box(entity: Entity, key: str, links: Iterable[Link]) -> Box:
    referring = {path for link in links if link.child == key for path in link.child_paths}
    primary = primary_key(entity) if entity.store == "postgres" else ("_id",)
    single = {names[0] for names in unique_keys(entity) if len(names) == 1}
    marks = _Marks(frozenset(primary), frozenset(referring), frozenset(single - set(primary)))
    rows = list(_rows(entity.fields, marks, "", 0))
    if entity.store == "mongo" and not any(field.name == "_id" for field in entity.fields):
        rows.insert(0, Row("_id", "_id", "objectId", 0, ("PK",), True))
    folder = PurePosixPath(entity.span.file).parent.as_posix()
    joins = len(primary) > 1 and set(primary) <= referring
    schema = (entity.schema or "public") if entity.store == "postgres" else entity.store
    return Box(key, entity.store, tuple(rows), folder, schema, "join table" if joins else "")


@dataclass(frozen=True, slots=True)
class _Marks:
    primary: frozenset[str]
    referring: frozenset[str]
    unique: frozenset[str]

    def of(self, path: str) -> tuple[str, ...]:
        found = (("PK", self.primary), ("FK", self.referring), ("UK", self.unique))
        return tuple(mark for mark, paths in found if path in paths)


def _rows(fields: Iterable[Field], marks: _Marks, above: str, depth: int) -> Iterator[Row]:
    for field in fields:
        path = f"{above}{field.name}"
        inner = field.fields or (field.items.fields if field.items else ())
        own = marks.of(path)
        below = list(_rows(inner, marks, f"{path}.", depth + 1))
        if depth + 1 >= DEEPEST:
            around = tuple(row.path for row in below if row.marks)
            below = [row for row in below if row.marks or any(kept.startswith(f"{row.path}.") for kept in around)]
        if depth < DEEPEST or own or below:
            hidden = f" {{{len(inner)}}}" if inner and len(below) < len(inner) else ""
            required = field.required or "PK" in own
            yield Row(path, field.name, f"{type_text(field)}{hidden}", depth, own, required)
            yield from below


def type_text(field: Field) -> str:
    """A field's type in the words of its store: `varchar(20)`, `string (uuid)`, `array of objectId`."""
    several = field.options.get("type")
    if isinstance(several, tuple):
        return " | ".join(str(name) for name in several)
    if field.items is not None:
        return f"array of {type_text(field.items)}"
    form = field.options.get("format")
    return f"{field.type} ({form})" if form else field.type


def _bucket(thing: Declaration, taken: set[str]) -> Box:
    """A GridFS bucket with the fields of its `.files` (GridFS specification, "files collection documents")."""
    rows = [
        Row("_id", "_id", "objectId", 0, ("PK",), True),
        Row("filename", "filename", "string"),
        Row("length", "length", "long", 0, (), True),
        Row("uploadDate", "uploadDate", "date", 0, (), True),
    ]
    metadata = thing.options.get("metadata")
    if isinstance(metadata, Mapping):
        rows.append(Row("metadata", "metadata", f"object {{{len(metadata)}}}"))
    key = f"{thing.name} (bucket)" if thing.name in taken else thing.name
    folder = PurePosixPath(thing.span.file).parent.as_posix()
    return Box(key, "mongo", tuple(rows), folder, "mongo", "bucket")


# --- links -----------------------------------------------------------------------------------------------------------


def _links(entities: Collection[Entity], keys: Mapping[int, str]) -> Iterator[Link]:
    by_name: dict[str, Entity] = {}
    for entity in entities:
        by_name.setdefault(f"{entity.schema or 'public'}.{entity.name}", entity)
        by_name.setdefault(entity.name, entity)
    for entity in entities:
        unique = [frozenset(names) for names in unique_keys(entity)]
        for reference in _references(entity):
            parent = by_name.get(reference.entity)
            if parent is None:
                continue
            one = any(names <= set(reference.paths) for names in unique) and not reference.many
            pointed = reference.fields or primary_key(parent) or ("_id",)
            yield Link(
                keys[id(entity)],
                reference.paths,
                keys[id(parent)],
                pointed,
                End.ZERO_OR_ONE if one else End.ZERO_OR_MANY,
                End.ZERO_OR_MANY if reference.many else End.ONE if reference.required else End.ZERO_OR_ONE,
                across=entity.store != parent.store,
            )


@dataclass(frozen=True, slots=True)
class _Reference:
    """`many`: the field is, or lies in, an array."""

    paths: tuple[str, ...]
    entity: str
    fields: tuple[str, ...]
    required: bool
    many: bool = False


def _references(entity: Entity) -> Iterator[_Reference]:
    primary = primary_key(entity) if entity.store == "postgres" else ()
    yield from _of_fields(entity.fields, "", set(primary), required=True, many=False)
    required = {field.name for field in entity.fields if field.required} | set(primary)
    for key in listed_foreign_keys(entity):
        yield _Reference(key.ours, key.entity, key.theirs, set(key.ours) <= required)


def _of_fields(
    fields: Iterable[Field], above: str, primary: set[str], *, required: bool, many: bool
) -> Iterator[_Reference]:
    for field in fields:
        path = f"{above}{field.name}"
        there = required and (field.required or path in primary) and not field.options.get("nullable")
        several = many or field.items is not None
        held = field.references or (field.items.references if field.items else None)
        if held is not None:
            yield _Reference((path,), held.entity, (held.field,) if held.field else (), there, several)
        inner = field.fields or (field.items.fields if field.items else ())
        yield from _of_fields(inner, f"{path}.", set(), required=there, many=several)


def unique_keys(entity: Entity) -> Iterator[tuple[str, ...]]:
    """Every combination of fields of which no two rows or documents are alike, whatever they hold."""
    yield from (names for names, _ in constraint_keys(entity))
    if entity.store == "mongo":
        yield ("_id",)
    yield from (names for index in entity.indexes if (names := _unique_index(index)))


def _unique_index(index: IndexSpec) -> tuple[str, ...]:
    """The fields of a unique index, none where it has a condition or an expression."""
    if not index.unique or index.options.get("where") is not None:
        return ()
    names = tuple(leading_word(key.text) for key in index.keys)
    return names if all(re.fullmatch(r"[\w.$]+", name) for name in names) else ()


def leading_word(text: str) -> str:
    """A part of an index without its direction: `start_time` of `start_time desc nulls last`."""
    return re.sub(r"(?i)\s+(asc|desc)?(\s+nulls\s+(first|last))?\s*$", "", text.strip()).strip('"')


# --- parts of a diagram ----------------------------------------------------------------------------------------------


def focus(whole: Diagram, key: str, depth: int) -> Diagram:
    """The box and what is within `depth` links of it, in either direction, with the links between those."""
    near = {key}
    for _ in range(depth):
        near |= {end for link in whole.links if {link.child, link.parent} & near for end in (link.child, link.parent)}
    return only(whole, near)


def around(whole: Diagram, key: str) -> Diagram:
    """The box with its keys, its neighbours, and the links of this box alone; of neighbours what these name."""
    near = focus(whole, key, 1)
    own = replace(near, links=tuple(link for link in near.links if key in {link.child, link.parent}))
    named = _named(own.links)
    boxes = (
        _thinned(box, named.get(box.key, set()), {"PK"} if box.key != key else {"PK", "FK", "UK"}) for box in own.boxes
    )
    return replace(own, boxes=tuple(boxes))


def only(whole: Diagram, keys: Collection[str]) -> Diagram:
    """These boxes alone, with the links between them."""
    return Diagram(
        tuple(box for box in whole.boxes if box.key in keys),
        tuple(link for link in whole.links if link.child in keys and link.parent in keys),
    )


MOST_BETWEEN_GROUPS = 40
"""With more references between groups than this, they are named in their rows: lines would cover the picture."""


def apart(whole: Diagram, by: Grouping) -> Diagram:
    """The same, with references between groups said in words where there are too many of them for lines."""
    group = {box.key: group_of(box, by) for box in whole.boxes}
    between = [link for link in whole.links if group[link.child] != group[link.parent]]
    if len(between) <= MOST_BETWEEN_GROUPS:
        return whole
    said: dict[tuple[str, str], str] = {}
    for link in between:
        words = f"{said.get((link.child, link.child_paths[0]), '')} → {link.parent}{' by value' if link.across else ''}"
        said[link.child, link.child_paths[0]] = words
    boxes = (
        replace(box, rows=tuple(replace(row, type=row.type + said.get((box.key, row.path), "")) for row in box.rows))
        for box in whole.boxes
    )
    return Diagram(tuple(boxes), tuple(link for link in whole.links if link not in set(between)))


def with_rows(whole: Diagram, rows: Rows) -> Diagram:
    """The same with fewer fields: those that links name or that identify, or none."""
    if rows is Rows.ALL:
        return whole
    if rows is Rows.NONE:
        return replace(whole, boxes=tuple(replace(box, rows=(), hidden=len(box.rows)) for box in whole.boxes))
    named = _named(whole.links)
    marks = {"PK", "FK", "UK"}
    return replace(whole, boxes=tuple(_thinned(box, named.get(box.key, set()), marks) for box in whole.boxes))


def _named(links: Iterable[Link]) -> dict[str, set[str]]:
    """By box, the fields that links begin or end at."""
    named: dict[str, set[str]] = {}
    for link in links:
        named.setdefault(link.child, set()).update(link.child_paths)
        named.setdefault(link.parent, set()).update(link.parent_paths)
    return named


def _thinned(box: Box, named: set[str], marks: Collection[str]) -> Box:
    """Keep the fields that are named or have one of the marks, with what they are embedded in."""
    wanted = named | {row.path for row in box.rows if set(row.marks) & set(marks)}
    kept_paths = {path.rsplit(".", count)[0] for path in wanted for count in range(path.count(".") + 1)}
    kept = tuple(row for row in box.rows if row.path in kept_paths)
    return replace(box, rows=kept, hidden=len(box.rows) - len(kept))


def group_of(box: Box, by: Grouping) -> str:
    """The name of the group that a box belongs to."""
    match by:
        case Grouping.NONE:
            return ""
        case Grouping.STORE:
            return {"postgres": "PostgreSQL", "mongo": "MongoDB"}[box.store]
        case Grouping.SCHEMA:
            return box.schema if box.store == "postgres" else "MongoDB"
        case Grouping.FOLDER:
            return box.folder
