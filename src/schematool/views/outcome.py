"""What there is to show at the end of a command: its report, or the error that ended it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from schematool.app.report import Report
from schematool.core.diagnostic import Diagnostic, in_order
from schematool.core.errors import SchematoolError
from schematool.core.secret import Url, mask


class Format(StrEnum):
    """How a result is shown."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`report` None: the command ended with `error`. `urls`: passwords to mask wherever they turn up."""

    command: str
    report: Report | None = None
    error: SchematoolError | None = None
    urls: tuple[Url, ...] = ()

    @property
    def ok(self) -> bool:
        """Say whether the answer is yes."""
        return self.report is not None and self.report.ok

    @property
    def exit_code(self) -> int:
        """0 yes, 1 no, otherwise the error's own."""
        if self.error is not None:
            return self.error.exit_code
        return 0 if self.ok else 1

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding, in order of file and place, without a password."""
        found = self.error.diagnostics if self.error else self.report.diagnostics if self.report else ()
        return in_order(self._masked(one) for one in found)

    @property
    def state(self) -> str | None:
        """Where things stand after an error."""
        return mask(self.error.state, self.urls) if self.error and self.error.state else None

    def _masked(self, found: Diagnostic) -> Diagnostic:
        """Foreign text, a server's message above all, may hold what we gave it; so may the line of a frame."""
        span = found.span
        return replace(
            found,
            span=replace(span, text=mask(span.text, self.urls)) if span and span.text else span,
            message=mask(found.message, self.urls),
            hint=mask(found.hint, self.urls) if found.hint else None,
            notes=tuple(mask(note, self.urls) for note in found.notes),
        )
