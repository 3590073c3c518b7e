"""The text of `verify`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.verify import VerifyReport
from schematool.views.show import Look
from schematool.views.text.words import columns, count, symbol

_WORDS = {"+": "not in any migration", "-": "missing", "~": "", ">": "renamed"}


def lines(report: VerifyReport, look: Look) -> Iterator[Text]:
    """Name each difference; then how much is as it should be."""
    if not report.stores and report.ok:
        yield Text(f"nothing to verify in {report.env}: there are no migrations")
        return
    others = [d for d in report.diagnostics if d.code != "ST601"]
    heads = sorted({store.head for store in report.stores if store.head})
    head = heads[-1] if heads else "an empty database"
    if report.drift:
        yield Text.assemble((report.env, "bold"), f" differs from {head} in {count(len(report.drift), 'place')}")
        yield from columns(
            [
                (
                    one.store,
                    (one.change.entity, "bold"),
                    symbol(one.change.symbol),
                    one.change.kind,
                    one.change.name,
                    _WORDS[one.change.symbol] or one.change.detail,
                )
                for one in report.drift
            ]
        )
    for other in others:
        yield Text.assemble(("  " + other.code, "yellow"), f"  {other.message}")
    total = sum(store.entities for store in report.stores)
    matching = sum(store.matching for store in report.stores)
    pending = sum(store.pending for store in report.stores)
    late = f", {pending} pending" if pending else ""
    if report.drift:
        yield Text(f"{matching} of {count(total, 'entity')} match{late}")
        return
    said = f"as {head} says" if heads else head
    numbers = f"{count(len(report.stores), 'store')}, {count(total, 'entity')}"
    mark = "*" if report.ok else "!"
    yield Text.assemble(symbol(mark), f" {report.env} is {said}: {numbers}, no drift{late}")
