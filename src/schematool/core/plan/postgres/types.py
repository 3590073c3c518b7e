"""What a change of a column's type means: how values come along, what it loses, whether the table is rewritten.

Facts: PostgreSQL 15 measured (`timestamp` to `timestamptz` only keeps its bytes when the session's time zone is UTC);
binary compatible pairs as in ATColumnChangeRequiresRewrite, src/backend/commands/tablecmds.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"^(?P<base>[^(\[]+)(?:\((?P<mods>[\d,\s-]+)\))?(?P<tail>[^\[(]*)(?P<array>(?:\[\])*)$")
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_STRINGS = ("text", "character varying", "character", "citext", "public.citext", "name")
_MOMENTS = ("date", "timestamp without time zone", "timestamp with time zone")
_DIRECT = (
    frozenset(_NUMBERS),
    frozenset(_STRINGS),
    frozenset(_MOMENTS),
    frozenset({"time without time zone", "time with time zone", "interval"}),
    frozenset({"json", "jsonb"}),
    frozenset({"bit", "bit varying"}),
    frozenset({"inet", "cidr"}),
    frozenset({"boolean", "integer"}),
    frozenset({"xml", "text"}),
    frozenset({"oid", "integer", "bigint"}),
    frozenset({"money", "numeric", "integer", "bigint"}),
)


@dataclass(frozen=True, slots=True)
class TypeName:
    """format_type()'s text taken apart: `numeric(10,2)[]` is base `numeric`, modifiers (10, 2), one dimension."""

    base: str
    modifiers: tuple[int, ...]
    dimensions: int


def parsed(text: str) -> TypeName:
    """Take a type name apart; what does not fit the form is all base."""
    match = _FORM.match(text)
    if not match:
        return TypeName(text, (), 0)
    modifiers = tuple(int(part) for part in (match["mods"] or "").split(",") if part.strip())
    return TypeName((match["base"] + match["tail"]).strip(), modifiers, match["array"].count("["))


def using(column: str, old: str, new: str) -> str | None:
    """The USING expression that carries values over, or None where the assignment cast does it.

    It never has the length of the new type in it: an explicit cast to `varchar(3)` cuts what is longer without a word,
    while the assignment that follows refuses it.
    """
    before, after = parsed(old), parsed(new)
    if before.base == after.base and before.dimensions == after.dimensions:
        return None
    into = without_length(new)
    if json := _json(column, before, after, into):
        return json
    if before.dimensions < after.dimensions:
        return f"CASE WHEN {column} IS NULL THEN NULL ELSE ARRAY[{_cast(column, before.base, after.base)}] END::{into}"
    if before.dimensions > after.dimensions:
        return _cast(f"({column})[1]", before.base, after.base, into)
    if before.base in _STRINGS and after.base in _STRINGS and not before.dimensions:
        return None
    return _cast(column, before.base, after.base, into, "[]" * before.dimensions)


_JSON = ("json", "jsonb")


def _json(column: str, old: TypeName, new: TypeName, into: str) -> str | None:
    """A value as JSON has it, and read from there; a text is taken for JSON that was written down."""
    if new.base in _JSON and not new.dimensions and (old.dimensions or old.base not in {*_STRINGS, *_JSON}):
        return f"to_{new.base}({column})"
    if old.base not in _JSON or old.dimensions or new.base in {*_STRINGS, *_JSON}:
        return None
    if new.dimensions == 1 and new.base in {*_NUMBERS, "boolean"}:
        return f"translate({column}::text, '[]', '{{}}')::{into}"
    return None if new.dimensions else f"({column} #>> '{{}}')::{into}"


_UNBOUNDED = {"character varying": "character varying", "character": "text", "bit": "bit varying"}


def without_length(type_: str) -> str:
    """A type that takes longer values too and is assigned to this one with a look at their length."""
    of = parsed(type_)
    return _UNBOUNDED.get(of.base, of.base) + "[]" * of.dimensions


def _cast(value: str, old: str, new: str, full: str | None = None, array: str = "") -> str:
    direct = old == new or old in _STRINGS or new in _STRINGS or any({old, new} <= family for family in _DIRECT)
    into = full or without_length(new)
    return f"{value}::{into}" if direct else f"{value}::text{array}::{into}"


_ROUNDS = "rounds values"
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_FLOATS = frozenset({"real", "double precision"})
_SCALES = {"smallint": 0, "integer": 0, "bigint": 0, "oid": 0, "money": 2}
_ANY = 999
"""More digits than a number can have: how many there are is not known."""
_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19, "oid": 10, "real": 6, "double precision": 15}
"""Decimal digits: at most, of an integer type; those that always come through, of a float (PostgreSQL 18, 8.1.3)."""
_SHORT = frozenset({*_SCALES, *_FLOATS, *_MOMENTS, "uuid", "boolean", '"char"', "name"})
"""Types whose texts fit into a `name`."""


def lossy(old: str, new: str) -> str | None:
    """What of the values a change can lose without an error, in words; None when nothing.

    Apart from what PostgreSQL itself takes for the same: blanks at the end of a `character`, and the order, spacing and
    repeated keys of a `json` that becomes `jsonb`.
    """
    before, after = parsed(old), parsed(new)
    if before.dimensions > after.dimensions and after.base not in {"json", "jsonb"}:
        return "keeps only the first element"
    found = (
        _number_loss(before, after),
        _moment_loss(before, after),
        _string_loss(before, after),
    )
    return next((words for words in found if words), None)


def cuts(old: str, new: str) -> bool:
    """Whether a cast, which does not look at lengths as an assignment does, can make a value shorter."""
    before, after = parsed(old), parsed(new)
    if after.base not in _UNBOUNDED or not after.modifiers:
        return False
    return before.base not in _UNBOUNDED or not before.modifiers or before.modifiers[0] > after.modifiers[0]


def _scale(of: TypeName) -> int:
    """How many digits there can be behind the point."""
    if of.base == "numeric":
        return of.modifiers[1] if len(of.modifiers) > 1 else (0 if of.modifiers else _ANY)
    return _SCALES.get(of.base, _ANY)


def _number_loss(before: TypeName, after: TypeName) -> str | None:
    if before.base == after.base and before.base != "numeric":
        return None
    if after.base == "boolean" and before.base == "integer":
        return "keeps only whether it is zero"
    if after.base in _FLOATS:
        whole = _DIGITS.get(before.base, _ANY)
        if before.base == "numeric" and before.modifiers:
            whole = before.modifiers[0]
        return _ROUNDS if whole > _DIGITS[after.base] and before.base != "real" else None
    if after.base == "numeric" and not after.modifiers:
        return None
    # What is text and no whole number is refused by an integer type.
    rounded = after.base in {"numeric", "money"} or (after.base in _INTEGERS and before.base in {*_NUMBERS, "money"})
    return _ROUNDS if rounded and _scale(before) > _scale(after) else None


def _precision(of: TypeName) -> int:
    return of.modifiers[0] if of.modifiers else 6


def _moment_loss(before: TypeName, after: TypeName) -> str | None:
    timed = after.base.startswith(("time", "interval"))
    if not timed and after.base != "date":
        return None
    known = before.base.startswith(("time", "interval")) or before.base == "date"
    if before.base != after.base:
        if after.base.startswith("interval "):
            return "keeps only a part of each interval"
        if after.base == "date" or (after.base.startswith("time ") and before.base[:5] != "time "):
            return "keeps only a part of each moment"
        if after.base.endswith("without time zone") and (not known or before.base == "time with time zone"):
            return "drops time zones"
    fractions = 0 if before.base == "date" else _precision(before)
    return "rounds fractions of a second" if timed and fractions > _precision(after) else None


def _string_loss(before: TypeName, after: TypeName) -> str | None:
    if before.base == after.base:
        return None
    if after.base == '"char"':
        return "keeps only the first byte"
    if after.base == "name" and before.base not in _SHORT:
        return "keeps only the first 63 bytes"
    if after.base == "cidr" and before.base == "inet":
        return "keeps only the network"
    if after.base == "tsvector" and before.base in _STRINGS:
        return "keeps each word once"
    return None


def read_with(old: str, new: str) -> tuple[str, ...]:
    """The settings, as `name = value`, that decide what a value means when it gets from one type into the other.

    Those of schematool's own sessions, said in the migration too: whoever runs it elsewhere gets the same values.
    """
    before, after = parsed(old).base, parsed(new).base
    if before == after:
        return ()
    pair = (before, after)
    zoned = any(base.endswith("with time zone") or base.startswith("tstz") for base in pair)
    timed = zoned or any(base in _MOMENTS or base.startswith(("tsr", "tsm", "dater", "datem")) for base in pair)
    spelt = any(base not in _MOMENTS and not base.startswith(("time", "interval")) for base in pair)
    return (
        *(("TimeZone = 'UTC'",) if zoned else ()),
        *(("DateStyle = 'ISO, YMD'",) if timed and spelt else ()),
    )


def rewrites(old: str, new: str) -> bool:
    """Whether PostgreSQL writes the whole table again."""
    before, after = parsed(old), parsed(new)
    if before.dimensions != after.dimensions:
        return True
    if before.base == after.base:
        return not _widens(before, after)
    if after.base == "text" and before.base in {"character varying", "citext", "public.citext"}:
        return False
    if after.base == "character varying" and not after.modifiers and before.base == "text":
        return False
    return (before.base, after.base) != ("cidr", "inet")


def _widens(before: TypeName, after: TypeName) -> bool:
    if before.modifiers == after.modifiers or not after.modifiers:
        return before.base != "character"
    if not before.modifiers:
        return False
    if before.base in {"character varying", "bit varying"}:
        return after.modifiers[0] >= before.modifiers[0]
    if before.base == "numeric":
        scales = [m[1] if len(m) > 1 else 0 for m in (before.modifiers, after.modifiers)]
        return scales[0] == scales[1] and after.modifiers[0] >= before.modifiers[0]
    if before.base.startswith(("time", "interval")):
        return after.modifiers[0] >= before.modifiers[0]
    return False


def other_base(old: str, new: str) -> bool:
    """Whether it is another type, not only another length or precision."""
    return parsed(old).base != parsed(new).base


def comparable(old: str, new: str) -> bool:
    """Whether `=` works between the two, so that a foreign key outlives the change of one of its sides."""
    pair = {parsed(old).base, parsed(new).base}
    return len(pair) == 1 or pair <= set(_NUMBERS) or pair <= set(_STRINGS[:3]) or pair <= set(_MOMENTS)


def usual_storage(type_: str) -> str:
    """The storage that a type which can be stored out of line has by itself; SET STORAGE DEFAULT came with 16."""
    form = parsed(type_)
    return "main" if form.base in {"numeric", "inet", "cidr"} and not form.dimensions else "extended"
