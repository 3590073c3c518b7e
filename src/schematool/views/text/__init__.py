"""Text for people: the result on one stream; findings with code frames, state and hints on the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from io import StringIO

from rich.console import Console
from rich.text import Text

from schematool.core.diagnostic import Diagnostic
from schematool.views.outcome import Outcome
from schematool.views.show import Look, Shown
from schematool.views.text.frame import findings

_RESULTS = frozenset({"lint"})  # commands whose findings are their result


def show_text(outcome: Outcome, look: Look) -> Shown:
    """Put an outcome into words for both streams."""
    out: list[Text | str] = []
    err: list[Text | str] = []
    told = list(findings(_told(outcome), look))
    (out if outcome.command in _RESULTS and outcome.error is None else err).extend(told)
    if outcome.report is not None:
        module = import_module(f"schematool.views.text.{outcome.command.replace(' ', '_')}")
        out.extend(module.lines(outcome.report, look))
        if outcome.report.hint:
            err.append(hint(outcome.report.hint))
    elif outcome.state:
        err.append(Text.assemble(("state: ", "bold"), outcome.state))
    return Shown(_printed(out, look), _printed(err, look))


_IN_THE_REPORT: Mapping[str, frozenset[str]] = {
    "generate": frozenset({"ST407"}),
    "doctor": frozenset(
        {"ST003", "ST404", "ST501", "ST502", "ST506", "ST507"} | {f"ST53{number}" for number in range(1, 8)}
    ),
    "status": frozenset({"ST407", "ST413"}),
    "verify": frozenset({"ST601"}),
}
"""Findings that the text of a report tells in a better way than one by one."""


def _told(outcome: Outcome) -> tuple[Diagnostic, ...]:
    if outcome.report is None:
        return outcome.diagnostics
    better = _IN_THE_REPORT.get(outcome.command, frozenset())
    return tuple(found for found in outcome.diagnostics if found.code not in better)


def hint(text: str) -> Text:
    """The next thing to type."""
    return Text.assemble(("hint: ", "cyan bold"), text)


def _printed(lines: Iterable[Text | str], look: Look) -> str:
    """Print through Rich for its colours only: nothing is wrapped, cropped or moved; a plain string stays as it is.

    Rich ignores `width` under TERM=dumb unless `height` is given as well (rich issue 2769).
    """
    buffer = StringIO()
    console = Console(
        file=buffer,
        force_terminal=look.color,
        color_system="standard" if look.color else None,
        no_color=not look.color,
        width=look.width or 120,
        height=25,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        legacy_windows=False,
    )
    for line in lines:
        if isinstance(line, str):
            buffer.write(line + "\n")
            continue
        line.rstrip()
        console.print(line, soft_wrap=True, crop=False, overflow="ignore")
    return buffer.getvalue()
