"""What `models` wrote, or the text itself where it has no place."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.models import ModelsReport
from schematool.views.show import Look
from schematool.views.text.words import columns

_MARKS = {"written": ("+", "green"), "fresh": ("*", "green"), "stale": ("~", "yellow"), "missing": ("-", "red")}


def lines(report: ModelsReport, look: Look) -> Iterator[Text | str]:
    """A line a file; what has no place is printed as it is."""
    for one in report.files:
        if one.path is None:
            yield one.text.removesuffix("\n")
    placed = [one for one in report.files if one.path is not None]
    yield from columns([[_MARKS[one.state], one.state, one.path or "", one.target] for one in placed])
