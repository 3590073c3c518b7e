"""TypeScript: an interface for each row and document, as drivers give them (`pg` with its defaults, `mongodb`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from schematool.core.models.shape import NOTE, Many, Member, Models, Nested, OneOf, Record, Scalar, Shape

_TYPES = {
    "text": "string",
    "integer": "number",
    "big": "string",
    "float": "number",
    "decimal": "string",
    "boolean": "boolean",
    "date": "Date",
    "datetime": "Date",
    "instant": "Date",
    "time": "string",
    "span": "unknown",
    "uuid": "string",
    "bytes": "Uint8Array",
    "json": "unknown",
    "objectId": "ObjectId",
    "any": "unknown",
}
# The driver of MongoDB gives numbers for longs, and objects with a text for decimals.
_DOCUMENT_TYPES = {"big": "number | bigint", "decimal": "{ toString(): string }"}
_OBJECT_ID = """/** An `_id`, as the driver of MongoDB gives it. */
export interface ObjectId {
  toHexString(): string;
}
"""


def render(models: Models) -> str:
    """Write the module."""
    parts = [f"/* {NOTE} */\n"]
    if any(record.store == "mongo" for record in models.entities):
        parts.append(_OBJECT_ID)
    for one in models.enums:
        said = _comment(models.descriptions.get(str(one.name)), "")
        parts.append(f"{said}export type {one.name} = {_union(one)};\n")
    parts += [_interface(record) for record in (*models.parts, *models.entities)]
    return "\n".join(parts)


def _interface(record: Record) -> str:
    lines = [line for member in record.members for line in _member(member, record.store)]
    return "\n".join((f"{_comment(record.description, '')}export interface {record.name} {{", *lines, "}", ""))


def _member(member: Member, store: str) -> Iterator[str]:
    if member.description:
        yield _comment(member.description, "  ").rstrip("\n")
    name = member.name if re.fullmatch(r"[A-Za-z_$][\w$]*", member.name, re.ASCII) else _quoted(member.name)
    missing = "?" if store == "mongo" and not member.required and member.name != "_id" else ""
    null = " | null" if member.nullable and annotation(member.shape, store) != "unknown" else ""
    read_only = "readonly " if member.read_only else ""
    yield f"  {read_only}{name}{missing}: {annotation(member.shape, store)}{null};"


def annotation(shape: Shape, store: str) -> str:
    """Write the type of a shape."""
    match shape:
        case Scalar():
            return _DOCUMENT_TYPES.get(shape.name, _TYPES[shape.name]) if store == "mongo" else _TYPES[shape.name]
        case OneOf(name=str() as name):
            return name
        case OneOf():
            return _union(shape)
        case Many():
            inner = annotation(shape.inner, store)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case Nested():
            return shape.name


def _union(of: OneOf) -> str:
    return " | ".join(json.dumps(value, ensure_ascii=False) for value in of.values)


def _comment(text: str | None, indent: str) -> str:
    if not text:
        return ""
    return f"{indent}/** {' '.join(text.replace('*/', '* /').split())} */\n"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
