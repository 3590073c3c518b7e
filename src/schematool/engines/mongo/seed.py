"""Counts documents, and invents a few that satisfy a validator: for the proof that a migration keeps what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bson import Binary, Decimal128, Int64, ObjectId, Timestamp
from pymongo.errors import OperationFailure, WriteError

from schematool.core.seed.documents import merged, type_of
from schematool.core.seed.pattern import matching
from schematool.engines.mongo.server import OWN, Server

DOCUMENTS = 3
# Far in the future, so that no index with a lifetime takes a document away in the middle of a proof.
_EPOCH = datetime(2090, 1, 1, tzinfo=UTC)
_DEPTH = 20


def counts(server: Server) -> Mapping[str, int]:
    """Count the documents of every collection and time series; views and own collections are left out."""
    return {name: server.collection(name).count_documents({}) for name, _ in collections(server)}


def seed(server: Server) -> Mapping[str, int]:
    """Put documents into every collection. One that refuses all of them gets none, which is no error."""
    return {name: _fill(server, name, options) for name, options in collections(server)}


def collections(server: Server) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the name and the options of every collection and time series; views and own collections are left out."""
    for info in sorted(server.infos(), key=lambda info: str(info["name"])):
        name = str(info["name"])
        if info.get("type") != "view" and not name.startswith(("system.", OWN)):
            yield name, info.get("options") or {}


def _fill(server: Server, name: str, options: Mapping[str, Any]) -> int:
    indexes = [dict(row.get("spec", row)) for row in server.index_specifications(name)]
    put = 0
    for number in range(DOCUMENTS):
        for every_field in (True, False):
            document = _document(options, indexes, number, every_field=every_field)
            if document is not None and _insert(server, name, document):
                put += 1
                break
    return put


def _insert(server: Server, name: str, document: dict[str, Any]) -> bool:
    try:
        server.collection(name).insert_one(document)
    except (WriteError, OperationFailure):
        return False
    return True


def _document(
    options: Mapping[str, Any], indexes: list[dict[str, Any]], number: int, *, every_field: bool
) -> dict[str, Any] | None:
    schema = _schema(options.get("validator"))
    document = value(schema, number, every_field=every_field) if schema else {}
    if not isinstance(document, dict):
        return None
    for index in indexes:
        for path, kind in dict(index["key"]).items():
            if path.startswith(("_", "$")):
                continue
            invented = _indexed(str(kind), number, lives="expireAfterSeconds" in index)
            # A place on earth is the one value that its type alone does not make valid.
            if str(kind).startswith("2d") or (not schema and path not in document):
                _set(document, path, invented)
    series = options.get("timeseries")
    if isinstance(series, Mapping):
        document[series["timeField"]] = _EPOCH + timedelta(hours=number)
        if series.get("metaField"):
            document.setdefault(series["metaField"], {"source": number})
    return document


def _schema(validator: Any) -> Mapping[str, Any]:
    """Give the `$jsonSchema` of a validator, also where it is one of several conditions."""
    if not isinstance(validator, Mapping):
        return {}
    if isinstance(validator.get("$jsonSchema"), Mapping):
        return dict(validator["$jsonSchema"])
    found: list[Mapping[str, Any]] = [part for part in map(_schema, validator.get("$and") or ()) if part]
    return found[0] if found else {}


def _set(document: dict[str, Any], path: str, invented: Any) -> None:
    head, dot, rest = path.partition(".")
    if not dot:
        document[head] = invented
        return
    inner = document.setdefault(head, {})
    if isinstance(inner, dict):
        _set(inner, rest, invented)


def _indexed(kind: str, number: int, *, lives: bool) -> Any:
    match kind:
        case "2dsphere":
            return {"type": "Point", "coordinates": [float(number), float(number)]}
        case "2d":
            return [float(number), float(number)]
        case _:
            return _EPOCH + timedelta(days=number) if lives else f"seed {number}"


def value(schema: Mapping[str, Any], number: int, *, every_field: bool = True, depth: int = 0) -> Any:
    """Invent a value for a `$jsonSchema`; others for other numbers where the schema leaves room.

    It may not satisfy everything (`not`, conditions across fields): the server decides, on inserting.
    """
    if depth > _DEPTH:
        return None
    whole = merged(schema, number)
    if whole.get("enum"):
        return whole["enum"][number % len(whole["enum"])]
    match type_of(whole):
        case "string":
            return _string(whole, number)
        case "int" | "long" | "double" | "decimal" as kind:
            return _number(whole, number, kind)
        case "bool":
            return number % 2 == 0
        case "date":
            return _EPOCH + timedelta(days=number)
        case "timestamp":
            return Timestamp(1, number + 1)
        case "objectId":
            return ObjectId()
        case "binData":
            return Binary(bytes([number] * 16))
        case "null":
            return None
        case "array":
            return _array(whole, number, every_field=every_field, depth=depth)
        case _:
            return _object(whole, number, every_field=every_field, depth=depth)


def _string(schema: Mapping[str, Any], number: int) -> str:
    if "pattern" in schema:
        made = matching(str(schema["pattern"]), number)
        if made is not None:
            return made
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 40))
    return f"{number} seed".ljust(least, "x")[:most]


def _number(schema: Mapping[str, Any], number: int, kind: str) -> Any:
    least = _decimal(schema.get("minimum"), Decimal(0))
    step = _decimal(schema.get("multipleOf"), Decimal(1)) or Decimal(1)
    most = _decimal(schema.get("maximum"), least + step * (number + 2))
    if "minimum" not in schema:
        least = min(least, most - step)
    first = -(-least // step) * step
    if schema.get("exclusiveMinimum") and first <= least:
        first += step
    if first > most and kind in {"double", "decimal"}:
        first = (least + most) / 2
    found = first + step * number
    if found > most or (schema.get("exclusiveMaximum") and found >= most):
        found = first
    match kind:
        case "int":
            return int(found)
        case "long":
            return Int64(int(found))
        case "decimal":
            return Decimal128(found)
        case _:
            return float(found)


def _decimal(given: Any, otherwise: Decimal) -> Decimal:
    if given is None:
        return otherwise
    return given.to_decimal() if isinstance(given, Decimal128) else Decimal(str(given))


def _array(schema: Mapping[str, Any], number: int, *, every_field: bool, depth: int) -> list[Any]:
    items = schema.get("items")
    least = int(schema.get("minItems", 1 if every_field else 0))
    if isinstance(items, list):
        return [value(one, number, every_field=every_field, depth=depth + 1) for one in items]
    shape = items if isinstance(items, Mapping) else {"bsonType": "string"}
    return [value(shape, number + offset, every_field=every_field, depth=depth + 1) for offset in range(least)]


def _object(schema: Mapping[str, Any], number: int, *, every_field: bool, depth: int) -> dict[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties") or {}
    wanted = [*properties, *schema.get("required", ())] if every_field else list(schema.get("required", ()))
    # An `_id` that the schema only types as objectId is best left to the server.
    return {
        name: value(properties.get(name, {}), number, every_field=every_field, depth=depth + 1)
        for name in dict.fromkeys(wanted)
        if not (name == "_id" and depth == 0 and type_of(properties.get("_id", {"bsonType": "objectId"})) == "objectId")
    }
