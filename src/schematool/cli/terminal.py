"""The two streams of this run: what they can show, how a result is written to them, and how a question is asked."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError, SchematoolError
from schematool.core.secret import Url, mask
from schematool.views.outcome import Format, Outcome
from schematool.views.show import Look, show

if TYPE_CHECKING:
    from schematool.app.report import Report
    from schematool.engines.contract import Listener


@dataclass(frozen=True, slots=True)
class Terminal:
    """How this run talks. `urls` grow as they become known, so that errors are masked as well."""

    command: str = "schematool"
    format: Format = Format.TEXT
    output: Path | None = None
    color: str = "auto"
    verbose: bool = False
    urls: list[Url] = field(default_factory=list)

    def show(self, outcome: Outcome) -> None:
        """Write a result: to standard output or the file, its companions to standard error.

        Raises `SchematoolError` for a file that cannot be written, when all has been shown: what was done must be
        known.
        """
        outcome = replace(outcome, urls=(*outcome.urls, *self.urls))
        if self.live:
            _write(sys.stderr, "\r\x1b[2K")  # a statement that failed is still on the line of progress
        asked = self.format
        shown = show(outcome, asked, self.look(sys.stdout))
        unsaved: SchematoolError | None = None
        if self.output is not None:
            try:
                _save(self.output, show(outcome, asked, Look(verbose=self.verbose)).out)
            except SchematoolError as error:
                # What is shown from here on is about the file, for people, and not for another try to write it.
                unsaved = error
                current.set(replace(self, output=None, format=Format.TEXT))
        if self.output is None or unsaved:
            try:
                _write(sys.stdout, shown.out)
            except OSError as error:
                from schematool.app.workspace import refused_by_system  # noqa: PLC0415  # few runs end here

                _write(sys.stderr, shown.out)
                unsaved = refused_by_system("cannot write to standard output", error)
        colored = show(outcome, asked, self.look(sys.stderr)).err if shown.err else ""
        _write(sys.stderr, colored)
        if unsaved:
            raise unsaved

    def look(self, stream: TextIO) -> Look:
        """Settle colours for one stream: flag, NO_COLOR, FORCE_COLOR, then whether it is a terminal."""
        width = shutil.get_terminal_size().columns if stream.isatty() else None
        return Look(self._colored(stream), width, self.verbose)

    def _colored(self, stream: TextIO) -> bool:
        if self.color in {"always", "never"}:
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def live(self) -> bool:
        """Say whether progress may move about: a person watches standard error."""
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")

    @property
    def can_ask(self) -> bool:
        """Say whether there is someone to answer."""
        return sys.stdin.isatty()

    def say(self, text: str) -> None:
        """Write a line of progress to standard error."""
        _write(sys.stderr, mask(text, tuple(self.urls)) + "\n")

    def tell_plan(self, plan: Report) -> None:
        """Show what is about to happen, before the question."""
        shown = show(Outcome(self.command, plan), Format.TEXT, self.look(sys.stderr))
        _write(sys.stderr, shown.out)

    def listener(self) -> Listener:
        """Make a listener that tells how a run goes on."""
        from schematool.views.progress import Progress  # noqa: PLC0415  # most commands have no progress

        progress = Progress(
            "-" if self.command == "rollback" else "+",
            self.verbose,
            self.live,
            shutil.get_terminal_size().columns,
            lambda text: mask(text, tuple(self.urls)),
        )
        return lambda event: _write(sys.stderr, progress.told(event))

    def ask(self, question: str) -> str:
        """Ask on standard error and read the answer."""
        _write(sys.stderr, mask(question, tuple(self.urls)))
        return sys.stdin.readline().strip()


current: ContextVar[Terminal] = ContextVar("terminal", default=Terminal())  # noqa: B039  # replaced, never mutated


def use(terminal: Terminal) -> Terminal:
    """Make this the terminal of the run, so that an error is shown in the same way as a result."""
    if terminal.color not in {"auto", "always", "never"}:
        raise InputError(Diagnostic("ST009", f"--color takes auto, always or never, not `{terminal.color}`"))
    current.set(terminal)
    return terminal


def guess(arguments: Sequence[str]) -> Terminal:
    """Read the format from the arguments, for errors that come before a verb has begun."""
    for flag, value in pairwise((*arguments, "")):
        name, _, joined = flag.partition("=")
        if name in {"--format", "-f"} and (joined or value) in {f.value for f in Format}:
            return Terminal(format=Format(joined or value))
    return Terminal()


def _write(stream: TextIO, text: str) -> None:
    if not text:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding or "ascii", "replace").decode(stream.encoding or "ascii"))
    stream.flush()


def _save(path: Path, text: str) -> None:
    from schematool.app.workspace import write_file  # noqa: PLC0415  # most results go to the terminal

    write_file(path, text.encode())
