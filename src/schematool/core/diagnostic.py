"""What is wrong, where, and what to do: findings as data. Knows nothing of how they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding weighs: an error fails the command, a warning does not, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a text file: 1-based line and column, `width` characters on that line.

    `file` is relative to the project. `text` is the whole source line, so that a frame can be drawn
    without reading the file again.
    """

    file: str
    line: int
    column: int
    width: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is a row of `core.codes`; `hint` is the next thing to type or write."""

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR
    subject: str | None = None
    notes: tuple[str, ...] = ()


class Findings(list[Diagnostic]):
    """Everything wrong with the input, so that one run reports all of it."""

    def add(  # noqa: PLR0913  # one call says all that a finding has
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        subject: str | None = None,
    ) -> None:
        """Append one finding."""
        self.append(Diagnostic(code, message, span, hint, severity, subject))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Those that fail the command."""
        return tuple(found for found in self if found.severity is Severity.ERROR)


def in_order(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by file and place; findings without a place come last, in the order they were made."""
    found = tuple(found)
    placed = sorted((d for d in found if d.span), key=lambda d: (d.span or Span("", 0, 0), d.code))
    return (*placed, *(d for d in found if not d.span))
