"""The text of `up` and `down`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.up import DownReport, UpReport
from schematool.views.show import Look
from schematool.views.text.words import columns


def lines(report: UpReport | DownReport, look: Look) -> Iterator[Text]:
    """Tell the state and the URL of each server."""
    yield from columns([(s.store, s.state, str(s.url) if s.url else "") for s in report.servers], indent=0)
