"""The text of `migrate`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.migrate import MigrateReport
from schematool.views.show import Look
from schematool.views.text.moves import done, heading, plan


def lines(report: MigrateReport, look: Look) -> Iterator[Text | str]:
    """Tell the plan, or what was done."""
    if report.done and not report.moves:
        yield Text(f"nothing to do: {report.env} has every migration")
        return
    if report.done:
        yield from done(report.moves, "applied", report.seconds, report.verified)
        return
    yield heading(report.env, report.stores)
    yield from plan(report.moves, "+", statements=report.dry_run)
