"""Small words that several reports share: counts, times, columns that line up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs, urlsplit

from rich.cells import cell_len
from rich.text import Text

from schematool.core.secret import Url
from schematool.engines.contract import Foreign

SYMBOLS = {"+": "green", "-": "red", "~": "yellow", ">": "cyan", "*": "green", "!": "red"}
_PLURALS = {"entity": "entities", "index": "indexes", "policy": "policies"}


def count(number: int, noun: str) -> str:
    """`1 change`, `2 changes`, `3 entities`."""
    return f"{number:,} {noun if number == 1 else _PLURALS.get(noun, noun + 's')}"


def seconds(value: float) -> str:
    """Bring a time to a length that can be read: `4 ms`, `1.2 s`, `3 min 20 s`."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def place(url: Url) -> str:
    """Where a URL leads, in short: `db.internal/app`; a socket by its folder."""
    parts = urlsplit(str(url))
    host = parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", [""])[0]
    folder, here, name = host.rpartition("/.schematool/")
    return f".schematool/{name}" if here and folder else f"{host}{parts.path}"


def symbol(mark: str) -> tuple[str, str]:
    """A mark in its colour; the mark alone carries the meaning."""
    return (mark, SYMBOLS.get(mark, ""))


def columns(rows: Iterable[Sequence[str | tuple[str, str]]], *, indent: int = 2, gap: int = 2) -> list[Text]:
    """Line cells up; the last column is as long as it is. Nothing is ever cut off."""
    table = [[cell if isinstance(cell, tuple) else (cell, "") for cell in row] for row in rows]
    if not table:
        return []
    many = max(len(row) for row in table)
    widths = [max((cell_len(row[i][0]) for row in table if i < len(row)), default=0) for i in range(many)]
    lines = []
    for row in table:
        line = Text(" " * indent)
        for i, (text, style) in enumerate(row):
            line.append(text, style or None)
            if i + 1 < len(row):
                line.append(" " * (widths[i] - cell_len(text) + gap))
        lines.append(line)
    return lines


def foreign(ledgers: Iterable[Foreign]) -> list[Text]:
    """Tell which other tools' ledgers were found; they are never written."""
    return [Text.assemble((one.tool, "cyan"), f" ({one.store}): {_came(one)}; left as it is") for one in ledgers]


def _came(one: Foreign) -> str:
    applied = f", {count(one.applied, 'migration')}" if one.applied is not None else ""
    head = f" up to {one.head}" if one.head else ""
    return f"{one.table}{applied}{head}"
