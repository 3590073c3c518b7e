"""What a view of MongoDB reads: the collection or view that it is on, and those that its pipeline joins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from schematool.core.model.entity import Declaration, Model

Read: TypeAlias = tuple[str, str]
"""A name, and the path of the words that say it: `pipeline.1.$lookup.from`."""

_JOINS = frozenset({"$lookup", "$graphLookup"})


def reads(view: Declaration) -> Iterator[Read]:
    """Give all that a declared view reads."""
    if isinstance(source := view.options.get("from"), str):
        yield source, "from"
    yield from sources(view.options.get("pipeline"), "pipeline")


def sources(value: object, path: str = "") -> Iterator[Read]:
    """Find what a pipeline reads beside its source: `$lookup`, `$graphLookup` and `$unionWith`, however deep."""
    match value:
        case list() | tuple():
            for place, item in enumerate(value):
                yield from sources(item, f"{path}.{place}")
        case Mapping():
            for key, item in value.items():
                at = f"{path}.{key}"
                match key, item:
                    case "$unionWith", str():
                        yield item, at
                    case "$unionWith", Mapping() if isinstance(name := item.get("coll"), str):
                        yield name, f"{at}.coll"
                    case _ if key in _JOINS and isinstance(item, Mapping) and isinstance(item.get("from"), str):
                        yield str(item["from"]), f"{at}.from"
                    case _:
                        pass
                yield from sources(item, at)
        case _:
            return


def former_names(model: Model) -> Mapping[str, str]:
    """Give what `was:` calls collections and views of MongoDB that are called otherwise now, and nothing else is."""
    pairs = [(one.was, one.name) for one in model.entities if one.store == "mongo"]
    for thing in model.declarations:
        if thing.store == "mongo" and thing.kind == "view":
            pairs.append((thing.was, thing.name))
        elif thing.store == "mongo" and thing.kind == "bucket" and thing.was:
            pairs += [(f"{thing.was}.{part}", f"{thing.name}.{part}") for part in ("files", "chunks")]
    there = declared(model)
    return {was: name for was, name in pairs if was and was not in there}


def declared(model: Model) -> frozenset[str]:
    """Name everything in MongoDB that a view may read."""
    names = {one.name for one in model.entities if one.store == "mongo"}
    for thing in model.declarations:
        if thing.store == "mongo" and thing.kind == "view":
            names.add(thing.name)
        elif thing.store == "mongo" and thing.kind == "bucket":
            names |= {f"{thing.name}.files", f"{thing.name}.chunks"}
    return frozenset(names)
