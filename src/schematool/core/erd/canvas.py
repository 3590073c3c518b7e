"""A canvas of pixels in a few colours and the shades between them, and its PNG file: the same on every machine."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, hypot
from unicodedata import normalize

from schematool.core.erd.letters import LEVELS, letter

Shade = tuple[str, str, int]
"""Foreground, background, and how much of the first there is, up to `LEVELS`."""


class Canvas:
    """One byte a pixel, an index into the shades in use."""

    def __init__(self, width: int, height: int, background: str) -> None:
        self.width, self.height = width, height
        self._shades: list[Shade] = []
        self._index: dict[Shade, int] = {}
        self._tables: dict[tuple[str, str], bytes] = {}
        self._pixels = bytearray([self._of((background, background, LEVELS))]) * (width * height)

    def _of(self, shade: Shade) -> int:
        front, back, level = shade
        known = (front, front, LEVELS) if level >= LEVELS else (back, back, LEVELS) if level <= 0 else shade
        if known not in self._index:
            if len(self._shades) == 256:
                return self._index[(front, front, LEVELS) if level * 2 > LEVELS else (back, back, LEVELS)]
            self._index[known] = len(self._shades)
            self._shades.append(known)
        return self._index[known]

    def rectangle(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill; parts outside of the canvas are left out."""
        left, right = max(round(x), 0), min(round(x + width), self.width)
        row = bytes([self._of((color, color, LEVELS))]) * max(right - left, 0)
        for line in range(max(round(y), 0), min(round(y + height), self.height)):
            self._pixels[line * self.width + left : line * self.width + left + len(row)] = row

    def text(self, x: float, y: float, said: str, size: float, color: str, back: str, *, bold: bool = False) -> None:
        """Write on a background of one colour, from `x` on, on the base line `y`."""
        table = self._table(color, back)
        plain = table[0]
        for character in normalize("NFC", said):
            drawn = letter(character, size, bold=bold)
            left = round(x) + drawn.left
            for number, row in enumerate(drawn.rows):
                line = round(y) + drawn.top + number
                if 0 <= line < self.height and left >= 0 and left + len(row) <= self.width:
                    self._write(line * self.width + left, row.translate(table), plain)
            x += drawn.advance

    def _table(self, color: str, back: str) -> bytes:
        if (color, back) not in self._tables:
            shades = [self._of((color, back, level)) for level in range(LEVELS + 1)]
            self._tables[color, back] = bytes(shades) + bytes(256 - len(shades))
        return self._tables[color, back]

    def _write(self, start: int, row: bytes, plain: int) -> None:
        """Put a row of a letter; where another letter reaches into it, both stay."""
        there = self._pixels[start : start + len(row)]
        if there.count(plain) == len(row):
            self._pixels[start : start + len(row)] = row
            return
        for offset, shade in enumerate(row):
            if shade != plain:
                self._pixels[start + offset] = shade

    def stroke(self, points: Sequence[tuple[float, float]], width: float, color: str) -> None:
        """Draw a short line through points, smooth."""
        left, top = floor(min(x for x, _ in points) - width), floor(min(y for _, y in points) - width)
        tile = _tile(tuple((x - left, y - top) for x, y in points), width)
        for number, row in enumerate(tile):
            for offset, level in enumerate(row):
                if level and 0 <= top + number < self.height and 0 <= left + offset < self.width:
                    self._blend((top + number) * self.width + left + offset, color, level)

    def _blend(self, at: int, color: str, level: int) -> None:
        front, back, there = self._shades[self._pixels[at]]
        if front == color and back != color:
            self._pixels[at] = self._of((color, back, max(level, there)))
        elif front != color:
            self._pixels[at] = self._of((color, front if there * 2 > LEVELS else back, level))

    def png(self, notes: Sequence[tuple[str, str]] = (), dots_per_metre: int = 0) -> bytes:
        """Write the file (PNG 1.2), with notes as text chunks."""
        rows = (self._pixels[line * self.width : (line + 1) * self.width] for line in range(self.height))
        packer = zlib.compressobj(6)
        packed = b"".join([packer.compress(b"\0" + row) for row in rows] + [packer.flush()])
        palette = b"".join(bytes(_mixed(*shade)) for shade in self._shades)
        parts = [
            _chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette),
            _chunk(b"pHYs", struct.pack(">IIB", dots_per_metre, dots_per_metre, 1)) if dots_per_metre else b"",
            *(_chunk(b"tEXt", f"{key}\0{value}".encode("latin-1", "replace")) for key, value in notes),
            _chunk(b"IDAT", packed),
            _chunk(b"IEND", b""),
        ]
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def note(png: bytes, key: str) -> str | None:
    """Read a text chunk of a PNG file; None when it has none of this key, or is no PNG."""
    at = 8
    while png.startswith(b"\x89PNG\r\n\x1a\n") and at + 8 <= len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        if name == b"tEXt" and data.partition(b"\0")[0] == key.encode("latin-1"):
            return data.partition(b"\0")[2].decode("latin-1")
        at += size + 12
    return None


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _mixed(front: str, back: str, level: int) -> list[int]:
    return [
        (one * level + other * (LEVELS - level) + LEVELS // 2) // LEVELS
        for one, other in zip(_rgb(front), _rgb(back), strict=True)
    ]


@lru_cache(maxsize=512)
def _tile(points: tuple[tuple[float, float], ...], width: float) -> tuple[bytes, ...]:
    """Coverage around a line: whole within half its width, fading over one pixel."""
    wide = ceil(max(x for x, _ in points) + width) + 1
    high = ceil(max(y for _, y in points) + width) + 1
    pieces = list(pairwise(points))

    def level(x: int, y: int) -> int:
        near = min(_distance(x + 0.5, y + 0.5, a, b) for a, b in pieces)
        return max(0, min(LEVELS, round((width / 2 + 0.5 - near) * LEVELS)))

    return tuple(bytes(level(x, y) for x in range(wide)) for y in range(high))


def _distance(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    part = 0.0 if not length else max(0.0, min(1.0, ((x - start[0]) * dx + (y - start[1]) * dy) / length))
    return hypot(x - start[0] - part * dx, y - start[1] - part * dy)
