"""The text of `verify`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text

from schematool.app.references import ReferenceCheck
from schematool.app.verify import Drift, VerifyReport
from schematool.core.describe import Described
from schematool.views.show import Look
from schematool.views.text import proofs
from schematool.views.text.folding import by_entity, folded
from schematool.views.text.words import columns, count, symbol

_WORDS: Mapping[str, str] = {"+": "not in any migration", "-": "missing", "~": "", ">": "renamed"}


def lines(report: VerifyReport, look: Look) -> Iterator[Text]:
    """Name each difference, then how much is as it should be; other findings stand on their own."""
    if report.stores or not report.patterns:
        yield from _drift(report, look)
    else:
        yield Text(f"on {report.env}")
    yield from columns([_reference(check) for check in report.references])
    if report.patterns:
        yield from proofs.lines(report.patterns, report.unused, look)


def _drift(report: VerifyReport, look: Look) -> Iterator[Text]:
    if not report.stores and report.ok:
        yield Text(f"nothing to verify in {report.env}: there are no migrations")
        return
    heads = sorted({store.head for store in report.stores if store.head})
    head = heads[-1] if heads else "an empty database"
    if report.drift:
        legend = " (expected → found)" if any(one.change.symbol == "~" for one in report.drift) else ""
        places = count(len(report.drift), "place")
        yield Text.assemble((report.env, "bold"), f" differs from {head} in {places}{legend}")
        told = by_entity(report.drift, _look_at)
        yield from columns(
            [_row(one, "") for one in told] if look.verbose else [_row(*pair) for pair in folded(told, _look_at)]
        )
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


def _look_at(drift: Drift) -> tuple[str, Described]:
    return drift.store, drift.change


def _row(drift: Drift, parts: str) -> list[str | tuple[str, str]]:
    told = drift.change
    detail = parts or (told.detail if told.symbol != ">" else "")
    words = _WORDS[told.symbol]
    said = f"{words}: {detail}" if words and detail else words or detail
    return [drift.store, (told.entity, "bold"), symbol(told.symbol), told.kind, told.name, said]


def _reference(check: ReferenceCheck) -> list[str | tuple[str, str]]:
    bad = check.orphans + sum(number for kind, number in check.values.items() if kind not in _GOOD)
    told = [f"{number:,} {kind}" for kind, number in check.values.items()] or ["no documents"]
    orphans = f"{count(check.orphans, 'orphan')}" if check.orphans else "no orphans"
    return [
        symbol("!" if bad else "*"),
        check.source,
        "→",
        check.target,
        orphans,
        ", ".join(told),
    ]


_GOOD = frozenset({"canonical", "null", "missing"})
