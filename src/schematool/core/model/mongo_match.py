"""Query conditions and JSON Schemas of MongoDB in normal form: what the server takes for the same is the same text.

Known to be the same: `{b: 1}` and `{b: {$eq: 1}}` and `{b: {$in: [1]}}`, `$and` written out or implied, the order of
keys, of clauses and of `$in`, `$exists: 1` and `true`, type codes and names, numbers of one value. Known to differ:
true and 1, the order of keys inside of an embedded document, the case of strings. Source: observed on mongod 6.0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schematool.core.extended_json import Document, Value, is_document, number, same, text, truth

_TYPE_NAMES: dict[int, str] = {
    1: "double",
    2: "string",
    3: "object",
    4: "array",
    5: "binData",
    6: "undefined",
    7: "objectId",
    8: "bool",
    9: "date",
    10: "null",
    11: "regex",
    12: "dbPointer",
    13: "javascript",
    14: "symbol",
    15: "javascriptWithScope",
    16: "int",
    17: "timestamp",
    18: "long",
    19: "decimal",
    -1: "minKey",
    127: "maxKey",
}


def normal_match(condition: Value) -> str:
    """A query condition (partialFilterExpression, validator) in normal form, as text."""
    if not isinstance(condition, dict):
        return text(same(condition))
    return text(_conjunction(_clauses(condition)))


def _clauses(condition: Document) -> list[Document]:
    """The conditions that must all hold, each as a document of its own, sorted."""
    found: list[Document] = []
    for key, value in condition.items():
        match key, value:
            case "$and", list():
                for branch in value:
                    found += _clauses(branch) if isinstance(branch, dict) else [{"$and": [same(branch)]}]
            case "$or", list():
                found += _alternatives(value)
            case "$nor", list():
                found.append({"$nor": _sorted(_branch(branch) for branch in value)})
            case "$jsonSchema", dict():
                found.append({"$jsonSchema": normal_schema(value)})
            case "$comment", _:
                continue
            case _ if key.startswith("$"):
                # $expr and others compute: there the order of keys and the type of a number may mean something.
                found.append({key: value})
            case _:
                found += _leaves(key, value)
    return _sorted_documents(found)


def _branch(branch: Value) -> Value:
    return _conjunction(_clauses(branch)) if isinstance(branch, dict) else same(branch)


def _alternatives(branches: list[Value]) -> list[Document]:
    """Bring `$or` into normal form: flat, and equalities on one path as one `$in`, as the server's optimiser does."""
    flat: list[Value] = []
    equalities: dict[str, list[Value]] = {}
    for branch in branches:
        made = _branch(branch)
        nested = made.get("$or") if isinstance(made, dict) and len(made) == 1 else None
        for one in nested if isinstance(nested, list) else [made]:
            path, values = _equal_to(one)
            if path is None:
                flat.append(one)
            else:
                equalities.setdefault(path, []).extend(values)
    flat += [_leaf(path, "$in", values) for path, values in equalities.items()]
    unique = _sorted(flat)
    if len(unique) == 1 and isinstance(unique[0], dict):
        return _clauses(unique[0])
    return [{"$or": unique}]


def _equal_to(condition: Value) -> tuple[str | None, list[Value]]:
    """Give the path and the values of a condition that is one equality or one `$in`; no path for any other."""
    if not isinstance(condition, dict) or len(condition) != 1:
        return None, []
    ((path, value),) = condition.items()
    if path.startswith("$") or _is_pattern(value):
        return None, []
    if not _has_operators(value):
        return path, [value]
    inner = value.get("$in") if isinstance(value, dict) and len(value) == 1 else None
    return (path, inner) if isinstance(inner, list) else (None, [])


def _leaves(path: str, value: Value) -> list[Document]:
    """One document for each operator on a path; `{path: value}` for equality."""
    if not (is_document(value) and isinstance(value, dict) and value and next(iter(value)).startswith("$")):
        return [{path: same(value)}]
    if "$regex" in value:
        return [{path: {key: same(item) for key, item in sorted(value.items())}}]
    return [_leaf(path, operator, operand) for operator, operand in value.items()]


def _leaf(path: str, operator: str, operand: Value) -> Document:
    match operator, operand:
        case "$eq", _:
            # `{a: {$eq: {…}}}` stays as it is where the plain form would be read as operators.
            return {path: same(operand)} if not _has_operators(operand) else {path: {"$eq": same(operand)}}
        case "$in", list():
            unique = _sorted(same(item) for item in operand)
            plain_one = len(unique) == 1 and not _is_pattern(unique[0]) and not _has_operators(unique[0])
            return {path: unique[0]} if plain_one else {path: {"$in": unique}}
        case (("$nin" | "$all"), list()):
            return {path: {operator: _sorted(same(item) for item in operand)}}
        case "$exists", _:
            return {path: {"$exists": truth(operand)}}
        case "$type", _:
            return {path: {"$type": _types(operand)}}
        case (("$not" | "$elemMatch"), dict()) if not _is_pattern(operand):
            return {path: {operator: _nested(operand)}}
        case _:
            return {path: {operator: same(operand)}}


def _nested(operand: Document) -> Value:
    if operand and next(iter(operand)).startswith("$") and not {"$and", "$or", "$nor", "$expr"} & operand.keys():
        merged = _conjunction(_sorted_documents(_leaves("", operand)))
        return merged.get("", merged)
    return _conjunction(_clauses(operand))


def _has_operators(value: Value) -> bool:
    return isinstance(value, dict) and is_document(value) and bool(value) and next(iter(value)).startswith("$")


def _is_pattern(value: Value) -> bool:
    return isinstance(value, dict) and "$regularExpression" in value


def _types(operand: Value) -> Value:
    names = operand if isinstance(operand, list) else [operand]
    return _one_or_more(_sorted(_type_name(name) for name in names))


def _type_name(name: Value) -> Value:
    code = number(name)
    return _TYPE_NAMES.get(int(code), same(name)) if code is not None and code == int(code) else name


def _conjunction(clauses: list[Document]) -> Document:
    """Write clauses as one document: keys side by side, operators of a path together, `$and` where it must be."""
    merged: Document = {}
    rest: list[Value] = []
    for clause in clauses:
        ((key, value),) = clause.items()
        if key not in merged:
            merged[key] = value
            continue
        present = merged[key]
        if (
            isinstance(present, dict)
            and isinstance(value, dict)
            and _has_operators(present)
            and _has_operators(value)
            and not present.keys() & value.keys()
            and not {"$regex", "$options"} & (present.keys() | value.keys())
        ):
            merged[key] = {**present, **value}
        else:
            rest.append(clause)
    if not rest:
        return merged
    return {**merged, "$and": rest}


def normal_schema(schema: Value) -> Value:
    """A `$jsonSchema` in normal form: keys sorted, lists that are sets sorted, numbers by value."""
    if not isinstance(schema, dict):
        return same(schema)
    return {key: _SCHEMA.get(key, same)(value) for key, value in sorted(schema.items())}


def _schemas_by_name(value: Value) -> Value:
    if not isinstance(value, dict):
        return same(value)
    return {key: normal_schema(item) for key, item in sorted(value.items())}


def _schema_or_list(value: Value) -> Value:
    return [normal_schema(item) for item in value] if isinstance(value, list) else normal_schema(value)


def _schema_set(value: Value) -> Value:
    return _sorted(normal_schema(item) for item in value) if isinstance(value, list) else same(value)


def _name_set(value: Value) -> Value:
    return _one_or_more(_sorted(value)) if isinstance(value, list) else value


def _names(value: Value) -> Value:
    return _sorted(value) if isinstance(value, list) else value


def _enum(value: Value) -> Value:
    return _sorted(_unordered(same(item)) for item in value) if isinstance(value, list) else same(value)


def _unordered(value: Value) -> Value:
    """A value of `enum`, where the server ignores the order of an embedded document's keys."""
    if isinstance(value, dict) and is_document(value):
        return {key: _unordered(item) for key, item in sorted(value.items())}
    return [_unordered(item) for item in value] if isinstance(value, list) else value


def _dependencies(value: Value) -> Value:
    if not isinstance(value, dict):
        return same(value)
    return {key: _names(item) if isinstance(item, list) else normal_schema(item) for key, item in sorted(value.items())}


_SCHEMA: dict[str, Callable[[Value], Value]] = {
    "additionalItems": normal_schema,
    "additionalProperties": normal_schema,
    "allOf": _schema_set,
    "anyOf": _schema_set,
    "bsonType": _name_set,
    "dependencies": _dependencies,
    "enum": _enum,
    "items": _schema_or_list,
    "not": normal_schema,
    "oneOf": _schema_set,
    "patternProperties": _schemas_by_name,
    "properties": _schemas_by_name,
    "required": _names,
    "type": _name_set,
}


def _sorted(values: Iterable[Value]) -> list[Value]:
    """Sort by text, each value once."""
    return [pair[1] for pair in sorted({text(value): value for value in values}.items())]


def _sorted_documents(values: Iterable[Document]) -> list[Document]:
    """Sort by text. A clause that stands twice stays twice: the server does not take it for the same condition."""
    return sorted(values, key=text)


def _one_or_more(values: list[Value]) -> Value:
    return values[0] if len(values) == 1 else values
