"""What the readers share: one cursor, names by oid, and what can be said about any object (owner, rights, remarks)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from schematool.core.catalog import Id
from schematool.core.model.postgres import Grant, Options, PgObject

if TYPE_CHECKING:
    from psycopg import Cursor

Address = tuple[int, int, int]
"""An object as pg_depend names it: catalog, oid, column number or 0."""

Rights = tuple[tuple[Grant, ...], tuple[Grant, ...]]
"""Grants beyond the default, and defaults revoked."""


class Rest(TypedDict):
    """The fields that every object has, beside its id."""

    comment: str | None
    owner: str | None
    grants: tuple[Grant, ...]
    revokes: tuple[Grant, ...]
    security_labels: tuple[tuple[str, str], ...]
    depends_on_extensions: tuple[str, ...]


@dataclass(slots=True)
class Reading:
    """A reading under way. The readers add to `objects` and to `ids`; `needs` is made of `ids` at the end.

    `ids` maps every address that stands for an object of the catalog: an array type stands for its element, an
    extension's member for the extension, a partition's foreign key trigger for nothing.
    """

    cursor: Cursor[Any]
    version: int
    roles: dict[int, str] = field(default_factory=dict)
    schemas: dict[int, str] = field(default_factory=dict)
    ids: dict[tuple[int, int], Id] = field(default_factory=dict)
    columns: dict[tuple[int, int], Id] = field(default_factory=dict)
    comments: dict[Address, str] = field(default_factory=dict)
    labels: dict[Address, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    rights: dict[Address, Rights] = field(default_factory=dict)
    extensions_of: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    depends: list[Any] = field(default_factory=list)
    objects: list[PgObject] = field(default_factory=list)

    def rows(self, query: str) -> list[Any]:
        """All rows of a query, each with its columns as attributes."""
        return self.cursor.execute(query.encode()).fetchall()

    def add(self, catalog: int, oid: int, thing: PgObject) -> None:
        """Keep an object and the address that it is known by."""
        self.ids[catalog, oid] = thing.id
        self.objects.append(thing)

    def rest(self, catalog: int, oid: int, owner: int = 0, sub: int = 0) -> Rest:
        """Comment, owner, rights and labels of an object; `owner` 0 where the kind has none of its own."""
        address = (catalog, oid, sub)
        grants, revokes = self.rights.get(address, ((), ()))
        return {
            "comment": self.comments.get(address),
            "owner": self.roles.get(owner, str(owner)) if owner else None,
            "grants": grants,
            "revokes": revokes,
            "security_labels": self.labels.get(address, ()),
            "depends_on_extensions": self.extensions_of.get((catalog, oid), ()),
        }


def options(entries: Iterable[str] | None) -> Options:
    """`{fillfactor=70,…}` of the catalogs as pairs, in the order in which they were set."""
    if not entries:
        return ()
    pairs = (entry.partition("=") for entry in entries)
    return tuple((name, value) for name, _, value in pairs)


def numbers(vector: str | Iterable[int] | None) -> tuple[int, ...]:
    """An int2vector, which arrives as text, or an array of numbers."""
    if not vector:
        return ()
    return tuple(map(int, vector.split() if isinstance(vector, str) else vector))
