"""Where dropped collections go: renamed, with their documents, until `schematool purge` deletes them for good.

A plan does not know the id of its migration yet, so it writes `_schematool_trash.<collection>`; the file that it
becomes has `_schematool_trash.<migration>.<collection>`. Names that begin so are in no catalog, no count and no seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from schematool.core.extended_json import Document
from schematool.core.model.mongo import Collection
from schematool.core.plan.mongo import commands
from schematool.core.step import Hazard, Step

PREFIX = "_schematool_trash."
_RENAME = "renameCollection"
# A namespace has 255 bytes: 63 for the database, the rest for prefix, id and name.
_LONGEST = 90


def put_aside(collection: Collection) -> Step | None:
    """Give the step that moves a collection out of the way; None where MongoDB cannot rename it.

    A time series cannot be renamed, and an encrypted collection not without those that serve it.
    """
    name = collection.id.name
    if collection.time_series or collection.encrypted_fields or len(name.encode()) > _LONGEST:
        return None
    kept = Hazard("ST304", str(collection.id), "its documents are kept until `schematool purge`")
    return Step(commands.rename_collection(name, PREFIX + name), (collection.id,), (kept,))


def fetched_back(collection: Collection) -> Step:
    """Give the step that moves a collection back, with its documents and indexes."""
    name = collection.id.name
    return Step(commands.rename_collection(PREFIX + name, name), (collection.id,))


def names_put_aside(steps: Iterable[Step]) -> frozenset[str]:
    """Name the collections that steps move out of the way."""
    found = (json.loads(step.statement) for step in steps if PREFIX in step.statement)
    return frozenset(str(one[_RENAME]) for one in found if _RENAME in one and str(one.get("to", "")).startswith(PREFIX))


def under(migration: str, command: Document) -> Document:
    """Give a command of a plan as the file of that migration has it."""
    if _RENAME not in command:
        return command
    return {key: _filed(migration, value) if key in {_RENAME, "to"} else value for key, value in command.items()}


def _filed(migration: str, name: object) -> str:
    text = str(name)
    return f"{PREFIX}{migration}.{text.removeprefix(PREFIX)}" if text.startswith(PREFIX) else text


def parts(name: str) -> tuple[str, str] | None:
    """Read migration and collection from the name of something put aside; None for any other name."""
    if not name.startswith(PREFIX):
        return None
    migration, dot, collection = name.removeprefix(PREFIX).partition(".")
    return (migration, collection) if dot else ("", migration)
