"""The text of `init`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.init import InitReport
from schematool.views.show import Look
from schematool.views.text.words import columns


def lines(report: InitReport, look: Look) -> Iterator[Text]:
    """Tell which files were made and which were there."""
    yield from columns([(("wrote", "green"), name) for name in report.written], indent=0)
    yield from columns([("kept ", name) for name in report.kept], indent=0)
