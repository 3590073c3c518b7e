"""The text of `lint`: the findings come before this."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.lint import LintReport
from schematool.views.show import Look
from schematool.views.text.words import count


def lines(report: LintReport, look: Look) -> Iterator[Text]:
    """Count."""
    total = len(report.diagnostics)
    if not total:
        yield Text(f"no findings in {count(report.files, 'file')}")
        return
    parts = [count(report.errors, "error")] if report.errors else []
    parts += [count(report.warnings, "warning")] if report.warnings else []
    rest = total - report.errors - report.warnings
    parts += [count(rest, "note")] if rest else []
    yield Text(f"{count(total, 'finding')} ({', '.join(parts)}) in {count(report.files, 'file')}")
