"""The text of `generate`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.generate import GenerateReport
from schematool.core.describe import Described
from schematool.views.show import Look
from schematool.views.text.folding import by_entity, folded
from schematool.views.text.words import columns, count, symbol


def lines(report: GenerateReport, look: Look) -> Iterator[Text | str]:
    """Tell what was written, or would be."""
    if not report.changes and not report.files:
        yield Text(
            "nothing to do: the migrations make what the schema says" if report.ok else "the snapshots are stale"
        )
        return
    if not report.written:
        yield from _changes(report, look)
    if report.files:
        yield from _files(report, look)
    codes = sorted({f"{d.code} ({d.permit})" if d.permit else d.code for d in report.dangers})
    tail = f" · {', '.join(codes)}" if codes else ""
    proven = f", proven with {count(report.rows, 'row')} in place" if report.files and report.rows else ""
    yield Text(f"{count(len(report.changes), 'change')}{proven}{tail}")


def _changes(report: GenerateReport, look: Look) -> list[Text]:
    told = by_entity(report.changes, _look_at)
    rows = [(one, "") for one in told] if look.verbose else folded(told, _look_at)
    return columns([(symbol(c.symbol), c.entity, c.kind, c.name, parts or c.detail) for c, parts in rows])


def _look_at(change: Described) -> tuple[str, Described]:
    return "", change


def _files(report: GenerateReport, look: Look) -> Iterator[Text | str]:
    verb = "wrote" if report.written else "would write"
    shown = [file for file in report.files if file.what != "rollback"]
    yield from columns([((verb, "green"), file.path, file.what) for file in shown], indent=0)
    if report.written and not look.verbose:
        return
    for file in report.files:
        if file.steps or file.what == "rollback":
            yield Text(f"\n--- {file.path}", "bold")
            yield file.text.rstrip("\n")
