"""Pictures of pixels: a file that decodes, with the colours, letters and note that it should have."""

from __future__ import annotations

import struct
import zlib

from tests.core.erd.inventing import invented

from schematool.core.erd.canvas import Canvas, note
from schematool.core.erd.diagram import diagram
from schematool.core.erd.letters import LEVELS, letter
from schematool.core.erd.measure import cut, width
from schematool.core.erd.outlines import BOLD, REGULAR
from schematool.core.erd.picture import arrange
from schematool.core.erd.png import NOTE, png, undrawable
from schematool.core.erd.words import Theme
from schematool.core.load import load


def decoded(file: bytes) -> tuple[int, int, list[bytes], bytes]:
    """Read a PNG file: width, height, rows of palette indices, palette; the checksums hold."""
    at = 8
    parts: dict[bytes, bytes] = {}
    while at < len(file):
        (size,) = struct.unpack(">I", file[at : at + 4])
        kind, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + size]
        assert struct.unpack(">I", file[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + data)
        parts[kind] = parts.get(kind, b"") + data
        at += size + 12
    wide, high = struct.unpack(">II", parts[b"IHDR"][:8])
    pixels = zlib.decompress(parts[b"IDAT"])
    rows = [pixels[line * (wide + 1) + 1 : (line + 1) * (wide + 1)] for line in range(high)]
    return wide, high, rows, parts[b"PLTE"]


def test_a_picture_is_a_png_with_its_colours() -> None:
    """The background is the theme's, the title of a table is blue, and the file says what it was drawn from."""
    picture = arrange(diagram(invented(3)))
    for theme, page in ((Theme.LIGHT, (255, 255, 255)), (Theme.DARK, (16, 21, 27))):
        file = png(picture, theme, "abc")
        wide, high, rows, palette = decoded(file)
        colors = [tuple(palette[i : i + 3]) for i in range(0, len(palette), 3)]

        assert wide >= 2 * picture.width
        assert high > 2 * picture.height
        assert colors[rows[0][0]] == page
        assert note(file, NOTE) == "abc"
        assert note(b"no picture", NOTE) is None


def test_the_same_picture_has_the_same_pixels() -> None:
    """Pixels do not depend on a machine's fonts; a sum over them is compared, since zlib may pack otherwise."""
    _, _, rows, palette = decoded(png(arrange(diagram(invented(3)))))

    assert zlib.crc32(b"".join(rows) + palette) == 2134589595


def test_letters_cover_what_they_should() -> None:
    """A full stop is a square at the base line; an `l` is upright; a letter that is not there is a frame."""
    dot = letter(".", 100)
    assert dot.rows
    covered = sum(sum(row) for row in dot.rows) / LEVELS

    assert abs(covered - 10.3 * 12.4) < 8
    assert letter(" ", 100).rows == ()
    assert letter("顧", 20).rows == letter("客", 20).rows != ()


def test_text_is_never_wider_than_measured() -> None:
    """What is drawn ends within the width that boxes were made for."""
    for text in ("appointments", "WWWWWWWW", "größe_in_cm", "a-b c"):
        canvas = Canvas(400, 40, "#ffffff")
        canvas.text(0, 30, text, 24, "#000000", "#ffffff", bold=True)
        _, _, rows, palette = decoded(canvas.png())
        last = max(x for row in rows for x, index in enumerate(row) if palette[index * 3] < 128)

        assert last <= width(text, 24, bold=True) + 1
        assert width(cut(text * 9, 12, 100), 12) <= 100


def test_every_letter_has_an_outline() -> None:
    """Both weights have the same letters, and only spaces are empty."""
    assert REGULAR.keys() == BOLD.keys()
    assert [c for c, (_, path) in REGULAR.items() if not path] == [" "]


def test_scripts() -> None:
    """Greek, Cyrillic, Vietnamese and letters with marks apart are drawn; what cannot be is named."""
    text = "entity: {}\nstore: postgres\nfields: {{ {}: uuid }}\n---\n"
    model, _ = load({"s.yaml": text.format("ασθενείς", "Nguyễn") + text.format("Пациент", "e\u0301te\u0301")})

    assert undrawable(arrange(diagram(model))) == ()
    assert letter("ж", 100).rows != letter("\uffff", 100).rows

    model, _ = load({"s.yaml": text.format("患者", "番号") + text.format("t", "שם")})

    assert set(undrawable(arrange(diagram(model)))) == {"患者", "番号", "שם"}
