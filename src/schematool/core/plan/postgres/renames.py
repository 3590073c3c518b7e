"""Renames that were written down: as statements, with what carries the old name along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schematool.core.catalog import Catalog, Id
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
    present = set(before.objects) | _enum_values(before)
    steps: list[tuple[Step, Step]] = []
    for wanted in renames:
        if wanted.before not in present or wanted.after in present:
            continue
        for one in (wanted, *_followers(before, present, wanted, after)):
            steps.append((_step(one, before), _step(one.inverse(), before)))
            present = {_moved(of, one) for of in present}
    return tuple(steps)


def _enum_values(catalog: Catalog) -> set[Id]:
    return {
        Id("enum value", (*thing.id.path, label))
        for thing in catalog
        if isinstance(thing, pg.Enum)
        for label in thing.labels
    }


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
    enum = old.kind == "type" and of.kind == "enum value"
    schema = old.kind == "schema"
    if holds or column or enum or schema:
        return Id(of.kind, (*new.path, *of.path[len(old.path) :]))
    return of


def _followers(before: Catalog, present: set[Id], change: Renamed, after: Catalog | None) -> Iterator[Renamed]:
    """Objects named after what is renamed: `users_pkey` of `users`, `users_email_key` of `users.email`."""
    if after is None or change.before.kind not in {"table", "column"}:
        return
    table = change.before.path[:2] if change.before.kind == "table" else change.after.path[:2]
    new_table = change.after.path[:2]
    for of in sorted(present):
        if of.kind == "constraint" and of.path[:2] == table:
            new = Id("constraint", (*new_table, _renamed(of.name, change)))
        elif of.kind in {"index", "sequence"} and _belongs(before, of, table, change):
            new = Id(of.kind, (of.path[0], _renamed(of.name, change)))
        else:
            continue
        moved = Id(of.kind, (*new_table, of.name)) if of.kind == "constraint" else of
        if new.name != of.name and new in after.objects and moved not in after.objects:
            yield Renamed(moved, new)


def _belongs(before: Catalog, of: Id, table: tuple[str, ...], change: Renamed) -> bool:
    thing = before.objects.get(of)
    if isinstance(thing, pg.Index):
        return thing.table.path in {table, change.before.path[:2]}
    return (
        isinstance(thing, pg.Sequence)
        and thing.owned_by is not None
        and thing.owned_by.path[:2]
        in {
            table,
            change.before.path[:2],
        }
    )


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
    own = identifier(new.name)
    match old.kind:
        case "column" | "constraint":
            table = qualified(*old.path[:2])
            text = f"ALTER TABLE {table} RENAME {old.kind.upper()} {identifier(old.name)} TO {own}"
        case "trigger" | "policy" | "rule":
            text = f"ALTER {old.kind.upper()} {identifier(old.name)} ON {qualified(*old.path[:2])} RENAME TO {own}"
        case "enum value":
            text = f"ALTER TYPE {qualified(*old.path[:2])} RENAME VALUE {literal(old.name)} TO {literal(new.name)}"
        case "function" | "aggregate":
            text = f"ALTER ROUTINE {qualified(*old.path[:2])}({old.path[2]}) RENAME TO {identifier(new.path[1])}"
        case "type" if isinstance(catalog.objects.get(old) or catalog.objects.get(new), pg.Domain):
            text = f"ALTER DOMAIN {qualified(*old.path)} RENAME TO {own}"
        case kind:
            text = f"ALTER {_ALTERED_AS.get(kind, kind.upper())} {qualified(*old.path)} RENAME TO {own}"
    visible = old.kind in {"table", "column", "view", "type", "function", "enum value"}
    hazards = (Hazard("ST207", str(old), f"to {new.name}"),) if visible else ()
    return Step(text, subject, hazards, Lock.ACCESS_EXCLUSIVE)
