"""Indexes, collections and views of MongoDB in normal form, from what a user writes and from what a server prints.

Both forms are plain Python values of Extended JSON (`core.extended_json.plain` reads them); the same meaning gives
equal objects. What the server prints: observed on mongod 6.0.5, for all kinds of index, of collection and of option.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from schematool.core.catalog import Id
from schematool.core.extended_json import (
    Document,
    Value,
    is_document,
    number,
    plain,
    same,
    text,
    truth,
    whole,
)
from schematool.core.model.mongo import Collection, Index, Sharding, Spec, View
from schematool.core.model.mongo_collation import normal_collation, short_collation
from schematool.core.model.mongo_match import normal_match

INDEX_OPTIONS: tuple[str, ...] = (
    "unique",
    "sparse",
    "partialFilterExpression",
    "expireAfterSeconds",
    "hidden",
    "prepareUnique",
    "collation",
    "weights",
    "default_language",
    "language_override",
    "textIndexVersion",
    "2dsphereIndexVersion",
    "coarsestIndexedLevel",
    "finestIndexedLevel",
    "bits",
    "min",
    "max",
    "wildcardProjection",
    "storageEngine",
)
"""The options of createIndexes, in the order in which we write them."""

# v: 2 is what every supported server makes; the others it keeps or drops without any effect.
_IGNORED = frozenset({"key", "name", "ns", "background", "dropDups", "buildUUID", "clustered"})
_DEFAULTS: Document = {
    "v": 2,
    "default_language": "english",
    "language_override": "language",
    "textIndexVersion": 3,
    "2dsphereIndexVersion": 3,
}
_OWN_ATTRIBUTE = frozenset(
    {
        "unique",
        "sparse",
        "hidden",
        "prepareUnique",
        "expireAfterSeconds",
        "partialFilterExpression",
        "collation",
    }
)
_SECONDS = 2**31 - 1
_FILTERS = frozenset({"pipeline", "partialFilterExpression"})
_SPANS: Mapping[str, int] = {"seconds": 3600, "minutes": 86400, "hours": 2592000}


def is_primary(spec: Mapping[str, Any]) -> bool:
    """Whether a listIndexes document is the index on `_id` that comes with the collection: no object of its own."""
    return spec.get("name") == "_id_" or truth(plain(spec.get("clustered")))


def default_name(key: Mapping[str, Any]) -> str:
    """The name that drivers and the shell give an index: `a_1_b_-1`."""
    return "_".join(f"{path}_{_direction(plain(kind))}" for path, kind in key.items())


def normal_index(
    collection: str,
    spec: Mapping[str, Any],
    *,
    collation: Spec | None = None,
    live: bool = False,
    building: bool = False,
) -> Index:
    """Bring an index of `collection` into normal form, from createIndexes' form or from listIndexes' (`live`).

    `collation` is the collection's in normal form (`Collection.collation`): an index written without one inherits it,
    while an index listed without one is simple.
    """
    given = {str(key): plain(value) for key, value in spec.items()}
    key = given.get("key")
    keys = _keys(key if isinstance(key, dict) else {}, given.get("weights"))
    kinds = {kind for _, kind in keys}
    own = normal_collation(given.get("collation"), of_index=True)
    if "collation" not in given and not live and not kinds & {"text", "2d"}:
        own = collation
    name = given.get("name")
    filtered = given.get("partialFilterExpression")
    index = Index(
        id=Id(
            "index",
            (
                collection,
                name if isinstance(name, str) else default_name(key if isinstance(key, dict) else {}),
            ),
        ),
        keys=keys,
        unique=truth(given.get("unique")),
        sparse=truth(given.get("sparse")),
        hidden=truth(given.get("hidden")),
        prepare_unique=truth(given.get("prepareUnique")),
        building=building,
        expire_after_seconds=_lifetime(given.get("expireAfterSeconds")),
        partial_filter=None if filtered is None else normal_match(filtered),
        collation=own,
        options=tuple(sorted(_options(given, keys).items())),
    )
    return _with_command(index, filtered, collation)


def _direction(kind: Value) -> str:
    found = number(kind)
    return str(kind) if found is None else text(same(kind))


def _keys(key: Document, weights: Value) -> tuple[tuple[str, str], ...]:
    """Paths and kinds in order; the text fields, which the server keeps as one unordered group, sorted by path."""
    words = {path for path, kind in key.items() if kind == "text" and path != "_fts"}
    if words or "_fts" in key:
        words |= weights.keys() if isinstance(weights, dict) else set()
    keys: list[tuple[str, str]] = []
    for path, kind in key.items():
        if path == "_ftsx" and "_fts" in key:
            continue
        if kind != "text":
            keys.append((path, _direction(kind)))
        elif words:
            keys += [(word, "text") for word in sorted(words)]
            words = set()
    return tuple(keys)


def _lifetime(seconds: Value) -> int | None:
    """What createIndexes keeps of expireAfterSeconds: a whole number; NaN becomes the longest time there is."""
    if seconds is None:
        return None
    found = number(seconds)
    if found is None:
        return None
    return _SECONDS if found.is_nan() else whole(seconds)


def _options(given: Document, keys: tuple[tuple[str, str], ...]) -> dict[str, Spec]:
    """Every option without an attribute of its own, in normal form; those at their default left out."""
    words = any(kind == "text" for _, kind in keys)
    found: dict[str, Spec] = {}
    for name, value in given.items():
        if name in _OWN_ATTRIBUTE or name in _IGNORED:
            continue
        match name:
            case "weights" if words and isinstance(value, dict):
                heavy = {path: whole(weight) for path, weight in sorted(value.items()) if whole(weight) != 1}
                if heavy:
                    found[name] = text(dict(heavy.items()))
            case "wildcardProjection" if isinstance(value, dict):
                found[name] = text(_projection(value))
            case "bits":
                found[name] = text(whole(value))
            case _ if name not in _DEFAULTS or same(value) != _DEFAULTS[name]:
                found[name] = text(same(value))
            case _:
                continue
    return found


def _projection(projection: Document, prefix: str = "") -> Document:
    """Dotted paths to 1 or 0, sorted; `_id: 0` beside others is the default and says nothing."""
    flat: Document = {}
    for path, value in projection.items():
        if isinstance(value, dict) and is_document(value):
            flat |= _projection(value, f"{prefix}{path}.")
        else:
            flat[f"{prefix}{path}"] = int(truth(value))
    if not prefix and len(flat) > 1 and flat.get("_id") == 0:
        del flat["_id"]
    return dict(sorted(flat.items()))


def _with_command(index: Index, filtered: Value, collation: Spec | None) -> Index:
    """Add the specification that createIndexes makes it from, with every choice that is not the server's own."""
    from dataclasses import replace  # noqa: PLC0415  # local to the one place that copies

    options = {name: plain(_json(value)) for name, value in index.options}
    options |= {
        "unique": index.unique or None,
        "sparse": index.sparse or None,
        "partialFilterExpression": filtered,
        "expireAfterSeconds": index.expire_after_seconds,
        "hidden": index.hidden or None,
        "prepareUnique": index.prepare_unique or None,
        "collation": _collation_to_say(index.collation, collation),
    }
    key: Document = {path: _kind(kind) for path, kind in index.keys}
    ordered = [*INDEX_OPTIONS, *sorted(options.keys() - set(INDEX_OPTIONS))]
    spec: Document = {"key": key, "name": index.id.name}
    spec |= {name: options[name] for name in ordered if options.get(name) is not None}
    return replace(index, command=text(spec))


def _collation_to_say(own: Spec | None, inherited: Spec | None) -> Value:
    if own is None:
        return None if inherited is None else {"locale": "simple"}
    found = _json(own)
    return short_collation(found) if isinstance(found, dict) else None


def _kind(kind: str) -> Value:
    """The value of a key: a number where it is one."""
    try:
        return _json(kind)
    except ValueError:
        return kind


def _json(spec: Spec) -> Value:
    from json import loads  # noqa: PLC0415  # the only other use of it is in extended_json

    value: Value = loads(spec)
    return value


def normal_collection(info: Mapping[str, Any]) -> Collection:
    """Bring a collection into normal form, from a listCollections document or `{"name", "options"}` for create."""
    name = str(info["name"])
    options = plain(info.get("options") or {})
    given = dict(options) if isinstance(options, dict) else {}
    validator = given.get("validator")
    level, action = given.get("validationLevel"), given.get("validationAction")
    capped = truth(given.get("capped"))
    images = given.get("changeStreamPreAndPostImages")
    expire = given.get("expireAfterSeconds")
    made = {
        "validator": None if not validator else normal_match(validator),
        "time_series": _spec_of(given.get("timeseries"), _time_series),
        "clustered": _spec_of(given.get("clusteredIndex"), _clustered),
        "collation": normal_collation(given.get("collation"), of_index=False),
        "encrypted_fields": _spec_of(given.get("encryptedFields"), lambda value: _encrypted(name, value)),
        "storage_engine": _spec_of(given.get("storageEngine"), same),
        "index_option_defaults": _spec_of(given.get("indexOptionDefaults"), same),
    }
    identity = info.get("info")
    return Collection(
        id=Id("collection", (name,)),
        validation_level=level if isinstance(level, str) and level != "strict" else None,
        validation_action=action if isinstance(action, str) and action != "error" else None,
        capped=capped,
        size=_capped_size(given.get("size")) if capped else None,
        max=_most(given.get("max")) if capped else None,
        expire_after_seconds=whole(expire),
        pre_and_post_images=isinstance(images, dict) and truth(images.get("enabled")),
        options=tuple(sorted(_other(given).items())),
        command=text(_create_options(name, given)),
        uuid=_uuid(plain(identity.get("uuid"))) if isinstance(identity, Mapping) else None,
        **made,
    )


_MODELLED = frozenset(
    {
        "capped",
        "size",
        "max",
        "timeseries",
        "clusteredIndex",
        "expireAfterSeconds",
        "changeStreamPreAndPostImages",
        "collation",
        "encryptedFields",
        "storageEngine",
        "indexOptionDefaults",
        "validator",
        "validationLevel",
        "validationAction",
    }
)
_CREATE_ORDER = (
    "capped",
    "size",
    "max",
    "timeseries",
    "clusteredIndex",
    "expireAfterSeconds",
    "collation",
    "changeStreamPreAndPostImages",
    "encryptedFields",
    "storageEngine",
    "indexOptionDefaults",
    "validator",
    "validationLevel",
    "validationAction",
)


def _other(given: Document) -> dict[str, Spec]:
    """Options that the model has no attribute for, so that none goes unnoticed."""
    # uuid and flags are not the user's; an empty or false option is the same as none.
    return {
        name: text(same(value))
        for name, value in given.items()
        if name not in _MODELLED and name not in {"uuid", "flags", "comment", "idIndex"} and not _nothing(value)
    }


def _nothing(value: Value) -> bool:
    """Say whether an option with this value is the same as none: 0 is not."""
    return value is None or value is False or value == {}


def _spec_of(value: Value, normal: Any) -> Spec | None:
    if not value:
        return None
    return text(normal(value))


def _capped_size(size: Value) -> int | None:
    """The server rounds the size of a capped collection up to a multiple of 256 bytes."""
    found = number(size)
    if found is None:
        return None
    return -(-int(found.to_integral_value("ROUND_FLOOR")) // 256) * 256


def _most(count: Value) -> int | None:
    """Give the most documents of a capped collection; collMod writes 2147483647 for none."""
    found = whole(count)
    return found if found and found < _SECONDS else None


def _time_series(value: Value) -> Value:
    """Without what the granularity implies."""
    if not isinstance(value, dict):
        return value
    found = {key: same(item) for key, item in sorted(value.items())}
    granularity = found.get("granularity", "seconds")
    span = _SPANS.get(granularity) if isinstance(granularity, str) else None
    if found.get("bucketMaxSpanSeconds", span) == span and "bucketRoundingSeconds" not in found:
        found.pop("bucketMaxSpanSeconds", None)
        if granularity == "seconds":
            found.pop("granularity", None)
    return found


def _clustered(value: Value) -> Value:
    if not isinstance(value, dict):
        return value
    given = {key: same(item) for key, item in value.items() if key != "v" or same(item) != 2}
    full: Document = {"name": "_id_", **given, "unique": truth(given.get("unique", True))}
    return dict(sorted(full.items()))


_STATE_COLLECTIONS = (("escCollection", "esc"), ("eccCollection", "ecc"), ("ecocCollection", "ecoc"))
_CONTENTION = 4


def _encrypted(collection: str, value: Value) -> Value:
    """Leave out what the server adds (seen on 6.0.5): the names of the state collections, and the contention.

    MongoDB 7 has no `eccCollection` any more, so that the form without them is also that of both.
    """
    if not isinstance(value, dict):
        return value
    usual = {key: f"enxcol_.{collection}.{end}" for key, end in _STATE_COLLECTIONS}
    found: Document = {key: same(item) for key, item in sorted(value.items()) if usual.get(key) != item}
    fields = found.get("fields")
    if isinstance(fields, list):
        found["fields"] = [_encrypted_field(one) for one in fields]
    return found


def _encrypted_field(value: Value) -> Value:
    if not isinstance(value, dict):
        return value
    found = dict(sorted(value.items()))
    queries = found.get("queries")
    if queries:
        found["queries"] = [_query(one) for one in (queries if isinstance(queries, list) else [queries])]
    return found


def _query(value: Value) -> Value:
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in sorted(value.items()) if (key, item) != ("contention", _CONTENTION)}


def _create_options(collection: str, given: Document) -> Document:
    """The options as create takes them, in one order, without what the server adds of itself."""
    cleaned: Document = dict(given)
    for name, default in (("validationLevel", "strict"), ("validationAction", "error")):
        if cleaned.get(name) == default:
            del cleaned[name]
    for name, normal in (("timeseries", _time_series), ("clusteredIndex", _clustered)):
        if name in cleaned:
            cleaned[name] = normal(cleaned[name])
    if "encryptedFields" in cleaned:
        cleaned["encryptedFields"] = _encrypted(collection, cleaned["encryptedFields"])
    collation = normal_collation(cleaned.pop("collation", None), of_index=False)
    if collation is not None:
        full = _json(collation)
        cleaned["collation"] = short_collation(full) if isinstance(full, dict) else full
    ordered = [*_CREATE_ORDER, *sorted(cleaned.keys() - set(_CREATE_ORDER))]
    return {
        name: cleaned[name]
        for name in ordered
        if name in cleaned and not _nothing(cleaned[name]) and name not in {"uuid", "flags", "idIndex"}
    }


def _uuid(value: Value) -> str | None:
    match value:
        case str():
            return value
        case {"$binary": {"base64": str(encoded)}}:
            digits = b64decode(encoded).hex()
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        case _:
            return None


def normal_view(info: Mapping[str, Any]) -> View:
    """Bring a view into normal form. The order of everything in a pipeline means something, as do types of numbers."""
    options = plain(info.get("options") or {})
    given = options if isinstance(options, dict) else {}
    pipeline = given.get("pipeline") or []
    collation = normal_collation(given.get("collation"), of_index=False)
    target = given.get("viewOn")
    command: Document = {"viewOn": target, "pipeline": pipeline}
    if collation is not None:
        full = _json(collation)
        command["collation"] = short_collation(full) if isinstance(full, dict) else full
    return View(
        id=Id("view", (str(info["name"]),)),
        view_on=target if isinstance(target, str) else "",
        pipeline=text(pipeline),
        collation=collation,
        command=text(command),
    )


def normal_sharding(
    collection: str, key: Mapping[str, Any], *, unique: bool = False, zones: Iterable[tuple[str, Any, Any]] = ()
) -> Sharding:
    """Bring a shard key and its zones (name, first key inside, first key outside) into normal form.

    A bound may leave out the last fields of the key: the router completes it with MinKey.
    """
    kinds = {str(path): _direction(plain(kind)) for path, kind in key.items()}
    return Sharding(
        id=Id("sharding", (collection,)),
        key=tuple(kinds.items()),
        unique=unique,
        zones=tuple(sorted((str(zone), _bound(first, kinds), _bound(last, kinds)) for zone, first, last in zones)),
    )


def _bound(bound: Any, key: Iterable[str]) -> Spec:
    given = plain(bound)
    found = given if isinstance(given, dict) else {}
    whole_bound: Document = {path: same(found.get(path, {"$minKey": 1})) for path in key}
    return text({**whole_bound, **{path: same(value) for path, value in found.items() if path not in whole_bound}})
