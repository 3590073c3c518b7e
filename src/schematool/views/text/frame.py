"""Findings as people read them: the sentence, the line of the file with a mark under it, the hint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from schematool.core.diagnostic import Diagnostic, Severity, Span
from schematool.core.secret import mask
from schematool.views import concise
from schematool.views.show import Look

FRAMES = 20
"""More findings than this are told on one line each: frames would drown them."""

WIDTH = 120
"""Columns where there is no terminal to ask."""

_STYLE = {Severity.ERROR: "red bold", Severity.WARNING: "yellow bold", Severity.NOTE: "blue bold"}
_TAB = "    "


def findings(found: Sequence[Diagnostic], look: Look) -> Iterator[Text]:
    """Tell findings with frames, or in short when there are many."""
    if len(found) > FRAMES and not look.verbose:
        for diagnostic in found:
            yield Text(concise.line(diagnostic))
        return
    for diagnostic in found:
        yield from full(diagnostic, look.width or WIDTH)


def full(found: Diagnostic, width: int) -> Iterator[Text]:
    """Tell one finding in all its parts."""
    style = _STYLE[found.severity]
    yield Text.assemble((f"{found.severity.value}[{found.code}]", style), (": ", "bold"), (found.message, "bold"))
    if found.span:
        yield from frame(found.span, style, width)
    for note in found.notes:
        yield Text(f"  {note}")
    if found.hint:
        yield Text.assemble(("hint: ", "cyan bold"), found.hint)


def frame(span: Span, style: str, width: int = WIDTH) -> Iterator[Text]:
    """Draw the place: file:line:column, the line, and a mark under what it is about; a long line is cut around it."""
    gutter = " " * len(str(span.line))
    yield Text.assemble((f"{gutter}--> ", "blue"), f"{span.file}:{span.line}:{span.column}")
    if not span.text:
        return
    start = span.column - 1
    line = mask(span.text)  # whole: a part of a URL would not be known for one
    parts = line[:start], line[start : start + span.width], line[start + span.width :]
    before, marked, after = _cut(*(part.replace("\t", _TAB) for part in parts), room=width - len(gutter) - 3)
    yield Text(f"{gutter} |", "blue")
    yield Text.assemble((f"{span.line} | ", "blue"), f"{before}{marked}{after}".rstrip())
    yield Text.assemble((f"{gutter} | ", "blue"), " " * cell_len(before), ("^" * max(1, cell_len(marked)), style))


def _cut(before: str, marked: str, after: str, *, room: int) -> tuple[str, str, str]:
    """Shorten the three parts of a line to `room` columns: the mark stays in sight, with what stands around it."""
    room = max(room, 20)
    if cell_len(before + marked + after) <= room:
        return before, marked, after
    marked = _head(marked, room - min(cell_len(before), room // 4))
    left = room - cell_len(marked)
    tail = min(cell_len(after), max(left - cell_len(before), left // 2))
    return _tail(before, left - tail), marked, _head(after, tail)


def _head(text: str, room: int) -> str:
    return text if cell_len(text) <= room else "" if room < 1 else set_cell_size(text, room - 1).rstrip() + "…"


def _tail(text: str, room: int) -> str:
    return _head(text[::-1], room)[::-1]
