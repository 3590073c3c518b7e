"""The Mongo entities of a model to a draft catalog: collections with validators, indexes, views, GridFS buckets.

`default:` of a field is for applications: MongoDB fills in nothing, so it is kept as documentation and not compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.change import Renamed
from schematool.core.diagnostic import Findings, Span
from schematool.core.extended_json import Document, Value, plain
from schematool.core.lower import Draft
from schematool.core.lower.mongo_schema import fields_from, object_schema
from schematool.core.lower.mongo_series import check_series_indexes
from schematool.core.lower.mongo_sharding import check_sharding, sharding_of
from schematool.core.lower.renames import check_renames
from schematool.core.model.entity import (
    Declaration,
    Entity,
    Field,
    IndexKey,
    IndexSpec,
    Model,
    Options,
    Plain,
)
from schematool.core.model.mongo import Collection, Index, Spec
from schematool.core.model.mongo_normal import default_name, normal_collection, normal_index, normal_view

_SECONDS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_COLLATION: Mapping[str, str] = {
    "case_level": "caseLevel",
    "case_first": "caseFirst",
    "numeric_ordering": "numericOrdering",
    "max_variable": "maxVariable",
}
_INDEX: Mapping[str, str] = {
    "sparse": "sparse",
    "where": "partialFilterExpression",
    "hidden": "hidden",
    "prepare_unique": "prepareUnique",
    "weights": "weights",
    "default_language": "default_language",
    "language_override": "language_override",
    "text_version": "textIndexVersion",
    "sphere_version": "2dsphereIndexVersion",
    "coarsest_indexed_level": "coarsestIndexedLevel",
    "finest_indexed_level": "finestIndexedLevel",
    "bits": "bits",
    "min": "min",
    "max": "max",
    "wildcard_projection": "wildcardProjection",
    "storage_engine": "storageEngine",
}
_FORBIDDEN = frozenset({"$where", "$text", "$near", "$nearSphere", "$geoNear", "$function", "$accumulator"})


def lower(model: Model, found: Findings) -> Draft:
    """Compile what the model says about MongoDB; what MongoDB cannot do goes to `found`, with the way to say it."""
    made = _Made(found)
    for entity in model.entities:
        if entity.store == "mongo":
            made.entity(entity)
    for declaration in model.declarations:
        match declaration.kind, declaration.store:
            case "view", "mongo":
                made.view(declaration)
            case "bucket", _:
                made.bucket(declaration)
            case _:
                continue
    return made.draft()


class _Made:
    """What was compiled so far."""

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.objects: list[Object] = []
        self.needs: list[tuple[Id, Id]] = []
        self.places: dict[Id, Span] = {}
        # Collections first, then fields (outer before inner), then indexes: each names what stands then.
        self.renames: tuple[dict[Renamed, Span], dict[Renamed, Span], dict[Renamed, Span]] = ({}, {}, {})
        self.fields: set[Id] = set()

    def draft(self) -> Draft:
        """Give everything as one draft."""
        catalog = Catalog.of("mongo", self.objects, self.needs)
        collections, fields, indexes = self.renames
        renames = collections | fields | indexes
        check_renames(renames, {*catalog.objects, *self.fields}, self.found)
        return Draft(catalog, renames=renames, places=self.places)

    def entity(self, entity: Entity) -> None:
        """Compile a collection with its indexes."""
        options = _create_options(entity, self.found)
        collection = normal_collection({"name": entity.name, "options": options})
        self._collection(collection, entity.was, entity.span, entity.options.span("was"))
        for path, field in _paths(entity.fields):
            self.fields.add(Id("field", (entity.name, path)))
            if field.was:
                before = f"{path.removesuffix(field.name)}{field.was}"
                one = Renamed(Id("field", (entity.name, before)), Id("field", (entity.name, path)))
                self.renames[1][one] = field.options.span("was") or field.span
        self._check_renames(entity, collection)
        self._check_encrypted(entity, collection)
        for index in entity.indexes:
            self._index(entity.name, index, collection.collation)
        check_series_indexes(entity, collection, self.found)
        self._sharding(entity, collection)

    def _sharding(self, entity: Entity, collection: Collection) -> None:
        """Compile how a collection is sharded."""
        words = entity.options.get("shard_key")
        if not isinstance(words, Mapping):
            return
        made = sharding_of(entity.name, words)
        indexes = [one for one in self.objects if isinstance(one, Index) and one.id.path[0] == entity.name]
        check_sharding(entity, made, collection, indexes, self.found)
        self.objects.append(made)
        self.needs += [(made.id, collection.id), *((made.id, one.id) for one in indexes)]
        self.places[made.id] = entity.options.span("shard_key") or entity.span

    def _check_encrypted(self, entity: Entity, collection: Collection) -> None:
        """MongoDB 6.0 takes no other validation of an encrypted collection, and expires nothing in it."""
        if not collection.encrypted_fields:
            return
        if collection.validation_level or collection.validation_action:
            self.found.add(
                "ST130",
                "an encrypted collection is validated strictly, with errors, or not at all",
                entity.options.span("validation") or entity.span,
                hint="remove `validation`, or write `validation: false`",
            )
        for index in entity.indexes:
            if "expire_after" in index.options:
                self.found.add(
                    "ST131",
                    "MongoDB takes no index with a lifetime on an encrypted collection",
                    index.options.span("expire_after") or index.span,
                    hint="let a program delete what is old",
                )

    def _check_renames(self, entity: Entity, collection: Collection) -> None:
        """MongoDB renames no time series; and without a validator nothing says which name documents have."""
        if entity.was and collection.encrypted_fields:
            self.found.add(
                "ST132",
                "an encrypted collection cannot be renamed: the collections that serve it have its name in theirs",
                entity.span,
                hint="remove `was` to make a new one, and let a driver with the keys copy the documents",
            )
        if entity.was and collection.time_series:
            self.found.add(
                "ST132",
                "MongoDB cannot rename a time series",
                entity.span,
                hint="remove `was` to make a new one, and let the old one go when it is empty",
            )
        if collection.validator is None and any(one.id.path[0] == entity.name for one in self.renames[1]):
            self.found.add(
                "ST132",
                f"`{entity.name}` has no validator, so nothing says whether its documents have the old name",
                entity.span,
                hint="let MongoDB validate it, or write the update by hand: `schematool new`",
            )

    def view(self, declaration: Declaration) -> None:
        """Compile a view."""
        options: Document = {
            "viewOn": plain(declaration.options.get("from")),
            "pipeline": plain(declaration.options.get("pipeline", ())),
        }
        if "collation" in declaration.options:
            options["collation"] = _collation(declaration.options["collation"])
        view = normal_view({"name": declaration.name, "options": options})
        self.objects.append(view)
        self.places[view.id] = declaration.span
        if declaration.was:
            one = Renamed(Id("view", (declaration.was,)), view.id)
            self.renames[0][one] = declaration.options.span("was") or declaration.span

    def bucket(self, declaration: Declaration) -> None:
        """Compile a GridFS bucket: two collections, with the indexes that the GridFS specification wants."""
        name, options = declaration.name, declaration.options
        was = declaration.was
        files = normal_collection({"name": f"{name}.files", "options": _bucket_options(declaration, self.found)})
        chunks = normal_collection({"name": f"{name}.chunks", "options": {}})
        for collection, part in ((files, "files"), (chunks, "chunks")):
            self._collection(collection, f"{was}.{part}" if was else None, declaration.span, options.span("was"))
        span = declaration.span
        self._index(f"{name}.files", _index_spec({"filename": 1, "uploadDate": 1}, span), None)
        self._index(f"{name}.chunks", _index_spec({"files_id": 1, "n": 1}, span, unique=True), None)
        further = options.get("indexes")
        for number, spec in enumerate(further if isinstance(further, tuple) else ()):
            if isinstance(spec, Mapping):
                place = options.span(f"indexes.{number}") or span
                self._index(f"{name}.files", _plain_index(spec, place), None)

    def _collection(self, collection: Collection, was: str | None, span: Span, was_at: Span | None) -> None:
        self.objects.append(collection)
        self.places[collection.id] = span
        if was:
            self.renames[0][Renamed(Id("collection", (was,)), collection.id)] = was_at or span

    def _index(self, collection: str, index: IndexSpec, collation: Spec | None) -> None:
        key: Document = {part.text: 1 if part.direction is None else part.direction for part in index.keys}
        for part in index.keys:
            if part.direction == 0:
                hint = "1 sorts upwards, -1 downwards"
                self.found.add("ST131", f"the direction of `{part.text}` cannot be 0", part.span, hint=hint)
        spec: Document = {"key": key, "name": index.name or default_name(key)}
        if index.unique:
            spec["unique"] = True
        spec |= {theirs: plain(index.options[ours]) for ours, theirs in _INDEX.items() if ours in index.options}
        if "expire_after" in index.options:
            spec["expireAfterSeconds"] = seconds(index.options["expire_after"])
            self._check_lifetime(index, key)
        if "collation" in index.options:
            spec["collation"] = _collation(index.options["collation"])
        made = normal_index(collection, spec, collation=collation)
        if made.id in self.places:
            self.found.add(
                "ST131",
                f"two indexes of `{collection}` are called `{made.id.name}`",
                index.span,
                hint="give one of them a `name`",
            )
            return
        self.objects.append(made)
        self.needs.append((made.id, Id("collection", (collection,))))
        self.places[made.id] = index.span
        if index.was:
            one = Renamed(Id("index", (collection, index.was)), made.id)
            self.renames[2][one] = index.options.span("was") or index.span

    def _check_lifetime(self, index: IndexSpec, key: Document) -> None:
        """MongoDB takes a TTL on these and then never expires a document, or refuses it."""
        ((path, kind), *more) = key.items()
        if more or not isinstance(kind, int | float) or path == "_id" or "$**" in path:
            self.found.add(
                "ST131",
                "`expire_after` works on an index of one date field, upwards or downwards",
                index.options.span("expire_after") or index.span,
                hint="declare an index of its own for it: `{ on: { expiresAt: 1 }, expire_after: 0 }`",
            )


def seconds(duration: Plain) -> int:
    """Read a duration of the language: seconds, or a number with s, m, h, d or w."""
    if isinstance(duration, str) and duration[-1:] in _SECONDS:
        return int(duration[:-1]) * _SECONDS[duration[-1]]
    return int(cast("int | str", duration))


def _create_options(entity: Entity, found: Findings) -> Document:
    """Give the options of `create` for an entity."""
    options = entity.options
    made: Document = {}
    capped, clustered = options.get("capped"), options.get("clustered")
    if isinstance(capped, Mapping):
        made |= {"capped": True, **cast("Document", plain(capped))}
    if isinstance(options.get("time_series"), Mapping):
        made["timeseries"] = _time_series(cast("Mapping[str, Plain]", options["time_series"]))
    if clustered is not None and clustered is not False:
        name = clustered.get("name", "_id_") if isinstance(clustered, Mapping) else "_id_"
        made["clusteredIndex"] = {"key": {"_id": 1}, "name": plain(name), "unique": True}
    if "expire_after" in options:
        made["expireAfterSeconds"] = seconds(options["expire_after"])
    if "collation" in options:
        made["collation"] = _collation(options["collation"])
    if options.get("pre_and_post_images") is True:
        made["changeStreamPreAndPostImages"] = {"enabled": True}
    for ours, theirs in (
        ("encrypted_fields", "encryptedFields"),
        ("storage_engine", "storageEngine"),
        ("index_option_defaults", "indexOptionDefaults"),
    ):
        if ours in options:
            made[theirs] = plain(options[ours])
    return made | _validation(entity, found)


def _validation(entity: Entity, found: Findings) -> Document:
    """Give the validator with its level and action; none for time series, which MongoDB does not validate."""
    validation = entity.options.get("validation")
    if validation is False:
        return {}
    words = validation if isinstance(validation, Mapping) else {}
    validator = _validator(entity, words, found)
    if "time_series" in entity.options:
        if words or entity.options.get("checks"):
            span = entity.options.span("validation") or entity.options.span("checks") or entity.span
            found.add(
                "ST130",
                "MongoDB validates no documents of a time series",
                span,
                hint="remove it; the fields stay as documentation",
            )
        return {}
    made: Document = {"validator": validator} if validator else {}
    for ours, theirs in (("level", "validationLevel"), ("action", "validationAction")):
        if ours in words:
            made[theirs] = plain(words[ours])
    return made


def _validator(entity: Entity, words: Mapping[str, Plain], found: Findings) -> Document:
    options: dict[str, Plain] = dict(entity.options)
    if isinstance(whole := options.get("validator"), Mapping):
        return cast("Document", plain(whole))
    if words.get("additional") is False:
        options["additional_fields"] = False
    schema = object_schema(entity.fields, options, entity.span, found)
    if schema.get("additionalProperties") is False:
        # Without it MongoDB would refuse every document: each has an _id.
        schema["properties"] = {"_id": {}, **cast("Document", schema.get("properties", {}))}
    conditions: list[Value] = []
    if schema:
        head: Document = {"bsonType": "object"}
        if entity.description:
            head["description"] = entity.description
        conditions.append({"$jsonSchema": {**head, **schema}})
    checks = entity.options.get("checks")
    for name, check in (checks if isinstance(checks, Mapping) else {}).items():
        conditions.append({"$expr": plain(check)})
        _check_expression(check, entity.options.span(f"checks.{name}") or entity.span, found)
    if len(conditions) > 1:
        return {"$and": conditions}
    return cast("Document", conditions[0]) if conditions else {}


def _check_expression(expression: Plain, span: Span, found: Findings) -> None:
    for operator in sorted(_operators(expression) & _FORBIDDEN):
        found.add(
            "ST130",
            f"MongoDB does not take `{operator}` in a validator",
            span,
            hint="use expression operators such as $gt, $in, $regexMatch on `$field`",
        )


def _operators(expression: Plain) -> set[str]:
    match expression:
        case Mapping():
            return set(expression).union(*(_operators(value) for value in expression.values()))
        case tuple():
            return set[str]().union(*(_operators(value) for value in expression))
        case _:
            return set()


def _collation(collation: Plain) -> Value:
    if not isinstance(collation, Mapping):
        return plain(collation)
    return {_COLLATION.get(key, key): plain(value) for key, value in collation.items()}


def _time_series(words: Mapping[str, Plain]) -> Document:
    names = {
        "time_field": "timeField",
        "meta_field": "metaField",
        "granularity": "granularity",
        "bucket_max_span": "bucketMaxSpanSeconds",
        "bucket_rounding": "bucketRoundingSeconds",
    }
    return {theirs: plain(words[ours]) for ours, theirs in names.items() if ours in words}


def _paths(fields: tuple[Field, ...], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Give all fields by their paths, outer ones first. `items[].name` is a field of the objects in an array."""
    for field in fields:
        path = f"{prefix}{field.name}"
        yield path, field
        yield from _paths(field.fields, f"{path}.")
        items, suffix = field.items, "[]"
        while items is not None:
            yield from _paths(items.fields, f"{path}{suffix}.")
            items, suffix = items.items, f"{suffix}[]"


def _bucket_options(declaration: Declaration, found: Findings) -> Document:
    """Validate the metadata of files where its fields are declared; all else of a bucket belongs to the drivers."""
    metadata = declaration.options.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    span = declaration.options.span("metadata") or declaration.span
    schema = object_schema(tuple(fields_from(metadata, span)), {}, span, found, "metadata")
    properties: Document = {"metadata": {"bsonType": "object", **schema}}
    return {"validator": {"$jsonSchema": {"bsonType": "object", "properties": properties}}}


def _index_spec(key: Mapping[str, int | float | str], span: Span, *, unique: bool = False) -> IndexSpec:
    return IndexSpec(tuple(IndexKey(path, kind, span) for path, kind in key.items()), span, unique=unique)


def _plain_index(spec: Mapping[str, Plain], span: Span) -> IndexSpec:
    """Make an index of the plain form in which the loader leaves those inside of options."""
    on, name, was = spec.get("on"), spec.get("name"), spec.get("was")
    key = on if isinstance(on, Mapping) else {str(on): 1}
    rest = {word: value for word, value in spec.items() if word not in {"on", "name", "unique", "was", "description"}}
    return IndexSpec(
        tuple(IndexKey(path, cast("int | float | str", kind), span) for path, kind in key.items()),
        span,
        name=None if name is None else str(name),
        unique=spec.get("unique") is True,
        was=None if was is None else str(was),
        options=Options(rest),
    )
