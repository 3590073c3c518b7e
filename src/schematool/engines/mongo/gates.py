"""What only newer servers can do, and from which version on: one that cannot says only that it does not know it.

Knows no server. Source: the manual's pages "Compatibility changes" and the pages of the options, MongoDB 5.0 to 8.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schematool.engines.mongo.commands import Order

_COMMANDS: Mapping[str, tuple[int, int]] = {
    "refineCollectionShardKey": (4, 4),
    "reshardCollection": (5, 0),
    "unshardCollection": (8, 0),
}
# The manual's page "Encrypted Fields and Enabled Queries" of 8.0 and 8.2.
_QUERIES = {
    "range": ((8, 0), "encrypted range queries"),
    "prefixPreview": ((8, 2), "encrypted prefix queries"),
    "suffixPreview": ((8, 2), "encrypted suffix queries"),
    "substringPreview": ((8, 2), "encrypted substring queries"),
}


def lacking(order: Order, version: str) -> str | None:
    """Say in a few words what the command needs; None where a server of this version has it."""
    here = tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:2])
    for needed, what in _needs(order):
        if here < needed:
            return f"{what}: MongoDB has that from {needed[0]}.{needed[1]} on"
    return None


def _needs(order: Order) -> Iterator[tuple[tuple[int, int], str]]:
    document = order.document
    if order.name in _COMMANDS:
        yield _COMMANDS[order.name], f"`{order.name}`"
    match order.name:
        case "createIndexes":
            for index in document.get("indexes", ()):
                yield from _of_index(index)
        case "create":
            yield from _of_create(document)
        case "collMod":
            yield from _of_change(document)
        case _:
            return
    if document.get("validationAction") == "errorAndLog":
        yield (8, 1), "`validationAction: errorAndLog`"


def _of_index(index: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    key = index.get("key") or {}
    if len(key) > 1 and any("$**" in str(path) and kind != "text" for path, kind in key.items()):
        yield (7, 0), "wildcard indexes with other fields"
    if index.get("prepareUnique"):
        yield (6, 0), "`prepareUnique`"


def _of_create(document: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    series = document.get("timeseries") or {}
    if {"bucketMaxSpanSeconds", "bucketRoundingSeconds"} & set(series):
        yield (6, 3), "`bucket_max_span` and `bucket_rounding`"
    if document.get("clusteredIndex"):
        yield (5, 3), "clustered collections"
    if document.get("changeStreamPreAndPostImages"):
        yield (6, 0), "pre- and post-images"
    if fields := document.get("encryptedFields"):
        yield (6, 0), "encrypted fields"
        yield from _of_encrypted(fields)


def _of_encrypted(encrypted: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    for field in encrypted.get("fields") or ():
        queries = field.get("queries") or []
        for query in queries if isinstance(queries, list) else [queries]:
            kind = str(query.get("queryType"))
            if kind in _QUERIES:
                yield _QUERIES[kind]


def _of_change(document: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    if {"cappedSize", "cappedMax"} & set(document):
        yield (6, 0), "changes of a capped collection's size"
    if document.get("changeStreamPreAndPostImages"):
        yield (6, 0), "pre- and post-images"
    if {"bucketMaxSpanSeconds", "bucketRoundingSeconds"} & set(document.get("timeseries") or {}):
        yield (6, 3), "changes of a time series' bucket span"
    if "unique" in (document.get("index") or {}) or "prepareUnique" in (document.get("index") or {}):
        yield (6, 0), "making an index unique by degrees"
