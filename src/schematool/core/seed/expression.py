"""Conditions that MongoDB writes as expressions (`$expr`), taken apart as those of SQL are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schematool.core.seed.condition import UNKNOWN, Alternatives, Node, ways_of

_OPERATORS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=", "$eq": "=", "$ne": "<>"}
_MEASURES = {"$size": "cardinality", "$strLenCP": "length", "$strLenBytes": "length"}
_SUMS = {"$add": "+", "$subtract": "-"}


def alternatives(expression: Any) -> Alternatives:
    """Take an expression apart; what is not understood is Unknown."""
    return ways_of(_node(expression)) if isinstance(expression, Mapping) else UNKNOWN


def _node(value: Any) -> Node:
    match value:
        case None:
            return Node("nothing")
        case bool():
            return Node("truth", "true" if value else "false")
        case str() if value == "$$NOW":
            return Node("now")
        case str() if value.startswith("$$"):
            return Node("unknown")
        case str() if value.startswith("$"):
            return Node("column", value[1:])
        case str() | int() | float():
            return Node("value", str(value))
        case datetime():
            return Node("value", value.isoformat(sep=" "))
        case list() | tuple():
            return Node("array", "", tuple(_node(one) for one in value))
        case Mapping() if len(value) == 1:
            ((name, inner),) = value.items()
            return _call(str(name), inner)
        case _:
            return Node("unknown")


def _call(name: str, inner: Any) -> Node:
    parts = tuple(_node(one) for one in inner) if isinstance(inner, list | tuple) else (_node(inner),)
    if name == "$literal":
        return _node(inner) if not (isinstance(inner, str) and inner.startswith("$")) else Node("value", inner)
    if name in {"$and", "$or"}:
        return Node(name[1:], "", parts)
    if name == "$not":
        return Node("not", "", parts[:1])
    if name in _OPERATORS and len(parts) == 2:
        return _compared(_OPERATORS[name], *parts)
    if name == "$in" and len(parts) == 2:
        return Node("any", "=", parts)
    if name in _MEASURES and len(parts) == 1:
        return Node("call", _MEASURES[name], parts)
    if name in _SUMS and len(parts) == 2:
        return Node("sum", _SUMS[name], parts)
    return Node("unknown")


def _compared(operator: str, left: Node, right: Node) -> Node:
    for one, other in ((left, right), (right, left)):
        if other.kind == "nothing" and operator in {"=", "<>"}:
            absent = Node("null", "", (one,))
            return absent if operator == "=" else Node("not", "", (absent,))
    return Node("op", operator, (left, right))
