"""The verbs that write files: init, generate, import, new, squash, lint, lock."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from schematool.cli import options as o
from schematool.cli.consent import typed
from schematool.cli.run import begin, examples, finish, project, stores_of
from schematool.views.outcome import Format

PANEL = "Author"


def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the project.", file_okay=False)] = Path("."),
    ci: Annotated[str | None, typer.Option("--ci", help="Write a CI workflow as well: github.")] = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Scaffold schematool.toml, schema/ and the editor's schema; nothing is written over."""
    terminal = begin("init", format, output, color, verbose)
    from schematool.app import init as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.run(folder, ci=ci))


def generate(
    message: Annotated[str | None, typer.Option("--message", "-m", help="What the migration does.")] = None,
    allow: o.Allow = None,
    because: Annotated[str | None, typer.Option("--because", help="The reason, written into the file.")] = None,
    check: o.Check = False,
    dry_run: o.DryRun = False,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Compile the YAML into the next migration of each store, proven both ways."""
    terminal = begin("generate", format, output, color, verbose)
    from schematool.app import generate as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.hazard import permits  # noqa: PLC0415  # the same

    wish = verb.Wish(message, permits(allow or ()), because, check, dry_run)
    finish(terminal, verb.run(project(terminal, where), wish))


def import_(
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only the YAML of this entity; no history.", metavar="NAME")
    ] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print the YAML; write nothing.")] = False,
    no_adopt: Annotated[
        bool, typer.Option("--no-adopt", help="Only write files: the baseline is not recorded as applied.")
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", help="MongoDB: documents to look at where there is no validator.", min=0)
    ] = 1000,
    infer_enums: Annotated[
        bool, typer.Option("--infer-enums", help="MongoDB: write down texts of which there are few different ones.")
    ] = False,
    env: o.Env = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Write live databases as YAML, with a baseline migration that counts as applied there."""
    terminal = begin("import", format, output, color, verbose)
    from schematool.app import import_ as verb  # noqa: PLC0415  # each verb loads alone

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url, required=not stdout)
    finish(terminal, verb.run(workspace, verb.Wanted(tuple(only or ()), stdout, not no_adopt, sample, infer_enums)))


def new(
    title: Annotated[str, typer.Argument(help="What the migration does.")],
    store: o.Store = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Start a migration to be written by hand, with its rollback."""
    terminal = begin("new", format, output, color, verbose)
    from schematool.app import new as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.run(project(terminal, where), title, stores=tuple(stores_of(store))))


def lint(
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Check the schema and the migration files; needs no server."""
    terminal = begin("lint", format, output, color, verbose)
    from schematool.app import lint as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.run(project(terminal, where)))


def lock(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Migrations that were edited on purpose.", autocompletion=o.complete.migrations),
    ] = None,
    env: o.Env = None,
    check: o.Check = False,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Accept migration files as they are: renew snapshots and lock; with --env, also the hashes in its ledgers."""
    terminal = begin("lock", format, output, color, verbose)
    from schematool.app import lock as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    live = Manner(confirm=lambda _plan, _question: None, listen=terminal.listener()) if env else None
    finish(terminal, verb.run(project(terminal, where, env), ids or [], check=check, live=live))


def squash(
    last: Annotated[
        str | None,
        typer.Argument(
            help="Newest to squash (default: the newest).", metavar="[ID]", autocompletion=o.complete.migrations
        ),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", help="Oldest to squash (default: the first).", metavar="ID", autocompletion=o.complete.migrations
        ),
    ] = None,
    carry_data: Annotated[
        bool, typer.Option("--carry-data", help="Keep statements on data, at the end of the new file.")
    ] = False,
    allow: o.Allow = None,
    dry_run: o.DryRun = False,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Make one proven migration out of many; databases that have the many are known to have the one."""
    terminal = begin("squash", format, output, color, verbose)
    from schematool.app import squash as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.hazard import permits  # noqa: PLC0415  # the same

    command = typed("squash", last, *(("--from", first) if first else ()))
    wish = verb.Wish(first, last, carry_data, permits(allow or ()), dry_run, command)
    finish(terminal, verb.run(project(terminal, where), wish))


def models(
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", help="pydantic, sqlalchemy, typescript, mongoose or jsonschema; several times."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder to write to (default: what `models` in schematool.toml says).",
            file_okay=False,
        ),
    ] = None,
    check: o.Check = False,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Write the schema as models for applications: Pydantic, SQLAlchemy, TypeScript, Mongoose, JSON Schema."""
    terminal = begin("models", format, None, color, verbose)
    from schematool.app import models as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.run(project(terminal, where), target or (), folder, check=check))


def register(app: typer.Typer) -> None:
    """Put the verbs on the panel."""
    app.command(
        rich_help_panel=PANEL, epilog=examples("schematool init", "schematool init shop", "schematool init --ci github")
    )(init)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            'schematool generate -m "add user email"',
            "schematool generate --check --format github",
            'schematool generate --allow data-loss --because "nicknames moved to profiles"',
        ),
    )(generate)
    app.command(
        "import",
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool import --env legacy",
            "schematool import --stdout --only orders",
            "schematool import --postgres-url postgresql://localhost/app --no-adopt",
        ),
    )(import_)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            'schematool new "fill in countries"',
            'schematool new "merge duplicate users" --store postgres',
            'schematool new "split names" --store mongo',
        ),
    )(new)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool squash --dry-run", "schematool squash 0012", "schematool squash 0020 --from 0013 --carry-data"
        ),
    )(squash)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool lint", "schematool lint --format github", "schematool lint --format sarif -o lint.sarif"
        ),
    )(lint)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples("schematool lock 0004_tags", "schematool lock 0004_tags --env prod", "schematool lock --check"),
    )(lock)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool models --target pydantic",
            "schematool models --target sqlalchemy --target typescript --output app/models",
            "schematool models --check",
        ),
    )(models)
