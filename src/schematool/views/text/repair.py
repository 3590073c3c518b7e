"""The text of `repair`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.repair import RepairReport
from schematool.views.show import Look
from schematool.views.text.moves import heading
from schematool.views.text.words import symbol


def lines(report: RepairReport, look: Look) -> Iterator[Text | str]:
    """Tell each entry that is wrong, what is done about it, and in the plan with which statements."""
    yield heading(report.env, report.stores)
    if not report.mends:
        yield Text("nothing to do: the ledger is as runs leave it")
        return
    for mend in report.mends:
        mark = symbol("!" if not mend.statements else "*" if report.done else "~")
        yield Text.assemble("  ", mark, f" {mend.id}  {mend.store}  {mend.what}")
        yield Text(f"      {mend.how}")
        if not report.done or look.verbose:
            yield from (f"      {text}{'' if mend.store == 'mongo' else ';'}" for text in mend.statements)
    right = sum(bool(mend.statements) for mend in report.mends)
    noun = "entry" if right == 1 else "entries"
    yield Text(
        f"{right} {noun} of the ledger {'put right' if report.done else 'to be put right'}; nothing else is touched"
    )
    if report.verified is not None:
        yield Text("verified: no drift" if report.verified.ok else "not all is well yet: run `schematool verify`")
