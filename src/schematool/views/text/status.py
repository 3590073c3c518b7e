"""The text of `status`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.status import StatusLine, StatusReport
from schematool.views.show import Look
from schematool.views.text.moves import heading
from schematool.views.text.words import columns, foreign

_STYLE = {"applied": "green", "squashed": "green", "pending": "yellow", "partial": "yellow"}
_FEW = 5
_ABSENT = "\N{EN DASH}"


def lines(report: StatusReport, look: Look) -> Iterator[Text]:
    """Tell each migration that is not simply applied, and the newest of those that are."""
    yield heading(report.env, report.stores)
    shown = list(report.lines) if look.verbose else _interesting(report.lines)
    stores = list(report.stores)
    if shown:
        yield from columns([("", *stores, ""), *(_row(line, stores) for line in shown)])
    yield from foreign(report.foreign)
    counts = ", ".join(f"{number} {state}" for state, number in report.counts.items() if state != "applied")
    summary = f"{len(shown)} shown of {len(report.lines)} · " if len(shown) < len(report.lines) else ""
    told = counts or ("all applied" if report.lines else "no migrations")
    yield Text(f"{summary}{told}" + (" · the schema changed since" if report.schema_changed else ""))


def _interesting(found: tuple[StatusLine, ...]) -> list[StatusLine]:
    keep = set(range(len(found) - _FEW, len(found)))
    return [line for i, line in enumerate(found) if i in keep or set(line.states.values()) != {"applied"}]


def _row(line: StatusLine, stores: list[str]) -> list[str | tuple[str, str]]:
    cells: list[str | tuple[str, str]] = [line.id]
    for store in stores:
        state = line.states.get(store, _ABSENT)
        cells.append((state, _STYLE.get(state, "red" if state != _ABSENT else "dim")))
    return [*cells, line.note]
