"""Indexes of a partition that the server cannot tell apart when it looks for the partition's share of its parent's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.model import postgres as pg

_UNLIKE = re.compile(r" DESC| NULLS (?:FIRST|LAST)| WITH \([^)]*\)")
"""What two indexes may differ in (CompareIndexInfo, index.c)."""
_KEY = re.compile(
    r"(?:PRIMARY KEY|UNIQUE)(?P<nulls> NULLS NOT DISTINCT)?(?P<columns> \([^()]*\)(?: INCLUDE \([^()]*\))?)[A-Z ]*"
)


def twins(objects: Iterable[Object], table: Id) -> Iterator[tuple[Id, Id]]:
    """Pairs of a partition's indexes and keys that are alike, the one that must be made later first.

    ATTACH PARTITION takes for each of the parent's, oldest first, the oldest that fits (AttachPartitionEnsureIndexes,
    tablecmds.c): what stays the partition's own comes after the share of its parent's.
    """
    things = [thing for thing in objects if isinstance(thing, pg.Index | pg.Constraint) and thing.table == table]
    for share in things:
        text = _text(share) if share.parent else None
        for other in things if text and share.parent else ():
            fits = isinstance(other, pg.Constraint) or (share.parent is not None and share.parent.kind == "index")
            later = other.parent is None or (share.parent is not None and other.parent > share.parent)
            if other != share and fits and later and _text(other) == text:
                yield other.id, share.id


def on(catalog: Catalog, table: Id) -> Iterator[Object]:
    """What a catalog has on a table."""
    return (catalog.objects[of] for of in sorted(catalog.needed_by.get(table, frozenset())))


def _text(thing: pg.Index | pg.Constraint) -> str | None:
    """What counts of an index; None of a constraint that has none."""
    if isinstance(thing, pg.Index):
        head, _, text = thing.definition.partition(" USING ")
        return head.startswith("CREATE UNIQUE ") * "UNIQUE " + _UNLIKE.sub("", text)
    if match := _KEY.fullmatch(thing.definition):
        return f"UNIQUE btree{match['columns']}{match['nulls'] or ''}"
    return thing.definition if thing.type in {"primary key", "unique", "exclude"} else None
