"""What the signs of a picture mean: only those that are in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from schematool.core.erd.diagram import End
from schematool.core.erd.measure import width
from schematool.core.erd.picture import MARGIN, Picture
from schematool.core.erd.sizes import SMALL

HEIGHT = 40
_BETWEEN = 22


@dataclass(frozen=True, slots=True)
class Sample:
    """One sign and its meaning: a store's colour, a mark of a field, or a line with a sign at its end."""

    text: str
    x: float
    text_at: float
    swatch: str = ""
    mark: str = ""
    line: float = 0
    across: bool = False
    end: End | None = None


def legend(picture: Picture) -> tuple[Sample, ...]:
    """The signs that the picture has, from left to right."""
    x = float(MARGIN)
    found = []
    for text, signs in _signs(picture):
        mark = str(signs.get("mark", ""))
        line = float(str(signs.get("line", 0)))
        taken = 14 if signs.get("swatch") else line or width(mark, SMALL, bold=True)
        end = signs.get("end")
        found.append(
            Sample(
                text,
                x,
                x + ceil(taken) + 6,
                str(signs.get("swatch", "")),
                mark,
                line,
                bool(signs.get("across")),
                end if isinstance(end, End) else None,
            )
        )
        x += ceil(taken) + 6 + ceil(width(text, SMALL)) + _BETWEEN
    return tuple(found)


def legend_width(samples: Sequence[Sample]) -> int:
    """How wide a picture must be for its legend."""
    return ceil(max((sample.text_at + width(sample.text, SMALL) for sample in samples), default=0)) + MARGIN


def _signs(picture: Picture) -> Iterator[tuple[str, dict[str, object]]]:
    stores = {placed.box.store for placed in picture.boxes}
    rows = [line for placed in picture.boxes for line in placed.size.lines]
    marks = {mark for line in rows for mark in line.row.marks[:1]}
    ends = {marker.end for line in picture.lines for marker in line.markers}
    for store, name in (("postgres", "PostgreSQL"), ("mongo", "MongoDB")):
        if store in stores:
            yield name, {"swatch": store}
    for mark, meaning in (("PK", "primary key"), ("FK", "reference"), ("UK", "unique")):
        if mark in marks:
            yield meaning, {"mark": mark}
    if any(line.name.endswith(" *") for line in rows):
        yield "required", {"mark": "*"}
    for end in End:
        if end in ends:
            yield end.value, {"line": 34, "end": end}
    if any(line.across for line in picture.lines):
        yield "across databases, by value", {"line": 34, "across": True}
