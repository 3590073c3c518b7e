"""Canonical Extended JSON v2 as Python structures, to BSON values and back. Knows no server.

`bson.json_util` reads `{"$regex": "x", "$ne": "y"}` as one regular expression and so loses `$ne`: its older form of
a literal and MongoDB's query operators share names. Only the exact shapes of version 2 are literals here, so that
every operator of a validator, a filter or a pipeline stays what it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from bson import json_util
from bson.json_util import CANONICAL_JSON_OPTIONS

Structure: TypeAlias = Any
"""What `json.loads` makes: dict, list, str, int, float, bool, None."""

_LITERALS = frozenset(
    frozenset(shape.split())
    for shape in (
        "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$oid", "$date", "$binary", "$uuid",
        "$regularExpression", "$timestamp", "$minKey", "$maxKey", "$code", "$code $scope", "$symbol", "$undefined",
        "$dbPointer",
    )
)  # fmt: skip


def decode(structure: Structure) -> Any:
    """Make the BSON value that a structure spells; raises ValueError for a literal with a wrong content."""
    if isinstance(structure, Mapping):
        if frozenset(structure) in _LITERALS:
            return _literal(structure)
        return {key: decode(value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return [decode(value) for value in structure]
    return structure


def encode(value: Any) -> Structure:
    """Spell a BSON value as a structure that `decode` reads back as the same value, number types included."""
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value if value is None or type(value) in {str, bool} else _leaf(value)


def loads(text: str) -> Any:
    """Read a text of Extended JSON as BSON values."""
    return decode(json.loads(text))


def dumps(value: Any) -> str:
    """Spell a BSON value as canonical Extended JSON text."""
    return json.dumps(encode(value), ensure_ascii=False)


def _literal(structure: Mapping[str, Any]) -> Any:
    inner = {key: decode(value) if key in {"$date", "$scope"} else value for key, value in structure.items()}
    return json_util.object_hook(inner, CANONICAL_JSON_OPTIONS)


def _leaf(value: Any) -> Structure:
    return json.loads(json_util.dumps(value, json_options=CANONICAL_JSON_OPTIONS))
