"""What one side does not manage is not compared: owners, versions, versions' own spellings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.model import postgres as pg
from schematool.core.partitions import MARK
from schematool.core.sql.names import is_object_name
from schematool.core.sql.unnamed import without_names

ANYBODY = "OWNER"
"""Owns what a scratch database built without being told an owner; SQL says CURRENT_ROLE."""


def align(before: Catalog, after: Catalog) -> tuple[Catalog, Catalog]:
    """Take out of both catalogs what one of them leaves open.

    An owner is compared only where both sides name one. "Whoever runs the migrations" is never set by a statement: the
    role that read a live database, else the owner that most objects have. Where one side comes from a scratch database
    and the other does not, what has no owner of its own there is not compared. Nor is there the number that the server
    appends to a name that it chose and found taken: it depends on the order in which things were made.
    """
    before, after = _without_made_ahead(before), _without_made_ahead(after)
    scratch = _from_scratch(before) or _from_scratch(after)
    before, after = _unowned(before, after), _unowned(after, before)
    before, after = _public_of_majors(before, after)
    main = before.reader or _main_owner(before, after)
    before, after = _grants_by_name(before, main), _grants_by_name(after, main)
    before, after = _checked_by_parents(before), _checked_by_parents(after)
    left = {key: _settled(thing, after.objects.get(key), main) for key, thing in before.objects.items()}
    right = {key: _settled(thing, before.objects.get(key), main) for key, thing in after.objects.items()}
    if scratch:
        left, right = _unnumbered(left, right), _unnumbered(right, left)
    return (
        replace(before, objects=left),
        replace(after, objects=right),
    )


def _without_made_ahead(catalog: Catalog) -> Catalog:
    """A catalog without the partitions that `schematool partitions` makes and detaches: no migration knows of them."""
    made = {
        thing.id.path
        for thing in catalog
        if isinstance(thing, pg.Table) and thing.comment and thing.comment.startswith(MARK)
    }
    if not made:
        return catalog

    def kept(thing: Object) -> bool:
        table = getattr(thing, "table", None)
        return thing.id.path[:2] not in made and not (isinstance(table, Id) and table.path in made)

    objects = {key: thing for key, thing in catalog.objects.items() if kept(thing)}
    needs = frozenset((a, b) for a, b in catalog.needs if a in objects and b in objects)
    return replace(catalog, objects=objects, needs=needs)


_CREATE = pg.Grant("PUBLIC", "CREATE")
_PUBLIC = Id("schema", ("public",))


def _public_of_majors(before: Catalog, after: Catalog) -> tuple[Catalog, Catalog]:
    """Both without the right of everybody to create in `public`, where they come from both sides of PostgreSQL 15.

    Before 15 everybody has it until it is revoked, since then nobody until it is granted (release notes of 15): what
    is said on one side may be as it is by itself on the other. Only one that grants and one that revokes differ.
    """
    both = tuple(catalog.objects.get(_PUBLIC) for catalog in (before, after))
    older = [0 < _major(catalog) < _NO_CREATE for catalog in (before, after)]
    if older[0] == older[1] or not _major(before) or not _major(after):
        return before, after
    said = [isinstance(thing, pg.Schema) and _CREATE in (*thing.grants, *thing.revokes) for thing in both]
    if all(said):
        return before, after
    return _without_create(before), _without_create(after)


_NO_CREATE = 15


def _major(catalog: Catalog) -> int:
    number = catalog.version.partition(".")[0]
    return int(number) if number.isdigit() else 0


def _without_create(catalog: Catalog) -> Catalog:
    thing = catalog.objects.get(_PUBLIC)
    if not isinstance(thing, pg.Schema):
        return catalog
    grants, revokes = (tuple(g for g in given if g != _CREATE) for given in (thing.grants, thing.revokes))
    return replace(catalog, objects={**catalog.objects, _PUBLIC: replace(thing, grants=grants, revokes=revokes)})


def _grants_by_name(catalog: Catalog, main: str | None) -> Catalog:
    """Name the owner that columns are granted to: a column has its table's owner, whom it does not know."""
    objects = dict(catalog.objects)
    for key, thing in catalog.objects.items():
        if not isinstance(thing, pg.Column) or not any(grant.grantee == "OWNER" for grant in thing.grants):
            continue
        table = next((catalog.objects[of] for kind in pg.RELATIONS if (of := Id(kind, key.path[:2])) in catalog), None)
        if isinstance(table, pg.PgObject) and table.owner not in {None, main, ANYBODY}:
            named = (replace(g, grantee=table.owner) if g.grantee == "OWNER" else g for g in thing.grants)
            objects[key] = replace(thing, grants=tuple(sorted(named)))
    return replace(catalog, objects=objects)


def _checked_by_parents(catalog: Catalog) -> Catalog:
    """A heir made after its parent's check has it as validated, whatever it is at the parent; no statement says so."""
    objects = dict(catalog.objects)
    for key, thing in catalog.objects.items():
        if isinstance(thing, pg.Constraint) and thing.inherited and thing.type == "check" and not thing.validated:
            table = catalog.objects.get(thing.table)
            if isinstance(table, pg.Table) and table.partition_of is None:
                objects[key] = replace(thing, validated=True)
    return replace(catalog, objects=objects)


def _unowned(catalog: Catalog, other: Catalog) -> Catalog:
    """A catalog without owners that nobody named, unless the other side is of a scratch database too."""
    if _from_scratch(other) or not _from_scratch(catalog):
        return catalog
    objects: dict[Id, Object] = {
        key: replace(thing, owner=None) if isinstance(thing, pg.PgObject) and thing.owner == ANYBODY else thing
        for key, thing in catalog.objects.items()
    }
    return replace(catalog, objects=objects)


def _from_scratch(catalog: Catalog) -> bool:
    return any(isinstance(thing, pg.PgObject) and thing.owner == ANYBODY for thing in catalog)


def _main_owner(before: Catalog, after: Catalog) -> str | None:
    owners: Counter[str] = Counter()
    for thing in (*before, *after):
        if isinstance(thing, pg.PgObject) and thing.owner:
            owners[thing.owner] += 1
    return max(owners, key=lambda owner: (owners[owner], owner)) if owners else None


def _settled(thing: Object, other: Object | None, main: str | None) -> Object:
    if not isinstance(thing, pg.PgObject):
        return thing
    if isinstance(thing, pg.Extension):
        thing = replace(thing, owner=None)  # there is no ALTER EXTENSION … OWNER TO
    if thing.owner and (other is None or not isinstance(other, pg.PgObject)):
        thing = replace(thing, owner=None) if thing.owner in {main, ANYBODY} else thing
    elif thing.owner and isinstance(other, pg.PgObject):
        # The same owner on both sides stays where it is another's: what is made again must have it again.
        same = other.owner == thing.owner and thing.owner in {main, ANYBODY}
        thing = replace(thing, owner=None) if other.owner is None or same else thing
    thing = _same_text(_same_order(thing, other), other)
    if isinstance(thing, pg.Extension) and isinstance(other, pg.Extension) and other.version is None:
        thing = replace(thing, version=None)
    return thing


def _unnumbered(things: dict[Id, Object], others: dict[Id, Object]) -> dict[Id, Object]:
    """Without the names of NOT NULL constraints and identity sequences that differ in such a number only."""
    return {key: _unnamed(thing, others[key]) if key in others else thing for key, thing in things.items()}


def _unnamed(thing: Object, other: Object) -> Object:
    match thing, other:
        case pg.Column(), pg.Column():
            _, table, column = thing.id.path
            if _chosen(thing.not_null_name, other.not_null_name, table, column, "not_null"):
                thing = replace(thing, not_null_name=None)
            if thing.identity and other.identity:
                names = (_same_schema(thing.identity.sequence, thing), _same_schema(other.identity.sequence, other))
                if _chosen(*names, table, column, "seq"):
                    thing = replace(thing, identity=replace(thing.identity, sequence=None))
        case pg.Domain(), pg.Domain() if _chosen(
            thing.not_null_name, other.not_null_name, thing.id.name, None, "not_null"
        ):
            thing = replace(thing, not_null_name=None)
        case _:
            pass
    return thing


def _same_schema(sequence: str | None, column: pg.Column) -> str | None:
    """A sequence's own name when it lives where its table does; else the whole, which no server would choose."""
    return sequence and sequence.removeprefix(f"{column.id.path[0]}.")


def _chosen(one: str | None, two: str | None, table: str, column: str | None, label: str) -> bool:
    """Whether two names differ, and the server may have chosen either (None: it did, and it was free)."""
    return one != two and all(name is None or is_object_name(name, table, column, label) for name in (one, two))


def _same_order(thing: pg.PgObject, other: Object | None) -> pg.PgObject:
    """Storage parameters, foreign options, tags of event triggers, columns of statistics: the same in any order."""
    match thing, other:
        case pg.Table(), pg.Table() if dict(thing.options) == dict(other.options):
            return replace(thing, options=tuple(sorted(thing.options)))
        case pg.ForeignTable(), pg.ForeignTable() if dict(thing.options) == dict(other.options):
            return replace(thing, options=tuple(sorted(thing.options)))
        case pg.Column(), pg.Column() if dict(thing.foreign_options) == dict(other.foreign_options):
            return replace(thing, foreign_options=tuple(sorted(thing.foreign_options)))
        case pg.Distribution(), pg.Distribution() if thing.shards is None or other.shards is None:
            # "As the cluster is set": it answers with a number where no migration has noted that none was asked for.
            return replace(thing, shards=None)
        case pg.View(), pg.View() if dict(thing.options) == dict(other.options):
            return replace(thing, options=tuple(sorted(thing.options)))
        case pg.EventTrigger(), pg.EventTrigger() if _by_tag(thing) == _by_tag(other):
            return replace(thing, definition=_by_tag(thing))
        case pg.Statistics(), pg.Statistics() if _by_name(thing) == _by_name(other):
            return replace(thing, definition=_by_name(thing))
        case _:
            return thing


_PARSED = ("definition", "using", "check")


def _same_text(thing: pg.PgObject, other: Object | None) -> pg.PgObject:
    """The text of a query with the names that the server made up for columns, where only one side has them.

    They come with a dump that was restored: see `core.sql.unnamed`.
    """
    if type(thing) is not type(other) or (isinstance(thing, pg.Function) and not thing.body_atomic):
        return thing
    for name in _PARSED:
        one, two = getattr(thing, name, None), getattr(other, name, None)
        if isinstance(one, str) and isinstance(two, str) and one != two and without_names(one) == without_names(two):
            changed: dict[str, Any] = {name: max(one, two, key=len)}
            thing = replace(thing, **changed)
    return thing


_TAGS = re.compile(r"(?<= WHEN TAG IN \()[^)]*(?=\))")


def _by_tag(trigger: pg.EventTrigger) -> str:
    return _TAGS.sub(lambda match: ", ".join(sorted(match[0].split(", "))), trigger.definition)


_STATISTICS = re.compile(r"(?P<head>.* ON )(?P<columns>.*)(?P<tail> FROM .*)", re.DOTALL)


def _by_name(statistics: pg.Statistics) -> str:
    """The definition with its columns by name: the server prints them as they stand in the table, which has no order.

    Expressions come after them and keep their order (pg_get_statisticsobj_worker, ruleutils.c).
    """
    match = _STATISTICS.fullmatch(statistics.definition)
    if match is None:
        return statistics.definition
    columns, bracket, expressions = match["columns"].partition("(")
    names = sorted(name for name in columns.split(", ") if name)
    return f"{match['head']}{', '.join([*names, bracket + expressions] if bracket else names)}{match['tail']}"


def anonymous(catalog: Catalog, builder: str) -> Catalog:
    """Put OWNER where a catalog names the role that built it on a scratch database: whoever runs the migrations."""
    objects: dict[Id, Object] = {}
    for key, thing in catalog.objects.items():
        own = isinstance(thing, pg.PgObject) and thing.owner == builder
        objects[key] = replace(thing, owner=ANYBODY) if own and isinstance(thing, pg.PgObject) else thing
    return Catalog(catalog.store, objects, catalog.needs, catalog.version)
