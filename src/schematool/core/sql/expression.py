"""Whether a text is one SQL expression and nothing beside: it cannot end the clause that it is put into.

Only the lexer is known here. A text that passes still may be no expression, and the server says that; but put into
parentheses, or at the end of a statement, it is either one expression or a syntax error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schematool.core.sql.split import SplitError, split

_TOKEN = re.compile(
    r"""(?P<string>(?<![\w$])[eE]'(?:[^'\\]++|\\.|'')*+'|'(?:[^']++|'')*+'|"(?:[^"]++|"")*+"|(?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"""
    r"|(?P<line>--[^\n\r]*)|(?P<comment>/\*)|(?P<word>[^\W\d][\w$]*)|.",
    re.DOTALL,
)
_EDGE = re.compile(r"/\*|\*/")
_OPEN, _CLOSE = "([", ")]"
# Reserved words that begin another clause of a column, a constraint or a statement. None of them can be in an
# expression outside of parentheses and quotes; UNIQUE can: `is json with unique keys`.
_CLAUSES = "check constraint create deferrable grant initially primary references returning"
_OTHER_CLAUSES = frozenset(_CLAUSES.split())


def complaint(text: str) -> tuple[str, int] | None:
    """Say why `text` is not one expression, and at which offset; None when nothing speaks against it.

    >>> complaint("now() - interval '1 day; 2'"), complaint("1); drop table x; --")
    (None, ('this parenthesis closes nothing', 1))
    """
    found = [*_beside(text), *_open(text)]
    return min(found, key=lambda one: one[1]) if found else None


def enclosed(text: str) -> str:
    """Put an expression of several words into parentheses, in which it cannot be anything more.

    >>> enclosed("gen_random_uuid()"), enclosed("1 unique")
    ('gen_random_uuid()', '(1 unique)')
    """
    depth = 0
    for match in _tokens(text):
        depth += (match[0] in _OPEN) - (match[0] in _CLOSE)
        if depth == 0 and match[0].isspace():
            return f"({text})"
    return f"({text})" if "/*" in text or "--" in text else text


def _open(text: str) -> Iterator[tuple[str, int]]:
    """What begins and never ends."""
    try:
        split(text)
    except SplitError as error:
        yield error.reason, error.offset


def _beside(text: str) -> Iterator[tuple[str, int]]:
    """What is no part of an expression, or ends the clause that it stands in."""
    depth = 0
    for match in _tokens(text):
        piece = match[0]
        if piece in _OPEN:
            depth += 1
        elif piece in _CLOSE:
            depth -= 1
            if depth < 0:
                yield "this parenthesis closes nothing", match.start()
        elif piece == ";":
            yield "an expression has no semicolon", match.start()
        elif piece == "," and depth == 0:
            yield "a comma: this is more than one expression", match.start()
        elif match["line"] is not None and match.end() == len(text):
            yield "this comment would hide what comes after the expression", match.start()
        elif match["word"] and depth == 0 and piece.lower() in _OTHER_CLAUSES:
            yield f"`{piece}` begins another clause", match.start()


def _tokens(text: str) -> list[re.Match[str]]:
    """Every token outside of block comments; what never ends comes character by character."""
    found = []
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        if match["comment"]:
            position = _after_comment(text, match.start())
        else:
            found.append(match)
    return found


def _after_comment(text: str, start: int) -> int:
    depth = 0
    for edge in _EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)
