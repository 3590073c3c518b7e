"""Letters as pixels: how much of each pixel an outline covers, at any size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from schematool.core.erd.measure import outline

LEVELS = 15
"""The greatest coverage of a pixel: all of it."""

_FINE = 4  # lines looked at within a row of pixels
_CURVE = 6  # straight pieces of a curve
_UNKNOWN = "M100 0L100 700L550 700L550 0ZM150 50L500 50L500 650L150 650Z"  # a frame, for a letter that is not there

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Letter:
    """Rows of coverage from `top` (above the base line is negative), each from `left` on."""

    left: int
    top: int
    rows: tuple[bytes, ...]
    advance: float


@lru_cache(maxsize=2048)
def letter(character: str, size: float, *, bold: bool = False) -> Letter:
    """Draw one letter; `size` in pixels."""
    advance, path = outline(character, bold=bold) or (650, _UNKNOWN)
    scale = size / 1000
    contours = [[(x * scale, -y * scale) for x, y in contour] for contour in _contours(path)]
    points = [point for contour in contours for point in contour]
    if not points:
        return Letter(0, 0, (), advance * scale)
    left, right = int(min(x for x, _ in points)) - 1, int(max(x for x, _ in points)) + 2
    top, bottom = int(min(y for _, y in points)) - 1, int(max(y for _, y in points)) + 2
    rows = tuple(_row(contours, y, left, right - left) for y in range(top, bottom))
    return Letter(left, top, rows, advance * scale)


def _contours(path: str) -> Iterator[list[Point]]:
    contour: list[Point] = []
    for command, text in re.findall(r"([MLHVQZ])([^MLHVQZ]*)", path):
        numbers = [float(number) for number in re.findall(r"-?\d+", text)]
        match command:
            case "M":
                contour = [(numbers[0], numbers[1])]
                contour += zip(numbers[2::2], numbers[3::2], strict=True)
            case "L":
                contour += zip(numbers[::2], numbers[1::2], strict=True)
            case "H":
                contour += ((x, contour[-1][1]) for x in numbers)
            case "V":
                for y in numbers:
                    contour.append((contour[-1][0], y))
            case "Q":
                for start in range(0, len(numbers), 4):
                    contour += _curve(contour[-1], numbers[start : start + 4])
            case _:
                yield contour


def _curve(start: Point, numbers: Sequence[float]) -> Iterator[Point]:
    cx, cy, x, y = numbers
    for step in range(1, _CURVE + 1):
        t = step / _CURVE
        u = 1 - t
        yield u * u * start[0] + 2 * u * t * cx + t * t * x, u * u * start[1] + 2 * u * t * cy + t * t * y


def _row(contours: Sequence[Sequence[Point]], y: int, left: int, width: int) -> bytes:
    """Coverage of a row of pixels: spans between edges, by the rule that winding other than zero is inside."""
    covered = [0.0] * width
    for fine in range(_FINE):
        level = y + (fine + 0.5) / _FINE
        winding = 0
        crossed = sorted(_crossings(contours, level))
        for (start, way), (end, _) in pairwise([*crossed, (0.0, 0)]):
            winding += way
            if winding:
                _cover(covered, start - left, end - left)
    return bytes(min(LEVELS, round(part / _FINE * LEVELS)) for part in covered)


def _crossings(contours: Sequence[Sequence[Point]], level: float) -> Iterator[tuple[float, int]]:
    for contour in contours:
        for (x0, y0), (x1, y1) in pairwise([*contour, contour[0]]):
            if (y0 <= level) != (y1 <= level):
                yield x0 + (level - y0) * (x1 - x0) / (y1 - y0), 1 if y1 > y0 else -1


def _cover(covered: list[float], start: float, end: float) -> None:
    for x in range(max(int(start), 0), min(int(end) + 1, len(covered))):
        covered[x] += max(0.0, min(end, x + 1) - max(start, x))
