"""Looks at a sample of documents for what they look like. Values stay here: only kinds and counts are handed on."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from bson import Binary, Code, DatetimeMS, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

from schematool.core.author.inference import MOST_FIELDS, MOST_TEXTS, Shape
from schematool.engines.mongo.server import Server

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_LONGEST_TEXT = 40
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "bool"),
    (Int64, "long"),
    (float, "double"),
    (Code, "javascript"),
    (str, "string"),
    (ObjectId, "objectId"),
    ((datetime.datetime, DatetimeMS), "date"),
    (Decimal128, "decimal"),
    ((Binary, bytes), "binData"),
    ((Regex, re.Pattern), "regex"),
    (Timestamp, "timestamp"),
    (MinKey, "minKey"),
    (MaxKey, "maxKey"),
)


def sample(server: Server, collection: str, size: int, *, texts: bool) -> Shape:
    """Look at up to `size` documents. `texts`: keep short texts where few different ones are found."""
    whole = Shape(texts=set() if texts else None)
    for document in server.collection(collection).aggregate([{"$sample": {"size": size}}]):
        _add(whole, document, texts)
    return whole


def _add(shape: Shape, value: Any, texts: bool) -> None:
    shape.seen += 1
    kind = _kind(value)
    shape.types[kind] += 1
    if isinstance(value, str) and kind == "string":
        shape.uuids += bool(_UUID.match(value))
        _keep(shape, value)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in shape.fields and len(shape.fields) > MOST_FIELDS:
                continue
            _add(shape.fields.setdefault(name, Shape(texts=set() if texts else None)), inner, texts)
    elif isinstance(value, list):
        shape.items = shape.items or Shape(texts=set() if texts else None)
        for item in value:
            _add(shape.items, item, texts)


def _keep(shape: Shape, value: str) -> None:
    if shape.texts is None:
        return
    if len(value) > _LONGEST_TEXT or not value.isprintable() or not value:
        shape.texts = None
        return
    shape.texts.add(value)
    if len(shape.texts) > MOST_TEXTS:
        shape.texts = None


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "long"
    return "array" if isinstance(value, list) else "object"
