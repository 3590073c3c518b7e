"""Checks a tree against the shapes of the language; returns what is good of it and reports the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import replace
from typing import assert_never

from schematool.core.diagnostic import Findings, Span
from schematool.core.load.language import RECORDS
from schematool.core.load.near import did_you_mean, near
from schematool.core.load.shapes import (
    FIELD_OR_EXPRESSION,
    Anything,
    Choice,
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
from schematool.core.load.tree import Mapping, Node, Scalar, Sequence
from schematool.core.model.entity import Plain
from schematool.core.sql.expression import complaint

# What people write for a word of ours, from the tools that they come from.
SYNONYMS: Map[str, str] = {
    "nullable": "required",
    "not_null": "required",
    "notnull": "required",
    "enum": "one_of",
    "comment": "description",
    "doc": "description",
    "columns": "fields",
    "properties": "fields",
    "using": "method",
    "renamed_from": "was",
    "old_name": "was",
    "ref": "references",
    "foreign_key": "references",
    "primaryKey": "primary_key",
    "constraints": "checks",
    "ondelete": "on_delete",
    "ttl": "expire_after",
    "keys": "on",
    "expireAfterSeconds": "expire_after",
    "partialFilterExpression": "where",
}


# What JSON Schema says and MongoDB refuses, with the way to say it here.
INSTEAD: Map[str, str] = {
    "const": "write `one_of: [VALUE]`",
    "$ref": "MongoDB follows no references: write the fields out, or use a YAML anchor",
    "definitions": "MongoDB has none: write the fields out, or use a YAML anchor",
    "contains": "write it under `checks`: `{ $in: [VALUE, $field] }`",
    "propertyNames": "write `field_patterns` with `additional_fields: false`",
    "if": "write it under `checks` with `$cond`, or use `any_of`",
    "then": "write it under `checks` with `$cond`, or use `any_of`",
    "else": "write it under `checks` with `$cond`, or use `any_of`",
    "dependentRequired": "write `dependencies`",
    "prefixItems": "write `items_in_order`",
    "additionalItems": "write `further_items`",
    "oneOf": "write `exactly_one_of`; `one_of` is a list of values",
    "anyOf": "write `any_of`",
    "allOf": "write `all_of`",
    "examples": "put them into `description`",
    "readOnly": "MongoDB cannot forbid a change: put it into `description`",
    "$comment": "write a YAML comment, or `description`",
    "bsonType": "write `type`",
    "minProperties": "write `min_fields`",
    "maxProperties": "write `max_fields`",
    "patternProperties": "write `field_patterns`",
    "additionalProperties": "write `additional_fields`",
}


class Reader:
    """Reads values; `found` collects what is wrong."""

    def __init__(self, found: Findings) -> None:
        self.found = found

    def read(self, node: Node, shape: Shape) -> Node | None:
        """The node with its values converted, without what is wrong; None when nothing is left."""
        match shape:
            case Either():
                return self._either(node, shape)
            case Anything():
                return self._anything(node)
            case ListOf():
                return self._list(node, shape)
            case MapOf():
                return self._map(node, shape)
            case Named():
                return self.record(node, RECORDS[shape.record])
            case Text() | Name() | Expression() | Truth() | Whole() | Number() | Value() | Choice():
                return self._scalar(node, shape)
            case _:
                assert_never(shape)

    def record(self, node: Node, record: Record, where: Span | None = None) -> Mapping | None:
        """A mapping with known keys."""
        if not isinstance(node, Mapping):
            self._wrong(node, "keys and values")
            return None
        known = record.by_name
        good = Mapping([], node.span)
        for key, value in node.entries:
            entry = known.get(key.text)
            if entry is None:
                self._unknown(key, record)
            elif (read := self.read(value, entry.shape)) is not None:
                good.entries.append((key, read))
                good.by_key[key.text] = read
        missing = [entry for entry in record.keys if entry.required and entry.name not in node.by_key]
        for entry in missing:
            self._missing(entry, record, where or node.span)
        wrong = any(entry.required and entry.name not in good.by_key for entry in record.keys)
        return None if wrong else good

    def _unknown(self, key: Scalar, record: Record) -> None:
        names = record.by_name
        synonym = SYNONYMS.get(key.text)
        hint = INSTEAD.get(key.text) if record.name in {"mongo field", "mongo entity"} else None
        if hint is None:
            hint = f"did you mean `{synonym}`?" if synonym in names else did_you_mean(key.text, names)
        if hint is None:
            hint = self._elsewhere(key.text, record) or f"known here: {', '.join(names)}"
        self.found.add("ST101", f"unknown key `{key.text}` in a {record.name}", key.span, hint=hint)

    @staticmethod
    def _elsewhere(word: str, record: Record) -> str | None:
        store, _, thing = record.name.partition(" ")
        other = {"postgres": "mongo", "mongo": "postgres"}.get(store)
        twin = RECORDS.get(f"{other} {thing}") if other else None
        if twin is not None and word in twin.by_name:
            return f"`{word}` is a word for {other}; this is a {record.name}"
        return None

    def _missing(self, entry: Key, record: Record, where: Span) -> None:
        example = f", for example `{entry.name}: {entry.example}`" if entry.example else ""
        self.found.add("ST105", f"`{entry.name}` is missing in this {record.name}{example}", where, hint=entry.doc)

    def _either(self, node: Node, shape: Either) -> Node | None:
        fitting = [option for option in shape.shapes if _fits(node, option)]
        if fitting:
            return self.read(node, fitting[0])
        if isinstance(node, Scalar) and node.trap is None:
            words = [option for option in shape.shapes if isinstance(option, Choice) and isinstance(node.value, str)]
            if words:
                return self._scalar(node, words[0])
        self._wrong(node, expected(shape))
        return None

    def _anything(self, node: Node) -> Node | None:
        match node:
            case Scalar():
                return self._scalar(node, Value())
            case Sequence():
                items = [self._anything(item) for item in node.items]
                return Sequence([item for item in items if item is not None], node.span)
            case Mapping():
                pairs = [(key, self._anything(value)) for key, value in node.entries]
                entries = [(key, value) for key, value in pairs if value is not None]
                return Mapping(entries, node.span, {key.text: value for key, value in entries})

    def _list(self, node: Node, shape: ListOf) -> Node | None:
        if not isinstance(node, Sequence):
            self._wrong(node, expected(shape))
            return None
        read = [self.read(item, shape.item) for item in node.items]
        if len(node.items) < shape.least:
            self.found.add("ST104", "this list is empty", node.span, hint=f"expected {expected(shape)}")
            return None
        return Sequence([item for item in read if item is not None], node.span)

    def _map(self, node: Node, shape: MapOf) -> Node | None:
        if not isinstance(node, Mapping):
            self._wrong(node, expected(shape))
            return None
        good = Mapping([], node.span)
        for key, value in node.entries:
            if not key.text:
                self.found.add("ST104", f"an empty {shape.about}", key.span)
                continue
            read = self._value_of(key, value, shape.value)
            if read is not None:
                good.entries.append((key, read))
                good.by_key[key.text] = read
        return good

    def _value_of(self, key: Scalar, value: Node, shape: Shape) -> Node | None:
        options = shape.shapes if isinstance(shape, Either) else (shape,)
        if isinstance(value, Mapping):
            for option in options:
                if isinstance(option, Named):
                    return self.record(value, RECORDS[option.record], key.span)
        if (
            isinstance(value, Scalar)
            and value.value is None
            and not value.quoted
            and not isinstance(shape, Value | Anything)
        ):
            self.found.add("ST104", f"`{key.text}` has no value: expected {expected(shape)}", key.span)
            return None
        return self.read(value, shape)

    def _scalar(self, node: Node, shape: Shape) -> Scalar | None:
        if not isinstance(node, Scalar):
            self._wrong(node, expected(shape))
            return None
        if not _fits(node, shape):
            self._mismatch(node, shape)
            return None
        if node.trap is not None and not isinstance(shape, Choice):
            self._trap(node, shape)
            return None
        value = _convert(node, shape)
        if isinstance(shape, Text) and shape.pattern and not re.fullmatch(shape.pattern, str(value)):
            self._wrong(node, expected(shape))
            return None
        if isinstance(shape, Expression) or (isinstance(shape, Text) and shape.about == FIELD_OR_EXPRESSION):
            self._expression(node, str(value))
        return Scalar(node.text, node.span, node.quoted, value)

    def _expression(self, node: Scalar, text: str) -> None:
        """What is put into a clause of a statement must not be able to end it."""
        if wrong := complaint(text):
            reason, offset = wrong
            self.found.add("ST123", f"{reason}: `{_shortened(text)}`", _inside(node.span, text, offset))

    def _mismatch(self, node: Scalar, shape: Shape) -> None:
        if node.trap is not None:
            self._trap(node, shape)
            return
        if isinstance(shape, Choice):
            guess = near(node.text, [str(value) for value in shape.values])
            hint = f"did you mean `{guess}`?" if guess else None
            self.found.add("ST104", f"`{_shortened(node.text)}` is not {expected(shape)}", node.span, hint=hint)
            return
        if isinstance(shape, Text | Name) and isinstance(node.value, int | float | bool):
            kind = "true or false" if isinstance(node.value, bool) else "a number"
            message = f"`{_shortened(node.text)}` is {kind} in YAML; expected {expected(shape)}"
            self.found.add("ST106", message, node.span, hint=f'write "{node.text}" in quotes')
            return
        self._wrong(node, expected(shape))
        return

    def _trap(self, node: Scalar, shape: Shape) -> None:
        if isinstance(shape, Truth) and node.text.lower() in {"yes", "no", "on", "off"}:
            meant = "true" if node.text.lower() in {"yes", "on"} else "false"
            hint = f"write `{meant}`"
        elif isinstance(shape, Expression) and re.match(r"\d{4}-", node.text):
            hint = f"write \"'{node.text}'\": SQL quotes inside of YAML quotes"
        else:
            hint = f'write "{node.text}" in quotes, or the number or truth that you mean'
        self.found.add("ST106", f"`{_shortened(node.text)}` is {node.trap}", node.span, hint=hint)

    def _wrong(self, node: Node, wanted: str) -> None:
        self.found.add("ST104", f"expected {wanted}, found {_kind(node)}", node.span)


def _inside(span: Span, text: str, offset: int) -> Span:
    """The place of an offset, where the text stands on its line as it is; else where it begins."""
    begins = span.text.find(text, span.column - 1)
    return replace(span, column=begins + 1 + offset, width=1) if begins >= 0 else span


def _convert(node: Scalar, shape: Shape) -> Plain:
    if isinstance(shape, Expression) and not isinstance(node.value, str):
        return node.text.lower() if isinstance(node.value, bool) else node.text
    if isinstance(shape, Choice) and node.trap is not None:
        return node.text
    return node.value


def _fits(node: Node, shape: Shape) -> bool:
    """Whether the YAML kind of a node is that of a shape."""
    match shape:
        case Either():
            return any(_fits(node, option) for option in shape.shapes)
        case Anything():
            return True
        case ListOf():
            return isinstance(node, Sequence)
        case MapOf() | Named():
            return isinstance(node, Mapping)
        case _:
            return isinstance(node, Scalar) and _scalar_fits(node, shape)


def _scalar_fits(node: Scalar, shape: Shape) -> bool:
    value = node.value
    match shape:
        case Text():
            return isinstance(value, str)
        case Name():
            return isinstance(value, str) and bool(value.strip())
        case Expression():
            return (value is not None and (not isinstance(value, str) or bool(value.strip()))) or node.text == "null"
        case Truth():
            return isinstance(value, bool)
        case Whole():
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and (shape.least is None or int(str(value)) >= shape.least)
        case Number():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Choice():
            return not isinstance(value, bool) and value in shape.values
        case _:
            return True


def expected(shape: Shape) -> str:
    """What a shape wants, to complete "expected …"."""
    match shape:
        case Text() | Name() | Expression():
            return shape.about
        case Truth():
            return "true or false"
        case Whole():
            return "a whole number" if shape.least is None else f"a whole number from {shape.least}"
        case Number():
            return "a number"
        case Value() | Anything():
            return "a value"
        case Choice():
            return ("one of " if len(shape.values) > 1 else "") + ", ".join(f"`{value}`" for value in shape.values)
        case ListOf():
            return "a list"
        case MapOf():
            return f"a mapping from {shape.about} to {expected(shape.value)}"
        case Named():
            return f"the keys of a {shape.record}"
        case Either():
            return " or ".join(expected(option) for option in shape.shapes)
        case _:
            assert_never(shape)


def _kind(node: Node) -> str:
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool()):
            return f"`{node.text}`" if not node.quoted else "text"
        case Scalar(value=int() | float()):
            return f"the number {_shortened(node.text)}"
        case _:
            return f"`{_shortened(node.text)}`" if node.text else "empty text"


def _shortened(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 40 else line[:37] + "..."
