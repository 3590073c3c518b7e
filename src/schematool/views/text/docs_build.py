"""The text of `docs build`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.docs import DocsReport
from schematool.views.show import Look
from schematool.views.text.words import columns, count

_SHOWN = 10


def lines(report: DocsReport, look: Look) -> Iterator[Text]:
    """Tell what was written, or which pages are stale."""
    what = f"{count(report.entities, 'entity')}, {count(report.files, 'file')}"
    if report.written:
        yield from columns([(("wrote", "green"), f"{report.folder}/{report.first}", what)], indent=0)
    elif not report.stale:
        yield from columns([(("fresh", "green"), report.folder, what)], indent=0)
    else:
        shown = report.stale if look.verbose else report.stale[:_SHOWN]
        yield from columns([(("stale", "red"), f"{report.folder}/{name}") for name in shown], indent=0)
        if len(shown) < len(report.stale):
            yield Text(f"and {count(len(report.stale) - len(shown), 'more file')} (-v shows all)")
