"""The text of `docs diff`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.docs import ChangesReport
from schematool.core.book.changes import Line
from schematool.core.line import short
from schematool.views.show import Look
from schematool.views.text.words import columns, symbol


def lines(report: ChangesReport, look: Look) -> Iterator[Text]:
    """Tell the changes below what they belong to."""
    found = report.changes
    if not found.entities:
        yield Text(f"no differences between {found.before} and {found.after}")
        return
    for one in found.entities:
        yield Text.assemble(("  " + one.key, "bold"), f"  ({one.store}) {one.what}")
        yield from columns([_row(line, whole=look.verbose) for line in one.lines], indent=4)


def _row(line: Line, *, whole: bool) -> list[str | tuple[str, str]]:
    say = str if whole else short
    arrow = " → " if line.before and line.after else ""
    return [symbol(line.symbol), line.kind, line.name, f"{say(line.before)}{arrow}{say(line.after)}"]
