"""Events to lines of progress, as text for standard error."""

from __future__ import annotations

from schematool.core.describe import statement_line
from schematool.engines.contract import Began, Ended, Event, Waiting
from schematool.views.text.words import seconds

_LONG = 90
MANY = 20
"""In a file of more statements than this, only the slow ones and the last are told, unless `-v` is given."""
SLOW = 0.5


def line(event: Event, *, mark: str = "+") -> str:
    """Tell one event on one line."""
    match event:
        case Began(unit, store, index, total, text):
            return f"  {mark} {unit}  {store}  {index + 1}/{total} {_short(store, text)} …"
        case Ended(unit, store, index, total, text, took):
            return f"  {mark} {unit}  {store}  {index + 1}/{total} {_short(store, text)}  {seconds(took)}"
        case Waiting(unit, store, what):
            return f"  · {unit}  {store}  {what}"


def unremarkable(event: Event) -> bool:
    """Say whether a line may be left out: a quick statement in the middle of a long file."""
    if not isinstance(event, Ended) or event.total <= MANY:
        return False
    return event.seconds < SLOW and event.index + 1 < event.total


def _short(store: str, text: str) -> str:
    one = statement_line(store, text)
    return one if len(one) <= _LONG else one[: _LONG - 1] + "…"
