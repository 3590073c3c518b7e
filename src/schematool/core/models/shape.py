"""What an application needs to know of the entities: records, their members, and the shapes of values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from schematool.core.catalog import Catalog, Id
from schematool.core.load import types
from schematool.core.model import mongo as mg
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Entity, Field, Model, Plain

NOTE = "Made by `schematool models` from the schema. Do not edit."
NOW = "now"
"""A default that is the time of writing."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `name`: one of `SCALARS`; the limits are those that the schema sets."""

    name: str
    longest: int | None = None
    least: int | None = None
    digits: tuple[int, int] | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    pattern: str | None = None
    format: str | None = None


SCALARS = frozenset(
    {"text", "integer", "big", "float", "decimal", "boolean", "date", "datetime", "instant", "time", "span", "uuid"}
    | {"bytes", "json", "objectId", "any"}
)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few values; `name` where it is a type of its own."""

    values: tuple[Plain, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Many:
    """An array."""

    inner: Shape


@dataclass(frozen=True, slots=True)
class Nested:
    """An object within: the name of a part."""

    name: str


Shape: TypeAlias = Scalar | OneOf | Many | Nested


@dataclass(frozen=True, slots=True)
class Member:
    """A column or a field. `required`: it must be given; `nullable`: it may be null.

    `default`: a plain value, `NOW`, or None; `filled`: the database has a value when none is given.
    `read_only`: the database computes it.
    """

    name: str
    shape: Shape
    required: bool = False
    nullable: bool = False
    default: Plain = None
    filled: bool = False
    read_only: bool = False
    description: str | None = None
    points_at: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A row or a document, or a part of one (`entity` None). `name` is that of its class."""

    name: str
    members: tuple[Member, ...]
    store: str
    entity: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Models:
    """Everything: enumerations with a name, parts before what holds them, then the entities."""

    enums: tuple[OneOf, ...]
    parts: tuple[Record, ...]
    entities: tuple[Record, ...]
    catalogs: Mapping[str, Catalog]
    descriptions: Mapping[str, str] = field(default_factory=dict)


def describe(model: Model, catalogs: Mapping[str, Catalog]) -> Models:
    """Collect the records of both stores."""
    return _Collector(model, catalogs).collect()


def title(record: Record) -> str:
    """Say what a record is that has no description."""
    if record.entity is None:
        return f"The object {record.name}"
    return f"A {'row' if record.store == 'postgres' else 'document'} of {record.entity}"


def pascal(text: str) -> str:
    """Write a name as a class is called.

    >>> pascal("order_items"), pascal("clinicalNotes"), pascal("2 Odd-Names")
    ('OrderItems', 'ClinicalNotes', 'T2OddNames')
    """
    words = re.findall(r"[^\W_]+", text)
    made = "".join(word[:1].upper() + word[1:] for word in words)
    return made if made[:1].isalpha() else f"T{made}"


@dataclass(slots=True)
class _Collector:
    model: Model
    catalogs: Mapping[str, Catalog]
    taken: set[str] = field(default_factory=set)
    enums: dict[Id, OneOf] = field(default_factory=dict)
    parts: list[Record] = field(default_factory=list)
    composites: dict[Id, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)

    def collect(self) -> Models:
        catalog = self.catalogs["postgres"]
        tables = [
            thing
            for thing in catalog
            if isinstance(thing, pg.Table) and thing.partition_of is None and thing.of_type is None
        ]
        documents = [entity for entity in self.model.entities if entity.store == "mongo"]
        tables.sort(key=lambda table: (table.id.path[0] != "public", table.id.path))
        names = {thing.id: self._name(thing.id.path[-1], thing.id.path[0]) for thing in tables}
        named = {entity.name: self._name(entity.name, "document") for entity in documents}
        for thing in catalog:
            if isinstance(thing, pg.Enum):
                made = OneOf(thing.labels, self._name(thing.id.path[-1], thing.id.path[0]))
                self.enums[thing.id] = made
                if thing.comment:
                    self.descriptions[str(made.name)] = thing.comment
        rows = [self._row(table, names[table.id]) for table in tables]
        found = [self._document(entity, named[entity.name]) for entity in documents]
        return Models(tuple(self.enums.values()), tuple(self.parts), (*rows, *found), self.catalogs, self.descriptions)

    def _name(self, name: str, prefix: str) -> str:
        """A name that no other class has."""
        made = pascal(name)
        if made.lower() in self.taken:
            made = pascal(f"{prefix} {name}")
        number, base = 2, made
        while made.lower() in self.taken:
            made, number = f"{base}{number}", number + 1
        self.taken.add(made.lower())
        return made

    # --- PostgreSQL ----------------------------------------------------------------------------------------

    def _row(self, table: pg.Table, name: str) -> Record:
        catalog = self.catalogs["postgres"]
        schema, plain = table.id.path
        entity = next(
            (one for one in self.model.entities if one.store == "postgres" and one.name == plain
             and (one.schema or "public") == schema), None)  # fmt: skip
        fields = {one.name: one for one in entity.fields} if entity else {}
        members = [
            self._column(column, catalog, fields.get(column.id.name))
            for columns in (
                *(_columns_of(catalog, parent) for parent in table.inherits),
                _columns_of(catalog, table.id),
            )
            for column in columns
        ]
        unique = {member.name: member for member in members}
        return Record(name, tuple(unique.values()), "postgres", f"{schema}.{plain}", table.comment)

    def _column(self, column: pg.Column, catalog: Catalog, of: Field | None) -> Member:
        default = catalog.objects.get(Id("default", column.id.path))
        expression = default.expression if isinstance(default, pg.Default) else None
        shape = self._shape(column.type)
        if of is not None and of.one_of and isinstance(shape, Scalar):
            shape = OneOf(of.one_of)
        target = of.references if of else None
        filled = expression is not None or column.identity is not None
        not_null = column.not_null or self._domain_not_null(column.type)
        return Member(
            column.id.name,
            shape,
            required=not_null and not filled and not column.generated,
            nullable=not not_null,
            default=_literal(expression, shape),
            filled=filled or column.generated is not None,
            read_only=column.generated is not None or (column.identity is not None and column.identity.always),
            description=column.comment,
            points_at=self._target(target.entity, target.field) if target else None,
        )

    def _target(self, entity: str, name: str) -> tuple[str, str, str] | None:
        found = self.model.entity(entity)
        return (found.store, found.name, name) if found else None

    def _declared(self, text: str) -> pg.PgObject | None:
        name = types.bare(text).replace('"', "")
        schema, _, plain = name.rpartition(".")
        found = self.catalogs["postgres"].objects.get(Id("type", (schema or "public", plain)))
        return found if isinstance(found, pg.PgObject) else None

    def _domain_not_null(self, text: str) -> bool:
        declared = self._declared(text)
        return isinstance(declared, pg.Domain) and declared.not_null and not types.is_array(text)

    def _shape(self, text: str) -> Shape:
        if types.is_array(text):
            return Many(self._shape(re.sub(r"(\[\d*\])+\s*$", "", text)))
        match self._declared(text):
            case pg.Enum(id=of):
                return self.enums[of]
            case pg.Domain(base=base):
                return self._shape(base)
            case pg.Composite() as composite:
                return self._composite(composite)
            case _:
                return _scalar(text)

    def _composite(self, of: pg.Composite) -> Shape:
        if of.id not in self.composites:
            name = self._name(of.id.path[-1], of.id.path[0])
            self.composites[of.id] = name
            members = [
                Member(one.name, self._shape(one.type), nullable=True, description=one.comment) for one in of.attributes
            ]
            self.parts.append(Record(name, tuple(members), "postgres", None, of.comment))
        return Nested(self.composites[of.id])

    # --- MongoDB -------------------------------------------------------------------------------------------

    def _document(self, entity: Entity, name: str) -> Record:
        members = self._fields(entity.fields, name)
        if all(member.name != "_id" for member in members):
            members = (Member("_id", Scalar("objectId"), filled=True, description="Its identity"), *members)
        return Record(name, members, "mongo", entity.name, entity.description)

    def _fields(self, fields: Iterable[Field], owner: str) -> tuple[Member, ...]:
        return tuple(self._field(one, owner) for one in fields)

    def _field(self, of: Field, owner: str) -> Member:
        several = of.options.get("type")
        named = [str(one) for one in several] if isinstance(several, tuple) else [of.type]
        default: Plain = of.default if of.has_default else None
        return Member(
            of.name,
            self._value(of, named, owner),
            required=of.required,
            nullable=of.options.get("nullable") is True or "null" in named,
            default=default,
            description=of.description,
            points_at=self._target(of.references.entity, of.references.field) if of.references else None,
        )

    def _value(self, of: Field, named: Sequence[str], owner: str) -> Shape:
        if of.one_of:
            return OneOf(tuple(value for value in of.one_of if value is not None))
        kinds = [name for name in named if name != "null"]
        kind = kinds[0] if len(set(kinds)) == 1 else _widest(kinds)
        if of.fields:
            name = self._name(f"{owner} {of.name}", owner)
            self.parts.append(Record(name, self._fields(of.fields, name), "mongo", None, of.description))
            return Nested(name)
        if kind == "array" or of.items is not None:
            inner = of.items
            several = inner.options.get("type") if inner else None
            types_of = [str(one) for one in several] if isinstance(several, tuple) else [inner.type if inner else "any"]
            return Many(self._value(inner, types_of, f"{owner} {of.name}") if inner else Scalar("any"))
        return _document_scalar(kind, of)


def _columns_of(catalog: Catalog, table: Id) -> list[pg.Column]:
    thing = catalog.objects.get(table)
    names = thing.columns if isinstance(thing, pg.Table) else ()
    found = [catalog.objects.get(Id("column", (*table.path, name))) for name in names]
    return [column for column in found if isinstance(column, pg.Column)]


_SCALARS: Mapping[str, str] = {
    **dict.fromkeys(("smallint", "int2", "integer", "int", "int4", "oid"), "integer"),
    **dict.fromkeys(("smallserial", "serial", "serial2", "serial4"), "integer"),
    **dict.fromkeys(("bigint", "int8", "bigserial", "serial8", "xid8"), "big"),
    **dict.fromkeys(("numeric", "decimal"), "decimal"),
    **dict.fromkeys(("real", "float4", "double precision", "float8", "float"), "float"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    "date": "date",
    **dict.fromkeys(("timestamp", "timestamp without time zone"), "datetime"),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), "instant"),
    **dict.fromkeys(("time", "timetz", "time with time zone", "time without time zone"), "time"),
    "interval": "span",
    "uuid": "uuid",
    "bytea": "bytes",
    **dict.fromkeys(("json", "jsonb"), "json"),
    **dict.fromkeys(("text", "varchar", "character varying", "char", "character", "bpchar", "name", "citext"), "text"),
}
_DOCUMENT_SCALARS: Mapping[str, str] = {
    "string": "text",
    "int": "integer",
    "long": "big",
    "double": "float",
    "number": "float",
    "decimal": "decimal",
    "bool": "boolean",
    "date": "instant",
    "objectId": "objectId",
    "binData": "bytes",
    "object": "json",
}


def _scalar(text: str) -> Scalar:
    name = _SCALARS.get(types.base(text), "any")
    sizes = [int(one) for one in re.findall(r"\d+", text[text.find("(") :])] if "(" in text else []
    if name == "text" and sizes:
        return Scalar(name, longest=sizes[0])
    if name == "decimal" and sizes:
        return Scalar(name, digits=(sizes[0], sizes[1] if len(sizes) > 1 else 0))
    return Scalar(name)


def _widest(kinds: Sequence[str]) -> str:
    """Numbers of several widths are of the widest; anything else that is mixed is anything."""
    order = ("int", "long", "double", "number", "decimal")
    return max(kinds, key=order.index) if kinds and set(kinds) <= set(order) else "any"


def _document_scalar(kind: str, of: Field) -> Scalar:
    said = of.options.get("format")
    numbers = {
        name: value
        for name in ("minimum", "maximum")
        if isinstance(value := of.options.get(name), int | float) and not isinstance(value, bool)
        and of.options.get(f"exclusive_{name}") is not True
    }  # fmt: skip
    most, least, pattern = of.options.get("max_length"), of.options.get("min_length"), of.options.get("pattern")
    return Scalar(
        _DOCUMENT_SCALARS.get(kind, "any"),
        longest=most if isinstance(most, int) else None,
        least=least if isinstance(least, int) else None,
        minimum=numbers.get("minimum"),
        maximum=numbers.get("maximum"),
        pattern=pattern if isinstance(pattern, str) else None,
        format=said if isinstance(said, str) else None,
    )


def _literal(expression: str | None, shape: Shape) -> Plain:
    """A default that is a constant, as a plain value; None for one that the server computes."""
    if expression is None or isinstance(shape, Many | Nested):
        return None
    text = expression.strip()
    if match := re.fullmatch(r"'((?:[^']|'')*)'(?:::[\w .\"]+)?", text):
        value = match[1].replace("''", "'")
        return value if isinstance(shape, OneOf) or shape.name == "text" else None
    if text.lower() in {"true", "false"} and isinstance(shape, Scalar) and shape.name == "boolean":
        return text.lower() == "true"
    if re.fullmatch(r"-?\d+", text) and (isinstance(shape, OneOf) or shape.name in {"integer", "big", "float"}):
        return int(text)
    return None


def collections(models: Models) -> list[mg.Collection]:
    """The collections of the documents."""
    return [thing for thing in models.catalogs["mongo"] if isinstance(thing, mg.Collection)]
