"""What is in a live database beside its catalog: things left behind or half done, and documents that are not right.

Reads with the role `read`. Documents are only counted; nothing of them is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schematool.core.catalog import Catalog, Id
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.model.mongo import Index
from schematool.engines.contract import Kept
from schematool.engines.mongo import trash
from schematool.engines.mongo.server import OWN, Server

_BRIDGES = ("__bridge", "__before", "__after")
"""How the names of indexes end that only stand while others are exchanged."""
_BUCKET: Mapping[str, Mapping[str, int]] = {
    "files": {"filename": 1, "uploadDate": 1},
    "chunks": {"files_id": 1, "n": 1},
}
"""The indexes that the GridFS specification wants; that of the chunks is unique."""


def survey(server: Server, recorded: Catalog | None, *, data: bool) -> tuple[Diagnostic, ...]:
    """Look at every collection; with `data` also at its documents, which takes as long as reading all of them.

    `recorded`: what the migrations say; what an index is meant to be is nothing that was left behind.
    """
    found = [_put_aside(one) for one in trash.kept(server)]
    listed = [_Listed.of(server, info) for info in sorted(server.infos(), key=lambda info: str(info["name"]))]
    listed = [one for one in listed if one.kind == "collection" and not one.name.startswith(("system.", OWN))]
    by_name = {one.name: one for one in listed}
    for one in listed:
        found += _half_done(one, recorded)
        found += _bucket(one, by_name)
        if data:
            found += _refused(server, one)
            found += _everlasting(server, one)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A collection as it is listed; `indexes` as (specification, still building)."""

    name: str
    kind: str
    options: Mapping[str, Any]
    indexes: tuple[tuple[Mapping[str, Any], bool], ...]

    @staticmethod
    def of(server: Server, info: Mapping[str, Any]) -> _Listed:
        name, kind = str(info["name"]), str(info.get("type", "collection"))
        rows = server.index_specifications(name) if kind == "collection" else []
        indexes = tuple((row.get("spec", row), "buildUUID" in row) for row in rows)
        return _Listed(name, kind, info.get("options") or {}, indexes)


def _put_aside(one: Kept) -> Diagnostic:
    noun = "document" if one.documents == 1 else "documents"
    return Diagnostic(
        "ST611",
        f"`{one.collection}` was put aside by {one.migration or 'hand'}, with {one.documents:,} {noun}",
        hint="`schematool rollback` brings it back, `schematool purge` deletes it for good",
        severity=Severity.NOTE,
        subject=f"collection {one.name}",
    )


def _half_done(one: _Listed, recorded: Catalog | None) -> Iterator[Diagnostic]:
    for specification, building in one.indexes:
        name = str(specification.get("name"))
        meant = recorded.objects.get(Id("index", (one.name, name))) if recorded else None
        if building:
            yield _left(one, name, "is still being built: it answers no query and refuses no duplicate yet")
        if specification.get("prepareUnique") and not (isinstance(meant, Index) and meant.prepare_unique):
            yield _left(one, name, "is half-way to unique: it refuses new duplicates, old ones may be there")
        if name.rstrip("_").endswith(_BRIDGES) and meant is None:
            yield _left(one, name, "only stands while others are exchanged, and was left behind")


def _left(one: _Listed, index: str, what: str) -> Diagnostic:
    return Diagnostic(
        "ST612",
        f"the index `{index}` of `{one.name}` {what}",
        hint="`schematool migrate` ends a migration that was stopped; otherwise drop the index by hand",
        severity=Severity.WARNING,
        subject=f"index {one.name}.{index}",
    )


def _bucket(one: _Listed, by_name: Mapping[str, _Listed]) -> Iterator[Diagnostic]:
    """Where both collections of a bucket are there, so must be the indexes without which reading a file is a scan."""
    bucket, _, part = one.name.rpartition(".")
    if part not in _BUCKET or not bucket or not all(f"{bucket}.{other}" in by_name for other in _BUCKET):
        return
    wanted = _BUCKET[part]
    there = any(
        list(dict(spec.get("key", {})).items()) == list(wanted.items())
        and (part == "files" or bool(spec.get("unique")))
        and "partialFilterExpression" not in spec
        for spec, _ in one.indexes
    )
    if not there:
        key = ", ".join(f"{path}: {kind}" for path, kind in wanted.items())
        yield Diagnostic(
            "ST615",
            f"the bucket `{bucket}` has no {'unique ' if part == 'chunks' else ''}index {{ {key} }} on `{one.name}`",
            hint=f"declare `bucket: {bucket}`, which has both of its indexes",
            severity=Severity.WARNING,
            subject=f"collection {one.name}",
        )


def _refused(server: Server, one: _Listed) -> Iterator[Diagnostic]:
    """Count what the validator refuses. At level moderate such documents are expected for a while."""
    validator, level = one.options.get("validator"), one.options.get("validationLevel", "strict")
    if not validator or level == "off":
        return
    count = server.collection(one.name).count_documents({"$nor": [validator]})
    if count:
        strict = level == "strict" and one.options.get("validationAction", "error") == "error"
        yield Diagnostic(
            "ST614",
            f"{_documents(count)} of `{one.name}` {_do(count)} not satisfy its validator",
            hint="`db.COLLECTION.find({ $nor: [VALIDATOR] })` finds them; correct them",
            severity=Severity.ERROR if strict else Severity.WARNING,
            subject=f"collection {one.name}",
        )


def _everlasting(server: Server, one: _Listed) -> Iterator[Diagnostic]:
    """Count what an index with a lifetime never deletes: values that are no date, and hold none."""
    for specification, _ in one.indexes:
        if "expireAfterSeconds" not in specification:
            continue
        path = str(next(iter(specification["key"])))
        wrong: dict[str, Any] = {path: {"$exists": True, "$not": {"$type": "date"}}}
        held = specification.get("partialFilterExpression")
        count = server.collection(one.name).count_documents({"$and": [wrong, held]} if held else wrong)
        if count:
            yield Diagnostic(
                "ST613",
                f"{_documents(count)} of `{one.name}` will never expire: `{path}` holds no date there",
                hint=f"store a date in `{path}`, or remove the field where the document shall stay",
                severity=Severity.WARNING,
                subject=f"index {one.name}.{specification.get('name')}",
            )


def _documents(count: int) -> str:
    return f"{count:,} document{'' if count == 1 else 's'}"


def _do(count: int) -> str:
    return "does" if count == 1 else "do"
