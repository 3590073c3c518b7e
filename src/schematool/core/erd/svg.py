"""A picture as SVG: text that can be selected and searched, links, and colours for light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

from schematool.core.erd.colors import DARK, LIGHT
from schematool.core.erd.diagram import End
from schematool.core.erd.legend import HEIGHT, Sample, legend, legend_width
from schematool.core.erd.picture import BY_VALUE, LABEL, MARKER, Line, Marker, Picture, Placed, Stroke
from schematool.core.erd.sizes import INDENT, PADDING, ROW, SMALL, TEXT, TITLE, TITLE_TEXT
from schematool.core.erd.words import Theme

FONTS = "'DejaVu Sans', Verdana, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_STYLE = """\
.erd text{{font-family:{fonts};font-size:{text}px}}
.erd .t{{font-size:{title}px;font-weight:bold}}
.erd .s{{font-size:{small}px}}
.erd .b{{font-weight:bold}}
.erd .line,.erd .sign{{fill:none;stroke-width:1.4}}
.erd .across{{stroke-dasharray:5 3}}
.erd a:hover rect,.erd a:focus rect{{stroke-width:2.5}}
"""
_COLORED = (
    ("page", "fill", "page"),
    ("frame", "fill", "frame"),
    ("frame", "stroke", "frame-edge"),
    ("ft", "fill", "frame-title"),
    ("box", "fill", "box"),
    ("box", "stroke", "box-edge"),
    ("rule", "stroke", "rule"),
    ("postgres", "fill", "postgres"),
    ("mongo", "fill", "mongo"),
    ("t", "fill", "title"),
    ("n", "fill", "title"),
    ("f", "fill", "text"),
    ("y", "fill", "type"),
    ("m", "fill", "mark"),
    ("line", "stroke", "line"),
    ("sign", "stroke", "line"),
    ("across", "stroke", "across"),
    ("ax", "fill", "across"),
    ("hole-page", "fill", "page"),
    ("hole-frame", "fill", "frame"),
)


def style(theme: Theme = Theme.AUTO) -> str:
    """The rules that inline pictures need; a picture in a file of its own has them in it."""
    plain = _STYLE.format(fonts=FONTS, text=f"{TEXT:g}", title=f"{TITLE_TEXT:g}", small=f"{SMALL:g}")
    match theme:
        case Theme.LIGHT:
            return plain + _colors(LIGHT)
        case Theme.DARK:
            return plain + _colors(DARK)
        case Theme.AUTO:
            return f"{plain}{_colors(LIGHT)}@media screen and (prefers-color-scheme:dark){{\n{_colors(DARK)}}}\n"


def _colors(palette: Mapping[str, str]) -> str:
    rules: dict[str, list[str]] = {}
    for name, attribute, part in _COLORED:
        rules.setdefault(name, []).append(f"{attribute}:{palette[part]}")
    return "".join(f".erd .{name}{{{';'.join(said)}}}\n" for name, said in rules.items())


def svg(
    picture: Picture,
    theme: Theme = Theme.AUTO,
    *,
    title: str = "Entity relationship diagram",
    inline: bool = False,
    link: Callable[[str], str] | None = None,
    scale: float = 1.0,
) -> str:
    """Draw. `inline`: to stand in a page that has `style()`. `link`: the address of an entity, by its key.

    `scale`: of the size that it asks for; it can be shown in any.
    """
    signs = legend(picture)
    width = max(picture.width, legend_width(signs))
    height = picture.height + HEIGHT
    description = f"{len(picture.boxes)} entities, {sum(len(line.links) for line in picture.lines)} relations"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="erd" viewBox="0 0 {width} {height}" '
        f'width="{width * scale:g}" height="{height * scale:g}" '
        f'role="{"group" if link else "img"}" aria-label="{escape(title)}: {description}">'
    )
    parts = [opening, f"<title>{escape(title)}</title>"]
    if not inline:
        parts.append(f"<style>\n{style(theme)}</style>")
    parts.append(f'<rect class="page" width="{width}" height="{height}"/>')
    parts += _frames(picture)
    parts += (part for line in picture.lines for part in _line(line, picture.ground))
    parts += (part for placed in picture.boxes for part in _linked(placed, link))
    parts += _legend(signs, picture.height)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _text(x: float, y: float, kind: str, said: str, more: str = "") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{more}>{escape(said)}</text>'


def _frames(picture: Picture) -> Iterator[str]:
    for frame in picture.frames:
        yield f'<rect class="frame" x="{frame.x}" y="{frame.y}" width="{frame.width}" height="{frame.height}" rx="8"/>'
        yield _text(frame.x + 12, frame.y + 20, "ft b", frame.title)


def _linked(placed: Placed, link: Callable[[str], str] | None) -> Iterator[str]:
    if link is None:
        yield f'<g id="{escape(placed.box.key)}">'
        yield from _box(placed)
        yield "</g>"
    else:
        yield f'<a href="{escape(link(placed.box.key))}">'
        yield from _box(placed)
        yield "</a>"


def _box(placed: Placed) -> Iterator[str]:
    box, size, x, y = placed.box, placed.size, placed.x, placed.y
    wide, high = size.width, size.height
    yield f'<rect class="box" x="{x}" y="{y}" width="{wide}" height="{high}" rx="4"/>'
    foot = f"V{y + TITLE}H{x}" if high > TITLE else f"V{y + TITLE - 4}a4 4 0 0 1 -4 4H{x + 4}a4 4 0 0 1 -4 -4"
    yield f'<path class="{box.store}" d="M{x} {y + 4}a4 4 0 0 1 4 -4H{x + wide - 4}a4 4 0 0 1 4 4{foot}z"/>'
    yield _text(x + PADDING, y + 23, "t", size.title)
    if box.note:
        yield _text(x + wide - PADDING, y + 22, "s n", box.note, ' text-anchor="end"')
    for number, line in enumerate(size.lines):
        top = y + TITLE + number * ROW
        if number:
            yield f'<path class="rule" d="M{x + 1} {top}h{wide - 2}"/>'
        base = top + 16
        if line.row.marks:
            yield _text(x + PADDING, base, "s m b", line.row.marks[0])
        kind = "f b" if "PK" in line.row.marks else "f"
        yield _text(x + size.name_at + INDENT * line.row.depth, base, kind, line.name)
        yield _text(x + size.type_at, base, "y", line.type)
    if size.more:
        yield _text(x + size.name_at, y + TITLE + len(size.lines) * ROW + 16, "s y", size.more)


def _line(line: Line, ground: str) -> Iterator[str]:
    kind = " across" if line.across else ""
    yield f'<g><title>{escape(line.said)}</title><path class="line{kind}" d="{_strokes(line.strokes)}"/>'
    yield f'<path class="sign" d="{"".join(sign(marker) for marker in line.markers)}"/></g>'
    for x, y in line.labels:
        yield f'<rect class="hole-{ground}" x="{x - LABEL / 2 - 2:g}" y="{y - 7:g}" width="{LABEL + 4}" height="14"/>'
        yield _text(x, y + 3.5, "s ax", BY_VALUE, ' text-anchor="middle"')


def _strokes(strokes: Sequence[Stroke]) -> str:
    said, at = [], None
    for stroke in strokes:
        (x, y), end = stroke.start, stroke.end
        if at != stroke.start:
            said.append(f"M{x:g} {y:g}")
        if stroke.turn is None:
            said.append(f"L{end[0]:g} {end[1]:g}")
        else:
            said.append(f"Q{stroke.turn[0]:g} {stroke.turn[1]:g} {end[0]:g} {end[1]:g}")
        at = end
    return "".join(said)


def sign(marker: Marker) -> str:
    """Crow's feet: a bar for one, a ring for none, a foot for many; drawn from the box outwards."""
    said = []
    for (x, y), (a, b), ring in sign_parts(marker):
        half = f"a{ring:g} {ring:g} 0 1 0" if ring is not None else ""
        said.append(f"M{x:g} {y:g}{half} {2 * ring:g} 0{half} {-2 * ring:g} 0" if ring else f"M{x:g} {y:g}L{a:g} {b:g}")
    return "".join(said)


def sign_parts(marker: Marker) -> Iterator[tuple[tuple[float, float], tuple[float, float], float | None]]:
    """Straight pieces (from, to, None), and rings (leftmost point, same, radius)."""
    (x, y), way = marker.at, 1 if marker.right else -1
    if marker.end is End.ZERO_OR_MANY:
        yield (x, y - 5), (x + way * 9, y), None
        yield (x, y + 5), (x + way * 9, y), None
    else:
        yield (x + way * 5, y - 5), (x + way * 5, y + 5), None
    if marker.end is End.ONE:
        yield (x + way * 9, y - 5), (x + way * 9, y + 5), None
    else:
        middle = x + way * (MARKER - 3)
        yield (middle - 3.5, y), (middle - 3.5, y), 3.5


def _legend(signs: Sequence[Sample], top: int) -> Iterator[str]:
    for sample in signs:
        y = top + HEIGHT / 2 - 6
        if sample.swatch:
            yield f'<rect class="{sample.swatch}" x="{sample.x:g}" y="{y - 6:g}" width="14" height="12" rx="2"/>'
        elif sample.mark:
            yield _text(sample.x, y + 4, "s m b", sample.mark)
        else:
            kind = " across" if sample.across else ""
            yield f'<path class="line{kind}" d="M{sample.x:g} {y:g}h{sample.line:g}"/>'
            if sample.end is not None:
                at = Marker((sample.x + sample.line, y), sample.end, right=False)
                yield f'<path class="sign" d="{sign(at)}M{sample.x + sample.line:g} {y - 7:g}v14"/>'
        yield _text(sample.text_at, y + 4, "s y", sample.text)
