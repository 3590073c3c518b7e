"""A text that matches a regular expression, found by walking its parse tree. Knows no server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _parser  # type: ignore[attr-defined]  # the one parser there is; a change of it is a None from `matching`
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CLASSES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_WORD": _LETTERS,
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": _LETTERS,
}
_SHOWN = [chr(code) for code in range(33, 127)]


def matching(pattern: str, number: int) -> str | None:
    """Make a text that the pattern matches, others for other numbers; None for what is beyond this."""
    try:
        made = "".join(_walk(_parser.parse(pattern), number))
        return made if re.search(pattern, made) else None
    except (re.error, AttributeError, KeyError, TypeError, ValueError, RecursionError, IndexError):
        return None


def _walk(tree: Iterable[Any], number: int) -> Iterable[str]:
    for place, (operation, argument) in enumerate(tree):
        match str(operation):
            case "LITERAL":
                yield chr(argument)
            case "NOT_LITERAL":
                yield "b" if chr(argument) == "a" else "a"
            case "ANY":
                yield _LETTERS[number % 26]
            case "IN":
                choices = _choices(argument)
                yield choices[(number + place) % len(choices)]
            case "SUBPATTERN":
                yield from _walk(argument[-1], number)
            case "BRANCH":
                yield from _walk(argument[1][number % len(argument[1])], number)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = argument
                for turn in range(max(least, min(1, most))):
                    yield from _walk(inner, number if turn == 0 else 0)
            case "AT":
                continue
            case _:
                raise ValueError(operation)


def _choices(members: Iterable[Any]) -> list[str]:
    """Give the characters of a class; of a negated one, what is left of those that can be seen."""
    found: list[str] = []
    negated = False
    for operation, argument in members:
        match str(operation):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.append(chr(argument))
            case "RANGE":
                found += [chr(code) for code in range(argument[0], min(argument[1], argument[0] + 255) + 1)]
            case _:
                found += _CLASSES[str(argument)]
    return [character for character in _SHOWN if character not in found] if negated else found
