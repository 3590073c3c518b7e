"""The text of `new`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.new import NewReport
from schematool.views.show import Look
from schematool.views.text.words import columns


def lines(report: NewReport, look: Look) -> Iterator[Text]:
    """Tell the files to write."""
    yield from columns([(("wrote", "green"), name) for name in report.files], indent=0)
