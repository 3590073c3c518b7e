"""Mongoose 8: a schema and a model for each collection, with the indexes that the migrations make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from schematool.core.model import mongo as mg
from schematool.core.models.shape import (
    NOTE,
    NOW,
    Many,
    Member,
    Models,
    Nested,
    OneOf,
    Record,
    Scalar,
    Shape,
    collections,
)

_TYPES = {
    "text": "String",
    "integer": "Schema.Types.Int32",
    "big": "Schema.Types.BigInt",
    "float": "Schema.Types.Double",
    "decimal": "Schema.Types.Decimal128",
    "boolean": "Boolean",
    "instant": "Date",
    "bytes": "Buffer",
    "objectId": "Schema.Types.ObjectId",
}
_ANY = "Schema.Types.Mixed"
_HEAD = f"""/* {NOTE} */
"use strict";

const mongoose = require("mongoose");

const {{ Schema }} = mongoose;

// Migrations make collections and indexes; an application only uses them.
const options = {{ autoCreate: false, autoIndex: false, versionKey: false }};
"""
_UUID = "/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/"


def render(models: Models) -> str:
    """Write the CommonJS module."""
    documents = [record for record in models.entities if record.store == "mongo"]
    names = {str(record.entity): record.name for record in documents}
    parts = [_HEAD]
    parts += [_schema(record, names, "{ _id: false }") for record in models.parts if record.store == "mongo"]
    found = {collection.id.path[0]: collection for collection in collections(models)}
    for record in documents:
        indexes = list(_indexes(models, record))
        parts += [
            _schema(record, names, _options(record, found.get(str(record.entity)))),
            *(["\n".join(indexes) + "\n"] if indexes else []),
        ]
    exported = [
        f'  {record.name}: mongoose.models.{record.name} ?? mongoose.model("{record.name}", {record.name}Schema),'
        for record in documents
    ]
    parts.append("\n".join(("module.exports = {", *exported, "};", "")))
    return "\n".join(parts)


def _schema(record: Record, names: Mapping[str, str], options: str) -> str:
    said = f"/** {_line(record.description)} */\n" if record.description else ""
    members = [
        line
        for member in record.members
        if not (member.name == "_id" and member.shape == Scalar("objectId"))
        for line in _member(member, names)
    ]
    head = f"{said}const {record.name}Schema = new Schema("
    return "\n".join((head, "  {", *members, "  },", f"  {options},", ");", ""))


def _line(text: str) -> str:
    return " ".join(text.replace("*/", "* /").split())


def _member(member: Member, names: Mapping[str, str]) -> Iterator[str]:
    if member.description:
        yield f"    /** {_line(member.description)} */"
    words = [f"type: {_type(member.shape)}"]
    if member.required and not member.nullable:
        words.append("required: true")
    words += _limits(member.shape, nullable=member.nullable)
    if member.default == NOW and isinstance(member.shape, Scalar) and member.shape.name == "instant":
        words.append("default: Date.now")
    elif member.default is not None:
        words.append(f"default: {_json(member.default)}")
    elif isinstance(member.shape, Many) and not member.required:
        # Mongoose would make an empty array where there was none.
        words.append("default: undefined")
    if member.points_at and member.points_at[0] == "mongo" and member.points_at[2] == "_id":
        words.append(f'ref: "{names.get(member.points_at[1], member.points_at[1])}"')
    name = member.name if re.fullmatch(r"[A-Za-z_$][\w$]*", member.name, re.ASCII) else _json(member.name)
    one = f"    {name}: {{ {', '.join(words)} }},"
    if len(one) <= 100:
        yield one
    else:
        yield from (f"    {name}: {{", *(f"      {word}," for word in words), "    },")


def _type(shape: Shape) -> str:
    match shape:
        case Scalar():
            return _TYPES.get(shape.name, _ANY)
        case OneOf():
            if all(isinstance(value, str) for value in shape.values):
                return "String"
            numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in shape.values)
            return "Number" if numbers else _ANY
        case Many():
            return f"[{_type(shape.inner)}]"
        case Nested():
            return f"{shape.name}Schema"


def _limits(shape: Shape, *, nullable: bool) -> list[str]:
    match shape:
        case OneOf():
            values = [*shape.values, None] if nullable else list(shape.values)
            return [f"enum: {_json(values)}"]
        case Scalar(name="text"):
            found = [f"match: {_UUID}"] if shape.format == "uuid" else []
            found += [f"match: new RegExp({_json(shape.pattern)})"] if shape.pattern else []
            found += [f"minlength: {shape.least}"] if shape.least is not None else []
            return found + ([f"maxlength: {shape.longest}"] if shape.longest is not None else [])
        case Scalar(name="integer" | "float"):
            found = [f"min: {shape.minimum}"] if shape.minimum is not None else []
            return found + ([f"max: {shape.maximum}"] if shape.maximum is not None else [])
        case _:
            return []


def _options(record: Record, collection: mg.Collection | None) -> str:
    words = ["...options", f"collection: {_json(record.entity)}"]
    dates = {member.name for member in record.members if member.shape == Scalar("instant")}
    stamps = [name for name in ("createdAt", "updatedAt") if name in dates]
    if stamps:
        told = "true" if len(stamps) == 2 else _object({n: n in stamps for n in ("createdAt", "updatedAt")})
        words.append(f"timestamps: {told}")
    command = _plain(json.loads(collection.command)) if collection else {}
    words += [f"{name}: {_object(command[name])}" for name in ("collation", "timeseries") if name in command]
    return f"{{ {', '.join(words)} }}"


def _indexes(models: Models, record: Record) -> Iterator[str]:
    for thing in models.catalogs["mongo"]:
        if isinstance(thing, mg.Index) and thing.id.path[0] == record.entity:
            spec = _plain(json.loads(thing.command))
            keys = spec.pop("key")
            spec.pop("v", None)
            yield f"{record.name}Schema.index({_object(keys)}, {_object(spec)});"


def _plain(value: Any) -> Any:
    """Numbers of Extended JSON as numbers."""
    match value:
        case {"$numberInt": text} | {"$numberLong": text}:
            return int(text)
        case {"$numberDouble": text}:
            return float(text)
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _object(value: Any) -> str:
    """An object as JavaScript writes it: names without quotes where they need none."""
    match value:
        case dict():
            parts = [
                f"{name if re.fullmatch(r'[A-Za-z_$][A-Za-z0-9_$]*', name) else _json(name)}: {_object(inner)}"
                for name, inner in value.items()
            ]
            return f"{{ {', '.join(parts)} }}" if parts else "{}"
        case list():
            return f"[{', '.join(_object(inner) for inner in value)}]"
        case _:
            return _json(value)


def _json(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
