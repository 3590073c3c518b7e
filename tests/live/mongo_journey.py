"""A change of a Mongo schema on a real server, there and back: what `generate` proves, in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import BSON
from pymongo import MongoClient

from schematool.core.author.mongo import author
from schematool.core.diagnostic import Findings
from schematool.core.diff import diff
from schematool.core.load import load
from schematool.core.lower.mongo import lower
from schematool.core.plan import Style
from schematool.core.plan.mongo import align, build, plan, rename

if TYPE_CHECKING:
    from schematool.core.catalog import Catalog
    from schematool.core.lower import Draft
    from schematool.core.step import Step
    from schematool.engines.contract import Engine

Documents = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Journey:
    """The steps that were taken both ways; `lost` when documents did not come back."""

    up: tuple[Step, ...]
    down: tuple[Step, ...]
    documents: Documents

    @property
    def hazards(self) -> frozenset[str]:
        """The codes of the hazards on the way up, without notes about renames."""
        return frozenset(hazard.code for step in self.up for hazard in step.hazards) - {"ST207"}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the commands on the way up."""
        return tuple(step.statement.split('"')[1] for step in self.up)


def drafted(schema: str) -> Draft:
    """Compile a schema that has nothing wrong with it."""
    model, found = load({"schema/clinic.yaml": schema})
    # A test's schema may point at entities that it does not declare.
    assert not [one for one in found if one.code not in {"ST111", "ST113", "ST120"}], list(found)
    found = Findings()
    draft = lower(model, found)
    assert not found, list(found)
    return draft


def made(engine: Engine, catalog: Catalog) -> Catalog:
    """Build a draft on an empty database and read it back."""
    failed = engine.build(build(catalog))
    assert not failed, failed
    return engine.inspect().catalog


def travel(engine: Engine, before: str, after: str, documents: Documents, *, keeps: bool = True) -> Journey:
    """Build `before` with documents in it, go to `after` and back, and check all that must hold on the way.

    `keeps`: the documents must be as they were at the end.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(engine.url.reveal())
    with client:
        database = client.get_default_database()
        recorded = made(engine, drafted(before).catalog)
        _said_again(recorded)
        for name, some in documents.items():
            database[name].insert_many([dict(one) for one in some])
        start = {name: _contents(database[name]) for name in documents}
        draft = drafted(after)
        with engine.scratch() as scratch:
            desired = made(scratch, draft.catalog)
        pairs = rename(recorded, draft.renames)
        engine.run([up.statement for up, _ in pairs])
        between, target = align(engine.inspect().catalog, desired)
        steps = plan(between, target)
        engine.run([step.statement for step in steps])

        reached = engine.inspect().catalog
        assert diff(reached, target) == ()
        assert plan(reached, target) == ()
        assert rename(reached, draft.renames) == ()
        there = {name: [dict(one) for one in database[name].find()] for name in database.list_collection_names()}

        way_back = Style(online=False, undoes=steps)
        back = (*plan(target, between, way_back), *(down for _, down in reversed(pairs)))
        engine.run([step.statement for step in back])

        assert diff(engine.inspect().catalog, recorded) == ()
        if keeps:
            assert {name: _contents(database[name]) for name in documents} == start
    return Journey((*(up for up, _ in pairs), *steps), back, there)


def _said_again(catalog: Catalog) -> None:
    """See that the YAML that import would write makes the very same catalog, and leaves nothing out."""
    authored = author(catalog)
    assert authored.left == ()
    assert diff(drafted("---\n".join(authored.files.values())).catalog, catalog) == ()


def _contents(collection: Any) -> list[dict[str, Any]]:
    """Give the documents as bytes would compare them: a dict does not tell the order of its fields."""
    found = sorted((dict(one) for one in collection.find()), key=lambda one: BSON.encode({"_id": one["_id"]}))
    return [{"document": one, "fields": _order(one)} for one in found]


def _order(value: Any) -> Any:
    match value:
        case dict():
            return [(name, _order(inner)) for name, inner in value.items()]
        case list():
            return [_order(inner) for inner in value]
        case _:
            return type(value).__name__
