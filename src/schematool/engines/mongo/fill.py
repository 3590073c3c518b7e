"""Fills collections: a trial that writes nothing, then everything by bulk writes; what fails is taken out again."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from pymongo import WriteConcern
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.secret import mask
from schematool.core.seed.demand import Source, Unique
from schematool.core.seed.documents import Bson, Collection, DocumentPlan, id_text, plan
from schematool.core.seed.wish import Target, Wished
from schematool.engines.contract import Filling, Listener, Outlook, Request, Waiting
from schematool.engines.mongo.failure import spoken
from schematool.engines.mongo.seed import collections
from schematool.engines.mongo.server import Server

if TYPE_CHECKING:
    from pymongo.collection import Collection as Destination

TRIAL = 50
"""Documents of each collection that are shown to its validator before anything is filled."""
_ATTEMPTS = 60
_KEPT = 50_000
_AT_ONCE = 100

BSON = Bson(
    object_id=ObjectId,
    long=Int64,
    decimal=Decimal128,
    others={
        "binData": lambda n: Binary(n.to_bytes(8, "big") * 2),
        "timestamp": lambda n: Timestamp(1_672_531_200 + n % 60_000_000, 1),
        "regex": lambda n: Regex(f"^n{n % 1000}"),
        "javascript": lambda n: Code(f"return {n % 1000}"),
        "minKey": lambda _: MinKey(),
        "maxKey": lambda _: MaxKey(),
    },
)


def prepare(server: Server, request: Request) -> Ready:
    """Read what the collections demand, plan their documents, show some of each to its validator."""
    found = dict(collections(server))
    counts = {name: request.counts(name) for name in found}
    ready = Ready(server)
    ahead = sorted(found, key=lambda name: (_depth(name, request.wished, frozenset()), name))
    for name in ahead:
        if counts[name] == 0:
            continue
        demand, validator = _demand(server, name, found[name], set(found))
        wished = _with_files(name, request.wished.get(name), set(found))

        def elsewhere(target: Target) -> Source | None:
            if target.store != "mongo":
                return request.elsewhere(target)
            if target.entity in ready.plans:
                return ready.plans[target.entity].source(target.field)
            if counts.get(target.entity) == 0:
                return _kept(server, target)
            if target.field != "_id" or target.entity in ready.refused:
                return None
            return Source(counts.get(target.entity, 0), lambda row: id_text(target.entity, request.seed, row))

        rows = min(counts[name], int(found[name].get("max", counts[name])))
        made = plan(demand, rows, request.seed, wished, elsewhere, BSON)
        if isinstance(made, DocumentPlan):
            made = _tried(server, made, validator, found[name])
        if isinstance(made, str):
            ready.refused[name] = made
        else:
            ready.plans[name] = made
            ready.validators[name] = validator
    return ready


def _depth(name: str, wished: Mapping[str, Wished], met: frozenset[str]) -> int:
    """How many collections lie below one in its references; a circle counts once."""
    targets = wished[name].targets.values() if name in wished else ()
    below = [target.entity for target in targets if target.store == "mongo" and target.entity not in met | {name}]
    return 1 + max((_depth(entity, wished, met | {name}) for entity in below), default=0)


def _demand(
    server: Server, name: str, options: Mapping[str, Any], names: set[str]
) -> tuple[Collection, Mapping[str, Any]]:
    validator: Mapping[str, Any] = options.get("validator") or {}
    schema, expressions = _parts(validator)
    if not schema:
        schema = _bucket_schema(name, names)
    uniques: list[Unique] = []
    lives: set[str] = set()
    places: dict[str, str] = {}
    indexed: list[str] = []
    sparse: set[str] = set()
    for row in server.index_specifications(name):
        spec = dict(row.get("spec", row))
        paths = {path: kind for path, kind in dict(spec["key"]).items() if not path.startswith(("_fts", "$"))}
        plain = [path for path in paths if "$**" not in path]
        places |= {path: str(kind) for path, kind in paths.items() if str(kind).startswith("2d")}
        if "expireAfterSeconds" in spec:
            lives |= set(plain)
        if spec.get("unique"):
            uniques.append(Unique(str(spec["name"]), tuple(plain)))
            if spec.get("sparse") or "partialFilterExpression" in spec:
                sparse |= set(plain)
        if "partialFilterExpression" not in spec:
            indexed += [path for path in plain if path != "_id" and path not in places]
    series = options.get("timeseries") or {}
    own = {series.get("timeField"), series.get("metaField")}
    return (
        Collection(
            name,
            _plain(schema),
            tuple(expressions),
            tuple(uniques),
            frozenset(sparse),
            frozenset(lives),
            places,
            tuple(path for path in dict.fromkeys(indexed) if path.split(".")[0] not in own),
            series.get("timeField"),
            series.get("metaField"),
        ),
        validator,
    )


def _parts(validator: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Any]]:
    """Take the `$jsonSchema` and the expressions out of a validator, also out of `$and`."""
    schema: Mapping[str, Any] = validator.get("$jsonSchema") or {}
    expressions = [validator["$expr"]] if "$expr" in validator else []
    for part in validator.get("$and") or ():
        inner, more = _parts(part)
        schema, expressions = schema or inner, expressions + more
    flat: list[Any] = []
    for one in expressions:
        flat += one["$and"] if isinstance(one, Mapping) and set(one) == {"$and"} else [one]
    return schema, flat


def _plain(value: Any) -> Any:
    """Numbers as Python has them, so that the plan needs no driver."""
    match value:
        case Decimal128():
            return value.to_decimal()
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items() if key != "enum"} | (
                {"enum": list(value["enum"])} if "enum" in value else {}
            )
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value


_BYTES = 16


def _bucket_schema(name: str, names: set[str]) -> Mapping[str, Any]:
    """What GridFS keeps, where a bucket says nothing itself: files of one chunk each."""
    head, _, tail = name.rpartition(".")
    if {f"{head}.files", f"{head}.chunks"} <= names:
        if tail == "files":
            return {
                "bsonType": "object",
                "required": ["length", "chunkSize", "uploadDate", "filename"],
                "properties": {
                    "length": {"enum": [_BYTES]},
                    "chunkSize": {"enum": [261_120]},
                    "uploadDate": {"bsonType": "date"},
                    "filename": {"bsonType": "string"},
                },
            }
        if tail == "chunks":
            return {
                "bsonType": "object",
                "required": ["files_id", "n", "data"],
                "properties": {
                    "files_id": {"bsonType": "objectId"},
                    "n": {"enum": [0]},
                    "data": {"bsonType": "binData"},
                },
            }
    return {}


def _with_files(name: str, wished: Wished | None, names: set[str]) -> Wished | None:
    head, _, tail = name.rpartition(".")
    if tail == "chunks" and f"{head}.files" in names:
        wished = wished or Wished(name, "mongo")
        return replace(wished, targets={**wished.targets, "files_id": Target("mongo", f"{head}.files", "_id")})
    return wished


def _kept(server: Server, target: Target) -> Source | None:
    """What a collection that is left alone offers to references."""
    rows = server.collection(target.entity).find({}, {target.field: 1}).sort("_id", 1).limit(_KEPT)
    found = [str(row[target.field]) for row in rows if target.field in row]
    return Source(len(found), found.__getitem__) if found else None


def _tried(
    server: Server, made: DocumentPlan, validator: Mapping[str, Any], options: Mapping[str, Any]
) -> DocumentPlan | str:
    """Show a few documents to the validator, in a query that reads them from its own text."""
    if not validator or options.get("validationLevel") == "off" or options.get("validationAction") == "warn":
        return made
    documents = made.documents(0)[:TRIAL]
    accepted = _accepted(server, documents, validator)
    if len(accepted) == len(documents):
        return made
    if not accepted:
        guilty = _guilty(server, documents, validator)
        return f"its validator takes none of {len(documents)} documents that were tried: {guilty}"
    return replace(made, sieve=True, notes=(*made.notes, "its validator judges each document"))


def _accepted(server: Server, documents: list[dict[str, Any]], validator: Mapping[str, Any]) -> set[Any]:
    found = set()
    for start in range(0, len(documents), _AT_ONCE):
        stages: list[dict[str, Any]] = [
            {"$documents": [{"$literal": one} for one in documents[start : start + _AT_ONCE]]},
            {"$match": dict(validator)},
            {"$project": {"_id": 1}},
        ]
        found |= {_hashable(row["_id"]) for row in server.database.aggregate(stages)}
    return found


def _hashable(value: Any) -> Any:
    return value if isinstance(value, ObjectId | str | int | float) else str(value)


def _guilty(server: Server, documents: list[dict[str, Any]], validator: Mapping[str, Any]) -> str:
    """Name the part of a validator that takes none."""
    schema, expressions = _parts(validator)
    for properties in (schema.get("properties") or {}).items():
        name, inner = properties
        if not _accepted(server, documents, {"$jsonSchema": {"properties": {name: inner}}}):
            return f"the field {name}"
    for one in expressions:
        if not _accepted(server, documents, {"$expr": one}):
            return f"the condition {one}"
    return "a part of it that schematool does not understand"


def _written(target: Destination[dict[str, Any]], documents: list[dict[str, Any]]) -> int:
    if documents:
        target.insert_many(documents, ordered=False)
    return len(documents)


@dataclass(slots=True)
class Ready:
    """Plans that stood the trial."""

    server: Server
    plans: dict[str, DocumentPlan] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    validators: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def outlook(self) -> tuple[Outlook, ...]:
        """What will be made, in the order of making, then what cannot be."""
        made = [Outlook(name, one.rows, notes=one.notes) for name, one in self.plans.items()]
        return (*made, *(Outlook(name, 0, why) for name, why in self.refused.items()))

    def source(self, name: str, field: str) -> Source | None:
        """What a field will hold."""
        return self.plans[name].source(field) if name in self.plans else None

    def fill(self, listen: Listener) -> None:
        """Write all documents; when one is refused, those that were written are taken out again."""
        begun: list[str] = []
        try:
            for name, one in self.plans.items():
                begun.append(name)
                self._fill(one, listen)
        except BaseException as error:
            for name in begun:
                # Document by document, and each out of every index: that may take as long as the filling did.
                many = self.server.collection(name).estimated_document_count()
                listen(Waiting(name, "mongo", f"takes {many:,} documents out again: a run fills all or nothing"))
                self.server.collection(name).delete_many({})
            if isinstance(error, PyMongoError):
                raise self._failure(begun[-1], error) from None
            raise

    def _fill(self, one: DocumentPlan, listen: Listener) -> None:
        """Make each block while the server writes the one before: two are in memory, and they come in their order."""
        target = self.server.collection(one.name).with_options(write_concern=WriteConcern(w=1))
        began, done = perf_counter(), 0
        listen(Filling("mongo", one.name, 0, one.rows, 0.0))
        # Whatever is raised here, the block waits for what is being written, so that nothing comes after the clean-up.
        with ThreadPoolExecutor(1, "seed") as writer:
            written: Future[int] | None = None
            for block in range(one.blocks):
                documents = self._judged(one, block) if one.sieve else one.documents(block)
                done += written.result() if written else 0
                listen(Filling("mongo", one.name, done, one.rows, perf_counter() - began))
                written = writer.submit(_written, target, documents)
            done += written.result() if written else 0
        listen(Filling("mongo", one.name, done, one.rows, perf_counter() - began))

    def _judged(self, one: DocumentPlan, block: int) -> list[dict[str, Any]]:
        """Make documents anew, with the same keys, until the validator takes them."""
        good: dict[int, dict[str, Any]] = {}
        numbers = one.numbers(block)
        for attempt in range(_ATTEMPTS):
            waiting = [
                (row, document)
                for row, document in zip(numbers, one.documents(block, attempt), strict=True)
                if row not in good
            ]
            taken = _accepted(self.server, [document for _, document in waiting], self.validators[one.name])
            good |= {row: document for row, document in waiting if _hashable(document["_id"]) in taken}
            if len(good) == len(numbers):
                break
        return [good[row] for row in numbers if row in good]

    def _failure(self, name: str, error: PyMongoError) -> WorldError:
        if isinstance(error, BulkWriteError):
            first = (error.details.get("writeErrors") or [{}])[0]
            said = f"{first.get('code', '')} {str(first.get('errmsg', 'refused'))[:200]}".strip()
        elif isinstance(error, OperationFailure):
            said = spoken(error, "insert", name)
        else:
            said = str(error)[:200]
        return WorldError(
            Diagnostic("ST510", mask(f"MongoDB refused documents of {name}: {said}", (self.server.url,))),
            state="what was written was taken out again: no document was kept",
        )
