"""The whole of a database, from one catalog to another, in an order that works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schematool.core.catalog import Catalog
from schematool.core.model.mongo import Collection, Index, Sharding, View
from schematool.core.plan import Style
from schematool.core.plan.mongo import commands, trash
from schematool.core.plan.mongo.collections import Remade, create_steps, must_rebuild, option_steps, rebuild_steps
from schematool.core.plan.mongo.indexes import index_steps
from schematool.core.plan.mongo.series import to_be_made, without_what_one_side_makes
from schematool.core.plan.mongo.sharding import new_shard_steps, shard_steps
from schematool.core.plan.mongo.views import in_order
from schematool.core.step import Hazard, Step


def align(before: Catalog, after: Catalog) -> tuple[Catalog, Catalog]:
    """Take out of both what one side does not manage: an index that only the newer of two servers makes of itself."""
    return without_what_one_side_makes(before, after), without_what_one_side_makes(after, before)


def build(catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Give (identity, command) pairs that make a catalog from nothing, collections before their indexes.

    An index made before its collection would make that too, without its options.
    """
    shape = _Shape.of(catalog)
    made = [(str(one.id), commands.create(one)) for one in shape.collections.values()]
    for name, indexes in shape.indexes.items():
        made += [(str(one.id), commands.create_indexes(name, [one])) for one in indexes.values()]
    for name, sharding in shape.shardings.items():
        steps = new_shard_steps(sharding, shape.collections[name])
        made += [(str(sharding.id), step.statement) for step in steps]
    made += [(str(one.id), commands.create(one)) for one in in_order(shape.views)]
    return tuple(made)


def plan(before: Catalog, after: Catalog, style: Style = Style()) -> tuple[Step, ...]:  # noqa: B008  # as its twin
    """Give the commands from one catalog to another.

    What takes a name goes before what gets it; what is new comes before what is changed; what is lost goes last.
    `online` goes by degrees and can stop between them: an index is hidden before it is dropped and looked through
    before it is unique, a validator is moderate before it is strict, a collection is put aside and not dropped.
    """
    old, new = _Shape.of(before), _Shape.of(after)
    return tuple(_steps(old, new, style))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A catalog by name."""

    collections: Mapping[str, Collection]
    views: Mapping[str, View]
    indexes: Mapping[str, Mapping[str, Index]]
    shardings: Mapping[str, Sharding]
    version: str

    @staticmethod
    def of(catalog: Catalog) -> _Shape:
        """Sort the objects of a catalog."""
        collections: dict[str, Collection] = {}
        views: dict[str, View] = {}
        indexes: dict[str, dict[str, Index]] = {}
        shardings: dict[str, Sharding] = {}
        for thing in catalog:
            match thing:
                case Collection():
                    collections[thing.id.name] = thing
                case View():
                    views[thing.id.name] = thing
                case Index():
                    indexes.setdefault(thing.id.path[0], {})[thing.id.name] = thing
                case Sharding():
                    shardings[thing.id.name] = thing
                case _:
                    continue
        return _Shape(collections, views, indexes, shardings, catalog.version)

    def of_collection(self, name: str) -> Mapping[str, Index]:
        """Give the indexes of a collection by name."""
        return self.indexes.get(name, {})

    def to_be_made(self, collection: Collection) -> Mapping[str, Index]:
        """Give the indexes that a new collection does not bring with it."""
        return to_be_made(collection, self.of_collection(collection.id.name), self.version)


def _steps(old: _Shape, new: _Shape, style: Style) -> Iterator[Step]:
    aside = trash.names_put_aside(style.undoes)
    remade = {name for name, view in old.views.items() if name in new.views and _remade(view, new.views[name])}
    for name, view in old.views.items():
        if name not in new.views or name in remade:
            yield Step(commands.drop(name), (view.id,))
    replaced = [name for name in old.collections if name in new.views]
    for name in replaced:
        yield _drop(old.collections[name], style)
    for name, collection in new.collections.items():
        if name not in old.collections and name in aside:
            yield trash.fetched_back(collection)
        elif name not in old.collections:
            yield from create_steps(collection, new.to_be_made(collection), new.shardings.get(name))
    for name in new.collections:
        if name in old.collections:
            yield from _collection_steps(old, new, name, style)
    for view in in_order(new.views):
        name = view.id.name
        if name not in old.views or name in remade:
            yield Step(commands.create(view), (view.id,))
        elif view != old.views[name]:
            options = commands.document(view.command)
            options.pop("collation", None)
            yield Step(commands.modify(name, options), (view.id,))
    for name, collection in old.collections.items():
        if name not in new.collections and name not in replaced:
            yield _drop(collection, style)


def _collection_steps(old: _Shape, new: _Shape, name: str, style: Style) -> Iterator[Step]:
    before, collection = old.collections[name], new.collections[name]
    if must_rebuild(before, collection):
        remade = Remade(collection, new.to_be_made(collection), new.shardings.get(name))
        yield from rebuild_steps(before, old.of_collection(name), remade)
        return
    steps = index_steps(name, old.of_collection(name), new.of_collection(name), online=style.online)
    sharding = tuple(shard_steps(old.shardings.get(name), new.shardings.get(name), collection))
    # A shard key needs an index all the time: the new one is there by now, and the old one not yet gone.
    place = next((at for at, step in enumerate(steps) if '"dropIndexes"' in step.statement), len(steps))
    yield from (*steps[:place], *sharding, *steps[place:])
    yield from option_steps(before, collection, online=style.online)


def _remade(before: View, after: View) -> bool:
    """Say whether a view must be made again: its collation is given once."""
    return before.collation != after.collation


def _drop(collection: Collection, style: Style) -> Step:
    if style.online and (aside := trash.put_aside(collection)):
        return aside
    loss = Hazard("ST201", str(collection.id), "all of its documents are deleted")
    return Step(commands.drop(collection.id.name), (collection.id,), (loss,))
