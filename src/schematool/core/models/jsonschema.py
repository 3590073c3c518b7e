"""JSON Schema, draft 2020-12: each row and document as JSON, one definition an entity."""

from __future__ import annotations

import json
from typing import Any

from schematool.core.models.shape import NOTE, Many, Member, Models, Nested, OneOf, Record, Scalar, Shape

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "big": {"type": "integer"},
    "float": {"type": "number"},
    "decimal": {"type": ["number", "string"]},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string"},
    "instant": {"type": "string", "format": "date-time"},
    "time": {"type": "string"},
    "span": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "json": {},
    "objectId": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    "any": {},
}


def render(models: Models) -> str:
    """Write the schema: `$defs` with one definition for each entity, part and enumeration."""
    definitions: dict[str, Any] = {
        str(one.name): _described({"enum": list(one.values)}, models.descriptions.get(str(one.name)))
        for one in models.enums
    }
    definitions |= {record.name: _record(record) for record in (*models.parts, *models.entities)}
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": NOTE,
        "$defs": definitions,
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _record(record: Record) -> dict[str, Any]:
    required = [member.name for member in record.members if member.required]
    made: dict[str, Any] = {
        "type": "object",
        "properties": {member.name: _member(member) for member in record.members},
    }
    return _described(made | ({"required": required} if required else {}), record.description)


def _member(member: Member) -> dict[str, Any]:
    made = _shape(member.shape)
    if member.nullable:
        made = _or_null(made)
    if member.read_only:
        made["readOnly"] = True
    if member.default is not None and member.default != "now":
        made["default"] = member.default
    return _described(made, member.description)


def _or_null(made: dict[str, Any]) -> dict[str, Any]:
    if "enum" in made:
        return {**made, "enum": [*made["enum"], None]}
    if "$ref" in made:
        return {"anyOf": [made, {"type": "null"}]}
    if "type" in made:
        types = made["type"] if isinstance(made["type"], list) else [made["type"]]
        return {**made, "type": [*types, "null"]}
    return made


def _shape(shape: Shape) -> dict[str, Any]:
    match shape:
        case Scalar():
            return _scalar(shape)
        case OneOf(name=str() as name):
            return {"$ref": f"#/$defs/{name}"}
        case OneOf():
            return {"enum": list(shape.values)}
        case Many():
            return {"type": "array", "items": _shape(shape.inner)}
        case Nested():
            return {"$ref": f"#/$defs/{shape.name}"}


def _scalar(of: Scalar) -> dict[str, Any]:
    limits = {
        "minLength": of.least,
        "maxLength": of.longest,
        "minimum": of.minimum,
        "maximum": of.maximum,
        "pattern": of.pattern,
        "format": of.format,
    }
    return _TYPES[of.name] | {name: value for name, value in limits.items() if value is not None}


def _described(made: dict[str, Any], text: str | None) -> dict[str, Any]:
    return {"description": " ".join(text.split()), **made} if text else made
