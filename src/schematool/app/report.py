"""What every verb hands back: frozen facts. Views turn them into words, the command line into an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from schematool.core.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Base of all. `ok` False means "the answer is no": exit code 1. `hint` is the next thing to type."""

    command: ClassVar[str] = ""

    ok: bool = True
    diagnostics: tuple[Diagnostic, ...] = ()
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Danger:
    """A hazard as reports tell it: its code, the permit that consents to it, what it is about."""

    code: str
    permit: str | None
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One statement as reports tell it."""

    store: str
    statement: str
    lock: str = ""
    work: str = ""
    dangers: tuple[Danger, ...] = ()
