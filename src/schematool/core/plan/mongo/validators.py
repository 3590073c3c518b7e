"""Whether a validator became stricter: what was accepted may be refused now. When in doubt, it did."""

from __future__ import annotations

from schematool.core.extended_json import Document, Value, number, read
from schematool.core.model.mongo import Collection

_WORDS_ONLY = frozenset({"title", "description"})
_KINDS_OF_NUMBER = frozenset({"int", "long", "double", "decimal"})
_LEVELS = {"off": 0, "moderate": 1, "strict": 2}
_LOWER = frozenset({"minimum", "minLength", "minItems", "minProperties"})
_UPPER = frozenset({"maximum", "maxLength", "maxItems", "maxProperties"})


def tightens(before: Collection, after: Collection) -> bool:
    """Whether documents that `before` accepts may be refused by `after`.

    A field that is newly declared and not required does not count as stricter: nobody had said what it holds.
    """
    if after.validator is None or after.validation_level == "off" or after.validation_action == "warn":
        return False
    if before.validator is None or before.validation_action == "warn":
        return True
    if _strictness(after) > _strictness(before):
        return True
    return not _allows(read(after.validator), read(before.validator))


def _strictness(collection: Collection) -> int:
    """Rank the level; one that only newer servers know counts as strict."""
    return _LEVELS.get(collection.validation_level or "strict", _LEVELS["strict"])


def _allows(after: Value, before: Value) -> bool:
    """Whether every condition of `after` is one of `before`, or a looser schema than its schema."""
    if not isinstance(after, dict) or not isinstance(before, dict):
        return False
    for key, value in after.items():
        if key == "$jsonSchema":
            if not looser(value, before.get(key)):
                return False
        elif value != before.get(key):
            return False
    return True


def looser(after: Value, before: Value) -> bool:
    """Whether a schema accepts all that another one accepts, as far as can be seen without solving anything."""
    if after == before:
        return True
    if not isinstance(after, dict) or not isinstance(before, dict):
        return False
    return all(_keyword(key, value, before, after) for key, value in after.items() if key not in _WORDS_ONLY)


def _keyword(key: str, value: Value, before: Document, after: Document) -> bool:
    old = before.get(key)
    if value == old and key != "additionalProperties":
        return True
    match key:
        case "required":
            return isinstance(value, list) and isinstance(old, list) and all(name in old for name in value)
        case "enum":
            return isinstance(value, list) and isinstance(old, list) and all(one in value for one in old)
        case "bsonType" | "type":
            return old is not None and _types(old) <= _types(value)
        case "properties":
            return isinstance(value, dict) and _properties(value, before)
        case "items":
            return looser(value, old)
        case "additionalProperties":
            return _additional(value, before, after)
        case "exclusiveMinimum" | "exclusiveMaximum":
            return value is False
        case _ if key in _LOWER | _UPPER:
            return _bound(key, value, old)
        case _:
            return False


def _types(value: Value) -> frozenset[str]:
    names = frozenset(str(name) for name in value) if isinstance(value, list) else frozenset({str(value)})
    return names | _KINDS_OF_NUMBER if "number" in names else names


def _bound(key: str, value: Value, old: Value) -> bool:
    new_bound, old_bound = number(value), number(old)
    if new_bound is None or old_bound is None:
        return False
    return new_bound <= old_bound if key in _LOWER else new_bound >= old_bound


def _properties(value: Document, before: Document) -> bool:
    known = before.get("properties")
    old = known if isinstance(known, dict) else {}
    return all(name not in old or looser(schema, old[name]) for name, schema in value.items())


def _additional(value: Value, before: Document, after: Document) -> bool:
    """Closing an object is stricter; so is taking a property out of a closed one."""
    if value is False:
        old, new = before.get("properties"), after.get("properties")
        names = new if isinstance(new, dict) else {}
        closed = before.get("additionalProperties") is False
        return closed and all(name in names for name in (old if isinstance(old, dict) else {}))
    return before.get("additionalProperties") is False or looser(value, before.get("additionalProperties"))
