"""Events to lines of progress, as text for standard error: a line for each half of a migration when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from schematool.core.describe import statement_line
from schematool.engines.contract import Began, Ended, Event, Waiting
from schematool.views.text.words import count, seconds

SLOW = 0.5
"""Seconds from which on a statement is worth a line of its own."""
_CLEAR = "\r\x1b[2K"
_LONG = 90
_STORES = 8  # columns of the longer name


@dataclass(slots=True)
class Progress:
    """Tells a run: the statement that runs now when a person watches (`live`), the slow ones, every one if `verbose`.

    `mask` takes passwords out of what statements say. `width`: columns of the terminal.
    """

    mark: str
    verbose: bool
    live: bool
    width: int
    mask: Callable[[str], str]
    _done: int = 0
    _seconds: float = field(default=0.0)

    def told(self, event: Event) -> str:
        """What to write for an event; empty when it is not worth a line."""
        match event:
            case Began():
                return _CLEAR + self._cut(self._line(event) + " …") if self.live else ""
            case Waiting(unit, store, what):
                return self._whole(f"  · {unit}  {store:{_STORES}}  {what}")
            case Ended():
                return self._ended(event)

    def _ended(self, event: Ended) -> str:
        self._done += 1
        self._seconds += event.seconds
        text = _CLEAR if self.live else ""
        if self.verbose or event.seconds >= SLOW:
            text = self._whole(f"{self._line(event)}  {seconds(event.seconds)}")
        if event.index + 1 == event.total:
            many = count(self._done, "command" if event.store == "mongo" else "statement")
            text += f"  {self.mark} {event.unit}  {event.store:{_STORES}}  {many}  {seconds(self._seconds)}\n"
            self._done, self._seconds = 0, 0.0
        return text

    def _line(self, event: Began | Ended) -> str:
        one = self.mask(statement_line(event.store, event.text))
        short = one if len(one) <= _LONG else one[: _LONG - 1] + "…"
        return f"    {event.unit}  {event.store:{_STORES}}  {event.index + 1}/{event.total} {short}"

    def _whole(self, line: str) -> str:
        return f"{_CLEAR if self.live else ''}{self.mask(line)}\n"

    def _cut(self, line: str) -> str:
        """A line that is to be cleared again must not wrap."""
        return line if len(line) < self.width else line[: self.width - 2] + "…"
