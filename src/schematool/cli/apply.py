"""The verbs that change databases: migrate, adopt, rollback, repair, purge, seed; and the servers: up, down."""

from __future__ import annotations

from typing import Annotated

import typer

from schematool.cli import options as o
from schematool.cli.consent import asking, consents, typed
from schematool.cli.run import begin, examples, finish, project, stores_of
from schematool.views.outcome import Format

PANEL = "Apply"


def migrate(
    migration: o.MigrationId = None,
    env: o.Env = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    allow: o.Allow = None,
    lock_timeout: o.LockTimeout = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Apply what is pending, PostgreSQL before MongoDB, and verify afterwards."""
    terminal = begin("migrate", format, output, color, verbose)
    from schematool.app import migrate as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.hazard import permits  # noqa: PLC0415  # the same
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    command = typed("migrate", migration, "--env", workspace.target.name)
    manner = Manner(
        command=command,
        allowed=permits(allow or ()),
        dry_run=dry_run,
        lock_timeout=lock_timeout,
        confirm=asking(
            terminal,
            workspace,
            yes=yes,
            named=env is not None,
            again=typed(command, *consents(allow), "--yes"),
        ),
        listen=terminal.listener(),
    )
    finish(terminal, verb.run(workspace, migration, manner))


def adopt(
    migration: Annotated[
        str | None,
        typer.Argument(
            help="Newest one to record (default: all).", metavar="[ID]", autocompletion=o.complete.migrations
        ),
    ] = None,
    env: o.Env = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    allow: o.Allow = None,
    lock_timeout: o.LockTimeout = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Take over databases that exist, also from another tool: record migrations as applied, without running them."""
    terminal = begin("adopt", format, output, color, verbose)
    from schematool.app import adopt as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.hazard import permits  # noqa: PLC0415  # the same
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    command = typed("adopt", migration, "--env", workspace.target.name)
    manner = Manner(
        command=command,
        allowed=permits(allow or ()),
        dry_run=dry_run,
        lock_timeout=lock_timeout,
        confirm=asking(
            terminal, workspace, yes=yes, named=env is not None, again=typed(command, *consents(allow), "--yes")
        ),
        listen=terminal.listener(),
    )
    finish(terminal, verb.run(workspace, migration, manner))


def rollback(
    count: Annotated[int | None, typer.Argument(help="How many migrations (default: 1).", metavar="[N]", min=1)] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Roll back to this one, which stays.", autocompletion=o.complete.migrations),
    ] = None,
    env: o.Env = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    allow: o.Allow = None,
    lock_timeout: o.LockTimeout = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Take back the newest migrations, MongoDB before PostgreSQL; says first what would be lost."""
    terminal = begin("rollback", format, output, color, verbose)
    from schematool.app import rollback as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.hazard import permits  # noqa: PLC0415  # the same
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    command = typed("rollback", count, *(("--to", to) if to else ()), "--env", workspace.target.name)
    manner = Manner(
        command=command,
        allowed=permits(allow or ()),
        dry_run=dry_run,
        lock_timeout=lock_timeout,
        confirm=asking(
            terminal,
            workspace,
            yes=yes,
            named=env is not None,
            again=typed(command, *consents(allow), "--yes"),
        ),
        listen=terminal.listener(),
    )
    finish(terminal, verb.run(workspace, manner, count=count, to=to))


def repair(
    plan: Annotated[bool, typer.Option("--plan", help="Print what would be done and stop.")] = False,
    env: o.Env = None,
    yes: o.Yes = False,
    lock_timeout: o.LockTimeout = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Put a ledger right that was changed by hand; nothing but the ledger is touched."""
    terminal = begin("repair", format, output, color, verbose)
    from schematool.app import repair as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    again = typed("repair", "--env", workspace.target.name, "--yes")
    manner = Manner(
        dry_run=plan,
        lock_timeout=lock_timeout,
        confirm=asking(terminal, workspace, yes=yes, named=env is not None, again=again),
        listen=terminal.listener(),
    )
    finish(terminal, verb.run(workspace, manner))


def purge(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", help="Only what was put aside so long ago: 12h, 30d, 4w.", metavar="TIME"),
    ] = None,
    env: o.Env = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    lock_timeout: o.LockTimeout = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Delete for good the collections that migrations put aside; after that no rollback has their documents."""
    terminal = begin("purge", format, output, color, verbose)
    from schematool.app import purge as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    workspace = project(terminal, where, env, mongo_url=mongo_url)
    manner = Manner(
        dry_run=dry_run,
        lock_timeout=lock_timeout,
        confirm=asking(
            terminal,
            workspace,
            yes=yes,
            named=env is not None,
            again=f"schematool purge --env {workspace.target.name} --yes",
        ),
        listen=terminal.listener(),
    )
    finish(terminal, verb.run(workspace, manner, older_than=older_than))


def partitions(
    check: o.Check = False,
    dry_run: o.DryRun = False,
    yes: o.Yes = False,
    allow: o.Allow = None,
    only: Annotated[str | None, typer.Option("--only", help="This table alone.", metavar="ENTITY")] = None,
    env: o.Env = None,
    lock_timeout: o.LockTimeout = None,
    postgres_url: o.PostgresUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Make the partitions of the next periods for tables with `every`, and detach those that are over."""
    terminal = begin("partitions", format, output, color, verbose)
    from schematool.app import partitions as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    workspace = project(terminal, where, env, postgres_url=postgres_url)
    again = typed("partitions", "--env", workspace.target.name, *consents(allow), "--yes")
    confirm = asking(terminal, workspace, yes=yes, named=env is not None, again=again)
    manner = Manner(dry_run=dry_run, lock_timeout=lock_timeout, confirm=confirm, listen=terminal.listener())
    finish(terminal, verb.run(workspace, manner, allowed=allow or (), check=check, only=only))


def up(
    store: o.Store = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Start the embedded servers and print their URLs."""
    terminal = begin("up", format, output, color, verbose)
    from schematool.app import up as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.up(project(terminal, where), stores_of(store)))


def down(
    store: o.Store = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Stop the embedded servers; their data stays."""
    terminal = begin("down", format, output, color, verbose)
    from schematool.app import up as verb  # noqa: PLC0415  # each verb loads alone

    finish(terminal, verb.down(project(terminal, where), stores_of(store)))


def seed(
    scale: Annotated[
        str | None, typer.Option("--scale", help="Rows of each entity: 500, 100k, 1M (default: 1000).", metavar="ROWS")
    ] = None,
    rows: Annotated[
        list[str] | None, typer.Option("--rows", help="Rows of one entity: appointments=5000.", metavar="ENTITY=ROWS")
    ] = None,
    number: Annotated[
        int, typer.Option("--seed", help="The same number gives the same rows, on every machine.", min=0)
    ] = 1,
    partial: Annotated[bool, typer.Option("--partial", help="Fill the others where some cannot be filled.")] = False,
    env: o.Env = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    lock_timeout: o.LockTimeout = None,
    postgres_url: o.PostgresUrl = None,
    mongo_url: o.MongoUrl = None,
    where: o.Project = None,
    format: o.FormatOption = Format.TEXT,  # noqa: A002  # the word of the flag
    output: o.Output = None,
    color: o.Color = "auto",
    verbose: o.Verbose = False,
) -> None:
    """Fill empty databases of both stores with realistic rows that satisfy every constraint."""
    terminal = begin("seed", format, output, color, verbose)
    from schematool.app import seed as verb  # noqa: PLC0415  # each verb loads alone
    from schematool.app.manner import Manner  # noqa: PLC0415  # the same

    wish = verb.wanted(scale, rows or [], number, partial=partial)
    workspace = project(terminal, where, env, postgres_url=postgres_url, mongo_url=mongo_url)
    given = (*(("--scale", scale) if scale else ()), *(part for one in rows or () for part in ("--rows", one)))
    command = typed("seed", *given, "--env", workspace.target.name)
    manner = Manner(
        command=command,
        dry_run=dry_run,
        lock_timeout=lock_timeout,
        confirm=asking(terminal, workspace, yes=yes, named=env is not None, again=typed(command, "--yes")),
        listen=terminal.listener(),
    )
    finish(terminal, verb.run(workspace, wish, manner))


def register(app: typer.Typer) -> None:
    """Put the verbs on the panel."""
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool migrate",
            "schematool migrate --env prod --dry-run",
            "schematool migrate 0007 --env staging --yes",
        ),
    )(migrate)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool adopt --env legacy --dry-run",
            "schematool adopt --env prod --yes",
            "schematool adopt 0012_orders --env staging",
        ),
    )(adopt)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool rollback",
            "schematool rollback 2 --env staging --dry-run",
            "schematool rollback --to 0006_order_index --allow data-loss --yes",
        ),
    )(rollback)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool repair --plan", "schematool repair --env staging", "schematool repair --env prod --yes"
        ),
    )(repair)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool purge --dry-run",
            "schematool purge --older-than 30d",
            "schematool purge --env prod --older-than 4w --yes",
        ),
    )(purge)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool partitions --check",
            "schematool partitions --env prod --yes",
            "schematool partitions --env prod --allow detach --yes",
        ),
    )(partitions)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples("schematool up", "schematool up --store mongo", "schematool up --format json"),
    )(up)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples("schematool down", "schematool down --store postgres", "schematool down --format json"),
    )(down)
    app.command(
        rich_help_panel=PANEL,
        epilog=examples(
            "schematool seed --scale 100k",
            "schematool seed --scale 1M --rows users=500 --seed 7",
            "schematool seed --dry-run",
        ),
    )(seed)
