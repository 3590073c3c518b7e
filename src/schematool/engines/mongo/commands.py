"""What a Mongo command of a migration file may be, and what it is about. Knows no server.

A file holds database commands as they are, with unqualified names: `{"renameCollection": "notes", "to": "records"}` is
qualified with the database's name here, because the server takes it, and what shards a collection, on `admin` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any, TypeAlias

import bson
from bson.errors import BSONError, InvalidBSON

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.history.unit import Command
from schematool.engines.mongo.extended import decode
from schematool.engines.mongo.failure import without_values

Subject: TypeAlias = tuple[str, ...]
"""("collection", name) · ("options", name) · ("index", collection, name) · ("sharding", collection) ·
("documents", collection)."""

DDL = ("create", "createIndexes", "collMod", "dropIndexes", "drop", "renameCollection")
SHARDING = (
    "shardCollection",
    "refineCollectionShardKey",
    "reshardCollection",
    "unshardCollection",
    "updateZoneKeyRange",
)
"""What a router does; elsewhere it is kept in mind (`sharding`)."""
DATA = ("update", "insert", "delete", "aggregate")
ALLOWED = (*DDL, *SHARDING, *DATA)
ON_ADMIN = frozenset({"renameCollection", *SHARDING})
"""Commands that the server takes on `admin` alone, with the database in the name."""
TRASH = "_schematool_trash"
"""Where soft drops are put; the only own collections that a file may name."""

LARGEST_BYTES = 16 * 1024 * 1024
"""What a document of BSON, and a command is one, may be at most (maxBsonObjectSize)."""
# These are the driver's and the runner's: a file that sets them would change what "done" means.
_RESERVED = frozenset({"lsid", "txnNumber", "autocommit", "startTransaction", "readConcern", "apiVersion"})


@dataclass(frozen=True, slots=True)
class Order:
    """A command ready to be run: its BSON `document`, its `name` and the `collection` that it is about."""

    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The command's name: the first key."""
        return str(next(iter(self.document)))

    @property
    def collection(self) -> str:
        """The collection that it works on."""
        return str(self.document[self.name])

    @property
    def target(self) -> str | None:
        """The new name, of a rename."""
        return str(self.document["to"]) if self.name == "renameCollection" else None

    @property
    def indexes(self) -> tuple[str, ...]:
        """Names of the indexes that it is about."""
        match self.name:
            case "createIndexes":
                return tuple(str(one.get("name", "")) for one in self.document.get("indexes", ()))
            case "dropIndexes":
                named = self.document.get("index")
                return tuple(map(str, named)) if isinstance(named, list) else (str(named),)
            case "collMod" if isinstance(self.document.get("index"), Mapping):
                return (str(self.document["index"].get("name", "")),)
        return ()

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it changes."""
        match self.name:
            case "create" | "drop":
                return frozenset({("collection", self.collection)})
            case "renameCollection":
                return frozenset({("collection", self.collection), ("collection", str(self.target))})
            case "createIndexes" | "dropIndexes":
                return frozenset(("index", self.collection, name) for name in self.indexes)
            case "collMod":
                touched: set[Subject] = {("index", self.collection, name) for name in self.indexes}
                if set(self.document) - {"collMod", "index"}:
                    touched.add(("options", self.collection))
                return frozenset(touched)
            case name if name in SHARDING:
                return frozenset({("sharding", self.collection)})
            case _:
                return frozenset({("documents", self.collection)})

    def renamed(self, names: Mapping[str, str]) -> Order:
        """Give the same command on a collection that has another name at this time."""
        return Order({**self.document, self.name: names.get(self.collection, self.collection)})

    def qualified(self, database: str) -> dict[str, Any]:
        """Give the document as the server takes it in `database`."""
        if self.name not in ON_ADMIN:
            return dict(self.document)
        names = {self.name: f"{database}.{self.collection}"}
        if self.target:
            names["to"] = f"{database}.{self.target}"
        return {**self.document, **names}


def orders(commands: Iterable[Command]) -> tuple[Order, ...]:
    """Read commands; `InputError` with every place that holds something else, before anything has been run."""
    found: list[Diagnostic] = []
    read: list[Order] = []
    for command in commands:
        try:
            read.append(order(command.text))
        except ValueError as error:
            message, _, hint = str(error).partition(": a command is one of ")
            found.append(Diagnostic("ST409", message, command.span, f"a command is one of {hint}" if hint else None))
    if found:
        raise InputError(*found)
    return tuple(read)


def order(text: str) -> Order:
    """Read one command; ValueError says in a sentence why it may not be run."""
    document = _values(text)
    if not isinstance(document, dict) or not document:
        raise ValueError("this is not a command: a command is an object whose first key is its name")
    name = next(iter(document))
    if name not in ALLOWED:
        raise ValueError(f"`{name}` may not stand in a migration: a command is one of {', '.join(ALLOWED)}")
    _check_size(name, document)
    reserved = sorted(key for key in document if key in _RESERVED or key.startswith("$"))
    if reserved:
        raise ValueError(f"`{name}` may not set `{reserved[0]}`: that is for schematool to say")
    made = Order(document)
    for collection in (made.collection, *((made.target,) if made.target else ())):
        _check_name(name, collection)
    if name == "dropIndexes" and not all(isinstance(one, str) for one in _listed(document.get("index"))):
        raise ValueError("`dropIndexes` must name its indexes: a key pattern may mean several")
    if name == "aggregate":
        _check_aggregate(document.get("pipeline"))
    return made


def _values(text: str) -> Any:
    """Read Extended JSON as what the driver sends; ValueError says what is none.

    The driver's own readers raise whatever comes: a number that is too large is an OverflowError, one that is none a
    decimal.InvalidOperation, an ObjectId that is none a BSONError, a list instead of a text an AttributeError.
    """
    try:
        return decode(json.loads(text))
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, BSONError) as error:
        raise ValueError(f"this is not Extended JSON: {_TOLD.get(type(error), error)}") from None


_TOLD: Mapping[type[Exception], str] = {
    InvalidOperation: "a number in it is none",
    OverflowError: "a number or a date in it is out of range",
    InvalidBSON: "a number or a date in it is out of range",
    UnicodeEncodeError: "a text in it is not Unicode",
}


def _check_size(name: str, document: Mapping[str, Any]) -> None:
    """Find what the driver could not send: the server would never see it, and could not say what is wrong."""
    try:
        size = len(bson.encode(document))
    except (BSONError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        # The driver's own words may hold the whole document.
        named = "a name in it holds a NUL" if "NULL" in str(error) else without_values(str(error))
        raise ValueError(f"`{name}` cannot be sent to MongoDB: {_TOLD.get(type(error), named)}") from None
    if size > LARGEST_BYTES:
        raise ValueError(f"`{name}` has {size:,} bytes; MongoDB takes at most {LARGEST_BYTES:,} in one command")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_name(command: str, collection: Any) -> None:
    if not isinstance(collection, str) or not collection:
        raise ValueError(f"`{command}` must name a collection")
    if collection.startswith("system."):
        raise ValueError(f"`{collection}` belongs to the server")
    if collection.startswith("_schematool_") and not collection.startswith(TRASH):
        raise ValueError(f"`{collection}` belongs to schematool")


def _check_aggregate(pipeline: Any) -> None:
    """An aggregation that only reads does nothing in a migration; one that writes must stay in its database."""
    last = pipeline[-1] if isinstance(pipeline, Sequence) and pipeline else {}
    target = last.get("$merge", last.get("$out")) if isinstance(last, Mapping) else None
    if target is None:
        raise ValueError("`aggregate` must end in `$merge` or `$out`: a migration changes something")
    into = target.get("into", target) if isinstance(target, Mapping) else target
    if isinstance(into, Mapping) and "db" in into:
        raise ValueError("`aggregate` must write into its own database: leave out `db`")
    _check_name("aggregate", into.get("coll") if isinstance(into, Mapping) else into)
