"""Indexes of time series: what MongoDB would refuse is found when compiling. Source: observed on mongod 6.0.5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from schematool.core.diagnostic import Findings
from schematool.core.extended_json import Document, read
from schematool.core.model.entity import Entity, IndexSpec
from schematool.core.model.mongo import Collection


def check_series_indexes(entity: Entity, collection: Collection, found: Findings) -> None:
    """Find indexes that a time series cannot have."""
    if not collection.time_series:
        return
    series = cast("Document", read(collection.time_series))
    meta, time = series.get("metaField"), series.get("timeField")
    for index in entity.indexes:
        measured = [
            part.text
            for part in index.keys
            if part.text != time and not (isinstance(meta, str) and f"{part.text}.".startswith(f"{meta}."))
        ]
        for message, hint in _refused(index, measured):
            found.add("ST131", message, index.span, hint=hint)


def _refused(index: IndexSpec, measured: list[str]) -> Iterator[tuple[str, str]]:
    kinds = {part.direction for part in index.keys if part.text in measured}
    if index.unique:
        yield "MongoDB makes no unique index on a time series", "remove `unique`: measurements may repeat"
    if any(part.direction == "text" for part in index.keys):
        yield "MongoDB makes no text index on a time series", "keep texts in a collection of their own"
    if "expire_after" in index.options and "where" not in index.options:
        yield (
            "the documents of a time series expire together",
            "write `expire_after` at the entity; from MongoDB 7.0 on an index may have it beside `where` on metadata",
        )
    if measured and index.options.get("sparse") is True:
        yield f"`{measured[0]}` is measured: MongoDB makes no sparse index on it", "remove `sparse`"
    for kind in kinds & {"hashed", "2d"}:
        yield f"`{measured[0]}` is measured: MongoDB makes no `{kind}` index on it", "write 1, -1 or 2dsphere"
    if any(path == "$**" for path in measured):
        yield "MongoDB makes no index on all fields of a time series", "name the field of metadata: `meta.$**`"
