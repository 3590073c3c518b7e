"""Expressions as the server printed them, said so that it prints them the same again.

`status IN ('a', 'b')` on a varchar column is printed as
`(status)::text = ANY ((ARRAY['a'::character varying, …])::text[])`.
Parsed again, the cast is pushed into the elements and the text comes out different (transformArrayExpr,
src/backend/parser/parse_expr.c), for ever a false drift. Without the cast the parser adds it itself, where it was.
"""

from __future__ import annotations

import re

_ELEMENT = r"'(?:[^']|'')*'::character varying(?:\(\d+\))?"
_CAST_ARRAY = re.compile(
    r"(?P<operator>(?:=|<>|~~\*?|!~~\*?|~\*?|!~\*?) (?:ANY|ALL) )"
    rf"\(\((?P<array>ARRAY\[{_ELEMENT}(?:, {_ELEMENT})*\])\)::text\[\]\)"
)


def again(text: str) -> str:
    """The text to send for an expression that the server printed."""
    return _CAST_ARRAY.sub(lambda match: f"{match['operator']}({match['array']})", text)
