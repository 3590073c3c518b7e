"""How a verb asks before it changes a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schematool.cli.terminal import Terminal
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import Refused

if TYPE_CHECKING:
    from schematool.app.manner import Confirm
    from schematool.app.report import Report
    from schematool.app.workspace import Workspace


def typed(verb: str, *words: object) -> str:
    """Write a command line anew, to be run with something added; what was not given is left out."""
    given = [str(word) for word in words if word is not None]
    return " ".join([verb if verb.startswith("schematool ") else f"schematool {verb}", *given])


def consents(allow: Sequence[str] | None) -> tuple[str, ...]:
    """The consents that were given, in one flag."""
    return ("--allow", ",".join(allow)) if allow else ()


def asking(terminal: Terminal, workspace: Workspace, *, yes: bool, named: bool, again: str) -> Confirm:
    """Make the way to ask: `--yes` answers it; a protected environment wants its name typed, or `--env NAME --yes`."""
    protected = workspace.target.protected

    def confirm(plan: Report, question: str) -> None:
        if yes and (named or not protected):
            return
        terminal.tell_plan(plan)
        if not terminal.can_ask:
            raise Refused(
                Diagnostic("ST411", "no terminal to ask, and --yes was not given", hint=f"run `{again}`"),
                state="nothing was changed",
            )
        wanted = workspace.target.name if protected else "y"
        suffix = f"type `{wanted}` to go on: " if protected else "[y/N] "
        answer = terminal.ask(f"{question} {suffix}")
        if answer != wanted and not (not protected and answer.lower() in {"y", "yes"}):
            raise Refused(Diagnostic("ST411", "the answer was no"), state="nothing was changed")

    return confirm
