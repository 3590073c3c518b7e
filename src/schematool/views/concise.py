"""One line a finding: `file:line:column: error[CODE]: message`, for editors and for grep."""

from __future__ import annotations

from schematool.core.diagnostic import Diagnostic
from schematool.views.outcome import Outcome


def render(outcome: Outcome) -> str:
    """Write every finding on its own line; nothing when there is none."""
    return "".join(line(found) + "\n" for found in outcome.diagnostics)


def line(found: Diagnostic) -> str:
    """One finding on one line."""
    place = f"{found.span.file}:{found.span.line}:{found.span.column}: " if found.span else ""
    hint = f" (hint: {found.hint})" if found.hint else ""
    message = " ".join(found.message.split())
    return f"{place}{found.severity.value}[{found.code}]: {message}{hint}"
