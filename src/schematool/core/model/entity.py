"""The language: what the YAML says, one dataclass for both stores, with the place of every word.

The shared words (`fields`, `required`, `one_of`, `references`, `indexes`, `was`, …) are attributes; words that only one
store knows stay in `options`, already checked against the language's table by the loader, and are read by that store's
`lower`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TypeAlias

from schematool.core.diagnostic import Span

Plain: TypeAlias = "str | int | float | bool | tuple[Plain, ...] | Mapping[str, Plain] | None"


@dataclass(frozen=True, slots=True)
class Options(Mapping[str, Plain]):
    """Checked keys with plain values; `span(key)` is where the value stands, `span("a.b.0")` for what is inside."""

    values_by_key: Mapping[str, Plain] = attribute(default_factory=dict)
    spans: Mapping[str, Span] = attribute(default_factory=dict, compare=False)

    def __getitem__(self, key: str) -> Plain:
        return self.values_by_key[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_key)

    def __len__(self) -> int:
        return len(self.values_by_key)

    def span(self, path: str) -> Span | None:
        """The place of the value at this dotted path, or of the nearest one around it."""
        while path:
            if path in self.spans:
                return self.spans[path]
            path = path.rpartition(".")[0]
        return None


@dataclass(frozen=True, slots=True)
class Reference:
    """`references: patients.id`: the entity and field that this field's value points at, in either store.

    `options`: `on_delete`, `on_update`, `deferrable`, `match`, `name`, `validated`, `enforced`, `was`, `description`.
    """

    entity: str
    field: str
    span: Span
    options: Options = attribute(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a field of a document. `fields` and `items` only in Mongo (object and array types)."""

    name: str
    type: str
    span: Span
    type_span: Span
    required: bool = False
    default: Plain = None
    has_default: bool = False
    one_of: tuple[Plain, ...] = ()
    references: Reference | None = None
    description: str | None = None
    was: str | None = None
    fields: tuple[Field, ...] = ()
    items: Field | None = None
    options: Options = attribute(default_factory=Options)


def field_at(fields: Iterable[Field], path: str) -> Field | None:
    """Find a declared field of a document by its path, `outer.inner`."""
    head, _, rest = path.partition(".")
    for field in fields:
        if field.name == head:
            return field_at(field.fields, rest) if rest else field
    return None


@dataclass(frozen=True, slots=True)
class IndexKey:
    """One part of an index. Postgres: `text` is `start_time desc` or an expression in parentheses, `direction` None.

    Mongo: `text` is the field path, `direction` 1, -1 (or another number), `text`, `2d`, `2dsphere` or `hashed`.
    """

    text: str
    direction: int | float | str | None
    span: Span


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index as declared; `name` None: one is chosen (`table_columns_idx`, or MongoDB's own)."""

    keys: tuple[IndexKey, ...]
    span: Span
    name: str | None = None
    unique: bool = False
    was: str | None = None
    description: str | None = None
    options: Options = attribute(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Entity:
    """A table or a collection. `schema` is the Postgres schema (default `public`)."""

    name: str
    store: str
    span: Span
    description: str | None = None
    was: str | None = None
    fields: tuple[Field, ...] = ()
    indexes: tuple[IndexSpec, ...] = ()
    options: Options = attribute(default_factory=Options)
    schema: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """Any other document: `kind` is its first key (`enum`, `function`, `view`, `extension`, `pattern`, `bucket` …)."""

    kind: str
    name: str
    store: str
    span: Span
    description: str | None = None
    was: str | None = None
    options: Options = attribute(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that the `schema/` folder says, in the order of file and place."""

    entities: tuple[Entity, ...] = ()
    declarations: tuple[Declaration, ...] = ()

    def entity(self, name: str) -> Entity | None:
        """The entity of this name (`users`, or `schema.users`), in either store."""
        for candidate in self.entities:
            if name in {candidate.name, f"{candidate.schema}.{candidate.name}"}:
                return candidate
        return None
