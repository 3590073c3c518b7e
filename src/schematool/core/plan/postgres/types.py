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
    """The USING expression that carries values over, or None where the assignment cast does it (and checks lengths)."""
    before, after = parsed(old), parsed(new)
    if before.base == after.base and before.dimensions == after.dimensions:
        return None
    if before.dimensions < after.dimensions:
        return f"CASE WHEN {column} IS NULL THEN NULL ELSE ARRAY[{_cast(column, before.base, after.base)}] END::{new}"
    if before.dimensions > after.dimensions:
        return _cast(f"({column})[1]", before.base, after.base, new)
    if before.base in _STRINGS and after.base in _STRINGS and not before.dimensions:
        return None
    return _cast(column, before.base, after.base, new, "[]" * before.dimensions)


def _cast(value: str, old: str, new: str, full: str | None = None, array: str = "") -> str:
    direct = old == new or old in _STRINGS or new in _STRINGS or any({old, new} <= family for family in _DIRECT)
    return f"{value}::{full or new}" if direct else f"{value}::text{array}::{full or new}"


def lossy(old: str, new: str) -> str | None:
    """What of the values a change can lose without an error, in words; None when nothing."""
    before, after = parsed(old), parsed(new)
    if before.dimensions > after.dimensions:
        return "keeps only the first element"
    pair = (before.base, after.base)
    if before.base == after.base == "numeric" and after.modifiers:
        scale_before = before.modifiers[1] if len(before.modifiers) > 1 else (0 if before.modifiers else 999)
        scale_after = after.modifiers[1] if len(after.modifiers) > 1 else 0
        return "rounds values" if scale_after < scale_before else None
    if before.base in {"numeric", "real", "double precision"} and after.base in {
        "smallint",
        "integer",
        "bigint",
    }:
        return "rounds values"
    if pair in {("numeric", "real"), ("numeric", "double precision"), ("double precision", "real")}:
        return "rounds values"
    if before.base in _MOMENTS[1:] and (after.base == "date" or after.base.startswith("time ")):
        return "keeps only a part of each moment"
    if before.base in _MOMENTS and before.base == after.base:
        return None
    if pair == ("json", "jsonb"):
        return None
    if before.base in {"character varying", "text"} and after.base == "character":
        return None
    return None


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
