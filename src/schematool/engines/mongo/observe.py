"""Finds what the model does not hold, by counting the keys of the raw documents. Shares no table with the model.

The lists below are what MongoDB 6 to 8 were seen to print and what the catalog is known to carry. A key that is in
neither may mean anything, so it is named rather than passed over.
"""

from __future__ import annotations

from collections.abc import Collection as Sized
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from schematool.core.diagnostic import Diagnostic

if TYPE_CHECKING:
    from schematool.engines.mongo.inspect import Listed

_COLLATION = frozenset(
    {
        "locale",
        "caseLevel",
        "caseFirst",
        "strength",
        "numericOrdering",
        "alternate",
        "maxVariable",
        "normalization",
        "backwards",
        "version",
    }
)
_COLLECTION = frozenset(
    {
        "capped",
        "size",
        "max",
        "timeseries",
        "clusteredIndex",
        "expireAfterSeconds",
        "collation",
        "changeStreamPreAndPostImages",
        "encryptedFields",
        "storageEngine",
        "indexOptionDefaults",
        "validator",
        "validationLevel",
        "validationAction",
        "uuid",
    }
)
_VIEW = frozenset({"viewOn", "pipeline", "collation"})
_INDEX = frozenset(
    {
        "v",
        "key",
        "name",
        "ns",
        "unique",
        "sparse",
        "hidden",
        "prepareUnique",
        "expireAfterSeconds",
        "partialFilterExpression",
        "collation",
        "weights",
        "default_language",
        "language_override",
        "textIndexVersion",
        "2dsphereIndexVersion",
        "coarsestIndexedLevel",
        "finestIndexedLevel",
        "bits",
        "min",
        "max",
        "wildcardProjection",
        "storageEngine",
        "background",
        "dropDups",
        "clustered",
    }
)
_INSIDE: Mapping[str, frozenset[str]] = {
    "collation": _COLLATION,
    "timeseries": frozenset({"timeField", "metaField", "granularity", "bucketMaxSpanSeconds", "bucketRoundingSeconds"}),
    "clusteredIndex": frozenset({"v", "key", "name", "unique"}),
    "changeStreamPreAndPostImages": frozenset({"enabled"}),
}
_AROUND = frozenset({"name", "type", "options", "info", "idIndex"})
_KINDS = frozenset({"collection", "view", "timeseries"})


def observe(listed: Iterable[Listed]) -> tuple[Diagnostic, ...]:
    """Name every object and every attribute that the catalog has no place for."""
    everything = list(listed)
    names = {one.name for one in everything}
    return tuple(finding for one in everything for finding in _of(one, names))


def _of(one: Listed, names: Sized[str]) -> Iterator[Diagnostic]:
    if one.name.startswith("system."):
        yield from _of_system(one, names)
        return
    subject = f"{'view' if one.kind == 'view' else 'collection'} {one.name}"
    if one.kind not in _KINDS:
        yield _finding(subject, f"is a `{one.kind}`, a type of collection that is not known")
    options: Mapping[str, Any] = one.info.get("options") or {}
    yield from _keys(subject, options, _VIEW if one.kind == "view" else _COLLECTION, "option")
    yield from _keys(subject, one.info, _AROUND, "attribute")
    for specification, _ in one.indexes:
        yield from _of_index(one.name, specification)
    if (
        one.kind == "collection"
        and "clusteredIndex" not in options
        and not any(dict(specification.get("key", {})) == {"_id": 1} for specification, _ in one.indexes)
    ):
        yield _finding(subject, "has no index on `_id`")


def _of_index(collection: str, specification: Mapping[str, Any]) -> Iterator[Diagnostic]:
    subject = f"index {collection}.{specification.get('name')}"
    yield from _keys(subject, specification, _INDEX, "option")
    if specification.get("v", 2) != 2:
        yield _finding(subject, f"is of the old index version {specification['v']}: build it again")


def _of_system(one: Listed, names: Sized[str]) -> Iterator[Diagnostic]:
    """Most of `system.*` is the server's own; stored functions, and buckets without their time series, are not."""
    if one.name == "system.js":
        yield _finding(f"collection {one.name}", "holds stored JavaScript functions")
    owner = one.name.removeprefix("system.buckets.")
    if owner != one.name and owner not in names:
        yield _finding(f"collection {one.name}", "holds the buckets of a time series that is not there")


def _keys(subject: str, document: Mapping[str, Any], known: Sized[str], word: str) -> Iterator[Diagnostic]:
    for key, value in document.items():
        if key not in known:
            yield _finding(subject, f"has the {word} `{key}`, which is not known")
        elif key in _INSIDE and isinstance(value, Mapping):
            yield from _keys(subject, value, _INSIDE[key], f"{key} option")


def _finding(subject: str, what: str) -> Diagnostic:
    return Diagnostic("ST602", f"{subject} {what}", subject=subject)
