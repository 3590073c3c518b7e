"""The entry point: the verbs, and the only place that catches errors."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from schematool import __version__
from schematool.cli import apply, author, docs, inspect
from schematool.cli.streams import settle
from schematool.cli.terminal import current, guess
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError, Interrupted, SchematoolError
from schematool.core.secret import mask
from schematool.engines.signals import ignore, stoppable
from schematool.views.outcome import Outcome


class Verbs(TyperGroup):
    """The verbs; an interruption is an error like any other, with the next thing to type, before Typer swallows it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take in what stands before the verb."""
        _look_at_what_is_said(self, ctx)
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Find one."""
        command = super().get_command(ctx, cmd_name)
        if command:
            _look_at_what_is_said(command, ctx)
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run one."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            hint = "`schematool status` tells where the databases stand; the same command again goes on from there"
            raise Interrupted(Diagnostic("ST598", "interrupted", hint=hint)) from None


def _look_at_what_is_said(command: Any, ctx: Any) -> None:
    """Leave the defaults of a command as they are: Typer would load pydantic (0.06 s) to see what type they have.

    So do the versions since 0.29, whose parameters have this method; others are left as they are.
    """

    def processed(parameter: Any, ctx: Any, value: Any) -> Any:
        if parameter.required or not (value is None or value is parameter.default):
            return type(parameter).process_value(parameter, ctx, value)
        return parameter.callback(ctx, parameter, value) if parameter.callback else value

    for parameter in command.get_params(ctx):
        if not hasattr(parameter, "get_runtime_param"):
            continue
        parameter.process_value = partial(processed, parameter)


app = typer.Typer(
    name="schematool",
    cls=Verbs,
    help="One YAML schema for PostgreSQL and MongoDB: compiled into migrations, proven, applied, verified.",
    epilog="Exit codes: 0 yes · 1 the answer is no · 2 your input · 3 the world · 4 refused · 130 interrupted",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
author.register(app)
apply.register(app)
inspect.register(app)
docs.register(app)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"schematool {__version__}")
        raise typer.Exit


@app.callback()
def schematool(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """One YAML schema for PostgreSQL and MongoDB: compiled into migrations, proven, applied, verified."""


def with_verbs_of(arguments: Sequence[str]) -> typer.Typer:
    """Return the program with the one verb that was typed, or with all of them where it is none, or a part of one.

    Typer makes every verb of a program before it runs one, which takes 0.03 s.
    """
    typed = arguments[0] if arguments else ""
    one = [info for info in app.registered_commands if typed == (info.name or getattr(info.callback, "__name__", ""))]
    if not one or f"_{app.info.name}_COMPLETE".upper() in os.environ:
        return app
    program = copy(app)
    program.registered_commands, program.registered_groups = one, []
    return program


def collect_seldom() -> None:
    """Let the garbage collector look at what is new far less often.

    A run makes a hundred thousand small objects and keeps them to its end; by default Python walks through all of them
    again and again, which is a third of the time of reading a large schema. Memory that is really free goes back by
    reference counting all the same.
    """
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 100)


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    alone = arguments is None  # not called from another program, whose signals are its own again afterwards
    settle()
    collect_seldom()
    try:
        with stoppable():
            sys.exit(_code(sys.argv[1:] if arguments is None else arguments))
    finally:
        if alone:
            ignore()


def _code(arguments: list[str]) -> int:
    """Run a verb and tell what came of it; the exit code."""
    current.set(guess(arguments))
    try:
        _require_text(arguments)
        with_verbs_of(arguments)(args=arguments, prog_name="schematool")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except SchematoolError as error:
        return _end(error)
    except KeyboardInterrupt:
        return _end(Interrupted(Diagnostic("ST598", "interrupted")))
    except OSError as error:
        # A full disk, a folder that is a file: what the system refuses is never a defect of ours.
        from schematool.app.workspace import refused_by_system  # noqa: PLC0415  # few runs end here

        return _end(refused_by_system(mask(str(error.filename or ""), tuple(current.get().urls)), error))
    except UnicodeError as error:
        return _end(_unwritable(error))
    except Exception as error:  # noqa: BLE001, RUF100  # the last resort: a defect must not end in a traceback
        return _end(_defect(error))
    return 0


def _require_text(arguments: Sequence[str]) -> None:
    """Refuse an argument that is no text: its bytes, as Python keeps them, can be written to no file and no server."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = mask(argument.encode(errors="replace").decode())
            raise InputError(Diagnostic("ST009", f"the argument `{shown}` is no text in UTF-8", hint=_LOCALE)) from None


_LOCALE = "use a locale that knows UTF-8: `export LC_ALL=C.UTF-8`"


def _unwritable(error: UnicodeError) -> SchematoolError:
    """Tell of a locale that lacks a letter of the schema, in the name of a file say; with UTF-8 it is our defect."""
    encoding = sys.getfilesystemencoding()
    if encoding.lower() in {"utf-8", "utf8"}:
        return _defect(error)
    return InputError(
        Diagnostic("ST009", f"the locale of this run ({encoding}) lacks a letter of a name", hint=_LOCALE)
    )


def _end(error: SchematoolError) -> int:
    terminal = current.get()
    try:
        terminal.show(Outcome(terminal.command, error=error))
    except SchematoolError as unsaved:
        current.get().show(Outcome(terminal.command, error=unsaved))
    return error.exit_code


def _defect(error: Exception) -> SchematoolError:
    """Put a defect on one line. The traceback, masked, is there for who asks with SCHEMATOOL_DEBUG=1."""
    urls = tuple(current.get().urls)
    if os.environ.get("SCHEMATOOL_DEBUG"):
        sys.stderr.write(mask("".join(traceback.format_exception(error)), urls))
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {os.path.basename(last[0].filename)}:{last[0].lineno}" if last else ""  # noqa: PTH119, RUF100
    text = " ".join(mask(str(error), urls).split())[:300]
    return SchematoolError(
        Diagnostic(
            "ST599",
            f"this is a bug in schematool {__version__}: {type(error).__name__}{where}: {text}",
            hint="please report it with the command that you ran; SCHEMATOOL_DEBUG=1 shows where it happened",
        )
    )
