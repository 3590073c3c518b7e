"""The options that several verbs share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from schematool.cli import complete
from schematool.views.outcome import Format

_OUTPUT = "Output"
_WHERE = "Where"

Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        "-e",
        help="Environment of schematool.toml (default: its default_env).",
        metavar="NAME",
        autocompletion=complete.environments,
        rich_help_panel=_WHERE,
    ),
]
Project = Annotated[
    Path | None,
    typer.Option("--project", help="Folder to look for the project from.", rich_help_panel=_WHERE, file_okay=False),
]
PostgresUrl = Annotated[
    str | None, typer.Option("--postgres-url", help="PostgreSQL to use.", metavar="URL", rich_help_panel=_WHERE)
]
MongoUrl = Annotated[
    str | None, typer.Option("--mongo-url", help="MongoDB to use.", metavar="URL", rich_help_panel=_WHERE)
]
FormatOption = Annotated[
    Format, typer.Option("--format", "-f", help="How the result is shown.", rich_help_panel=_OUTPUT)
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write the result to a file.", dir_okay=False, rich_help_panel=_OUTPUT),
]
Color = Annotated[
    str,
    typer.Option("--color", help="auto, always or never; NO_COLOR and FORCE_COLOR count too.", rich_help_panel=_OUTPUT),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what is left out.", rich_help_panel=_OUTPUT)]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", help="Consent to dangers by name, comma-separated.", autocompletion=complete.permits),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and stop.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if there is something to do.")]
Store = Annotated[
    str | None,
    typer.Option("--store", help="postgres or mongo only.", metavar="STORE", autocompletion=complete.stores),
]
LockTimeout = Annotated[
    float | None,
    typer.Option("--lock-timeout", help="Seconds to wait for another run.", metavar="SECONDS", min=0),
]
MigrationId = Annotated[
    str | None,
    typer.Argument(help="Migration to stop at (default: all).", metavar="[ID]", autocompletion=complete.migrations),
]
