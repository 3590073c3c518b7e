"""How wide text is, at most: boxes that hold it in DejaVu Sans hold it in the narrower fonts of other systems."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from schematool.core.erd.outlines import BOLD, REGULAR

_WIDE = 1050  # thousandths of the size: CJK is one em wide, and some fallback fonts a little more
_OTHER = 850


@lru_cache(maxsize=4096)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width in pixels that no common sans-serif font exceeds: DejaVu Sans is about as wide as Verdana."""
    letters = BOLD if bold else REGULAR
    return sum(letters[c][0] if c in letters else _unknown(c) for c in text) * size / 1000


def _unknown(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn"}:
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF else _OTHER


def cut(text: str, size: float, longest: float, *, bold: bool = False) -> str:
    """The text, or as much of it as fits, with an ellipsis."""
    if width(text, size, bold=bold) <= longest:
        return text
    while text and width(text + "…", size, bold=bold) > longest:
        text = text[:-1]
    return text + "…"
