"""The text of `explain`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.explain import ExplainReport
from schematool.core.codes import Code
from schematool.views.show import Look
from schematool.views.text.words import columns


def lines(report: ExplainReport, look: Look) -> Iterator[Text | str]:
    """Tell a code, an entity or a migration."""
    if report.code is not None:
        yield from _code(report.code, report.seen)
        return
    yield Text.assemble((report.subject, "bold"), f"  {report.summary}" if report.summary else "")
    for part in report.parts:
        yield Text(f"\n-- {part.title} ({part.store})", "cyan")
        yield from (f"{text}{';' if part.store == 'postgres' else ''}" for text in part.statements)


def _code(code: Code, seen: tuple[str, ...]) -> Iterator[Text | str]:
    permit = f"  (permit: {code.permit})" if code.permit else f"  ({code.severity.value})"
    yield Text.assemble((code.code, "bold"), f" {code.title}{permit}")
    allow = (
        f"`schematool generate --allow {code.permit}`, or in the file: "
        f"`-- schematool: allow {code.code} because <reason>`"
    )
    rows = [("Why", code.why), ("Do", code.remedy)]
    if code.permit:
        rows.append(("Allow", allow))
    rows += [("Seen in", place) for place in seen]
    yield from columns([row for row in rows if row[1]])
    if code.example:
        yield Text("  Example")
        yield Text("\n".join(f"    {line}" for line in code.example.splitlines()))
