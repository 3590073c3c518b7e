"""A field's path from its old name to its new one, and all that speaks of it: schemas, conditions, expressions.

`items[].name` is the field `name` of each object in the array `items`; queries and indexes write it `items.name`.
"""

from __future__ import annotations

from dataclasses import dataclass

from schematool.core.extended_json import Document, Value, is_document


@dataclass(frozen=True, slots=True)
class Path:
    """Where a field is (`outer`, each part with its depth of arrays), and its last name before and after."""

    outer: tuple[tuple[str, int], ...]
    before: str
    after: str

    @staticmethod
    def of(before: str, after: str) -> Path:
        """Read both paths as renames spell them; all but the last part is the same in both."""
        *outer, last = before.split(".")
        parts = ((part.rstrip("[]"), part.count("[]")) for part in outer)
        return Path(tuple(parts), last, after.rpartition(".")[2])

    def inverse(self) -> Path:
        """The way back."""
        return Path(self.outer, self.after, self.before)

    @property
    def in_array(self) -> bool:
        """Whether an array is on the way."""
        return any(depth for _, depth in self.outer)

    @property
    def old(self) -> str:
        """The old path as queries write it."""
        return ".".join((*(name for name, _ in self.outer), self.before))

    @property
    def new(self) -> str:
        """The new path as queries write it."""
        return ".".join((*(name for name, _ in self.outer), self.after))

    def applied(self, path: str) -> str:
        """A path that leads to the field or into it, with the new name; any other as it is."""
        if path == self.old or path.startswith(f"{self.old}."):
            return self.new + path[len(self.old) :]
        return path


def schema_has(schema: Document, path: Path) -> bool:
    """Whether a schema declares the field under its old name."""
    inner: Value = schema
    for name, depth in path.outer:
        inner = _step_into(inner, name)
        for _ in range(depth):
            inner = inner.get("items") if isinstance(inner, dict) else None
    return _step_into(inner, path.before) is not None


def _step_into(schema: Value, name: str) -> Value:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return properties.get(name) if isinstance(properties, dict) else None


def schema_with(schema: Value, path: Path) -> Value:
    """A schema with the field under its new name, in its old place."""
    return _inside(schema, path.outer, path)


def _inside(schema: Value, outer: tuple[tuple[str, int], ...], path: Path) -> Value:
    if not isinstance(schema, dict):
        return schema
    schema = {key: _composed(key, value, outer, path) for key, value in schema.items()}
    if not outer:
        return {key: _renamed_in(key, value, path) for key, value in schema.items()}
    (name, depth), *rest = outer
    properties = schema.get("properties")
    if not isinstance(properties, dict) or name not in properties:
        return schema
    inner = _through_items(properties[name], depth, tuple(rest), path)
    return {**schema, "properties": {**properties, name: inner}}


def _composed(keyword: str, value: Value, outer: tuple[tuple[str, int], ...], path: Path) -> Value:
    """The schemas that a schema is put together from speak of the same object."""
    match keyword, value:
        case (("anyOf" | "allOf" | "oneOf"), list()):
            return [_inside(one, outer, path) for one in value]
        case "not", dict():
            return _inside(value, outer, path)
        case "dependencies", dict():
            return {name: _inside(one, outer, path) for name, one in value.items()}
        case _:
            return value


def _through_items(schema: Value, depth: int, rest: tuple[tuple[str, int], ...], path: Path) -> Value:
    if depth == 0:
        return _inside(schema, rest, path)
    if not isinstance(schema, dict) or "items" not in schema:
        return schema
    return {**schema, "items": _through_items(schema["items"], depth - 1, rest, path)}


def _renamed_in(keyword: str, value: Value, path: Path) -> Value:
    """The part of an object's schema that names its fields."""
    match keyword, value:
        case "required", list():
            return [path.after if name == path.before else name for name in value]
        case "properties", dict():
            return {path.after if name == path.before else name: inner for name, inner in value.items()}
        case "dependencies", dict():
            return {
                path.after if name == path.before else name: _renamed_in("required", names, path)
                for name, names in value.items()
            }
        case _:
            return value


def condition_with(condition: Value, path: Path) -> Value:
    """A query condition (validator, partial filter) with the field under its new name."""
    if not isinstance(condition, dict) or not is_document(condition):
        return condition
    made: Document = {}
    for key, value in condition.items():
        match key, value:
            case (("$and" | "$or" | "$nor"), list()):
                made[key] = [condition_with(one, path) for one in value]
            case "$jsonSchema", _:
                made[key] = schema_with(value, path)
            case "$expr", _:
                made[key] = _expression(value, path)
            case _:
                made[path.applied(key)] = value
    return made


def _expression(value: Value, path: Path) -> Value:
    """An aggregation expression; a text that begins with `$` is a field, unless it is literal."""
    match value:
        case str():
            return _reference(value, path)
        case list():
            return [_expression(one, path) for one in value]
        case dict() if "$literal" not in value:
            return {key: _expression(one, path) for key, one in value.items()}
        case _:
            return value


def _reference(value: str, path: Path) -> str:
    for root in ("$$ROOT.", "$$CURRENT.", "$"):
        if value.startswith(root):
            return root + path.applied(value.removeprefix(root))
    return value


def stage_with(path: Path) -> Document:
    """Give the stage of an update that renames the field where it stands.

    `$rename` does not go into arrays, and puts the field behind all others. Here objects are taken apart and put
    together again, so that fields keep their order; names with dots and dollars pass (observed on mongod 6.0.5). What
    is no array or no object, or has the new name already, stays as it is.
    """
    if not path.outer:
        return {"$replaceWith": _object("$$ROOT", (), path, 1)}
    (first, depth), *rest = path.outer
    return {"$set": {first: _each(f"${first}", depth, tuple(rest), path, 1)}}


def _each(value: str, depth: int, rest: tuple[tuple[str, int], ...], path: Path, level: int) -> Value:
    """The expression for a value that is an array of arrays … (`depth` of them) of objects."""
    if depth == 0:
        return _object(value, rest, path, level)
    name = f"each{level}"
    mapped: Document = {"input": value, "as": name, "in": _each(f"$${name}", depth - 1, rest, path, level + 1)}
    return {"$cond": [{"$isArray": [value]}, {"$map": mapped}, value]}


def _object(value: str, rest: tuple[tuple[str, int], ...], path: Path, level: int) -> Value:
    """The expression for an object: the field renamed in it, or in what is inside of it."""
    name = f"field{level}"
    key, inner = f"$${name}.k", f"$${name}.v"
    is_object: Document = {"$eq": [{"$type": value}, "object"]}
    condition: Value = is_object
    if rest:
        (outer, depth), *further = rest
        changed = _each(inner, depth, tuple(further), path, level + 1)
        pair: Document = {"k": key, "v": {"$cond": [{"$eq": [key, outer]}, changed, inner]}}
    else:
        pair = {"k": {"$cond": [{"$eq": [key, path.before]}, path.after, key]}, "v": inner}
        held: Document = {"$getField": {"field": path.after, "input": value}}
        condition = {"$and": [is_object, {"$eq": [{"$type": held}, "missing"]}]}
    mapped: Document = {"input": {"$objectToArray": value}, "as": name, "in": pair}
    return {"$cond": [condition, {"$arrayToObject": {"$map": mapped}}, value]}
