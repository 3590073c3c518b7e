"""The index that MongoDB gives a time series of itself from 6.3 on: on its metadata and its time.

Source: the manual's page on secondary indexes of time series collections, 7.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from schematool.core.catalog import Catalog
from schematool.core.model.mongo import Collection, Index
from schematool.core.plan.mongo import commands

_SINCE = (6, 3)


def comes_by_itself(version: str) -> bool:
    """Whether a server of this version makes the index; it is not known of a catalog that no server made."""
    parts = version.split(".")[:2]
    return all(part.isdigit() for part in parts) and tuple(map(int, parts)) >= _SINCE


def without_what_one_side_makes(catalog: Catalog, other: Catalog) -> Catalog:
    """Leave out those indexes where the server of the other catalog is too old to make them."""
    if not other.version or not comes_by_itself(catalog.version) or comes_by_itself(other.version):
        return catalog
    series = {thing.id.name: thing for thing in catalog if isinstance(thing, Collection) and thing.time_series}
    own = {
        thing.id
        for thing in catalog
        if isinstance(thing, Index) and thing.id not in other and _is_own(thing, series.get(thing.id.path[0]))
    }
    return replace(
        catalog,
        objects={key: thing for key, thing in catalog.objects.items() if key not in own},
        needs=frozenset((one, needed) for one, needed in catalog.needs if one not in own),
    )


def to_be_made(collection: Collection, indexes: Mapping[str, Index], version: str) -> Mapping[str, Index]:
    """Give the indexes of a new collection that do not come with it."""
    if not comes_by_itself(version):
        return indexes
    return {name: index for name, index in indexes.items() if not _is_own(index, collection)}


def _is_own(index: Index, collection: Collection | None) -> bool:
    if collection is None or collection.time_series is None:
        return False
    words = commands.document(collection.time_series)
    keys = ((str(words.get("metaField")), "1"), (str(words.get("timeField")), "1"))
    return index == Index(id=index.id, keys=keys) and index.id.name == "_".join(f"{path}_1" for path, _ in keys)
