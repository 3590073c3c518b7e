"""The names that PostgreSQL itself would choose, so that what is not named here is named as everywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableSet

LONGEST = 63
"""NAMEDATALEN - 1: bytes of an identifier."""


def object_name(first: str, second: str | None, label: str) -> str:
    """`first_second_label`, cut as makeObjectName() cuts: the longer of the two names gives way, byte by byte.

    >>> object_name("users", "email", "key"), object_name("users", None, "pkey")
    ('users_email_key', 'users_pkey')
    """
    overhead = len(label.encode()) + 1 + (0 if second is None else 1)
    one, two = len(first.encode()), len((second or "").encode())
    available = LONGEST - overhead
    while one + two > available:
        if one > two:
            one -= 1
        else:
            two -= 1
    parts = [_cut(first, one), *([] if second is None else [_cut(second, two)]), label]
    return "_".join(parts)


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


def is_object_name(name: str, first: str, second: str | None, label: str) -> bool:
    """Whether the server may have chosen this name: also with the number that it appends when the name is taken."""
    number = re.search(r"\d*$", name)
    tail = number.group() if number else ""
    return name in {object_name(first, second, label), object_name(first, second, label + tail)}


def multirange_name(name: str) -> str:
    """The multirange type that CREATE TYPE … AS RANGE makes when it is not told a name (makeMultirangeTypeName)."""
    if "range" in name:
        return _cut(name.replace("range", "multirange", 1), LONGEST)
    return f"{_cut(name, LONGEST - len('_multirange'))}_multirange"


def choose(first: str, columns: Iterable[str] | None, label: str, taken: MutableSet[str]) -> str:
    """Find a free name, as ChooseRelationName() does: `_key`, `_key1`, `_key2`; it is taken from then on."""
    second = None if columns is None else _joined(columns)
    name, number = object_name(first, second, label), 0
    while name in taken:
        number += 1
        name = object_name(first, second, f"{label}{number}")
    taken.add(name)
    return name


def _joined(columns: Iterable[str]) -> str:
    """Column names joined as ChooseIndexNameAddition() joins them, up to one identifier's length."""
    text = ""
    for column in columns:
        text = f"{text}_{column}" if text else column
        if len(text.encode()) >= LONGEST:
            break
    return text


def expression_name(expression: str, used: MutableSet[str]) -> str:
    """What an expression is called in an index's name (FigureIndexColname): its function, else `expr`."""
    call = re.match(r'\(*\s*(?:\w+\.)?"?(\w+)"?\s*\(', expression)
    origin = call.group(1).lower() if call else "expr"
    name, number = origin, 0
    while name in used:
        number += 1
        name = f"{origin}{number}"
    used.add(name)
    return name
