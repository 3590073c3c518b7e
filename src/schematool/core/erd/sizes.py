"""The measures of a picture, and how large each box is. All is a multiple of `UNIT`, so that lines meet rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from schematool.core.erd.diagram import Box, Link, Row
from schematool.core.erd.measure import cut, width

UNIT = 12
ROW = 24
TITLE = 36
TEXT = 12.0
TITLE_TEXT = 13.0
SMALL = 10.0
PADDING = 10
MARK_WIDTH = 26
INDENT = 14
LONGEST_NAME = 260.0
LONGEST_TYPE = 240.0


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is written: texts cut to what fits."""

    row: Row
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Size:
    """How a box is drawn: its measures, its texts, and where the columns of its rows begin, from its left side."""

    width: int
    height: int
    title: str
    lines: tuple[Line, ...]
    name_at: int
    type_at: int
    more: str = ""

    def row_top(self, path: str) -> int | None:
        """The upper edge of a field's row, from the top of the box; None when it is not shown."""
        for number, line in enumerate(self.lines):
            if line.row.path == path:
                return TITLE + number * ROW
        return None


def size_of(box: Box, least_height: int = 0) -> Size:
    """Measure a box."""
    lines = tuple(
        Line(
            row,
            cut(name_of(row), TEXT, LONGEST_NAME - row.depth * INDENT, bold=True),
            cut(row.type, TEXT, LONGEST_TYPE),
        )
        for row in box.rows
    )
    marked = any(row.marks for row in box.rows)
    name_at = PADDING + (MARK_WIDTH if marked else 0)
    names = max((INDENT * line.row.depth + width(line.name, TEXT, bold=True) for line in lines), default=0)
    types = max((width(line.type, TEXT) for line in lines), default=0)
    type_at = name_at + ceil(names) + 16
    title = cut(box.key, TITLE_TEXT, LONGEST_NAME + 60, bold=True)
    tag = width(box.note, SMALL) + 16 if box.note else 0
    more = f"{box.hidden} more" if box.hidden and lines else ""
    wide = max(type_at + ceil(types) + PADDING, ceil(width(title, TITLE_TEXT, bold=True) + tag) + 2 * PADDING, 120)
    high = TITLE + ROW * (len(lines) + bool(more))
    return Size(-(-wide // UNIT) * UNIT, max(high, least_height), title, lines, name_at, type_at, more)


def name_of(row: Row) -> str:
    """A field's name; a star says that it must be there."""
    return f"{row.name} *" if row.required and "PK" not in row.marks else row.name


def sizes(boxes: tuple[Box, ...], links: tuple[Link, ...]) -> Mapping[str, Size]:
    """Measure all boxes; one without rows is high enough for each of its links to end at a place of its own."""
    many: dict[str, int] = {}
    for link in links:
        many[link.child] = many.get(link.child, 0) + 1
    return {box.key: size_of(box, 0 if box.rows else UNIT * (many.get(box.key, 0) + 1) // UNIT * UNIT) for box in boxes}
