"""The text of `docs serve`, at its end."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.serve import ServeReport
from schematool.views.show import Look
from schematool.views.text.words import count


def lines(report: ServeReport, look: Look) -> Iterator[Text]:
    """Say that it is over."""
    yield Text(f"stopped; the book was made {count(report.builds, 'time')}")
