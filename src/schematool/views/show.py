"""The door of this room: one outcome in one format, as the text for standard output and for standard error."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from schematool.views.outcome import Format, Outcome


@dataclass(frozen=True, slots=True)
class Look:
    """How text may look. `width`: columns of the terminal, None without one. `verbose` shows what is left out."""

    color: bool = False
    width: int | None = None
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """The two streams: `out` is the result, `err` are warnings, errors and hints."""

    out: str
    err: str


def show(outcome: Outcome, format: Format, look: Look) -> Shown:  # noqa: A002  # the word of the flag
    """Put an outcome into words.

    Passwords are masked where text is made (`Url`, `Outcome.diagnostics`), not here: statements must stay as they are,
    even where they say `password = …`.
    """
    if format is Format.TEXT:
        from schematool.views.text import show_text  # noqa: PLC0415  # Rich is only needed for text

        return show_text(outcome, look)
    module = import_module(f"schematool.views.{format.value if format is not Format.JSON else 'envelope'}")
    out = cast("str", module.render(outcome))
    if outcome.error is None or format in {Format.JSON, Format.GITHUB}:
        return Shown(out, "")
    from schematool.views.text import show_text  # noqa: PLC0415  # the same

    return Shown(out, show_text(outcome, look).err)
