"""Renames that were written down: collections, views, indexes, and fields with the documents that hold them.

MongoDB renames a collection in place. A field is renamed in every document, with the validator and the indexes that
speak of it; an index is built again under its new name behind a bridge; a view is made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from schematool.core.catalog import Catalog, Id
from schematool.core.change import Renamed
from schematool.core.extended_json import Document, text
from schematool.core.model.mongo import Collection, Index, Sharding, View
from schematool.core.model.mongo_normal import default_name, normal_collection, normal_index
from schematool.core.plan.mongo import commands
from schematool.core.plan.mongo.collections import validation
from schematool.core.plan.mongo.indexes import is_text, replacement
from schematool.core.plan.mongo.paths import Path, condition_with, schema_has, stage_with
from schematool.core.step import Hazard, Step, Work

Pairs = Iterator[tuple[Step, Step]]


def rename(
    before: Catalog,
    renames: Iterable[Renamed],
    after: Catalog | None = None,  # noqa: ARG001  # the twin names keys after their table; here nothing is
) -> tuple[tuple[Step, Step], ...]:
    """Give (up, down) pairs for the renames that apply to a catalog; those made already are left out.

    Downs are to be run in the opposite order. A field's rename applies while the validator still has the old name. One
    that waits for a name that another gives up (`b` was `a`, `c` was `b`) comes after that.
    """
    made, _ = _made(before, renames)
    return made


def unfounded(
    before: Catalog,
    renames: Iterable[Renamed],
    after: Catalog | None = None,  # noqa: ARG001  # as above
) -> tuple[Renamed, ...]:
    """Give the renames of which a catalog holds neither the old name nor the new one.

    Of the fields of a collection its validator tells, so where there is none nothing is said.
    """
    renames = tuple(renames)
    _, state = _made(before, renames)
    return tuple(one for one in renames if not state.holds(one.after))


def _made(before: Catalog, renames: Iterable[Renamed]) -> tuple[tuple[tuple[Step, Step], ...], _State]:
    state = _State({thing.id: thing for thing in before})
    made: list[tuple[Step, Step]] = []
    waiting = list(renames)
    while waiting:
        left: list[Renamed] = []
        for one in waiting:
            pairs = tuple(state.pairs(one))
            made += pairs
            left += [] if pairs else [one]
        if len(left) == len(waiting):
            break
        waiting = left
    return tuple(made), state


@dataclass(slots=True)
class _State:
    """The catalog as it stands after the renames so far."""

    things: dict[Id, object]

    def pairs(self, one: Renamed) -> Pairs:
        """Make one rename, where it applies."""
        match one.before.kind:
            case "collection":
                yield from self._collection(one)
            case "view":
                yield from self._view(one)
            case "index":
                yield from self._index(one)
            case "field":
                yield from self._field(one)
            case _:
                return

    def holds(self, of: Id) -> bool:
        """Whether there is such a thing; of a field, whether the validator may know it."""
        if of.kind != "field":
            return of in self.things
        collection = self.things.get(Id("collection", (of.path[0],)))
        if not isinstance(collection, Collection):
            return False
        schemas = list(_schemas(commands.document(collection.command).get("validator")))
        return not schemas or any(schema_has(one, Path.of(of.path[1], of.path[1])) for one in schemas)

    def _collection(self, one: Renamed) -> Pairs:
        collection = self.things.get(one.before)
        taken = one.after in self.things or Id("view", one.after.path) in self.things
        if not isinstance(collection, Collection) or taken or collection.time_series or collection.encrypted_fields:
            return
        before, after = one.before.name, one.after.name
        yield (
            _step(commands.rename_collection(before, after), one.after),
            _step(commands.rename_collection(after, before), one.before),
        )
        del self.things[one.before]
        self.things[one.after] = replace(collection, id=one.after)
        sharding = self.things.pop(Id("sharding", one.before.path), None)
        if isinstance(sharding, Sharding):
            moved = Id("sharding", one.after.path)
            self.things[moved] = replace(sharding, id=moved)
        for index in self._indexes(before):
            del self.things[index.id]
            moved = Id("index", (after, index.id.name))
            self.things[moved] = replace(index, id=moved)

    def _view(self, one: Renamed) -> Pairs:
        view = self.things.get(one.before)
        taken = one.after in self.things or Id("collection", one.after.path) in self.things
        if not isinstance(view, View) or taken:
            return
        renamed = replace(view, id=one.after)
        made, gone = _step(commands.create(renamed), one.after), _step(commands.drop(renamed.id.name), one.after)
        old_made, old_gone = _step(commands.create(view), one.before), _step(commands.drop(view.id.name), one.before)
        yield made, gone
        yield old_gone, old_made
        del self.things[one.before]
        self.things[one.after] = renamed

    def _index(self, one: Renamed) -> Pairs:
        index = self.things.get(one.before)
        if not isinstance(index, Index) or one.after in self.things:
            return
        renamed = replace(
            index, id=one.after, command=text({**commands.document(index.command), "name": one.after.name})
        )
        yield from replacement(index, renamed, [thing.id.name for thing in self._indexes(one.before.path[0])])
        del self.things[one.before]
        self.things[one.after] = renamed

    def _field(self, one: Renamed) -> Pairs:
        name = one.after.path[0]
        key = Id("collection", (name,))
        collection = self.things.get(key)
        path = Path.of(one.before.path[1], one.after.path[1])
        if not isinstance(collection, Collection) or not _applies(collection, path):
            return
        renamed = _with_validator(collection, path)
        moves = [move for index in self._indexes(name) if (move := self._moved(index, path, collection))]
        unique = [move for move in moves if move.new.unique]
        others = [move for move in moves if not move.new.unique]
        bridges = [bridge for move in unique for bridge in move.bridges(path)]
        yield from _built(name, bridges)
        yield from _unbuilt(name, [move.old for move in unique])
        yield from _built(name, [move.new for move in others])
        yield _update(name, path, one), _update(name, path.inverse(), one.inverse())
        yield _revalidate(renamed), _revalidate(collection)
        yield from _unbuilt(name, [move.old for move in others])
        yield from _built(name, [move.new for move in unique])
        yield from _unbuilt(name, bridges)
        self.things[key] = renamed
        for move in moves:
            del self.things[move.old.id]
            self.things[move.new.id] = move.new

    def _indexes(self, collection: str) -> list[Index]:
        return [thing for thing in self.things.values() if isinstance(thing, Index) and thing.id.path[0] == collection]

    def _moved(self, index: Index, path: Path, collection: Collection) -> _Move | None:
        """Give an index on the old path with the one on the new path.

        Text indexes, and those that keep a name of their own, are left to the plan that follows; but a unique one must
        go before the documents change, for while they do, many have no such field.
        """
        spec = commands.document(index.command)
        key = spec["key"]
        if not isinstance(key, dict) or is_text(index):
            return None
        renamed: Document = {path.applied(part): kind for part, kind in key.items()}
        if renamed == key or not (index.unique or index.id.name == default_name(key)):
            return None
        name = default_name(renamed) if index.id.name == default_name(key) else index.id.name
        spec |= {"key": renamed, "name": name}
        if "partialFilterExpression" in spec:
            spec["partialFilterExpression"] = condition_with(spec["partialFilterExpression"], path)
        projection = spec.get("wildcardProjection")
        if isinstance(projection, dict):
            spec["wildcardProjection"] = {path.applied(part): value for part, value in projection.items()}
        made = normal_index(index.id.path[0], spec, collation=collection.collation)
        if made.id in self.things and made.id != index.id:
            return None
        return _Move(index, made)


@dataclass(frozen=True, slots=True)
class _Move:
    """An index on the old path of a field, and the one that takes its place."""

    old: Index
    new: Index

    def bridges(self, path: Path) -> tuple[Index, Index]:
        """Give two unique indexes that hold only documents with the field, and so stand while documents change."""
        return (
            _only_with(self.old, path.old, f"{self.old.id.name}__before"),
            _only_with(self.new, path.new, f"{self.old.id.name}__after"),
        )


def _only_with(index: Index, path: str, name: str) -> Index:
    spec = commands.document(index.command)
    exists: Document = {path: {"$exists": True}}
    held = spec.get("partialFilterExpression")
    spec["partialFilterExpression"] = {"$and": [held, exists]} if held else exists
    # MongoDB refuses `sparse` beside a filter; the filter says the same.
    for option in ("sparse", "hidden", "expireAfterSeconds"):
        spec.pop(option, None)
    collation = spec.get("collation", {"locale": "simple"})
    made = normal_index(index.id.path[0], {**spec, "name": name, "collation": collation})
    return replace(made, command=text({**commands.document(made.command), "collation": collation}))


def _step(statement: str, subject: Id) -> Step:
    return Step(statement, (subject,), (Hazard("ST207", str(subject)),))


def _applies(collection: Collection, path: Path) -> bool:
    """Whether the validator knows the old name and not the new one."""
    schemas = list(_schemas(commands.document(collection.command).get("validator")))
    return any(schema_has(one, path) for one in schemas) and not any(schema_has(one, path.inverse()) for one in schemas)


def _schemas(validator: object) -> Iterator[Document]:
    """Find the `$jsonSchema` parts of a validator."""
    match validator:
        case {"$jsonSchema": dict() as schema, **rest}:
            yield schema
            yield from _schemas(rest)
        case {"$and": list() as clauses}:
            for clause in clauses:
                yield from _schemas(clause)
        case _:
            return


def _with_validator(collection: Collection, path: Path) -> Collection:
    options = commands.document(collection.command)
    options["validator"] = condition_with(options["validator"], path)
    made = normal_collection({"name": collection.id.name, "options": options})
    return replace(made, uuid=collection.uuid)


def _revalidate(collection: Collection) -> Step:
    return Step(commands.modify(collection.id.name, validation(collection)), (collection.id,))


def _built(collection: str, indexes: Sequence[Index]) -> Pairs:
    """Build indexes, if there are any; the way back drops them."""
    if indexes:
        names = [index.id.name for index in indexes]
        yield (
            Step(commands.create_indexes(collection, indexes), _ids(indexes), work=Work.ONLINE),
            Step(commands.drop_indexes(collection, names), _ids(indexes)),
        )


def _unbuilt(collection: str, indexes: Sequence[Index]) -> Pairs:
    """Drop indexes, if there are any; the way back builds them."""
    for built, dropped in _built(collection, indexes):
        yield dropped, built


def _ids(indexes: Iterable[Index]) -> tuple[Id, ...]:
    return tuple(index.id for index in indexes)


def _update(collection: str, path: Path, one: Renamed) -> Step:
    """Rename the field in every document that has it under the old name and not under the new one."""
    old, new = path.old, path.new
    condition: Document = {old: {"$exists": True}}
    if not path.in_array:
        condition[new] = {"$exists": False}
    statement = commands.update_all(collection, condition, [stage_with(path)])
    return Step(statement, (one.after,), (Hazard("ST207", str(one.after)),), work=Work.REWRITE)
