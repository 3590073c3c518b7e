"""Plausible values of every type, as SQL, for rows that only have to satisfy constraints.

A value depends on its type and on the number of its row alone, so that row 1 of one table fits row 1 of another when
a migration adds a foreign key between them; texts are digits, which nearly every other type can be made from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from schematool.core.sql.quote import literal

_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])")
_SAMPLES = ("a", "A", "AB", "ABC", "a@example.com", "+15550100", "https://example.com", "2024-01-01", "12345", "")
"""What texts often have to look like."""

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Type:
    """One row of pg_type and what hangs on it. `kind` is typtype; `checks` and `required` are a domain's own.

    `members` of a composite: name, type, modifier.
    """

    oid: int
    name: str
    sql: str
    kind: str
    category: str
    base: int = 0
    modifier: int = -1
    element: int = 0
    labels: tuple[str, ...] = ()
    members: tuple[tuple[str, int, int], ...] = ()
    subtype: int = 0
    range: int = 0
    checks: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column that can be written. `checks`: conditions that mention it; `bounds`: values of its partitions."""

    name: str
    number: int
    type: int
    modifier: int
    required: bool
    defaulted: bool
    checks: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    type_name: str = ""


def candidates(column: Column, row: int, types: Mapping[int, Type]) -> list[str]:
    """Return SQL expressions to try for a column, the likeliest first; never empty."""
    found = [literal(bound) for bound in column.bounds]
    found += _Maker(types, row, column.number).of(column.type, column.modifier, column.checks)
    if column.defaulted:
        found.append("DEFAULT")
    if not column.required:
        found.append("NULL")
    unique = list(dict.fromkeys(found)) or ["DEFAULT"]
    if len(column.bounds) > 1:
        turn = row % len(column.bounds)
        unique = unique[turn:] + unique[:turn]
    return unique


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes values for one row; `order` is the place of the column, which spreads times over a day."""

    types: Mapping[int, Type]
    row: int
    order: int

    def of(self, oid: int, modifier: int, checks: tuple[str, ...] = ()) -> list[str]:
        kind = self.types[oid]
        match kind.kind:
            case "d":
                return self.of(kind.base, kind.modifier if modifier < 0 else modifier, checks + kind.checks)
            case "e":
                turn = self.row % max(1, len(kind.labels))
                return [literal(label) for label in kind.labels[turn:] + kind.labels[:turn]]
            case "c":
                parts = [(*self.of(inner, mod), "NULL")[0] for _, inner, mod in kind.members]
                return [f"ROW({', '.join(parts)})::{kind.sql}"]
            case "r":
                low = self.of(kind.subtype, -1)
                high = _Maker(self.types, self.row + 1, self.order).of(kind.subtype, -1)
                return [f"{kind.sql}({low[0]}, {high[0]})", "'empty'"]
            case "m":
                return [f"{kind.sql}({inner})" for inner in self.of(kind.range, -1)[:1]] + ["'{}'"]
            case _:
                return self._base(kind, modifier, checks)

    def _base(self, kind: Type, modifier: int, checks: tuple[str, ...]) -> list[str]:
        if kind.category == "A" and kind.element in self.types:
            inner = self.of(kind.element, modifier)
            return [f"ARRAY[{value}]::{kind.sql}" for value in inner[:3]] + [f"'{{}}'::{kind.sql}"]
        return _hints(kind, checks, self.row) + _plain(kind, modifier, self.row + 1, self.order)


def _hints(kind: Type, checks: tuple[str, ...], row: int) -> list[str]:
    """What the conditions themselves mention: the members of a list, bounds and their neighbours, lengths."""
    text = " ".join(checks)
    strings = [match.replace("''", "'") for match in _STRING.findall(text)]
    numbers = [float(match) for match in _NUMBER.findall(_STRING.sub("''", text))]
    if kind.category == "N":
        between = [(low + high) / 2 for low, high in pairwise(numbers)]
        steps = [number + step for number in numbers for step in (1, -1, 0)]
        given = [float(s) for s in strings if re.fullmatch(r"-?\d+(\.\d+)?", s)]
        return [_number(number) for number in (*between, *steps, *given)]
    if kind.category == "S":
        lengths = sorted({int(n) + step for n in numbers for step in (0, 1, -1) if 0 < n + step <= _LONGEST})
        sized = [literal((str(row + 1) * length)[:length]) for length in lengths]
        samples = [literal(sample) for sample in _SAMPLES] if text else []
        return [literal(s) for s in strings if s] + sized + samples
    return [literal(s) for s in strings if s]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _plain(kind: Type, modifier: int, n: int, order: int) -> list[str]:
    if made := _SIMPLE.get(kind.name):
        return [literal(text.format(n=n, h=f"{n:02x}", o=min(order, 20) + 2)) for text in made]
    match kind.name:
        case "bool":
            return ["true", "false"] if n % 2 else ["false", "true"]
        case "varchar" | "bpchar" | "text" | "citext" | "name":
            room = modifier - 4 if modifier > 4 else _LONGEST
            text = str(n)[-room:]
            return [literal(text), literal(chr(96 + n)), literal(f"{text}{chr(96 + n)}"[:room])]
        case "numeric" if modifier >= 4 and ((modifier - 4) >> 16) <= ((modifier - 4) & 0x7FF):
            return [f"0.{'0' * (((modifier - 4) & 0x7FF) - 1)}{n}", "0"]
        case "bit":
            return [f"B'{n % 2 ** min(modifier, 30):0{max(modifier, 1)}b}'"]
        case "uuid":
            return [literal(f"00000000-0000-4000-8000-{n:012d}")]
        case _:
            pass
    texts = (str(n), str(n * 10), "0") if kind.category == "N" else (str(n), "a", "0", "", "{}")
    return [literal(text) for text in texts]


_SIMPLE: Mapping[str, tuple[str, ...]] = {
    # Later columns get later times, so that a check that one ends after the other begins is likely to hold.
    "date": ("2024-01-{o:02d}", "2024-02-{n:02d}", "1990-01-{n:02d}", "2999-01-{n:02d}"),
    "timestamp": ("2024-01-{n:02d} {o:02d}:00", "1990-01-{n:02d}", "2999-01-{n:02d}"),
    "timestamptz": ("2024-01-{n:02d} {o:02d}:00+00", "1990-01-{n:02d} 00:00+00", "2999-01-{n:02d} 00:00+00"),
    "time": ("{o:02d}:{n:02d}",),
    "timetz": ("{o:02d}:{n:02d}+00",),
    "interval": ("{n} hours", "{n} days"),
    "bytea": ("\\x{h}",),
    "json": ('{{"n": {n}}}', "[{n}]", '"{n}"', "{{}}", "[]"),
    "jsonb": ('{{"n": {n}}}', "[{n}]", '"{n}"', "{{}}", "[]"),
    "inet": ("192.0.2.{n}",),
    "cidr": ("192.0.2.{n}/32",),
    "macaddr": ("00:00:5e:00:53:{h}",),
    "macaddr8": ("00:00:5e:00:53:00:00:{h}",),
    "money": ("{n}",),
    "point": ("({n},{n})",),
    "line": ("{{1,{n},0}}",),
    "lseg": ("[(0,0),({n},{n})]",),
    "box": ("({n},{n}),(0,0)",),
    "path": ("((0,0),({n},0),(0,{n}))",),
    "polygon": ("((0,0),({n},0),(0,{n}))",),
    "circle": ("<(0,0),{n}>",),
    "varbit": ("10",),
    "tsvector": ("word{n}",),
    "tsquery": ("word{n}",),
    "xml": ("<n>{n}</n>",),
    "pg_lsn": ("0/{h}",),
    "hstore": ("n=>{n}",),
    "ltree": ("n{n}",),
    "jsonpath": ("$.n{n}",),
    "regclass": ("pg_class",),
    "regtype": ("int4",),
    "regproc": ("now",),
    "regprocedure": ("now()",),
    "regnamespace": ("pg_catalog",),
    "char": ("{n}",),
    "txid_snapshot": ("{n}:{n}:",),
    "pg_snapshot": ("{n}:{n}:",),
    "tid": ("(0,{n})",),
    "vector": ("[{n}]",),
}
