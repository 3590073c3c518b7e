"""A MongoDB catalog as YAML: what `core.lower.mongo` would make this catalog of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from schematool.core.author import Authored
from schematool.core.author.inference import Shape, fields_in_words
from schematool.core.author.yaml_text import Plain, documents
from schematool.core.catalog import Catalog, Id, Object
from schematool.core.diagnostic import Findings
from schematool.core.extended_json import Document, Value, read
from schematool.core.load import load
from schematool.core.lower.mongo import lower
from schematool.core.lower.mongo_schema import FORMATS
from schematool.core.model.mongo import Collection, Index, Sharding, View
from schematool.core.model.mongo_collation import short_collation
from schematool.core.model.mongo_normal import default_name

Words = dict[str, Plain]
_UNSAFE = re.compile(r"[^\w.-]|^\.")

_INDEX = {
    "weights": "weights",
    "default_language": "default_language",
    "language_override": "language_override",
    "textIndexVersion": "text_version",
    "2dsphereIndexVersion": "sphere_version",
    "coarsestIndexedLevel": "coarsest_indexed_level",
    "finestIndexedLevel": "finest_indexed_level",
    "bits": "bits",
    "min": "min",
    "max": "max",
    "wildcardProjection": "wildcard_projection",
    "storageEngine": "storage_engine",
}
_COLLATION = {
    "caseLevel": "case_level",
    "caseFirst": "case_first",
    "numericOrdering": "numeric_ordering",
    "maxVariable": "max_variable",
}
_SCHEMA = {
    "title": "title",
    "pattern": "pattern",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minimum": "minimum",
    "exclusiveMinimum": "exclusive_minimum",
    "maximum": "maximum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
    "minItems": "min_items",
    "maxItems": "max_items",
    "uniqueItems": "unique_items",
    "minProperties": "min_fields",
    "maxProperties": "max_fields",
    "encrypt": "encrypt",
    "encryptMetadata": "encrypt_metadata",
}
_SERIES = {
    "timeField": "time_field",
    "metaField": "meta_field",
    "granularity": "granularity",
    "bucketMaxSpanSeconds": "bucket_max_span",
    "bucketRoundingSeconds": "bucket_rounding",
}


def author(
    catalog: Catalog,
    folder: str = "schema",
    verbatim: Iterable[Id] = (),
    shapes: Mapping[str, Shape] | None = None,
) -> Authored:
    """Write a catalog as YAML files below `folder`, one a collection.

    What is written is lowered again: a validator that fields would not make just so is written as MongoDB has it, and
    what the language cannot say at all is left over. `verbatim`: collections whose validators are to be written so.
    `shapes`: what the documents of collections without a validator look like.
    """
    writer = _Writer(catalog, frozenset(verbatim), shapes or {})
    files: dict[str, str] = {}
    for name, words in writer.documents():
        stem = _UNSAFE.sub("_", name)
        path = f"{folder}/{stem}.yaml"
        number = 1
        while path.lower() in {one.lower() for one in files}:
            number += 1
            path = f"{folder}/{stem}_{number}.yaml"
        files[path] = documents([words])
    left = tuple(sorted(key for key in catalog.objects if key not in writer.written))
    return Authored(dict(sorted(files.items())), left)


class _Writer:
    """Writes documents and keeps which objects they make."""

    def __init__(self, catalog: Catalog, verbatim: frozenset[Id], shapes: Mapping[str, Shape]) -> None:
        self.catalog, self.verbatim, self.shapes = catalog, verbatim, shapes
        self.written: set[Id] = set()

    def documents(self) -> list[tuple[str, Words]]:
        """Every document with the name of its file."""
        found: list[tuple[str, Words]] = []
        for thing in self.catalog:
            if thing.id in self.written:
                continue
            match thing:
                case Collection():
                    words = self._bucket(thing) or self._collection(thing)
                case View():
                    words = self._if_right(_view(thing), [thing])
                case _:
                    continue
            if words is not None:
                found.append((str(words.get("bucket") or thing.id.name), words))
        return found

    def _indexes(self, collection: str) -> list[Index]:
        return [one for one in self.catalog if isinstance(one, Index) and one.id.path[0] == collection]

    def _collection(self, thing: Collection) -> Words | None:
        indexes = self._indexes(thing.id.name)
        options = _options(thing)
        good = [one for one in indexes if (self._made(_entity(thing, [one], options, {})) or {}).get(one.id) == one]
        for fields in self._validations(thing):
            words = _entity(thing, good, options, fields)
            for sharding in self._sharding(thing):
                things: list[Object] = [thing, *good]
                things += [sharding] if sharding else []
                if self._makes(sharded := words | (_shard_key(sharding) if sharding else {}), things):
                    self.written |= {one.id for one in things}
                    return sharded
        return None

    def _sharding(self, thing: Collection) -> Iterable[Sharding | None]:
        """How it is sharded, and if that cannot be said, nothing: it is then left over."""
        found = self.catalog.objects.get(Id("sharding", thing.id.path))
        if isinstance(found, Sharding):
            yield found
        yield None

    def _validations(self, thing: Collection) -> Iterable[Words]:
        """Ways to say the validator, the best first."""
        command = cast("Document", read(thing.command))
        validator = command.get("validator")
        if not validator:
            if (shape := self.shapes.get(thing.id.name)) and shape.seen and "timeseries" not in command:
                yield _inferred(shape)
            yield {}
            return
        if thing.id not in self.verbatim and (fields := _fields_of(validator)) is not None:
            yield fields
        yield {"validator": cast("Plain", validator)}

    def _bucket(self, thing: Collection) -> Words | None:
        """A pair of collections that GridFS made, in one line."""
        name, _, part = thing.id.name.rpartition(".")
        if not name or part not in {"files", "chunks"}:
            return None
        pair = [self.catalog.objects.get(Id("collection", (f"{name}.{which}",))) for which in ("files", "chunks")]
        if None in pair:
            return None
        indexes = [*self._indexes(f"{name}.files"), *self._indexes(f"{name}.chunks")]
        usual = {"filename_1_uploadDate_1", "files_id_1_n_1"}
        further = [_index(one, None) for one in indexes if one.id.name not in usual]
        words: Words = {"bucket": name} | ({"indexes": further} if further else {})
        return self._if_right(words, [*(one for one in pair if one), *indexes])

    def _if_right(self, words: Words, things: list[Object]) -> Words | None:
        if not self._makes(words, things):
            return None
        self.written |= {one.id for one in things}
        return words

    def _makes(self, words: Words, things: Iterable[Object]) -> bool:
        """Whether lowering makes these very objects of a document, and no other: a bucket brings indexes of its own."""
        made = self._made(words)
        return made is not None and dict(made) == {thing.id: thing for thing in things}

    @staticmethod
    def _made(words: Words) -> Mapping[Id, Object] | None:
        """What lowering makes of a document; None where it finds fault with it."""
        model, found = load({"one.yaml": documents([words])})
        if [one for one in found.errors if one.code != "ST111"]:  # what a view reads is in another document
            return None
        again = Findings()
        made = lower(model, again).catalog.objects
        return None if again.errors else made


# --- documents -------------------------------------------------------------------------------------------------------


def _entity(thing: Collection, indexes: Iterable[Index], options: Words, fields: Words) -> Words:
    words: Words = {"entity": thing.id.name, "store": "mongo"}
    validation = options.get("validation")
    fields = dict(fields)
    if "description" in fields:
        words["description"] = fields.pop("description")
    words |= fields
    if validation and fields.get("validation") is not False:
        words["validation"] = validation
    written = [_index(one, thing.collation) for one in indexes]
    if written:
        words["indexes"] = cast("Plain", written)
    return words | {key: value for key, value in options.items() if key != "validation"}


def _options(thing: Collection) -> Words:
    command = cast("Document", read(thing.command))
    words: Words = {}
    level = {
        word: str(value)
        for word, value in (("level", thing.validation_level), ("action", thing.validation_action))
        if value
    }
    if level:
        words["validation"] = cast("Plain", level)
    if thing.capped:
        words["capped"] = {"size": thing.size or 0} | ({"max": thing.max} if thing.max else {})
    if isinstance(series := command.get("timeseries"), dict):
        words["time_series"] = {
            ours: cast("Plain", series[theirs]) for theirs, ours in _SERIES.items() if theirs in series
        }
    if isinstance(clustered := command.get("clusteredIndex"), dict):
        name = clustered.get("name", "_id_")
        words["clustered"] = True if name == "_id_" else {"name": cast("Plain", name)}
    if thing.expire_after_seconds is not None:
        words["expire_after"] = duration(thing.expire_after_seconds)
    if thing.collation:
        words["collation"] = _collation(thing.collation)
    if thing.pre_and_post_images:
        words["pre_and_post_images"] = True
    for theirs, ours in (
        ("encryptedFields", "encrypted_fields"),
        ("storageEngine", "storage_engine"),
        ("indexOptionDefaults", "index_option_defaults"),
    ):
        if theirs in command:
            words[ours] = cast("Plain", command[theirs])
    return words


def _shard_key(thing: Sharding) -> Words:
    key: Words = {"on": {path: int(kind) if kind == "1" else kind for path, kind in thing.key}}
    if thing.unique:
        key["unique"] = True
    if thing.zones:
        key["zones"] = [
            {"zone": zone, "from": cast("Plain", read(first)), "to": cast("Plain", read(last))}
            for zone, first, last in thing.zones
        ]
    return {"shard_key": key}


def _view(thing: View) -> Words:
    command = cast("Document", read(thing.command))
    words: Words = {"view": thing.id.name, "store": "mongo", "from": thing.view_on}
    words["pipeline"] = cast("Plain", command.get("pipeline") or read(thing.pipeline))
    if thing.collation:
        words["collation"] = _collation(thing.collation)
    return words


def _index(thing: Index, collation: str | None) -> Words:
    command = cast("Document", read(thing.command))
    key: dict[str, Plain] = {path: _direction(kind) for path, kind in thing.keys}
    words: Words = {"on": key}
    if thing.id.name != default_name(key):
        words["name"] = thing.id.name
    for word in ("unique", "sparse", "hidden", "prepare_unique"):
        if getattr(thing, word):
            words[word] = True
    if "partialFilterExpression" in command:
        words["where"] = cast("Plain", command["partialFilterExpression"])
    if thing.expire_after_seconds is not None:
        words["expire_after"] = duration(thing.expire_after_seconds)
    if thing.collation != collation:
        words["collation"] = _collation(thing.collation) if thing.collation else {"locale": "simple"}
    words |= {_INDEX[name]: cast("Plain", read(spec)) for name, spec in thing.options if name in _INDEX}
    return words


def _direction(kind: str) -> Plain:
    """1, -1 and any other number as such, else the word."""
    if re.fullmatch(r"-?\d+", kind):
        return int(kind)
    return float(kind) if re.fullmatch(r"-?\d*\.?\d+([eE][-+]?\d+)?", kind) else kind


def _collation(spec: str) -> Plain:
    short = short_collation(cast("Document", read(spec)))
    return {_COLLATION.get(key, key): cast("Plain", value) for key, value in short.items()}


def duration(seconds: int) -> Plain:
    """A time as a person says it.

    >>> duration(2592000), duration(90), duration(0)
    ('30d', 90, 0)
    """
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return seconds


# --- validators ------------------------------------------------------------------------------------------------------


def _inferred(shape: Shape) -> Words:
    fields = {name: words for name, words in fields_in_words(shape.fields, shape.seen).items() if name != "_id"}
    said = f"Inferred from {shape.seen} documents; MongoDB does not check it"
    if not fields:
        return {}
    return {"description": said, "fields": fields, "additional_fields": True, "validation": False}


def _fields_of(validator: Value) -> Words | None:
    """Fields, and conditions over several of them; None where there is more to it."""
    conditions = [validator]
    if isinstance(validator, dict) and set(validator) == {"$and"} and isinstance(validator["$and"], list):
        conditions = validator["$and"]
    words: Words = {}
    checks: dict[str, Plain] = {}
    for condition in conditions:
        if not isinstance(condition, dict):
            return None
        rest = dict(condition)
        schema, expression = rest.pop("$jsonSchema", None), rest.pop("$expr", None)
        if rest or (schema is not None and words):
            return None
        if schema is not None:
            made = _object(schema) if isinstance(schema, dict) else None
            if made is None:
                return None
            made.pop("type", None)
            words = made
        if expression is not None:
            checks[f"check_{len(checks) + 1}"] = cast("Plain", expression)
    if isinstance(fields := words.get("fields"), dict) and fields.get("_id") == "any":
        fields.pop("_id")
    return words | ({"checks": checks} if checks else {})


def _object(schema: Document) -> Words | None:
    """A sub-schema as a field's words."""
    rest = dict(schema)
    words: Words = {}
    kinds = rest.pop("bsonType", None)
    names = [str(kind) for kind in kinds] if isinstance(kinds, list) else [str(kinds)] if kinds is not None else []
    nullable = "null" in names and len(names) > 1
    real = [name for name in names if name != "null"] if nullable else names
    real = ["long"] if real == ["int", "long"] else real
    words["type"] = (real[0] if len(real) == 1 else cast("Plain", real)) if real else "any"
    if nullable:
        words["nullable"] = True
    for theirs, ours in (("description", "description"), ("enum", "one_of")):
        if theirs in rest:
            words[ours] = cast("Plain", rest.pop(theirs))
    if nullable and isinstance(values := words.get("one_of"), list) and values[-1:] == [cast("Plain", None)]:
        values.pop()
    for name, keys in FORMATS.items():
        if all(rest.get(key) == value for key, value in keys.items()):
            words["format"] = name
            rest = {key: value for key, value in rest.items() if key not in keys}
            break
    words |= {ours: _number(rest.pop(theirs)) for theirs, ours in _SCHEMA.items() if theirs in rest}
    return words if _insides(rest, words) and _composed(rest, words) and not rest else None


def _number(value: Value) -> Plain:
    """Give an exact decimal as text, and a long as the number that it is; all else as it stands."""
    match value:
        case {"$numberDecimal": str(digits), **more} if not more:
            return digits
        case {"$numberLong": str(digits), **more} if not more:
            return int(digits)
        case _:
            return cast("Plain", value)


def _composed(rest: Document, words: Words) -> bool:
    """Take what puts schemas together out of `rest`; whether all of it could be said."""
    for theirs, ours in (("anyOf", "any_of"), ("allOf", "all_of"), ("oneOf", "exactly_one_of")):
        if isinstance(several := rest.pop(theirs, None), list):
            made = [_short(one) for one in several]
            if None in made:
                return False
            words[ours] = cast("Plain", made)
    if "not" in rest:
        made_not = _short(rest.pop("not"))
        if made_not is None:
            return False
        words["not"] = made_not
    if isinstance(dependencies := rest.pop("dependencies", None), dict):
        found = {
            name: value if isinstance(value, list) else _object_words(value) for name, value in dependencies.items()
        }
        if None in found.values():
            return False
        words["dependencies"] = cast("Plain", found)
    return True


def _object_words(schema: Value) -> Words | None:
    return _object(schema) if isinstance(schema, dict) else None


def _insides(rest: Document, words: Words) -> bool:
    """Take what is inside of an object or array out of `rest`; whether all of it could be said."""
    required = rest.pop("required", [])
    properties = rest.pop("properties", {})
    if not isinstance(properties, dict) or not isinstance(required, list):
        return False
    fields: dict[str, Plain] = {}
    for name, schema in properties.items():
        made = _short(schema)
        if made is None:
            return False
        fields[name] = made
    for name in map(str, required):
        inner = fields.get(name, "any")
        given = dict(inner) if isinstance(inner, Mapping) else {"type": inner}
        fields[name] = {"type": given.pop("type"), "required": True} | given
    if fields:
        words["fields"] = fields
    for theirs, ours in (("items", "items"), ("additionalProperties", "additional_fields")):
        if theirs in rest:
            value = rest.pop(theirs)
            if theirs == "items" and isinstance(value, list):
                if not _in_order(value, rest, words):
                    return False
                continue
            made = value if isinstance(value, bool) else _short(value)
            if made is None:
                return False
            words[ours] = made
    if isinstance(patterns := rest.pop("patternProperties", None), dict):
        found = {pattern: _short(schema) for pattern, schema in patterns.items()}
        if None in found.values():
            return False
        words["field_patterns"] = cast("Plain", found)
    return True


def _in_order(places: list[Value], rest: Document, words: Words) -> bool:
    made = [_short(one) for one in places]
    further = rest.pop("additionalItems", None)
    following = further if isinstance(further, bool) or further is None else _short(further)
    if None in made or (further is not None and following is None):
        return False
    words["items_in_order"] = cast("Plain", made)
    if following is not None:
        words["further_items"] = following
    return True


def _short(schema: Value) -> Plain | None:
    made = _object(schema) if isinstance(schema, dict) else None
    return made["type"] if made is not None and set(made) == {"type"} and isinstance(made["type"], str) else made
