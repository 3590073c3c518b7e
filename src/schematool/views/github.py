"""GitHub workflow commands, which become annotations, followed by the plain lines.

GitHub shows at most ten errors and ten warnings a step (actions/toolkit issue 734), so the lines stay readable too.
"""

from __future__ import annotations

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.views import concise
from schematool.views.outcome import Outcome

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(outcome: Outcome) -> str:
    """Write the annotations first, then every finding as a line, then the answer."""
    annotations = "".join(annotation(found) + "\n" for found in outcome.diagnostics)
    answer = "ok" if outcome.ok else f"exit code {outcome.exit_code}"
    return annotations + concise.render(outcome) + f"{outcome.command}: {answer}\n"


def annotation(found: Diagnostic) -> str:
    """Write one `::error file=…` command."""
    properties = {"title": found.code}
    if found.span:
        properties |= {
            "file": found.span.file,
            "line": str(found.span.line),
            "col": str(found.span.column),
            "endColumn": str(found.span.column + found.span.width),
        }
    text = found.message + (f"\nhint: {found.hint}" if found.hint else "")
    head = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_LEVEL[found.severity]} {head}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
