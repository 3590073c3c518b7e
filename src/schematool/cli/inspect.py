"""The verbs that only look: diff, verify, status, explain, erd, config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from schematool.cli import options as o
from schematool.cli.consent import typed
from schematool.cli.run import begin, examples, finish, project, stores_of
from schematool.core.diagnostic import Diagnostic
from schematool.core.erd.words import Form, Grouping, Rows, Theme
from schematool.core.errors import InputError
from schematool.core.secret import Url
from schematool.views.outcome import Format

PANEL = "Inspect"
_SOURCE = "schema, migrations, live, empty, git:REF, a folder or a URL."


def diff(
    before: Annotated[
        str, typer.Argument(metavar="FROM", help=_SOURCE, autocompletion=o.complete.sources)
    ] = "migrations",
    after: Annotated[str, typer.Argument(metavar="TO", help=_SOURCE, autocompletion=o.complete.sources)] = "schema",
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements and nothing else.")] = False,
    reverse: Annotated[bool, typer.Option("--reverse", help="The way back: from TO to FROM.")] = False,
    online: Annotated[
        bool | None,
        typer.Option("--online/--offline", help="Prefer steps that block nobody (default unless both are URLs)."),
    ] = None,
    allow: o.Allow = None,
    check: o.Check = False,
    store: o.Store = None,
    env: o.Env = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Compare any two states; printing needs no permit, so --allow is accepted and not needed."""
    terminal = begin("diff", format, output, color, verbose)
    from schematool.app import diff as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.hazard import permits  # noqa: PLC0415  # the same

    permits(allow or ())
    stores_of(store)
    terminal.urls.extend(Url(text) for text in (before, after) if "://" in text)
    free = "://" in before and "://" in after
    workspace = project(terminal, where, env, required=not free)
    finish(terminal, verb.run(workspace, verb.Wish(before, after, sql, reverse, check, store, online)))


def verify(
    env: o.Env = None,
    store: o.Store = None,
    only: Annotated[
        str | None, typer.Option("--only", help="This entity alone; or this pattern.", metavar="ENTITY")
    ] = None,
    data: Annotated[
        bool, typer.Option("--data", help="Check rows and documents too: validators, constraints, references.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a --data that was stopped came to.")] = False,
    patterns: Annotated[bool, typer.Option("--patterns", help="Prove the access patterns with EXPLAIN.")] = False,
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            help="With --patterns: on scratch databases with so many rows of each entity (100k, 1M), not on ENV.",
            metavar="ROWS",
        ),
    ] = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Compare the live databases with what was recorded; a read-only role is enough."""
    terminal = begin("verify", format, output, color, verbose)
    from schematool.app import verify as verb  # noqa: PLC0415  # each verb loads alone

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    if scale and not patterns:
        raise InputError(Diagnostic("ST009", "--scale without --patterns", hint="add --patterns"))
    wish = verb.Wish(only, data or resume, patterns, resume, scale)
    finish(terminal, verb.run(workspace, stores=stores_of(store), wish=wish, listen=terminal.listener()))


def status(
    env: o.Env = None,
    check: o.Check = False,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """List pending, applied, partial, edited and missing migrations of both stores."""
    terminal = begin("status", format, output, color, verbose)
    from schematool.app import status as verb  # noqa: PLC0415  # each verb loads alone

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    finish(terminal, verb.run(workspace, check=check))


def doctor(
    env: o.Env = None,
    store: o.Store = None,
    roles: Annotated[
        bool,
        typer.Option("--roles", help="Print the statements that make a role to verify with, and one to migrate."),
    ] = False,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Check versions, rights, encryption, clocks, locks and leftovers of the servers; reads only."""
    terminal = begin("doctor", format, output, color, verbose)
    from schematool.app import doctor as verb  # noqa: PLC0415  # each verb loads alone

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    finish(terminal, verb.run(workspace, stores_of(store), roles=roles))


def explain(
    subject: Annotated[str, typer.Argument(help="A code, an entity or a migration.", autocompletion=o.complete.codes)],
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Tell why a code exists, what an entity compiles to, what a migration does."""
    terminal = begin("explain", format, output, color, verbose)
    from schematool.app import explain as verb  # noqa: PLC0415  # each verb loads alone

    try:
        workspace = project(terminal, where)
    except InputError:
        workspace = None
    finish(terminal, verb.run(workspace, subject))


def erd(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .svg, .png, .mmd, or .md with a place for it."),
    ] = None,
    focus: Annotated[
        str | None, typer.Option("--focus", help="This entity and what is near it.", autocompletion=o.complete.entities)
    ] = None,
    depth: Annotated[int, typer.Option("--depth", help="How many references away from --focus.", min=0)] = 1,
    group: Annotated[Grouping, typer.Option("--group", help="What to keep together.")] = Grouping.NONE,
    fields: Annotated[
        Rows | None, typer.Option("--fields", help="Fields to show (default: all, with many entities keys).")
    ] = None,
    form: Annotated[
        Form | None, typer.Option("--as", help="How to draw, where the file's name does not say it (default: mermaid).")
    ] = None,
    theme: Annotated[Theme, typer.Option("--theme", help="Colours of SVG and PNG.")] = Theme.AUTO,
    check: o.Check = False,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Draw the schema of both stores from the YAML: Mermaid for a README, SVG or PNG without another program."""
    terminal = begin("erd", format, None, color, verbose)
    from schematool.app import erd as verb  # noqa: PLC0415  # each verb loads alone

    flags = {"--output": output, "--focus": focus, "--depth": depth if focus and depth != 1 else None}
    flags |= {"--group": group.value if group is not Grouping.NONE else None, "--fields": fields and fields.value}
    flags |= {"--as": form and form.value, "--theme": theme.value if theme is not Theme.AUTO else None}
    again = typed("erd", *(word for flag, value in flags.items() if value is not None for word in (flag, str(value))))
    finish(
        terminal,
        verb.run(project(terminal, where), verb.Wish(focus, depth, group, fields, form, theme, output, check, again)),
    )


def config(
    env: o.Env = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Print every setting in effect and where it came from; passwords are masked."""
    terminal = begin("config", format, output, color, verbose)
    from schematool.app import config as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.run(project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)))


def register(app: typer.Typer) -> None:
    """Put the verbs on the panel."""
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool diff", "schematool diff git:main schema", "schematool diff live migrations --sql --env staging"
        ),
    )(diff)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool verify --env prod",
            "schematool verify --data",
            "schematool verify --patterns --scale 100k",
        ),
    )(verify)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool status", "schematool status --env prod --check", "schematool status --format markdown"
        ),
    )(status)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool doctor",
            "schematool doctor --env prod --format json",
            "schematool doctor --store postgres --roles",
        ),
    )(doctor)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples("schematool explain ST201", "schematool explain users", "schematool explain 0007"),
    )(explain)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool erd",
            "schematool erd -o docs/schema.svg --group store",
            "schematool erd --focus patients --depth 2 -o patients.png",
        ),
    )(erd)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples("schematool config", "schematool config --env prod", "schematool config --format json"),
    )(config)
