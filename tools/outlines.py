"""Make `core/erd/outlines.py` and `more_outlines.py` from DejaVu Sans: widths and outlines of letters in pictures.

Run by hand when a letter is missing: `pip install fonttools`, then `python tools/outlines.py FOLDER`, where FOLDER has
DejaVuSans.ttf and DejaVuSans-Bold.ttf (Debian: fonts-dejavu-core, in /usr/share/fonts/truetype/dejavu).
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

EM = 1000
LETTERS = [*range(0x20, 0x7F), *range(0xA1, 0x180), *map(ord, "–—‘’“”•…‹›€→←×≤≥≠∅")]
MORE = [
    *range(0x370, 0x3D0),
    *range(0x400, 0x460),
    *range(0x490, 0x4FA),
    *range(0x1EA0, 0x1EFA),
    *map(ord, "ƠơƯưȘșȚț№"),
]
"""Romanian, Greek, Cyrillic, Vietnamese: scripts that are written letter by letter, from left to right."""
FOLDER = Path(__file__).resolve().parent.parent / "src/schematool/core/erd"
HEAD = '''"""Widths and outlines of letters: DejaVu Sans, in thousandths of its size, y upwards. From tools/outlines.py.

An outline is an SVG path of M, L, Q and Z with absolute coordinates. DejaVu Sans is a derivative of Bitstream Vera:
Copyright (c) 2003 by Bitstream, Inc. All Rights Reserved. DejaVu changes are in public domain. Its licence permits to
use, copy, merge, embed and modify; a modified font must have another name, and these outlines have none.
"""

from __future__ import annotations

from collections.abc import Mapping
'''


def outlines(path: Path, letters: list[int]) -> dict[str, tuple[int, str]]:
    """Read the letters of one font."""
    font = TTFont(path)
    glyphs, names = font.getGlyphSet(), font.getBestCmap()
    scale = EM / font["head"].unitsPerEm
    found = {}
    for letter in letters:
        if letter in names:
            pen = SVGPathPen(glyphs, ntos=lambda number: str(round(number)))
            glyphs[names[letter]].draw(TransformPen(pen, (scale, 0, 0, scale, 0, 0)))
            found[chr(letter)] = (round(glyphs[names[letter]].width * scale), pen.getCommands())
    return found


def main() -> None:
    """Write the modules."""
    folder = Path(sys.argv[1])
    for target, letters in (("outlines.py", LETTERS), ("more_outlines.py", MORE)):
        parts = [HEAD]
        for name, file in (("REGULAR", "DejaVuSans.ttf"), ("BOLD", "DejaVuSans-Bold.ttf")):
            parts.append(f"\n{name}: Mapping[str, tuple[int, str]] = {{\n")
            parts += [f"    {letter!r}: {value!r},\n" for letter, value in outlines(folder / file, letters).items()]
            parts.append("}\n")
        (FOLDER / target).write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
