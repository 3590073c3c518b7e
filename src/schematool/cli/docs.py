"""The book of the schema: docs build, docs serve, docs diff."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from schematool.cli import options as o
from schematool.cli.consent import typed
from schematool.cli.run import begin, examples, finish, project
from schematool.views.outcome import Format

PANEL = "Inspect"

docs = typer.Typer(
    name="docs",
    help="The book of the schema: a page for each entity, with its diagram, indexes, patterns and history.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def build(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where to (default: site, or docs/schema for Markdown).", file_okay=False),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Markdown to be read in the repository, instead of a site.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Add a page of what changed since this git revision.", metavar="REF")
    ] = None,
    plans: Annotated[
        Path | None,
        typer.Option(
            "--plans", help="The JSON of `verify --patterns`: each pattern with its plan.", exists=True, dir_okay=False
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="What the book is called (default: Schema).")] = None,
    check: o.Check = False,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Write the book of the schema as a static site, or as Markdown; needs no server."""
    terminal = begin("docs build", format, output, color, verbose)
    from schematool.app import docs as verb  # noqa: PLC0415  # each verb loads alone

    flags = (
        "--markdown" if markdown else None,
        *(("--since", since) if since else ()),
        *(("--plans", plans) if plans else ()),
    )
    again = typed("docs build", folder, *flags, *(("--title", shlex.quote(title)) if title else ()))
    wish = verb.Wish(folder, markdown, since, plans, check, title or verb.TITLE, again)
    finish(terminal, verb.build(project(terminal, where), wish))


def serve(
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 for any.", min=0, max=65535)] = 4040,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; only this machine unless told otherwise.")
    ] = "127.0.0.1",
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Show the book in a browser and make it anew whenever the YAML changes; Ctrl-C ends it."""
    terminal = begin("docs serve", format, output, color, verbose)
    from schematool.app import serve as verb  # noqa: PLC0415  # each verb loads alone

    def started(url: str) -> None:
        terminal.say(f"the book is at {url}  (Ctrl-C ends it)")

    finish(terminal, verb.serve(project(terminal, where), host, port, started))


def diff(
    before: Annotated[str, typer.Argument(metavar="REF", help="The git revision to start from.")],
    after: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="The one to compare with (default: the files as they are).")
    ] = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Tell what changed between two git revisions, descriptions and patterns included; needs no server."""
    terminal = begin("docs diff", format, output, color, verbose)
    from schematool.app import docs as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.diff(project(terminal, where), before, after))


def register(app: typer.Typer) -> None:
    """Put the verbs on the panel."""
    docs.command(
        epilog=examples(
            "schematool docs build",
            "schematool docs build site --since v1.2",
            "schematool docs build --markdown --check",
        )
    )(build)
    docs.command(
        epilog=examples(
            "schematool docs serve", "schematool docs serve --port 0", "schematool docs serve --project ../shop"
        )
    )(serve)
    docs.command(
        epilog=examples(
            "schematool docs diff main", "schematool docs diff v1.1 v1.2", "schematool docs diff main --format markdown"
        )
    )(diff)
    app.add_typer(docs, rich_help_panel=PANEL)
