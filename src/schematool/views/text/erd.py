"""The text of `erd`: the diagram itself, or what became of the file."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.erd import ErdReport
from schematool.views.show import Look
from schematool.views.text.words import columns, count


def lines(report: ErdReport, look: Look) -> Iterator[Text | str]:
    """Print the diagram where no file was named."""
    if report.path is None:
        yield report.text.rstrip("\n")
        return
    what = f"{count(report.entities, 'entity')}, {count(report.relations, 'relation')}"
    if report.written:
        yield from columns([(("wrote", "green"), report.path, what)], indent=0)
    elif report.stale:
        yield from columns([(("stale", "red"), report.path, what)], indent=0)
    else:
        yield from columns([(("fresh", "green"), report.path, what)], indent=0)
