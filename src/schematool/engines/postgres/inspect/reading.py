"""What the readers share: one cursor, names by oid, and what can be said about any object (owner, rights, remarks)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypedDict

from schematool.core.catalog import Id
from schematool.core.model.postgres import Grant, Options, PgObject
from schematool.engines.postgres.inspect.ahead import Ahead

if TYPE_CHECKING:
    from psycopg import Cursor

Address = tuple[int, int, int]
"""An object as pg_depend names it: catalog, oid, column number or 0."""

Rights = tuple[tuple[Grant, ...], tuple[Grant, ...]]
"""Grants beyond the default, and defaults revoked."""


class Rest(TypedDict, total=False):
    """The fields that every object has, beside its id: those of them that this one has something in."""

    comment: str
    owner: str
    grants: tuple[Grant, ...]
    revokes: tuple[Grant, ...]
    security_labels: tuple[tuple[str, str], ...]
    depends_on_extensions: tuple[str, ...]


@dataclass(slots=True)
class Reading:
    """A reading under way. The readers add to `objects` and to `ids`; `needs` is made of `ids` at the end.

    `kinds`: those of the census that the database has; `relations`: the oids of the relations in scope.
    `ahead`: what the server is working on already.
    `ids` maps every address that stands for an object of the catalog: an array type stands for its element, an
    extension's member for the extension, a partition's foreign key trigger for nothing.
    """

    cursor: Cursor[Any]
    version: int
    kinds: frozenset[str] = frozenset()
    roles: dict[int, str] = field(default_factory=dict)
    schemas: dict[int, str] = field(default_factory=dict)
    relations: set[int] = field(default_factory=set)
    ids: dict[tuple[int, int], Id] = field(default_factory=dict)
    columns: dict[tuple[int, int], Id] = field(default_factory=dict)
    comments: dict[Address, str] = field(default_factory=dict)
    labels: dict[Address, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    rights: dict[Address, Rights] = field(default_factory=dict)
    extensions_of: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    ahead: Ahead | None = None
    objects: list[PgObject] = field(default_factory=list)
    further: set[tuple[Id, Id]] = field(default_factory=set)
    """What needs what, beyond pg_depend."""

    def rows(self, query: str) -> list[Any]:
        """All rows of a query, each with its columns as attributes."""
        if self.ahead:
            if self.ahead.has(query):
                return self.ahead.rows(query)
            self.ahead.finish()
        return self.cursor.execute(query.encode()).fetchall()

    def rows_if(self, kind: str, query: str) -> list[Any]:
        """The rows of a query that can only have some where the census found the kind."""
        return self.rows(query) if kind in self.kinds else []

    def rows_of(self, query: str, relation: str) -> list[Any]:
        """The rows of a query that belong to a relation which was read; `relation` is the column with its oid.

        The scope is applied here and not once more in each query: the planner guesses its size badly, and a catalog
        has few rows outside of it.
        """
        relations, of = self.relations, attrgetter(relation)
        return [row for row in self.rows(query) if of(row) in relations]

    def add(self, catalog: int, oid: int, thing: PgObject) -> None:
        """Keep an object and the address that it is known by."""
        self.ids[catalog, oid] = thing.id
        self.objects.append(thing)

    def rest(self, catalog: int, oid: int, owner: int = 0, sub: int = 0) -> Rest:
        """Comment, owner, rights and labels of an object; `owner` 0 where the kind has none of its own."""
        address = (catalog, oid, sub)
        rest: Rest = {}
        if owner:
            rest["owner"] = self.roles.get(owner, str(owner))
        if address in self.comments:
            rest["comment"] = self.comments[address]
        if address in self.rights:
            rest["grants"], rest["revokes"] = self.rights[address]
        if address in self.labels:
            rest["security_labels"] = self.labels[address]
        if (catalog, oid) in self.extensions_of:
            rest["depends_on_extensions"] = self.extensions_of[catalog, oid]
        return rest


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
