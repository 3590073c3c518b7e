"""The text of `squash`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.squash import SquashReport, line
from schematool.views.show import Look
from schematool.views.text.words import columns, count


def lines(report: SquashReport, look: Look) -> Iterator[Text | str]:
    """Tell what became one, what goes along or is left out, and where the old files are."""
    for one in report.squashed:
        many = f"{count(len(one.replaced), 'migration')} from {one.replaced[0]} to {one.replaced[-1]}"
        by = one.by[0] if len(one.by) == 1 else f"{one.by[0]} to {one.by[-1]}"
        yield Text(f"{one.store}: {many} {'are' if report.written else 'would be'} now {by}")
    for statement in report.data:
        store = "mongo" if statement.place.partition(":")[0].endswith(".json") else "postgres"
        how = "goes along" if statement.carried else "left out: it does nothing to an empty database"
        yield Text(f"  {statement.place}  {line(store, statement.text)}  {how}")
    verb = "wrote" if report.written else "would write"
    yield from columns([((verb, "green"), f.path, f.what) for f in report.files if f.what != "rollback"], indent=0)
    if report.removed:
        verb = "removed" if report.written else "would remove"
        shown = report.removed if look.verbose else report.removed[:5]
        yield from columns([((verb, "yellow"), name) for name in shown], indent=0)
        if len(shown) < len(report.removed):
            yield Text(f"{verb}  {len(report.removed) - len(shown)} more files")
    if report.aside:
        yield Text(f"kept  what git does not have is in {report.aside}/")
    rows = sum(one.rows for one in report.squashed)
    place = f", with {count(rows, 'row')} in place" if rows else ""
    yield Text(f"proven: the same schema from nothing, back, and again{place}")
    if not report.written:
        for file in report.files:
            yield Text(f"\n--- {file.path}", "bold")
            yield file.text.rstrip("\n")
