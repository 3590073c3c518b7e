"""Renames that were written down: as statements, with what carries the old name along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.change import Renamed
from schematool.core.load.types import base, family, is_array
from schematool.core.model import postgres as pg
from schematool.core.sql.names import multirange_name
from schematool.core.sql.quote import identifier, literal, qualified
from schematool.core.step import Hazard, Lock, Step

_LONGEST = 63


def rename(before: Catalog, renames: Iterable[Renamed], after: Catalog | None = None) -> tuple[tuple[Step, Step], ...]:
    """Return (up, down) statements for the renames that can be made on `before`.

    A rename that is already made (the new name is there, the old is not) is left out; one that waits for a name that
    another gives up comes after that. With `after`, the keys, indexes and sequences that are named after a renamed
    table or column are renamed too, where `after` has the new name.
    """
    names = _Names.of(before, after)
    made = names.make(renames)
    for one in _followers(names.present, made, after) if after else ():
        names.move(one)
    return tuple(names.steps)


def unfounded(before: Catalog, renames: Iterable[Renamed], after: Catalog | None = None) -> tuple[Renamed, ...]:
    """Return the renames of which `before` holds neither the old name nor the new one."""
    renames = tuple(renames)
    names = _Names.of(before, after)
    names.make(renames)
    return tuple(one for one in renames if names.spelt(one).after not in names.present)


@dataclass(slots=True)
class _Names:
    """Where each object is after the renames so far, and what it was before any; `steps`: up and down of each."""

    before: Catalog
    after: Catalog | None
    present: dict[Id, Object | None]
    steps: list[tuple[Step, Step]]

    @staticmethod
    def of(before: Catalog, after: Catalog | None) -> _Names:
        return _Names(before, after, dict(before.objects) | dict.fromkeys(pg.members(before)), [])

    def make(self, renames: Iterable[Renamed]) -> list[Renamed]:
        """Make those that can be made, and return them."""
        made: list[Renamed] = []
        waiting, tried = list(renames), 0
        while len(waiting) != tried:
            tried, left = len(waiting), []
            for asked in waiting:
                one = self.spelt(asked)
                if one.before not in self.present or one.after in self.present:
                    left.append(asked)
                    continue
                self.move(one, asked)
                made.append(one)
            waiting = left
        return made

    def move(self, one: Renamed, asked: Renamed | None = None) -> None:
        up, down = _step(one, self.before), _step(one.inverse(), self.before)
        if asked and asked != one:
            up, down = (replace(step, subjects=(*step.subjects, asked.before, asked.after)) for step in (up, down))
        self.steps.append((up, down))
        thing = self.present.get(one.before)
        if isinstance(thing, pg.Range) and one.before.path[:-1] == one.after.path[:-1]:
            multirange = (multirange_name(one.before.name), multirange_name(one.after.name))
            if thing.multirange:
                multirange = (multirange_path(thing)[1],) * 2
            for texts in range_parts(replace(thing, id=one.before), (one.before.name, one.after.name), multirange):
                follow, back = (Step(text, up.subjects, lock=Lock.ACCESS_EXCLUSIVE) for text in texts)
                self.steps.append((follow, back))
        self.present = {_moved(of, one): thing for of, thing in self.present.items()}

    def spelt(self, asked: Renamed) -> Renamed:
        """A routine's rename with its arguments as the server prints them: the YAML has them as they were written."""
        if asked.after.kind not in {"function", "aggregate"} or self.after is None:
            return asked
        kind, name = asked.after.kind, asked.after.path[:2]
        overloads = [of for of in self.after.objects if of.kind == kind and of.path[:2] == name]
        if len(overloads) > 1:
            overloads = [of for of in overloads if _same_arguments(of.path[2], asked.after.path[2])]
        if len(overloads) != 1:
            return asked
        arguments = overloads[0].path[2]
        return Renamed(Id(kind, (*asked.before.path[:2], arguments)), Id(kind, (*name, arguments)))


def _same_arguments(printed: str, written: str) -> bool:
    """Whether types that the server printed may be those of the arguments that were written, with names or without."""
    theirs, ours = (tuple(filter(None, map(str.strip, text.split(",")))) for text in (printed, written))
    return len(ours) == len(theirs) and all(
        _typed(one) == _typed(other) for one, other in zip(ours, theirs, strict=True)
    )


_PRINTED = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "float4": "real",
    "float": "double precision",
    "float8": "double precision",
    "decimal": "numeric",
    "varchar": "character varying",
    "char": "character",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
}
"""What format_type() prints for other words (utils/adt/format_type.c)."""


def _typed(argument: str) -> tuple[str, bool]:
    """The type of an argument without its name and schema, and whether it is an array."""
    words = argument.split()
    rests = [" ".join(words[n:]) for n in range(len(words))]
    known = next((rest for rest in rests if family("postgres", rest)), words[-1])
    name = base(known).rpartition(".")[2]
    return _PRINTED.get(name, name), is_array(argument)


_NAME = re.compile(r'"(?:[^"]|"")*"|[^."]+')


def multirange_path(range_: pg.Range) -> tuple[str, str]:
    """Schema and name of a range type's multirange."""
    schema, own = range_.id.path
    if range_.multirange is None:
        return schema, multirange_name(own)
    there, name = (part.strip('"').replace('""', '"') for part in _NAME.findall(range_.multirange))
    return there, name


def range_parts(range_: pg.Range, own: tuple[str, str], multirange: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """(up, down) statements that rename what a range type brings along and keeps the old name when it is renamed.

    Those are its multirange and the functions that construct both (makeRangeConstructors and
    makeMultirangeConstructors, typecmds.c). They are to be run when the type has its new name.
    """
    schema, sub = range_.id.path[0], range_.subtype
    of = qualified(schema, own[1])
    if multirange[0] != multirange[1]:
        there, (old, new) = multirange_path(range_)[0], multirange
        yield (
            f"ALTER TYPE {qualified(there, old)} RENAME TO {identifier(new)}",
            f"ALTER TYPE {qualified(there, new)} RENAME TO {identifier(old)}",
        )
    # The functions are in the range's schema, wherever the multirange type is (DefineRange).
    for (old, new), arguments in (
        (own, f"{sub}, {sub}"),
        (own, f"{sub}, {sub}, text"),
        (multirange, ""),
        (multirange, of),
        (multirange, f"VARIADIC {of}[]"),
    ):
        if old != new:
            yield (
                f"ALTER FUNCTION {qualified(schema, old)}({arguments}) RENAME TO {identifier(new)}",
                f"ALTER FUNCTION {qualified(schema, new)}({arguments}) RENAME TO {identifier(old)}",
            )


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
