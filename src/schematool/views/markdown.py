"""Markdown for job summaries and pull-request comments: the text of the report in a block, the findings as a table."""

from __future__ import annotations

from schematool.core.diagnostic import Diagnostic
from schematool.views.outcome import Outcome
from schematool.views.show import Look


def render(outcome: Outcome) -> str:
    """Write a heading with the answer, the report, and the findings."""
    from schematool.views.text import show_text  # noqa: PLC0415  # Rich is only needed for text

    mark = "✅" if outcome.ok else "❌"
    parts = [f"### {mark} schematool {outcome.command}\n"]
    if outcome.report is not None and (body := show_text(outcome, Look()).out.strip("\n")):
        fence = "````" if "```" in body else "```"
        parts.append(f"{fence}text\n{body}\n{fence}\n")
    if outcome.diagnostics:
        rows = "\n".join(_row(found) for found in outcome.diagnostics)
        parts.append(f"| | code | where | what |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _row(found: Diagnostic) -> str:
    where = f"`{found.span.file}:{found.span.line}`" if found.span else (found.subject or "")
    text = found.message + (f"<br>hint: {found.hint}" if found.hint else "")
    return f"| {found.severity.value} | {found.code} | {_cell(where)} | {_cell(text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
