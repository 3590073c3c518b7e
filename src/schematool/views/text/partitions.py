"""The text of `partitions`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.partitions import PartitionsReport
from schematool.core.partitions import BLOCKING, Action
from schematool.views.show import Look
from schematool.views.text.moves import heading
from schematool.views.text.words import columns, count


def lines(report: PartitionsReport, look: Look) -> Iterator[Text]:
    """One line for each partition, then the sum."""
    yield heading(report.env, {"postgres": report.url})
    yield from columns([_row(action) for action in report.actions])
    if report.actions:
        yield Text(f"{count(len(report.actions), 'change')} {'made' if report.done else 'to make'}")
    else:
        yield Text(f"nothing to do: {count(report.tables, 'table')} with partitions made ahead")
    if report.detached:
        many = count(len(report.detached), "table")
        yield Text(f"{many} kept that were partitions: {', '.join(report.detached)}; archive or drop them")


def _row(action: Action) -> list[str | tuple[str, str]]:
    period = f"{action.first:%Y-%m-%d} to {action.last:%Y-%m-%d}" if action.first and action.last else ""
    match action.kind:
        case "create":
            rows = f"{count(action.rows, 'row')} from the default partition" if action.rows else ""
            return [("+", "green"), action.table, (action.partition, "bold"), period, rows]
        case "detach":
            told = f"about {count(action.rows, 'row')}, kept as a table of their own"
            if action.detail == BLOCKING:
                told += "; everybody waits for a moment, since there is a default partition"
            return [("-", "red"), action.table, (action.partition, "bold"), period, told]
        case "adopt":
            return [("*", "green"), action.table, (action.partition, "bold"), period, "looked after from now on"]
        case _:
            return [("+", "green"), action.table, (action.partition, "bold"), "index", action.detail]
