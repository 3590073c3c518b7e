"""Renames that were written down: as statements, with what carries the old name along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.change import Renamed
from schematool.core.model import postgres as pg
from schematool.core.sql.quote import identifier, literal, qualified
from schematool.core.step import Hazard, Lock, Step

_LONGEST = 63


def rename(before: Catalog, renames: Sequence[Renamed], after: Catalog | None = None) -> tuple[tuple[Step, Step], ...]:
    """Return (up, down) statements for the renames that can be made on `before`.

    A rename that is already made (the new name is there, the old is not) is left out. With `after`, the keys, indexes
    and sequences that are named after a renamed table or column are renamed too, where `after` has the new name.
    """
    # Where each object is now, and what it was before any rename.
    present: dict[Id, Object | None] = dict(before.objects) | dict.fromkeys(_members(before))
    made: list[Renamed] = []
    steps: list[tuple[Step, Step]] = []

    def make(one: Renamed) -> None:
        nonlocal present
        steps.append((_step(one, before), _step(one.inverse(), before)))
        present = {_moved(of, one): thing for of, thing in present.items()}

    for wanted in renames:
        if wanted.before in present and wanted.after not in present:
            make(wanted)
            made.append(wanted)
    for follower in _followers(present, made, after) if after else ():
        make(follower)
    return tuple(steps)


def _members(catalog: Catalog) -> set[Id]:
    """What types are made of and can be renamed in: the values of enums, the attributes of composites."""
    found: set[Id] = set()
    for thing in catalog:
        match thing:
            case pg.Enum():
                found |= {Id("enum value", (*thing.id.path, label)) for label in thing.labels}
            case pg.Composite():
                found |= {Id("attribute", (*thing.id.path, attribute.name)) for attribute in thing.attributes}
            case _:
                continue
    return found


def _moved(of: Id, change: Renamed) -> Id:
    """Where an object is after a rename: itself renamed, or inside of what is."""
    old, new = change.before, change.after
    if of == old:
        return new
    inside = len(of.path) > len(old.path) and of.path[: len(old.path)] == old.path
    if not inside:
        return of
    holds = old.kind in pg.RELATIONS and of.kind in {
        "column",
        "default",
        "constraint",
        "trigger",
        "rule",
        "policy",
    }
    column = old.kind == "column" and of.kind == "default"
    member = old.kind == "type" and of.kind in {"enum value", "attribute"}
    schema = old.kind == "schema"
    if holds or column or member or schema:
        return Id(of.kind, (*new.path, *of.path[len(old.path) :]))
    return of


def _followers(present: Mapping[Id, Object | None], made: Sequence[Renamed], after: Catalog) -> Iterator[Renamed]:
    """Objects named after what was renamed: `users_pkey` of `users`, `users_email_key` of `users.email`."""
    for of, thing in sorted(present.items()):
        table = _table_of(of, thing)
        if table is None or of in after:
            continue
        name, paths = of.name, {table}
        for change in made:
            here = {change.before.path[:2], change.after.path[:2]}
            if change.before.kind in {"table", "column"} and paths & here:
                paths |= here
                name = _renamed(name, change)
        new = Id(of.kind, (*of.path[:-1], name))
        if name != of.name and new in after and new not in present:
            yield Renamed(of, new)


def _table_of(of: Id, thing: Object | None) -> tuple[str, ...] | None:
    """The path of the table that a key, index or owned sequence belongs to, as it is or as it was."""
    match thing:
        case pg.Constraint():
            return of.path[:2]
        case pg.Index():
            return thing.table.path
        case pg.Sequence(owned_by=Id() as owner):
            return owner.path[:2]
        case _:
            return None


def _renamed(text: str, change: Renamed) -> str:
    """The conventional name with the new name in the old one's place."""
    old, new = change.before.name, change.after.name
    if change.before.kind == "table":
        return (new + text[len(old) :])[:_LONGEST] if text.startswith(f"{old}_") else text
    return f"_{text}_".replace(f"_{old}_", f"_{new}_", 1)[1:-1][:_LONGEST]


_ALTERED_AS = {
    "table": "TABLE",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "foreign table": "FOREIGN TABLE",
    "sequence": "SEQUENCE",
    "index": "INDEX",
    "type": "TYPE",
    "statistics": "STATISTICS",
    "schema": "SCHEMA",
    "collation": "COLLATION",
}


def _step(change: Renamed, catalog: Catalog) -> Step:
    old, new = change.before, change.after
    subject = (old, new)
    if old.path[:-1] != new.path[:-1] and old.kind in _ALTERED_AS:
        text = f"ALTER {_ALTERED_AS[old.kind]} {qualified(*old.path)} SET SCHEMA {identifier(new.path[0])}"
        return Step(text, subject, lock=Lock.ACCESS_EXCLUSIVE)
    routine = old.kind in {"function", "aggregate"}  # whose last name is that of its arguments
    own = identifier(new.path[1] if routine else new.name)
    match old.kind:
        case "column" | "constraint":
            table = qualified(*old.path[:2])
            text = f"ALTER TABLE {table} RENAME {old.kind.upper()} {identifier(old.name)} TO {own}"
        case "trigger" | "policy" | "rule":
            text = f"ALTER {old.kind.upper()} {identifier(old.name)} ON {qualified(*old.path[:2])} RENAME TO {own}"
        case "enum value":
            text = f"ALTER TYPE {qualified(*old.path[:2])} RENAME VALUE {literal(old.name)} TO {literal(new.name)}"
        case "attribute":
            # Tables of the type have a column of that name each.
            text = f"ALTER TYPE {qualified(*old.path[:2])} RENAME ATTRIBUTE {identifier(old.name)} TO {own} CASCADE"
        case "function" | "aggregate":
            text = f"ALTER ROUTINE {qualified(*old.path[:2])}({old.path[2]}) RENAME TO {own}"
        case "type" if isinstance(catalog.objects.get(old) or catalog.objects.get(new), pg.Domain):
            text = f"ALTER DOMAIN {qualified(*old.path)} RENAME TO {own}"
        case kind:
            text = f"ALTER {_ALTERED_AS.get(kind, kind.upper())} {qualified(*old.path)} RENAME TO {own}"
    visible = old.kind in {"table", "column", "view", "type", "function", "enum value", "attribute"}
    hazards = (Hazard("ST207", str(old), f"to {new.path[1] if routine else new.name}"),) if visible else ()
    return Step(text, subject, hazards, Lock.ACCESS_EXCLUSIVE)
