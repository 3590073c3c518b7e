"""MongoDB's commands, each as the text of a step. Only what stands here is ever sent by a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from schematool.core.extended_json import Document, Value, read, text
from schematool.core.model.mongo import Collection, Index, View

MOST_INDEXES = 64
"""The most indexes that a collection can have, `_id_` among them."""


def document(spec: str) -> Document:
    """Read a specification that a catalog object carries."""
    return cast("Document", read(spec))


def create(thing: Collection | View, name: str | None = None) -> str:
    """Make a collection or view, under its own name or another."""
    return text({"create": name or thing.id.name, **document(thing.command)})


def create_indexes(collection: str, indexes: Sequence[Index | Document]) -> str:
    """Build indexes in one scan of the collection; all or none."""
    specs: list[Value] = [document(one.command) if isinstance(one, Index) else one for one in indexes]
    return text({"createIndexes": collection, "indexes": specs})


def drop_indexes(collection: str, names: Iterable[str]) -> str:
    """Drop indexes by name; all or none."""
    listed: list[Value] = [*sorted(names)]
    return text({"dropIndexes": collection, "index": listed[0] if len(listed) == 1 else listed})


def modify(name: str, options: Document) -> str:
    """Change a collection, a view or an index in place."""
    return text({"collMod": name, **options})


def modify_index(collection: str, index: str, options: Document) -> str:
    """Change an index in place."""
    return modify(collection, {"index": {"name": index, **options}})


def drop(name: str) -> str:
    """Drop a collection or view."""
    return text({"drop": name})


def rename_collection(before: str, after: str, *, replace: bool = False) -> str:
    """Rename a collection, in place of the one that has the name."""
    command: Document = {"renameCollection": before, "to": after}
    return text({**command, "dropTarget": True} if replace else command)


def copy_documents(before: str, after: str, collation: Value) -> str:
    """Copy all documents as they are; those that a run before this one has copied are written again.

    Not `keepExisting`: that is an update with $setOnInsert, which sorts the fields of a document by name and makes
    objects of names with dots in them.
    The aggregation must have the collation of the collection that it writes to, or `_id` is not known to be unique
    there (51183); and `on: _id` must not be written out, or a clustered collection is refused for the same reason.
    """
    merge: Document = {"into": after, "whenMatched": "replace", "whenNotMatched": "insert"}
    return text(
        {
            "aggregate": before,
            "pipeline": [{"$merge": merge}],
            "cursor": {},
            "collation": collation,
            "bypassDocumentValidation": True,
        }
    )


def update_all(collection: str, condition: Document, change: Value) -> str:
    """Update every document that a condition finds, past the validator: it may still speak of the old shape."""
    updates: list[Value] = [{"q": condition, "u": change, "multi": True}]
    return text({"update": collection, "updates": updates, "bypassDocumentValidation": True})
