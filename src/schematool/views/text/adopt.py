"""The text of `adopt`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from rich.text import Text

from schematool.app.adopt import AdoptReport, Marked
from schematool.views.show import Look
from schematool.views.text.moves import heading
from schematool.views.text.words import columns, count, foreign, symbol

_FEW = 20


def lines(report: AdoptReport, look: Look) -> Iterator[Text | str]:
    """Tell what was found, then what is recorded, or would be."""
    yield heading(report.env, report.stores)
    yield from foreign(report.foreign)
    if report.imported is not None:
        # The module has the name of its command, which is a word of Python.
        yield from import_module("schematool.views.text.import").lines(report.imported, look)
        if not report.marked:
            return
    if not report.marked:
        yield Text("nothing to do: the ledger has every migration")
        return
    mark = symbol("*" if report.done else "+")
    shown = report.marked if look.verbose or len(report.marked) <= _FEW else report.marked[-_FEW:]
    yield from columns([(mark, one.id, one.store) for one in shown])
    if len(shown) < len(report.marked):
        yield Text(f"  and {len(report.marked) - len(shown)} more before them")
    yield Text(f"{_many(report.marked)} {'recorded' if report.done else 'to be recorded'} as applied, not run")
    if report.verified is not None:
        different = len(report.verified.drift)
        yield Text(f"verified: {count(different, 'difference')}" if different else "verified: no drift")


def _many(marked: tuple[Marked, ...]) -> str:
    return count(len({one.id for one in marked}), "migration")
