"""What `seed` is about to make, or made."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.seed import Filled, SeedReport
from schematool.views.show import Look
from schematool.views.text.moves import heading
from schematool.views.text.words import columns, count, seconds


def lines(report: SeedReport, look: Look) -> Iterator[Text]:
    """One line an entity, then the sum."""
    yield heading(report.env, report.stores)
    if not report.done:
        yield from columns([_row(one) for one in report.entities])
    total = count(report.rows, "row")
    if report.done:
        many = count(sum(one.rows > 0 for one in report.entities), "entity")
        rate = f"{report.rows / report.seconds:,.0f} a second" if report.seconds else ""
        yield Text(f"{total} in {many}, seed {report.seed}, in {seconds(report.seconds)}, {rate}")
    else:
        yield Text(f"{total} to make with seed {report.seed}")


def _row(one: Filled) -> list[str | tuple[str, str]]:
    mark = ("!", "red") if one.refused else ("+", "green")
    return [mark, one.name, one.store, f"{one.rows:>10,}", one.refused or "; ".join(one.notes)]
