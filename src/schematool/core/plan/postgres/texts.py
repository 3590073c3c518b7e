"""Expressions as the server printed them, said so that it prints them the same again.

`status IN ('a', 'b')` on a varchar column is printed as
`(status)::text = ANY ((ARRAY['a'::character varying, …])::text[])`.
Parsed again, the cast is pushed into the elements and the text comes out different (transformArrayExpr,
src/backend/parser/parse_expr.c), for ever a false drift. Without the cast the parser adds it itself, where it was.

`n BETWEEN 1 AND 5 AND m > 0` is printed as `(((n >= 1) AND (n <= 5)) AND (m > 0))`.
Parsed again, the three become one list, since the grammar does not see the inner parentheses (makeAndExpr, gram.y);
BETWEEN, row comparisons and IN with columns are taken apart only afterwards, when nothing is flattened any more.
So BETWEEN is put back where it was. Where it was another, a cast to boolean stops the grammar and leaves no trace
(coerce_type, parse_coerce.c).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ELEMENT = r"'(?:[^']|'')*'::character varying(?:\(\d+\))?"
_CAST_ARRAY = re.compile(
    r"(?P<operator>(?:=|<>|~~\*?|!~~\*?|~\*?|!~\*?) (?:ANY|ALL) )"
    rf"\(\((?P<array>ARRAY\[{_ELEMENT}(?:, {_ELEMENT})*\])\)::text\[\]\)"
)
_PIECE = re.compile(
    r"""(?P<quoted>(?<![\w$])[eE]'(?:[^'\\]++|\\.|'')*+'|'(?:[^']++|'')*+'|"(?:[^"]++|"")*+")"""
    r"|(?P<open>\()|(?P<close>\))| (?P<word>AND|OR) ",
    re.DOTALL,
)
_MAYBE_NESTED = re.compile(r"\) (?:AND|OR) ")
_RANGES = (("AND", " >= ", " <= ", "BETWEEN"), ("OR", " < ", " > ", "NOT BETWEEN"))
"""What joins the two, the operators of the first and of the second, and the word for both."""


def again(text: str) -> str:
    """The text to send for an expression that the server printed."""
    text = _CAST_ARRAY.sub(lambda match: f"{match['operator']}({match['array']})", text)
    return _nested(text) if _MAYBE_NESTED.search(text) else text


@dataclass(slots=True)
class _Group:
    """What stands in a pair of parentheses: parts, and the word that joins them.

    `alone`: the group that is all of the part being read.
    """

    parts: list[str] = field(default_factory=list)
    reading: list[str] = field(default_factory=list)
    word: str | None = None
    alone: _Group | None = None

    def add(self, text: str, group: _Group | None = None) -> None:
        """Read on."""
        if text:
            self.alone = None if self.reading else group
            self.reading.append(text)

    def cut(self, word: str) -> None:
        """End a part. The grammar would take the first apart if it is joined by the same word."""
        if not self.parts and self.alone and self.alone.word == word:
            self.reading = [_kept_apart(self.alone)]
        self.word = word if self.word in {None, word} else ""
        self.parts.append("".join(self.reading))
        self.reading, self.alone = [], None

    def text(self) -> str:
        """All of it."""
        return f" {self.word} ".join([*self.parts, "".join(self.reading)])


def _nested(text: str) -> str:
    """Keep apart what is joined by the same word inside of the first part and after it.

    >>> _nested("(((n >= 1) AND (n <= 5)) AND (m > 0))"), _nested("(((a = 1) OR (b = 2)) OR c)")
    ('((n BETWEEN 1 AND 5) AND (m > 0))', '(((a = 1) OR (b = 2))::boolean OR c)')
    """
    groups, last = [_Group()], 0
    for match in _PIECE.finditer(text):
        groups[-1].add(text[last : match.start()])
        last = match.end()
        if match["open"]:
            groups.append(_Group())
        elif match["close"] and len(groups) == 1:
            return text
        elif match["close"]:
            inside = groups.pop()
            groups[-1].add(f"({inside.text()})", inside)
        elif match["word"]:
            groups[-1].cut(match["word"])
        else:
            groups[-1].add(match[0])
    groups[-1].add(text[last:])
    return groups[-1].text() if len(groups) == 1 else text


def _kept_apart(group: _Group) -> str:
    """BETWEEN, where that is what the server took apart; else with the cast that keeps it in one piece."""
    for word, least, most, between in _RANGES:
        if group.word == word and len(group.parts) == 1:
            low, high = group.parts[0][1:-1], "".join(group.reading)[1:-1]
            value, found, bound = low.partition(least)
            if found and high.startswith(value + most) and _balanced(value) and group.alone:
                return f"({value} {between} {bound} AND {high.removeprefix(value + most)})"
    return f"({group.text()})::boolean"


def _balanced(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count("'") % 2 == 0
