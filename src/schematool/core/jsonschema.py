"""The language's table as a JSON Schema (draft-07), so that editors complete, explain and check the YAML.

Draft-07, because yaml-language-server reads no later one. Every shape becomes a schema that fails where the loader
fails; alternatives are told apart by `if`, not by `anyOf`, so that an editor points at the inner mistake.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias, assert_never

from schematool.core.load.language import DOCUMENTS, KINDS, RECORDS, documents_of
from schematool.core.load.shapes import (
    Anything,
    Choice,
    Document,
    Either,
    Expression,
    Key,
    ListOf,
    MapOf,
    Name,
    Named,
    Number,
    Record,
    Shape,
    Text,
    Truth,
    Value,
    Whole,
)

Json: TypeAlias = dict[str, Any]

_SCALARS = ["string", "number", "boolean", "null"]
# Keys of other documents that are kinds too: the stronger word decides what a document is.
_WEAK = tuple(kind for kind in KINDS if any(kind in other.record.by_name for other in DOCUMENTS if other.kind != kind))


def schema_text() -> str:
    """Return the text of `schema.json`: one document of the language, pretty and ending in a newline."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Json:
    """The JSON Schema as a value."""
    definitions = {_slug(record.name): _record(record) for record in RECORDS.values()}
    for document in DOCUMENTS:
        definitions[_slug(document.record.name)] = _record(document.record, document)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "schematool",
        "description": "A document of a schematool schema: its first key says what it is.",
        "type": "object",
        "allOf": [
            {"anyOf": [{"required": [kind]} for kind in KINDS]},
            *(_when(kind) for kind in KINDS),
        ],
        "definitions": definitions,
    }


def _when(kind: str) -> Json:
    """`if` the document is of this kind, `then` these keys."""
    condition: Json = {"required": [kind]}
    if kind in _WEAK:
        stronger = [{"required": [other]} for other in KINDS if other not in _WEAK]
        condition = {"allOf": [condition, {"not": {"anyOf": stronger}}]}
    return {"if": condition, "then": _by_store(kind)}


def _by_store(kind: str) -> Json:
    documents = list(documents_of(kind).values())
    if len(documents) == 1:
        return _reference(documents[0].record.name)
    default = next((document for document in documents if document.default_store), None)
    stores = [document.store for document in documents]
    chosen: list[Json] = [{"properties": {"store": {"enum": stores, "description": "The store that holds it."}}}]
    if default is None:
        chosen[0]["required"] = ["store"]
    for document in documents:
        condition: Json = {"properties": {"store": {"const": document.store}}}
        if document is not default:
            condition["required"] = ["store"]
        chosen.append({"if": condition, "then": _reference(document.record.name)})
    return {"allOf": chosen}


def _slug(name: str) -> str:
    return name.replace(" ", "_")


def _reference(record: str) -> Json:
    return {"$ref": f"#/definitions/{_slug(record)}"}


def _record(record: Record, document: Document | None = None) -> Json:
    made: Json = {
        "description": record.doc,
        "type": "object",
        "properties": {key.name: _key(key) for key in record.keys},
        "additionalProperties": False,
    }
    required = [key.name for key in record.keys if key.required]
    if required:
        made["required"] = required
    if document is not None:
        made["examples"] = [document.example]
    return made


def _key(key: Key) -> Json:
    said = key.doc + (f"\n\nExample: `{key.name}: {key.example}`" if key.example else "")
    made = shape(key.shape)
    # Draft-07 ignores everything beside a $ref, the description too.
    return {"description": said, "allOf": [made]} if "$ref" in made else {"description": said, **made}


def shape(of: Shape) -> Json:
    """One shape as a schema."""
    match of:
        case Text():
            return {"type": "string"} | ({"pattern": _pattern(of.pattern)} if of.pattern else {})
        case Name():
            return {"type": "string", "pattern": r"\S"}
        case Expression():
            return {"type": ["string", "number", "boolean", "null"], "pattern": r"\S"}
        case Truth():
            return {"type": "boolean"}
        case Whole():
            return {"type": "integer"} | ({"minimum": of.least} if of.least is not None else {})
        case Number():
            return {"type": "number"}
        case Value():
            return {"type": _SCALARS}
        case Anything():
            return {}
        case Choice():
            return {"enum": list(of.values)}
        case ListOf():
            return {"type": "array", "items": shape(of.item)} | ({"minItems": of.least} if of.least else {})
        case MapOf():
            return {"type": "object", "additionalProperties": shape(of.value), "propertyNames": {"minLength": 1}}
        case Named():
            return _reference(of.record)
        case Either():
            return _either(of)
        case _:
            assert_never(of)


def _pattern(pattern: str) -> str:
    """Anchored, and case-insensitive without `(?i)`, which ECMA 262 does not know."""
    if pattern.startswith("(?i)"):
        pattern = _any_case(pattern.removeprefix("(?i)"))
    return f"^(?:{pattern})$"


def _any_case(pattern: str) -> str:
    """`cascade` as `[cC][aA]…`; what follows a backslash is left alone."""
    made, escaped = "", False
    for character in pattern:
        plain = character.isalpha() and not escaped
        made += f"[{character.lower()}{character.upper()}]" if plain else character
        escaped = character == "\\" and not escaped
    return made


def _either(of: Either) -> Json:
    """Tell the alternatives apart by their JSON type, so that a mistake inside of one is shown inside of it."""
    kinds = [_types(option) for option in of.shapes]
    made: Json = {"type": sorted({kind for group in kinds for kind in group})}
    branches: list[Json] = []
    scalars = [option for option in of.shapes if not {"object", "array"} & set(_types(option))]
    for option in of.shapes:
        types = _types(option)
        if {"object", "array"} & set(types):
            branches.append({"if": {"type": types}, "then": shape(option)})
    if len(scalars) == 1:
        branches.append({"if": {"type": _types(scalars[0])}, "then": shape(scalars[0])})
    elif scalars:
        types = sorted({kind for option in scalars for kind in _types(option)})
        branches.append({"if": {"type": types}, "then": {"anyOf": [shape(option) for option in scalars]}})
    return made | {"allOf": branches}


def _types(of: Shape) -> list[str]:
    """The JSON types that a shape can have."""
    match of:
        case Text() | Name():
            return ["string"]
        case Expression() | Value():
            return _SCALARS
        case Truth():
            return ["boolean"]
        case Whole() | Number():
            return ["number"]
        case Choice():
            return sorted({"string" if isinstance(value, str) else "number" for value in of.values})
        case ListOf():
            return ["array"]
        case MapOf() | Named():
            return ["object"]
        case Anything():
            return [*_SCALARS, "object", "array"]
        case Either():
            return sorted({kind for option in of.shapes for kind in _types(option)})
        case _:
            assert_never(of)
