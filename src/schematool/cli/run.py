"""What every verb does around its own work: find the project, hand the result to a view, leave with its code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from schematool.cli.terminal import Terminal, use
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.secret import Url
from schematool.views.outcome import Format, Outcome

if TYPE_CHECKING:
    from schematool.app.report import Report
    from schematool.app.workspace import Workspace


def begin(
    command: str,
    format: Format,  # noqa: A002  # the word of the flag
    output: Path | None = None,
    color: str = "auto",
    verbose: bool = False,  # noqa: FBT001, FBT002, RUF100  # handed on from a flag
) -> Terminal:
    """Settle how this run talks."""
    return use(Terminal(command, format, output, color, verbose))


def project(
    terminal: Terminal,
    start: Path | None = None,
    env: str | None = None,
    *,
    postgres_url: str | None = None,
    mongo_url: str | None = None,
    required: bool = True,
) -> Workspace:
    """Open the project; its URLs are known to the terminal from here on."""
    from schematool.app.workspace import open_workspace  # noqa: PLC0415  # `--help` reads no project

    flags = {store: url for store, url in (("postgres", postgres_url), ("mongo", mongo_url)) if url}
    terminal.urls.extend(Url(url) for url in flags.values())
    return open_workspace(start or Path.cwd(), os.environ, env=env, flags=flags, required=required, known=terminal.urls)


def finish(terminal: Terminal, report: Report) -> NoReturn:
    """Show a report and leave: 0 for yes, 1 for no."""
    outcome = Outcome(terminal.command, report)
    terminal.show(outcome)
    raise typer.Exit(outcome.exit_code)


def stores_of(store: str | None) -> Sequence[str]:
    """Read `--store`."""
    if store is not None and store not in STORES:
        raise InputError(Diagnostic("ST009", f"--store takes postgres or mongo, not `{store}`"))
    return (store,) if store else STORES


def examples(*lines: str) -> str:
    """Write the examples below a help page; an empty line keeps each on a line of its own."""
    return "\n\n".join(("[bold]Examples[/bold]", *(f"  $ {line}".replace("[", "\\[") for line in lines)))
