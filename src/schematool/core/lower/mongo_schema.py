"""Fields to `$jsonSchema`, as MongoDB reads it: draft 4 with BSON types, and nothing that its server refuses.

What MongoDB takes and what it refuses was probed keyword by keyword on mongod 6.0.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from schematool.core.diagnostic import Findings, Span
from schematool.core.extended_json import Document, Value, plain, same, text
from schematool.core.model.entity import Field, Options, Plain

BSON_TYPES: Mapping[str, Value] = {
    name: name
    for name in (
        "double", "string", "object", "array", "binData", "undefined", "objectId", "bool", "date", "null", "regex",
        "dbPointer", "javascript", "symbol", "javascriptWithScope", "int", "timestamp", "decimal", "minKey", "maxKey",
        "number",
    )
} | {"long": ["int", "long"]}  # fmt: skip
"""The bsonType of each type name. Drivers send a small whole number as int32, so `long` takes both."""

_DIGITS = "[0-9]"
_DATE = f"{_DIGITS}{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]{_DIGITS}|3[01])"
_TIME = f"([01]{_DIGITS}|2[0-3]):[0-5]{_DIGITS}(:[0-5]{_DIGITS}(\\.{_DIGITS}+)?)?"

# `$` also matches before a last newline, and PostgreSQL refuses such a text as a uuid: `\z` and lengths do not.
FORMATS: Mapping[str, Document] = {
    "uuid": {
        "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "minLength": 36,
        "maxLength": 36,
    },
    "date": {"pattern": f"^{_DATE}$", "minLength": 10, "maxLength": 10},
    "time": {"pattern": f"^{_TIME}\\z"},
    "date-time": {"pattern": f"^{_DATE}T{_TIME}(Z|[+-]{_DIGITS}{{2}}:{_DIGITS}{{2}})\\z"},
    "email": {"pattern": "^[^@\\s]+@[^@\\s]+\\z"},
    "uri": {"pattern": "^[A-Za-z][A-Za-z0-9+.-]*:\\S+\\z"},
}
"""What stands for `format`, which MongoDB refuses."""

_WORDS: tuple[tuple[str, str], ...] = (
    ("title", "title"),
    ("pattern", "pattern"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("minimum", "minimum"),
    ("exclusive_minimum", "exclusiveMinimum"),
    ("maximum", "maximum"),
    ("exclusive_maximum", "exclusiveMaximum"),
    ("multiple_of", "multipleOf"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("unique_items", "uniqueItems"),
)
_COMPOSED: Mapping[str, str] = {"any_of": "anyOf", "all_of": "allOf", "exactly_one_of": "oneOf"}
_ORDER = (
    "bsonType", "title", "description", "enum", "pattern", "minLength", "maxLength", "minimum", "exclusiveMinimum",
    "maximum", "exclusiveMaximum", "multipleOf", "items", "additionalItems", "minItems", "maxItems", "uniqueItems",
    "required", "properties", "patternProperties", "additionalProperties", "minProperties", "maxProperties",
    "dependencies", "anyOf", "allOf", "oneOf", "not", "encrypt", "encryptMetadata",
)  # fmt: skip

_NUMERIC = frozenset({"int", "long", "double", "decimal", "number"})
_FITTING: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("pattern", "min_length", "max_length"), frozenset({"string"})),
    "format": frozenset({"string", "binData"}),
    **dict.fromkeys(("minimum", "maximum", "multiple_of"), _NUMERIC),
    **dict.fromkeys(
        ("min_items", "max_items", "unique_items", "items_in_order", "further_items"), frozenset({"array"})
    ),
    **dict.fromkeys(
        ("additional_fields", "field_patterns", "min_fields", "max_fields", "dependencies"), frozenset({"object"})
    ),
}
"""Words that MongoDB passes over in silence when the value is of another type."""


def schema_of(field: Field, found: Findings, path: str = "") -> Document:
    """Compile one field to its sub-schema. `path` is that of the field, for findings."""
    types = _types(field, found)
    _check(field, types, found, path)
    made: Document = {"bsonType": _bson_type(types)} if types else {}
    if field.description:
        made["description"] = field.description
    if field.one_of:
        made["enum"] = _enum(field, "null" in types, found)
    if "string" in types:  # of binData MongoDB can check no more than that it is that
        made |= FORMATS.get(str(field.options.get("format")), {})
    made |= {theirs: plain(field.options[ours]) for ours, theirs in _WORDS if ours in field.options}
    for bound in ("minimum", "maximum", "multipleOf"):
        if isinstance(made.get(bound), str):
            made[bound] = {"$numberDecimal": made[bound]}
    if field.items is not None:
        made["items"] = schema_of(field.items, found, f"{path}[]")
    made |= _items_in_order(field, found, path)
    if "encrypt" in field.options:
        made["encrypt"] = plain(field.options["encrypt"])
    made |= object_schema(field.fields, field.options, field.span, found, path)
    return {key: made[key] for key in _ORDER if key in made}


def object_schema(
    fields: Sequence[Field], options: Mapping[str, Plain], span: Span, found: Findings, path: str = ""
) -> Document:
    """Compile what an object holds: required, properties and what else it may hold."""
    made: Document = {}
    for field in fields:
        _check_name(field, found)
    required: list[Value] = [field.name for field in fields if field.required]
    if required:
        made["required"] = required
    if fields:
        made["properties"] = {
            field.name: schema_of(field, found, f"{path}.{field.name}".lstrip(".")) for field in fields
        }
    patterns = options.get("field_patterns")
    if isinstance(patterns, Mapping):
        made["patternProperties"] = {
            pattern: schema_of(field_from(pattern, value, span), found, path) for pattern, value in patterns.items()
        }
    additional = options.get("additional_fields")
    if additional is False:
        made["additionalProperties"] = False
    elif isinstance(additional, str | Mapping):
        made["additionalProperties"] = schema_of(field_from("additional_fields", additional, span), found, path)
    made |= {theirs: plain(options[ours]) for ours, theirs in _OF_OBJECTS if ours in options}
    dependencies = options.get("dependencies")
    if isinstance(dependencies, Mapping):
        made["dependencies"] = {
            name: plain(value) if isinstance(value, tuple) else schema_of(field_from(name, value, span), found, path)
            for name, value in dependencies.items()
        }
    for ours, theirs in _COMPOSED.items():
        if isinstance(several := options.get(ours), tuple):
            made[theirs] = [schema_of(field_from(ours, one, span), found, path) for one in several]
    if "not" in options:
        made["not"] = schema_of(field_from("not", options["not"], span), found, path)
    return made


_OF_OBJECTS = (
    ("min_fields", "minProperties"),
    ("max_fields", "maxProperties"),
    ("encrypt_metadata", "encryptMetadata"),
)


def _items_in_order(field: Field, found: Findings, path: str) -> Document:
    """Compile an array whose places differ. MongoDB reads `additionalItems` only beside such a list."""
    places, further = field.options.get("items_in_order"), field.options.get("further_items")
    span = field.options.span("items_in_order") or field.span
    if isinstance(places, tuple) and field.items is not None:
        found.add("ST130", "`items` beside `items_in_order`", span, hint="keep one of them")
        return {}
    if not isinstance(places, tuple):
        if further is not None:
            where = field.options.span("further_items") or field.span
            message = "`further_items` without `items_in_order` says nothing"
            found.add("ST130", message, where, hint="write `items: …` for an array of one kind")
        return {}
    made: Document = {"items": [schema_of(field_from("items", one, span), found, f"{path}[]") for one in places]}
    if isinstance(further, bool):
        made["additionalItems"] = further
    elif isinstance(further, str | Mapping):
        made["additionalItems"] = schema_of(field_from("items", further, span), found, f"{path}[]")
    return made


def field_from(name: str, value: Plain, span: Span) -> Field:
    """Make a field of the plain form in which the loader leaves fields that stand inside of options."""
    if not isinstance(value, Mapping):
        return Field(name, str(value), span, span)
    types, fields, items = value.get("type"), value.get("fields"), value.get("items")
    several = types if isinstance(types, tuple) else None
    named = [str(one) for one in several or () if one != "null"]
    without = {"type", "required", "default", "one_of", "description", "was", "fields", "items", "references"}
    rest = {key: inner for key, inner in value.items() if key not in without}
    one_of = value.get("one_of")
    return Field(
        name,
        named[0] if named else str(types or "any"),
        span,
        span,
        required=value.get("required") is True,
        default=value.get("default"),
        has_default="default" in value,
        one_of=one_of if isinstance(one_of, tuple) else (),
        description=cast("str | None", value.get("description")),
        was=cast("str | None", value.get("was")),
        fields=tuple(fields_from(fields, span)) if isinstance(fields, Mapping) else (),
        items=None if items is None else field_from("items", items, span),
        options=Options(rest if several is None else {**rest, "type": several}),
    )


def fields_from(values: Mapping[str, Plain], span: Span) -> Iterator[Field]:
    """Make the fields of a plain mapping."""
    return (field_from(name, value, span) for name, value in values.items())


def _types(field: Field, found: Findings) -> tuple[str, ...]:
    """Give the type names of a field; none where any type will do."""
    several = field.options.get("type")
    names = [str(name) for name in several] if isinstance(several, tuple) else [field.type]
    if names == ["any"]:
        names = ["object"] if field.fields else ["array"] if field.items is not None else []
    unknown = [name for name in names if name not in BSON_TYPES]
    for name in unknown:
        found.add(
            "ST111",
            f"`{name}` is no type of MongoDB",
            field.type_span,
            hint=f"known: {', '.join(sorted(BSON_TYPES))}, any",
        )
    names = [name for name in names if name in BSON_TYPES]
    if names and field.options.get("nullable") is True and "null" not in names:
        names.append("null")
    return tuple(names)


def _bson_type(types: tuple[str, ...]) -> Value:
    """Write the types; `long` beside `int` in the user's own list, or alone in one, stays what it says."""
    if set(types) - {"null"} == {"long"} or len(types) == 1:
        first = BSON_TYPES[types[0]]
        names = [*(first if isinstance(first, list) else [first]), *types[1:]]
    else:
        names = list(types)
    return names[0] if len(names) == 1 else names


def _enum(field: Field, nullable: bool, found: Findings) -> list[Value]:
    values = [plain(value) for value in field.one_of]
    if nullable and None not in values:
        values.append(None)
    texts = [text(same(value)) for value in values]
    if len(set(texts)) < len(texts):
        twice = next(value for value in texts if texts.count(value) > 1)
        found.add(
            "ST130",
            f"`one_of` holds {twice} twice: to MongoDB 1 and 1.0 are one value",
            field.options.span("one_of") or field.span,
            hint="keep one of them",
        )
    return values


def _check_name(field: Field, found: Findings) -> None:
    if "." in field.name or field.name.startswith("$") or not field.name:
        found.add(
            "ST130",
            f"`{field.name}` cannot name a field: MongoDB reads dots as a path and `$` as an operator",
            field.span,
            hint="nest it: `outer: { type: object, fields: { inner: … } }`",
        )


def _check(field: Field, types: tuple[str, ...], found: Findings, path: str) -> None:
    """Find what `$jsonSchema` would pass over in silence or refuse."""
    real = frozenset(types) - {"null"}
    for word, fitting in _FITTING.items():
        if word in field.options and not (real and real & fitting):
            _unfit(word, field, real, found, path)
    if field.fields and not real & {"object"}:
        _misplaced("fields", "object", field, found)
    if field.items is not None and not real & {"array"}:
        _misplaced("items", "array", field, found)
    for word, bound in (("exclusive_minimum", "minimum"), ("exclusive_maximum", "maximum")):
        if word in field.options and bound not in field.options:
            found.add(
                "ST130",
                f"`{word}` without `{bound}`: MongoDB reads it as a change of that bound",
                field.options.span(word) or field.span,
                hint=f"write `{bound}: …` and `{word}: true`",
            )
    if "format" in field.options and "pattern" in field.options:
        found.add(
            "ST130",
            "`format` beside `pattern`: MongoDB checks one pattern a field, and `format` becomes one",
            field.options.span("pattern") or field.span,
            hint="keep one of them",
        )


def _unfit(word: str, field: Field, real: frozenset[str], found: Findings, path: str) -> None:
    fitting = ", ".join(f"`{name}`" for name in sorted(_FITTING[word]))
    hint = f"declare its type as one of {fitting}, or remove `{word}`"
    if "date" in real and word in {"minimum", "maximum"}:
        operator = "$gte" if word == "minimum" else "$lte"
        hint = (
            "$jsonSchema has no bounds for dates; under `checks:` write "
            f'`{{ {operator}: ["${path}", {{ $date: "2020-01-01T00:00:00Z" }}] }}`'
        )
    said = ", ".join(f"`{name}`" for name in sorted(real)) or "any type"
    found.add(
        "ST130",
        f"`{word}` says nothing about {said}: MongoDB would check nothing",
        field.options.span(word) or field.span,
        hint=hint,
    )


def _misplaced(word: str, type_name: str, field: Field, found: Findings) -> None:
    found.add(
        "ST130",
        f"`{word}` belongs to the type `{type_name}`; this is `{field.type}`",
        field.type_span,
        hint=f"write `type: {type_name}`",
    )
