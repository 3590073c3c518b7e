"""A change in the words of the one who made it: which entity, what, how it was and how it is."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from schematool.core.catalog import Id, Object
from schematool.core.change import Added, Altered, Change, Removed, Renamed
from schematool.core.line import LONG, short

_CHILDREN = frozenset({"column", "default", "constraint", "trigger", "rule", "policy"})
_RELATIONS = frozenset({"table", "view", "materialized view", "foreign table"})
_CALLED = frozenset({"function", "aggregate", "operator"})  # the last part of their path are the argument types
_UNSAID = {"validation_action": "error", "validation_level": "strict"}
"""What MongoDB does where a collection says nothing."""


@dataclass(frozen=True, slots=True)
class Described:
    """One change. `entity` is the table, collection or other thing it belongs to; `symbol` one of `+ - ~ >`."""

    entity: str
    symbol: str
    kind: str
    name: str
    detail: str
    id: Id


def describe(change: Change) -> Described:
    """Put a change into words."""
    match change:
        case Added(after):
            return Described(entity_of(after), "+", after.id.kind, _name(after.id), essence(after), after.id)
        case Removed(before):
            return Described(entity_of(before), "-", before.id.kind, _name(before.id), "", before.id)
        case Altered(_, after):
            detail = ", ".join(_attribute(*attribute) for attribute in change.attributes)
            return Described(entity_of(after), "~", after.id.kind, _name(after.id), detail, after.id)
        case Renamed(before_id, after_id):
            return Described(
                _entity_of_id(after_id), ">", after_id.kind, _name(after_id), f"was {_name(before_id)}", after_id
            )


def entity_of(thing: Object) -> str:
    """Name the table, collection or free-standing object that a thing belongs to."""
    owner = getattr(thing, "table", None)
    return _relation(owner.path) if isinstance(owner, Id) else _entity_of_id(thing.id)


def entity_of_id(key: Id) -> str:
    """Name the owner from an identity alone: an index of PostgreSQL is then on its own."""
    return _entity_of_id(key)


def _entity_of_id(key: Id) -> str:
    if key.kind in _CHILDREN:
        return _relation(key.path[:-1])
    if key.kind in {"index", "field"} and len(key.path) == 2 and key.path[0] != "public":
        return key.path[0]
    return _called(key) if key.kind in _CALLED else _relation(key.path)


def _called(key: Id) -> str:
    return f"{_relation(key.path[:-1])}({key.path[-1]})"


def _relation(path: tuple[str, ...]) -> str:
    return ".".join(path[1:] if len(path) > 1 and path[0] == "public" else path)


def _name(key: Id) -> str:
    if key.kind in _CALLED:
        return _called(key)
    return key.name if key.kind not in _RELATIONS else _relation(key.path)


def essence(thing: Object) -> str:
    """Say in a few words what a thing is: a column's type, an index's keys, a constraint's text."""
    kind = thing.id.kind
    if kind == "column":
        return _column(thing)
    if kind == "index" and isinstance(keys := getattr(thing, "keys", None), tuple):
        return _mongo_index(thing, keys)
    if kind == "index":
        return _index(thing)
    if kind == "distribution":
        return _distribution(thing)
    if isinstance(signature := getattr(thing, "signature", None), str):
        return short(signature.partition(" ")[2])
    for attribute in ("expression", "definition"):
        if isinstance(text := getattr(thing, attribute, None), str):
            return short(text)
    if isinstance(labels := getattr(thing, "labels", None), tuple):
        return short(", ".join(labels))
    return ""


def _distribution(thing: Any) -> str:
    if thing.column is None:
        return "everywhere"
    beside = f" beside {_relation(thing.beside.path)}" if thing.beside else ""
    return f"by {thing.column}{beside}" + (f", {thing.shards} shards" if thing.shards else "")


def _column(thing: Any) -> str:
    words = [thing.type]
    if thing.not_null:
        words.append("not null")
    if thing.identity:
        words.append("identity")
    if thing.generated:
        words.append(f"generated {thing.generated_kind} as {thing.generated}")
    return short(" ".join(words))


def _index(thing: Any) -> str:
    _, _, keys = thing.definition.partition(" USING ")
    method, _, rest = keys.partition(" ")
    prefix = ("unique " if thing.unique else "") + ("" if method == "btree" else f"{method} ")
    return short(f"{prefix}{rest}".strip())


def _mongo_index(thing: Any, keys: tuple[tuple[str, str], ...]) -> str:
    words = [_keys(keys)]
    words += [word for word in ("unique", "sparse", "hidden") if getattr(thing, word, False)]
    words += ["partial"] if thing.partial_filter is not None else []
    if thing.expire_after_seconds is not None:
        words.append(f"ttl {thing.expire_after_seconds} s")
    return short(" ".join(words))


def _keys(keys: tuple[tuple[str, str], ...]) -> str:
    return "{ " + ", ".join(f"{path}: {kind}" for path, kind in keys) + " }"


def _attribute(name: str, old: Any, new: Any) -> str:
    if name == "validator" and (fields := _fields_changed(old, new)):
        return f"validator {short(fields)}"
    label = "" if name in {"type", "expression"} else name.replace("_", " ") + " "
    if name == "keys":
        return f"keys {short(_keys(old))} → {short(_keys(new))}"
    if dataclasses.is_dataclass(old) and type(old) is type(new):
        inner = (f.name for f in dataclasses.fields(old) if getattr(old, f.name) != getattr(new, f.name))
        return label + ", ".join(_attribute(part, getattr(old, part), getattr(new, part)) for part in inner)
    before, after = (_value(_UNSAID.get(name) if value is None else value) for value in (old, new))
    if len(before) + len(after) > 2 * LONG and before and after:
        before, after = _window(before, after)
    return f"{label}{short(before)} → {short(after)}"


def _fields_changed(old: Any, new: Any) -> str:
    """Tell which fields of a validator came, went or changed: `+ note, ~ kind`; empty where it cannot be told so."""
    before, after = _fields(old), _fields(new)
    if not before or not after:
        return ""
    marks = [f"+ {path}" for path in after if path not in before]
    marks += [f"- {path}" for path in before if path not in after]
    marks += [f"~ {path}" for path in after if path in before and before[path] != after[path]]
    return ", ".join(marks)


def _fields(spec: Any) -> dict[str, str]:
    """Flatten the `properties` of a `$jsonSchema`, each with what is said of it apart from what it holds."""
    try:
        schema = json.loads(spec)["$jsonSchema"]
    except (TypeError, ValueError, KeyError):
        return {}
    flat: dict[str, str] = {}

    def walk(node: dict[str, Any], path: str) -> None:
        required = node.get("required", ())
        for name, inner in node.get("properties", {}).items():
            own = {key: value for key, value in inner.items() if key not in {"properties", "items", "required"}}
            flat[f"{path}{name}"] = json.dumps([own, name in required], sort_keys=True)
            walk(inner, f"{path}{name}.")
        if isinstance(items := node.get("items"), dict):
            own = {key: value for key, value in items.items() if key not in {"properties", "items", "required"}}
            flat[f"{path}[]"] = json.dumps(own, sort_keys=True)
            walk(items, f"{path}[].")

    walk(schema, "")
    return flat


def _value(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case ():
            return "none"
        case Id(_, path):
            return _relation(path)
        case tuple():
            return "(" + ", ".join(_value(part) for part in value) + ")"
        case _ if hasattr(value, "grantee"):
            column = f" ({value.column})" if value.column else ""
            return f"{value.privilege}{column} to {value.grantee}"
        case _:
            return str(value)


def _window(before: str, after: str) -> tuple[str, str]:
    """Cut two long texts to where they differ."""
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(0, start - 20)
    lead = "…" if start else ""
    return lead + before[start:], lead + after[start:]
