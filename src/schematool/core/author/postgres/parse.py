"""Reads the few forms of SQL text that the server prints: names in lists, parentheses, clauses in a fixed order."""

from __future__ import annotations

import re
from collections.abc import Iterator

NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$]*)'
"""One identifier, quoted where it must be."""
_SUBQUERY = re.compile(r"(?i)\(\s*(?:select|values|with|table)\b")
QUALIFIED = rf"{NAME}(?:\.{NAME})*"


def name(text: str) -> str:
    """An identifier without its quotes.

    >>> name('"User"'), name("users")
    ('User', 'users')
    """
    text = text.strip()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def path(text: str) -> tuple[str, ...]:
    """The names of a qualified identifier.

    >>> path('public."order"')
    ('public', 'order')
    """
    return tuple(name(part) for part in re.findall(NAME, text))


def split(text: str, separator: str = ",") -> list[str]:
    r"""Cut at separators that stand in no parenthesis, bracket or quotes.

    >>> split("a, f(b, 'x,y'), \"c,d\"")
    ['a', "f(b, 'x,y')", '"c,d"']
    """
    parts, start = [], 0
    for position in _outside(text):
        if text[position] == separator:
            parts.append(text[start:position].strip())
            start = position + 1
    last = text[start:].strip()
    return [*parts, last] if last or parts else []


def names(text: str) -> list[str]:
    """The identifiers of a list."""
    return [name(part) for part in split(text)]


def closing(text: str, opening: int = 0) -> int:
    """Where the parenthesis at `opening` is closed; -1 where it is not."""
    depth, quote = 0, ""
    for position in range(opening, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return position
    return -1


def unwrap(text: str) -> str:
    """An expression without one pair of parentheses around all of it; a subquery is none without them.

    >>> unwrap("(a > 0)"), unwrap("(a) > (b)"), unwrap("( SELECT 1)")
    ('a > 0', '(a) > (b)', '( SELECT 1)')
    """
    text = text.strip()
    if not text.startswith("(") or closing(text) != len(text) - 1 or _SUBQUERY.match(text):
        return text
    return text[1:-1].strip()


def group(text: str) -> tuple[str, str] | None:
    """The inside of the parenthesis that a text begins with, and what follows it; None where it begins otherwise."""
    text = text.lstrip()
    end = closing(text) if text.startswith("(") else -1
    return None if end < 0 else (text[1:end], text[end + 1 :].strip())


def _outside(text: str) -> Iterator[int]:
    depth, quote = 0, ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif depth == 0:
            yield position
