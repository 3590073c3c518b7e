"""The names that PostgreSQL chooses by itself (ChooseRelationName and makeObjectName of indexcmds.c)."""

from __future__ import annotations

import re

LIMIT = 63
"""NAMEDATALEN less the closing zero byte."""


def default_name(first: str, second: str | None, label: str) -> str:
    """`first_second_label`, the longer of the first two shortened until it fits, in bytes of UTF-8."""
    one, two = first.encode(), (second or "").encode()
    room = LIMIT - len(label.encode()) - (1 if second is None else 2)
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    # A character that was cut in two is left out whole, as pg_mbcliplen does.
    parts = (one, label.encode()) if second is None else (one, two, label.encode())
    return "_".join(part.decode(errors="ignore") for part in parts)


def is_default_name(name: str, first: str, second: str | None, label: str) -> bool:
    """Whether the server may have chosen this name: also with the number that it appends when the name is taken."""
    number = re.search(r"\d*$", name)
    return name in (
        default_name(first, second, label),
        default_name(first, second, label + (number.group() if number else "")),
    )


def multirange_name(name: str) -> str:
    """The multirange type that CREATE TYPE … AS RANGE makes when it is not told a name (makeMultirangeTypeName)."""
    if "range" in name:
        return name.replace("range", "multirange", 1)[:LIMIT]
    return f"{name.encode()[: LIMIT - len('_multirange')].decode(errors='ignore')}_multirange"
