"""Findings as people read them: the sentence, the line of the file with a mark under it, the hint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from schematool.core.diagnostic import Diagnostic, Severity, Span
from schematool.core.secret import mask
from schematool.views import concise

FRAMES = 20
"""More findings than this are told on one line each: frames would drown them."""

_STYLE = {Severity.ERROR: "red bold", Severity.WARNING: "yellow bold", Severity.NOTE: "blue bold"}
_TAB = "    "


def findings(found: Sequence[Diagnostic], *, verbose: bool = False) -> Iterator[Text]:
    """Tell findings with frames, or in short when there are many."""
    if len(found) > FRAMES and not verbose:
        for diagnostic in found:
            yield Text(concise.line(diagnostic))
        return
    for diagnostic in found:
        yield from full(diagnostic)


def full(found: Diagnostic) -> Iterator[Text]:
    """Tell one finding in all its parts."""
    style = _STYLE[found.severity]
    yield Text.assemble((f"{found.severity.value}[{found.code}]", style), (": ", "bold"), (found.message, "bold"))
    if found.span:
        yield from frame(found.span, style)
    for note in found.notes:
        yield Text(f"  {note}")
    if found.hint:
        yield Text.assemble(("hint: ", "cyan bold"), found.hint)


def frame(span: Span, style: str) -> Iterator[Text]:
    """Draw the place: file:line:column, the line, and a mark under what it is about."""
    gutter = " " * len(str(span.line))
    yield Text.assemble((f"{gutter}--> ", "blue"), f"{span.file}:{span.line}:{span.column}")
    if not span.text:
        return
    line = mask(span.text).replace("\t", _TAB)
    before = span.text[: span.column - 1].replace("\t", _TAB)
    marked = span.text[span.column - 1 : span.column - 1 + span.width].replace("\t", _TAB)
    carets = "^" * max(1, cell_len(marked))
    yield Text(f"{gutter} |", "blue")
    yield Text.assemble((f"{span.line} | ", "blue"), line)
    yield Text.assemble((f"{gutter} | ", "blue"), " " * cell_len(before), (carets, style))
