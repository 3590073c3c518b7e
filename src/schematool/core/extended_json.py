"""MongoDB Extended JSON v2 without a driver: how BSON values look as plain Python values, and when two are the same.

A document here is what `json.loads` makes of Extended JSON: BSON types that JSON lacks are wrappers such as
`{"$oid": "…"}`. `read` takes canonical and relaxed text alike and gives the *lossless relaxed* form that the rest of
the core works on: a JSON whole number is an int32 (int64 beyond its range), a JSON fraction is a double, and everything
else (an int64 that would fit an int32, Decimal128, dates) keeps its wrapper, so that `text` loses nothing.
Source of the wrappers: the MongoDB Extended JSON (v2) specification.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any, TypeAlias

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Document: TypeAlias = "dict[str, Value]"

INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 34 digits and this exponent range are what Decimal128 holds.
_DECIMAL128 = Context(prec=34, Emin=-6143, Emax=6144)

_NUMBERS = frozenset({"$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"})
_WRAPPERS: frozenset[frozenset[str]] = frozenset(
    frozenset(keys)
    for keys in (
        *((key,) for key in _NUMBERS),
        ("$oid",),
        ("$date",),
        ("$binary",),
        ("$uuid",),
        ("$timestamp",),
        ("$regularExpression",),
        ("$symbol",),
        ("$code",),
        ("$code", "$scope"),
        ("$dbPointer",),
        ("$minKey",),
        ("$maxKey",),
        ("$undefined",),
    )
)


def is_wrapper(value: Value) -> bool:
    """Whether this object stands for one BSON value that JSON has no form for."""
    return isinstance(value, dict) and frozenset(value) in _WRAPPERS


def is_document(value: Value) -> bool:
    """Whether this is an embedded document rather than a wrapped value."""
    return isinstance(value, dict) and not is_wrapper(value)


def plain(value: Any) -> Value:
    """Turn the language's immutable values (tuples, mappings) into lists and dicts, and wrappers into lossless form."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if value in INT64 else {"$numberDecimal": str(value)}
        case float():
            return value if math.isfinite(value) else {"$numberDouble": _double(value)}
        case Decimal():
            return {"$numberDecimal": str(value)}
        case Mapping():
            return _unwrap({str(key): plain(item) for key, item in value.items()})
        case Sequence():
            return [plain(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no Extended JSON form")


def read(text: str) -> Value:
    """Parse Extended JSON, canonical or relaxed, into the lossless relaxed form; `ValueError` when it is not JSON."""
    return plain(json.loads(text))


def text(value: Value) -> str:
    """Compact JSON text, keys in their order. The same value always gives the same text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _unwrap(value: Document) -> Value:
    """Loosen a wrapper where plain JSON says the same."""
    match value:
        case {"$numberInt": str(number), **rest} if not rest:
            return int(number)
        case {"$numberLong": str(number), **rest} if not rest:
            return value if int(number) in INT32 else int(number)
        case {"$numberDouble": str(number), **rest} if not rest:
            double = float(number)
            return double if math.isfinite(double) else {"$numberDouble": _double(double)}
        case {"$date": {"$numberLong": str(number)}, **rest} if not rest:
            return _date(int(number))
        case {"$date": int(number), **rest} if not rest and not isinstance(number, bool):
            return _date(number)
        case {"$date": str(moment), **rest} if not rest:
            return _date(_milliseconds(moment))
        case {"$uuid": str(uuid), **rest} if not rest:
            return {"$binary": {"base64": _base64(uuid), "subType": "04"}}
    return value


def _date(milliseconds: int) -> Document:
    """The form of a date that relaxed Extended JSON uses for the years 1970 to 9999; a count of ms outside of them."""
    if not 0 <= milliseconds < 253_402_300_800_000:
        return {"$date": {"$numberLong": str(milliseconds)}}
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    tail = f".{milliseconds % 1000:03d}" if milliseconds % 1000 else ""
    return {"$date": f"{moment:%Y-%m-%dT%H:%M:%S}{tail}Z"}


def _milliseconds(moment: str) -> int:
    parsed = datetime.fromisoformat(moment)
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)


def _base64(uuid: str) -> str:
    from base64 import b64encode  # noqa: PLC0415  # used for hand-written UUIDs alone

    return b64encode(bytes.fromhex(uuid.replace("-", ""))).decode()


def _double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def number(value: Value) -> Decimal | None:
    """The numeric value of any of the four BSON numbers, exactly; None for everything else (true is no number)."""
    match value:
        case bool():
            return None
        case int():
            return Decimal(value)
        case float():
            return Decimal(value)
        case dict() if len(value) == 1 and next(iter(value)) in _NUMBERS:
            kind, digits = next(iter(value.items()))
            return _parsed(kind, digits)
    return None


def _parsed(kind: str, digits: Value) -> Decimal | None:
    if not isinstance(digits, str):
        return None
    try:
        return Decimal(float(digits)) if kind == "$numberDouble" else Decimal(digits)
    except (InvalidOperation, ValueError):
        return None


def whole(value: Value) -> int | None:
    """A BSON number as the server makes an int of it; None for what is no finite number.

    It cuts off what a double has behind the point, and rounds a decimal, half to even (observed on mongod 6.0.5).
    """
    found = number(value)
    if found is None or not found.is_finite():
        return None
    decimal = isinstance(value, dict) and "$numberDecimal" in value
    return int(found.to_integral_value(ROUND_HALF_EVEN) if decimal else found)


def truth(value: Value) -> bool:
    """A BSON value as the server makes a bool of it: numbers by value, null false, all else true."""
    found = number(value)
    if found is not None:
        return found != 0
    return value is not None and value is not False


def same_number(value: Decimal) -> Value:
    """One form for all BSON numbers of this value, as the server compares them: 1, 1.0 and Long(1) are equal."""
    if value.is_nan():
        return {"$numberDouble": "NaN"}
    if value.is_infinite():
        return {"$numberDouble": "Infinity" if value > 0 else "-Infinity"}
    if value == value.to_integral_value() and int(value) in INT64:
        return int(value)
    if Decimal(float(value)) == value:
        return float(value)
    return {"$numberDecimal": str(_DECIMAL128.create_decimal(value).normalize(_DECIMAL128))}


def same(value: Value) -> Value:
    """One form for all values that the server compares as equal: numbers by value, keys in their order."""
    found = number(value)
    if found is not None:
        return same_number(found)
    match value:
        case dict() if is_wrapper(value):
            return value
        case dict():
            return {key: same(item) for key, item in value.items()}
        case list():
            return [same(item) for item in value]
        case _:
            return value
