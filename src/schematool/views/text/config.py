"""The text of `config`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.config import ConfigReport
from schematool.views.show import Look
from schematool.views.text.words import columns


def lines(report: ConfigReport, look: Look) -> Iterator[Text]:
    """Tell each setting with its origin."""
    yield Text.assemble((report.env, "bold"), f" · {report.root}")
    yield from columns([(s.key, s.value, (s.origin, "dim")) for s in report.settings])
