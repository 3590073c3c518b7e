"""Text for people: the result on one stream; findings with code frames, state and hints on the other."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from io import StringIO

from rich.console import Console
from rich.text import Text

from schematool.views.outcome import Outcome
from schematool.views.show import Look, Shown
from schematool.views.text.frame import findings

_RESULTS = frozenset({"lint"})  # commands whose findings are their result


def show_text(outcome: Outcome, look: Look) -> Shown:
    """Put an outcome into words for both streams."""
    out: list[Text | str] = []
    err: list[Text | str] = []
    told = list(findings(outcome.diagnostics, verbose=look.verbose)) if _tell_findings(outcome) else []
    (out if outcome.command in _RESULTS and outcome.error is None else err).extend(told)
    if outcome.report is not None:
        module = import_module(f"schematool.views.text.{outcome.command}")
        out.extend(module.lines(outcome.report, look))
        if outcome.report.hint:
            err.append(hint(outcome.report.hint))
    elif outcome.state:
        err.append(Text.assemble(("state: ", "bold"), outcome.state))
    return Shown(_printed(out, look), _printed(err, look))


def _tell_findings(outcome: Outcome) -> bool:
    """Some reports tell their findings in a better way than one by one."""
    return outcome.report is None or outcome.command not in {"verify", "status", "generate"} or _warned(outcome)


def _warned(outcome: Outcome) -> bool:
    return any(found.span for found in outcome.diagnostics)


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
