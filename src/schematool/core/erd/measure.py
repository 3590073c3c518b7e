"""How wide text is, at most: boxes that hold it in DejaVu Sans hold it in the narrower fonts of other systems."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from schematool.core.erd import outlines

_WIDE = 1050  # thousandths of the size: CJK is one em wide, and some fallback fonts a little more
_OTHER = 850


@lru_cache(maxsize=4096)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width in pixels that no common sans-serif font exceeds: DejaVu Sans is about as wide as Verdana."""
    return sum(_advance(c, bold) for c in unicodedata.normalize("NFC", text)) * size / 1000


def outline(character: str, *, bold: bool = False) -> tuple[int, str] | None:
    """The width and the outline of a letter, in thousandths of its size; None for one that is not to be had here."""
    letters = outlines.BOLD if bold else outlines.REGULAR
    if character in letters or character < _FIRST_OF_MORE:
        return letters.get(character)
    from schematool.core.erd import more_outlines as more  # noqa: PLC0415  # few need them, and they are many

    return (more.BOLD if bold else more.REGULAR).get(character)


_FIRST_OF_MORE = "\u0180"


@lru_cache(maxsize=4096)
def _advance(character: str, bold: bool) -> int:
    known = outline(character, bold=bold)
    return known[0] if known else _unknown(character)


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
