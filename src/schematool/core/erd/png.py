"""A picture as PNG, drawn here: no font, library or program of the machine has a say in it."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi, sin
from unicodedata import normalize

from schematool.core.erd.canvas import Canvas
from schematool.core.erd.colors import DARK, LIGHT
from schematool.core.erd.legend import HEIGHT, legend, legend_width
from schematool.core.erd.measure import outline, width
from schematool.core.erd.picture import BY_VALUE, LABEL, Line, Marker, Picture, Placed, Stroke
from schematool.core.erd.sizes import INDENT, PADDING, ROW, SMALL, TEXT, TITLE, TITLE_TEXT
from schematool.core.erd.svg import sign_parts
from schematool.core.erd.words import Theme

NOTE = "schematool"
"""The key of the note that says what a file was drawn from."""

_LARGEST = 60_000_000  # pixels; beyond, a picture is drawn at half the scale
_LINE = 1.4
_DASH, _PERIOD = 5, 8


def png(picture: Picture, theme: Theme = Theme.AUTO, source: str = "") -> bytes:
    """Draw, with two pixels for each unit of the picture unless that is too large; light unless told otherwise."""
    signs = legend(picture)
    wide, high = max(picture.width, legend_width(signs)), picture.height + HEIGHT
    scale = 2 if wide * high * 4 <= _LARGEST else 1
    colors = DARK if theme is Theme.DARK else LIGHT
    pen = _Pen(Canvas(wide * scale, high * scale, colors["page"]), scale, colors, picture.ground)
    pen.frames(picture)
    for line in picture.lines:
        pen.line(line)
    for placed in picture.boxes:
        pen.box(placed)
    pen.legend(picture)
    return pen.canvas.png([(NOTE, source)] if source else [], 3780 * scale)


def undrawable(picture: Picture) -> tuple[str, ...]:
    """Names with letters that are not to be had here (Chinese, Japanese, Arabic …): they would be empty frames."""
    texts = [frame.title for frame in picture.frames]
    for placed in picture.boxes:
        lines = placed.size.lines
        texts += [placed.size.title, *(line.name for line in lines), *(line.type for line in lines)]
    return tuple(text for text in dict.fromkeys(texts) if any(outline(c) is None for c in normalize("NFC", text)))


class _Pen:
    """Draws in units of the picture."""

    def __init__(self, canvas: Canvas, scale: int, colors: Mapping[str, str], ground: str) -> None:
        self.canvas, self.scale, self.colors, self.ground = canvas, scale, colors, ground

    def rectangle(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        s = self.scale
        self.canvas.rectangle(x * s, y * s, wide * s, high * s, self.colors[color])

    def framed(self, x: float, y: float, wide: float, high: float, fill: str, edge: str) -> None:  # a rectangle
        self.rectangle(x - 0.5, y - 0.5, wide + 1, high + 1, edge)
        self.rectangle(x + 0.5, y + 0.5, wide - 1, high - 1, fill)

    def write(  # where, what and how
        self, x: float, y: float, said: str, size: float, color: str, back: str, *, bold: bool = False
    ) -> None:
        s = self.scale
        self.canvas.text(x * s, y * s, said, size * s, self.colors[color], self.colors[back], bold=bold)

    def frames(self, picture: Picture) -> None:
        for frame in picture.frames:
            self.framed(frame.x, frame.y, frame.width, frame.height, "frame", "frame-edge")
            self.write(frame.x + 12, frame.y + 20, frame.title, TEXT, "frame-title", "frame", bold=True)

    def box(self, placed: Placed) -> None:
        box, size, x, y = placed.box, placed.size, placed.x, placed.y
        self.framed(x, y, size.width, size.height, "box", "box-edge")
        self.rectangle(x, y, size.width, TITLE, box.store)
        self.write(x + PADDING, y + 23, size.title, TITLE_TEXT, "title", box.store, bold=True)
        if box.note:
            at = x + size.width - PADDING - width(box.note, SMALL)
            self.write(at, y + 22, box.note, SMALL, "title", box.store)
        for number, line in enumerate(size.lines):
            top = y + TITLE + number * ROW
            if number:
                self.rectangle(x + 1, top, size.width - 2, 1, "rule")
            if line.row.marks:
                self.write(x + PADDING, top + 16, line.row.marks[0], SMALL, "mark", "box", bold=True)
            at = x + size.name_at + INDENT * line.row.depth
            self.write(at, top + 16, line.name, TEXT, "text", "box", bold="PK" in line.row.marks)
            self.write(x + size.type_at, top + 16, line.type, TEXT, "type", "box")
        if size.more:
            self.write(x + size.name_at, y + TITLE + len(size.lines) * ROW + 16, size.more, SMALL, "type", "box")

    def line(self, line: Line) -> None:
        color = "across" if line.across else "line"
        for stroke in line.strokes:
            self.stroke(stroke, color, dashed=line.across)
        for marker in line.markers:
            self.sign(marker, "line")
        for x, y in line.labels:
            self.rectangle(x - LABEL / 2 - 2, y - 7, LABEL + 4, 14, self.ground)
            self.write(x - LABEL / 2, y + 3.5, BY_VALUE, SMALL, "across", self.ground)

    def stroke(self, stroke: Stroke, color: str, *, dashed: bool) -> None:
        (x0, y0), (x1, y1) = stroke.start, stroke.end
        if stroke.turn is not None:
            cx, cy = stroke.turn
            parts = [i / 4 for i in range(5)]
            curve = [
                (
                    (1 - t) ** 2 * x0 + 2 * t * (1 - t) * cx + t * t * x1,
                    (1 - t) ** 2 * y0 + 2 * t * (1 - t) * cy + t * t * y1,
                )
                for t in parts
            ]
            self.smooth(curve, color)
            return
        length = abs(x1 - x0) + abs(y1 - y0)
        level = y0 == y1
        left, top = min(x0, x1), min(y0, y1)
        at = 0.0
        while at < length:
            end = min(at + _DASH, length) if dashed else length
            if level:
                self.rectangle(left + at, top - _LINE / 2, end - at, _LINE, color)
            else:
                self.rectangle(left - _LINE / 2, top + at, _LINE, end - at, color)
            at += _PERIOD if dashed else length

    def smooth(self, points: list[tuple[float, float]], color: str) -> None:
        s = self.scale
        self.canvas.stroke([(x * s, y * s) for x, y in points], _LINE * s, self.colors[color])

    def sign(self, marker: Marker, color: str) -> None:
        for (x, y), end, ring in sign_parts(marker):
            if ring is None:
                self.smooth([(x, y), end], color)
            else:
                turns = [2 * pi * i / 16 for i in range(17)]
                self.smooth([(x + ring + ring * cos(turn), y + ring * sin(turn)) for turn in turns], color)

    def legend(self, picture: Picture) -> None:
        y = picture.height + HEIGHT / 2 - 6
        for sample in legend(picture):
            if sample.swatch:
                self.rectangle(sample.x, y - 6, 14, 12, sample.swatch)
            elif sample.mark:
                self.write(sample.x, y + 4, sample.mark, SMALL, "mark", "page", bold=True)
            else:
                end = (sample.x + sample.line, y)
                stroke = Stroke((sample.x, y), end)
                self.stroke(stroke, "across" if sample.across else "line", dashed=sample.across)
                if sample.end is not None:
                    self.sign(Marker(end, sample.end, right=False), "line")
                    self.smooth([(end[0], y - 7), (end[0], y + 7)], "line")
            self.write(sample.text_at, y + 4, sample.text, SMALL, "type", "page")
