"""The text of `lock`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.lock import LockReport
from schematool.views.show import Look
from schematool.views.text.words import columns


def lines(report: LockReport, look: Look) -> Iterator[Text]:
    """Tell what is accepted."""
    if not report.accepted and report.ok:
        yield Text("the lock agrees with the files")
    yield from columns([("accepted", said) for said in report.said], indent=0)
    yield from columns([("accepted", f"{name}: its ledger has the new hash") for name in report.ledgers], indent=0)
    yield from columns([(("wrote", "green"), name) for name in report.written], indent=0)
