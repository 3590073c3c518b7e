"""What `purge` is about to delete, or deleted."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.purge import PurgeReport
from schematool.engines.contract import Kept
from schematool.views.show import Look
from schematool.views.text.moves import heading
from schematool.views.text.words import columns, count


def lines(report: PurgeReport, look: Look) -> Iterator[Text]:
    """One line a collection, then the sum."""
    yield heading(report.env, report.stores)
    yield from columns([_row(one) for one in report.kept])
    younger = f"; {count(report.younger, 'younger collection')} kept" if report.younger else ""
    if not report.kept:
        yield Text(f"nothing to purge{younger}")
    elif report.done:
        yield Text(f"{count(len(report.kept), 'collection')} deleted for good{younger}")
    else:
        yield Text(f"{count(len(report.kept), 'collection')} to delete for good{younger}")


def _row(one: Kept) -> list[str | tuple[str, str]]:
    age = "" if one.age_seconds is None else f"{one.age_seconds / 86400:.1f} days ago"
    return [("-", "red"), one.collection, f"by {one.migration or 'hand'}", count(one.documents, "document"), age]
