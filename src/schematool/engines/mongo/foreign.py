"""The ledgers that other migration tools keep in a MongoDB database: recognised by shape, read, never written.

As the tools themselves made them in a real run: `tests/cli/foreign_ledgers/` has them, and says with which version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schematool.engines.contract import Foreign
from schematool.engines.mongo.server import Server


def foreign(server: Server) -> tuple[Foreign, ...]:
    """Find them in this database."""
    names = {str(info["name"]) for info in server.infos() if info.get("type", "collection") == "collection"}
    return tuple(one for tool, find in sorted(_TOOLS.items()) for one in find(server, tool, names))


def _migrate_mongo(server: Server, tool: str, names: set[str]) -> Iterator[Foreign]:
    """`changelog` has `{fileName, appliedAt}`; `changelog_lock` a document for as long as somebody has the lock."""
    newest = _newest(server, "changelog", names, "appliedAt")
    lock = "changelog_lock"
    if "changelog" not in names or (newest is None and lock not in names) or (newest and "fileName" not in newest):
        return
    held = lock in names and server.collection(lock).find_one() is not None
    yield Foreign(
        tool,
        "mongo",
        "changelog",
        tuple(name for name in ("changelog", lock) if name in names),
        server.collection("changelog").count_documents({}),
        str(newest["fileName"]) if newest else None,
        f"its lock is held: there is a document in {lock}" if held else None,
    )


def _golang_migrate(server: Server, tool: str, names: set[str]) -> Iterator[Foreign]:
    """`schema_migrations` has one document, `{version, dirty}`."""
    document = _newest(server, "schema_migrations", names, "version")
    if document is None or set(document) != {"_id", "version", "dirty"}:
        return
    version = document["version"]
    yield Foreign(
        tool,
        "mongo",
        "schema_migrations",
        tuple(name for name in ("schema_migrations", "migrate_advisory_lock") if name in names),
        None,
        str(version),
        f"it says that version {version} is dirty: it failed half-way" if document["dirty"] else None,
    )


def _newest(server: Server, collection: str, names: set[str], field: str) -> Mapping[str, Any] | None:
    return server.collection(collection).find_one(sort=[(field, -1), ("_id", -1)]) if collection in names else None


_TOOLS: Mapping[str, Callable[[Server, str, set[str]], Iterator[Foreign]]] = {
    "golang-migrate": _golang_migrate,
    "migrate-mongo": _migrate_mongo,
}
