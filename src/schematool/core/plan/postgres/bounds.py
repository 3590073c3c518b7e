"""What the bounds of partitions mean: which overlap, which one covers another, and which rows are inside.

Bounds and keys are those that the server prints (pg_get_expr, pg_get_partkeydef). Of values whose order only the server
knows, texts and the like, nothing is concluded: the answer is None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from schematool.core.sql.quote import literal

_LIST = re.compile(r"FOR VALUES IN \((?P<values>.*)\)\Z", re.DOTALL)
_RANGE = re.compile(r"FOR VALUES FROM \((?P<low>.*)\) TO \((?P<high>.*)\)\Z", re.DOTALL)
_HASH = re.compile(r"FOR VALUES WITH \(modulus (?P<modulus>\d+), remainder (?P<remainder>\d+)\)\Z")
_KEY = re.compile(r"(?:RANGE|LIST|HASH) \((?P<parts>.*)\)\Z", re.DOTALL)
_PIECE = re.compile(r"""(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<open>[(\[])|(?P<close>[)\]])|(?P<comma>,)""")
_TAIL = re.compile(r"""(?P<expression>"(?:[^"]|"")*"|\w[\w$]*(?=\s|\Z)|\(.*\)|.*\))(?:\s.*)?\Z""", re.DOTALL)
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision", "oid")
_MOMENTS = ("date", "timestamp")
_ENDS = ("MINVALUE", "MAXVALUE")

Values: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """One partition's: `values` of a list, `low` and `high` of a range, `modulus` and `remainder` of a hash."""

    values: Values = ()
    low: Values = ()
    high: Values = ()
    modulus: int = 0
    remainder: int = 0

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other takes."""
        return not (self.values or self.low or self.modulus)


def bound(text: str) -> Bound:
    """Take a bound apart.

    >>> bound("FOR VALUES IN ('a', 'b,c', NULL)").values
    ("'a'", "'b,c'", 'NULL')
    """
    if match := _LIST.match(text):
        return Bound(values=cut(match["values"]))
    if match := _RANGE.match(text):
        return Bound(low=cut(match["low"]), high=cut(match["high"]))
    if match := _HASH.match(text):
        return Bound(modulus=int(match["modulus"]), remainder=int(match["remainder"]))
    return Bound()


def cut(text: str) -> Values:
    """Cut at commas that are in no text and no parentheses.

    >>> cut("lower(b), (a % 10)")
    ('lower(b)', '(a % 10)')
    """
    parts, depth, start = [], 0, 0
    for match in _PIECE.finditer(text):
        depth += bool(match["open"]) - bool(match["close"])
        if match["comma"] and not depth:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    return (*parts, text[start:].strip())


def key_parts(key: str) -> Values:
    """The expressions of a partition key, without operator classes and collations.

    >>> key_parts('RANGE (lower(b) COLLATE "C", ((a % 10)), "at" date_ops)')
    ('lower(b)', '((a % 10))', '"at"')
    """
    match = _KEY.match(key)
    found = (_TAIL.match(part) for part in cut(match["parts"])) if match else ()
    return tuple(one["expression"] for one in found if one)


def overlap(one: Bound, other: Bound, types: Sequence[str]) -> bool | None:
    """Whether a row can be inside of both."""
    if one.is_default or other.is_default:
        return None
    if one.values or other.values:
        return bool(set(one.values) & set(other.values))
    if one.modulus and other.modulus:
        shared = math.gcd(one.modulus, other.modulus)
        return one.remainder % shared == other.remainder % shared
    before, after = _less(one.low, other.high, types), _less(other.low, one.high, types)
    return False if False in {before, after} else (None if None in {before, after} else True)


def covers(wide: Bound, narrow: Bound, types: Sequence[str]) -> bool | None:
    """Whether every row of the narrow one is inside of the wide one."""
    if wide == narrow or wide.is_default:
        return True
    if narrow.is_default:
        return False
    if wide.values or narrow.values:
        return set(narrow.values) <= set(wide.values)
    if wide.modulus and narrow.modulus:
        return narrow.modulus % wide.modulus == 0 and narrow.remainder % wide.modulus == wide.remainder
    ends = _less(narrow.low, wide.low, types), _less(wide.high, narrow.high, types)
    return False if True in ends else (None if None in ends else True)


def _less(one: Values, other: Values, types: Sequence[str]) -> bool | None:
    """Whether the one end of a range comes before the other, as far as that can be told."""
    for first, second, type_ in zip(one, other, types, strict=False):
        if first == second:
            continue
        if first in _ENDS or second in _ENDS:
            return first == "MINVALUE" or second == "MAXVALUE"
        values = [text.strip("'") for text in (first, second)]
        if type_.startswith(_MOMENTS):
            return values[0] < values[1] if len(values[0]) == len(values[1]) else None
        if type_.startswith(_NUMBERS) and all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in values):
            return Decimal(values[0]) < Decimal(values[1])
        return None
    return False


def condition(inside: Bound, keys: Values, table: str) -> str:
    """The rows that are inside; `table` is the partitioned table, as SQL names it. Not for DEFAULT.

    >>> condition(bound("FOR VALUES FROM (1, MINVALUE) TO (5, MAXVALUE)"), ("a", "b"), "t")
    '(a) >= (1) AND (a) <= (5)'
    """
    if inside.values:
        given = ", ".join(value for value in inside.values if value != "NULL")
        parts = [f"{keys[0]} IN ({given})"] if given else []
        parts += [f"{keys[0]} IS NULL"] if "NULL" in inside.values else []
        return " OR ".join(parts)
    if inside.modulus:
        arguments = ", ".join(keys)
        return (
            f"satisfies_hash_partition({literal(table)}::regclass, {inside.modulus}, {inside.remainder}, {arguments})"
        )
    low, high = _side(inside.low, keys, (">=", ">")), _side(inside.high, keys, ("<", "<="))
    return " AND ".join(filter(None, (low, high))) or " AND ".join(f"{key} IS NOT NULL" for key in keys)


def _side(values: Values, keys: Values, operators: tuple[str, str]) -> str:
    """One end of a range: compared up to the first part that has no end, which leaves the rest open."""
    number = next((n for n, value in enumerate(values) if value in _ENDS), len(values))
    if not number:
        return ""
    operator = operators[number < len(values) and values[number] == "MAXVALUE"]
    return f"({', '.join(keys[:number])}) {operator} ({', '.join(values[:number])})"
