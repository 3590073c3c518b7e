"""References of documents: which field of which collection points at what, and how a value that can do so looks.

PostgreSQL keeps its own references whole; what a document points at, nobody keeps but us.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from schematool.core.diagnostic import Span
from schematool.core.model.entity import Entity, Field, Model

CANONICAL = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z"
"""A UUID as PostgreSQL prints it. `\\z`, because `$` also matches before a last line break."""

SPELLED_OTHERWISE = (
    r"^\s*\{?([0-9a-fA-F]{8})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{12})\}?\s*\z"
)
"""What PostgreSQL, or a person, takes for a UUID too: upper case, braces, without hyphens, white space around it."""

is_canonical = re.compile(CANONICAL.replace(r"\z", r"\Z")).match


@dataclass(frozen=True, slots=True)
class Link:
    """A field of a collection that refers to a field of an entity of either store.

    `kind`: what its values are, one of `uuid`, `text`, `integer`, `objectId`, `bytes` (a UUID in binary), or None for
    what cannot be compared. `many`: a document may hold several. `schema` is that of a table.
    """

    collection: str
    path: str
    kind: str | None
    many: bool
    store: str
    entity: str
    schema: str
    field: str
    span: Span

    @property
    def source(self) -> str:
        """`clinicalNotes.encounterId`."""
        return f"{self.collection}.{self.path}"

    @property
    def target(self) -> str:
        """`encounters.id`."""
        return f"{self.entity}.{self.field}"


def read_links(model: Model) -> tuple[Link, ...]:
    """Every reference of a collection, in the order of the files."""
    return tuple(
        link
        for entity in model.entities
        if entity.store == "mongo"
        for field in entity.fields
        for link in _links(model, entity, field, "", many=False)
    )


def _links(model: Model, entity: Entity, field: Field, around: str, *, many: bool) -> Iterator[Link]:
    from schematool.core.load import types  # noqa: PLC0415  # engines need the class above, and no loader

    path = f"{around}{field.name}"
    inside = many or field.type == "array"
    for held in (field, field.items):
        if held is None or held.references is None or held.references.options.get("verified") is False:
            continue
        target = model.entity(held.references.entity)
        if target is not None:
            form = held.options.get("format")
            kind = types.family("mongo", _single(held), str(form) if form else None)
            yield Link(
                entity.name,
                path,
                kind if kind in {"uuid", "text", "integer", "objectId", "bytes"} else None,
                inside,
                target.store,
                target.name,
                target.schema or "public",
                held.references.field,
                held.references.span,
            )
    for child in (*field.fields, *(field.items.fields if field.items else ())):
        yield from _links(model, entity, child, f"{path}.", many=inside)


def _single(field: Field) -> str:
    """The type of a field's values where `type` is an array of the values themselves."""
    return field.items.type if field.type == "array" and field.items else field.type
