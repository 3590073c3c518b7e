"""Columns of inner queries that have no name, as the server prints them and as it must read them again."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<literal>E?'(?:[^'\\]|''|\\.)*'|\bNULL\b)|(?P<name>"(?:[^"]|"")*")|(?P<word>\w+)|(?P<mark>::|\S)"""
)
_ENDS = frozenset(
    {
        *("FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER"),
        *("LIMIT", "OFFSET", "FETCH", "FOR", "RETURNING", "ON"),
    }
)
_MAYBE = re.compile(r"""(?:\bSELECT|,)\s+(?:E?'(?:[^']|'')*'|NULL)::[^,;)]*?(?:[,;)]|\s+[A-Z]|\s*$)""")
_NUMBER = re.compile(r"'(-?[0-9.]+)'")
_NUMBERS = frozenset({"integer", "bigint", "numeric"})


def without_casts(text: str) -> str:
    r"""A printed query without the types of constants that are columns without a name.

    `SELECT 'y'` in EXISTS has no name and is printed as `SELECT 'y'::text`. Read again, that column is called `text`,
    and from then on it is printed as `'y'::text AS text` (get_target_list, ruleutils.c; FigureColname,
    parse_target.c). What was written with a type of its own has its name printed in the first place.

    >>> without_casts("(EXISTS ( SELECT 'y'::text, '-1'::integer FROM t WHERE (t.a = 'a'::text)))")
    "(EXISTS ( SELECT 'y', -1 FROM t WHERE (t.a = 'a'::text)))"
    >>> without_casts("SELECT 'y'::text AS k, lower('Y'::text) AS lower")
    "SELECT 'y'::text AS k, lower('Y'::text) AS lower"
    """
    if not _MAYBE.search(text):
        return text
    pieces: list[str] = []
    end = 0
    for start, stop, bare in _found(text):
        pieces += (text[end:start], bare)
        end = stop
    return "".join((*pieces, text[end:]))


_MADE_UP = re.compile(
    r"""(?:'(-?[0-9.]+)'::(?:integer|bigint|numeric)|('(?:[^']|'')*'|\bNULL)::text) AS "?(?:text|int[48]|numeric)\b"?"""
)


def without_names(text: str) -> str:
    """A printed query without the names that such columns get when the text is read again.

    >>> without_names("(EXISTS ( SELECT 'y'::text AS text, '-1'::integer AS int4))")
    "(EXISTS ( SELECT 'y', -1))"
    """
    return _MADE_UP.sub(lambda match: match[1] or match[2], text)


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    """Where such a constant with its type begins and ends, and the constant alone."""
    entry: list[re.Match[str]] | None = None
    around: list[list[re.Match[str]] | None] = []
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in {",", ")", ";"} or word in _ENDS:
            if entry and (bare := _bare(entry)) is not None:
                yield entry[0].start(), entry[-1].end(), bare
            entry = [] if word == "," and entry is not None else None
            if word == ")":
                entry = around.pop() if around else None
                if entry is not None:
                    entry.append(token)
        elif word == "(":
            if entry is not None:
                entry.append(token)
            around.append(entry)
            entry = None
        elif word == "SELECT":
            entry = []
        elif entry is not None and word != "DISTINCT":
            entry.append(token)
    if entry and (bare := _bare(entry)) is not None:
        yield entry[0].start(), entry[-1].end(), bare


def _bare(entry: list[re.Match[str]]) -> str | None:
    """The constant of a column that is nothing but a constant with a type; None for any other column."""
    if len(entry) < 3 or not entry[0]["literal"] or entry[1][0] != "::":  # constant, mark, type
        return None
    if any(token["literal"] or token[0] in {"AS", "::"} for token in entry[2:]):
        return None
    if any(token["mark"] and token[0] not in set("().[]") for token in entry[2:]):
        return None
    number = _NUMBER.fullmatch(entry[0][0])
    return number[1] if number and entry[2][0] in _NUMBERS else entry[0][0]
