"""Offsets in a text as lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right

from schematool.core.diagnostic import Span

_NEW_LINE = re.compile(r"\r\n|\n|\r")
_WORD = re.compile(r"\w+|\"[^\"]+\"")


class Places:
    """Finds the line and column of an offset; reads the text once, however often it is asked."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text
        ends = [(match.start(), match.end()) for match in _NEW_LINE.finditer(text)]
        self._starts = [0, *(after for _, after in ends)]
        self._ends = [*(before for before, _ in ends), len(text)]

    def span(self, start: int, end: int | None = None) -> Span:
        """Return the place of `start`, as wide as up to `end` or the end of its line."""
        index = bisect_right(self._starts, start) - 1
        first, last = self._starts[index], self._ends[index]
        width = max(1, min(last, start + 1 if end is None else end) - start)
        return Span(self.file, index + 1, start - first + 1, width, self._text[first:last])


def within(place: Span, text: str, offset: int) -> Span:
    r"""Return the place of `offset` in `text`, which itself begins at `place`: what a server points at.

    >>> within(Span("a.sql", 4, 3), "select\n  x y", 11)
    Span(file='a.sql', line=5, column=5, width=1, text='  x y')
    """
    breaks = [match.span() for match in _NEW_LINE.finditer(text)]
    passed = [end for _, end in breaks if end <= offset]
    word = _WORD.match(text, offset)
    width = len(word[0]) if word else 1
    if not passed:
        return Span(place.file, place.line, place.column + offset, width, place.text)
    last = next((start for start, _ in breaks if start >= offset), len(text))
    return Span(place.file, place.line + len(passed), offset - passed[-1] + 1, width, text[passed[-1] : last])
