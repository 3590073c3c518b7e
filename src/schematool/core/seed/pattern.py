"""Texts that match a regular expression, found by walking its parse tree. Knows no server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
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
# POSIX classes, which PostgreSQL and PCRE know and Python does not.
_POSIX = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": " ",
    "blank": " ",
    "punct": ".,;:!?-",
    "xdigit": "0-9a-f",
    "word": "a-zA-Z0-9_",
}
_WANTED = 1 << 40
"""How many different texts are worth having: a repeat is made no longer than it takes."""

_LEAVES = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN"})
_UNREAD = (re.error, AttributeError, KeyError, TypeError, ValueError, RecursionError, IndexError)


def matching(pattern: str, number: int) -> str | None:
    """Make a text that the pattern matches, others for other numbers; None for what is beyond this."""
    try:
        made = Maker.of(pattern).text(number)
        return made if re.search(portable(pattern), made) else None
    except _UNREAD:
        return None


def portable(pattern: str) -> str:
    """Write what PostgreSQL and PCRE know as Python knows it."""
    return re.sub(r"\[:(\w+):\]", lambda match: _POSIX.get(match[1], match[0]), pattern)


@dataclass(frozen=True, slots=True)
class Maker:
    """A pattern that was read. Different numbers below `capacity` give different texts, in nearly all patterns."""

    tree: Any
    least: int = 0

    @staticmethod
    def of(pattern: str, least: int = 0) -> Maker:
        """Read a pattern; `least`: the length that its texts should have where it leaves that open.

        Raises what `re` raises for one that it cannot read, and ValueError for what nothing can be made of.
        """
        maker = Maker(_parser.parse(portable(pattern)), least)
        maker.text(0)
        return maker

    @property
    def capacity(self) -> int:
        """How many texts it can make, at most about 10**12."""
        walk = _Walk(_WANTED, self.least)
        "".join(walk.over(self.tree))
        return max(1, min(walk.capacity, _WANTED))

    def text(self, number: int) -> str:
        """Make the text of a number."""
        return "".join(_Walk(number, self.least).over(self.tree))


@dataclass(slots=True)
class _Walk:
    """One way through a tree: each choice takes its share of the number."""

    number: int
    least: int = 0
    capacity: int = 1
    made: int = 0

    def _choose(self, count: int) -> int:
        self.capacity *= count
        self.number, chosen = divmod(self.number, count)
        return chosen

    def over(self, tree: Iterable[Any]) -> Iterable[str]:
        for operation, argument in tree:
            for text in self._one(str(operation), argument):
                self.made += str(operation) in _LEAVES
                yield text

    def _one(self, operation: str, argument: Any) -> Iterable[str]:
        match operation:
            case "LITERAL":
                yield chr(argument)
            case "NOT_LITERAL":
                yield "b" if chr(argument) == "a" else "a"
            case "ANY":
                yield _LETTERS[self._choose(26)]
            case "IN":
                choices = _choices(argument)
                yield choices[self._choose(len(choices))]
            case "SUBPATTERN":
                yield from self.over(argument[-1])
            case "BRANCH":
                yield from self.over(argument[1][self._choose(len(argument[1]))])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                yield from self._repeated(*argument)
            case "AT":
                return
            case _:
                raise ValueError(operation)

    def _repeated(self, least: int, most: int, inner: Any) -> Iterable[str]:
        """As often as it takes to be different, and not much longer: at most eight times more than needed."""
        turn = 0
        while turn < least or (turn < most and turn < least + 8 and (turn < max(1, least) or self.number)):
            yield from self.over(inner)
            turn += 1
        while turn < most and self.made < self.least and turn < 10_000:
            yield from self.over(inner)
            turn += 1


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
