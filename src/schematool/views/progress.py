"""Events to lines of progress, as text for standard error: a line for each half of a migration when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size

from schematool.core.line import statement_line
from schematool.engines.contract import Announced, Began, Counted, Ended, Event, Filling, Waiting
from schematool.views.text.words import count, seconds

SLOW = 0.5
"""Seconds from which on a statement is worth a line of its own."""
_CLEAR = "\r\x1b[2K"
_LONG = 90
_STORES = 8  # columns of the longer name
_BAR = 24
_COUNTS = len("1,000,000 documents")
_SECONDS = len("10 min 10 s")
_LONGEST_NAME = 48  # columns of a name; what is longer is cut, so that its numbers stand below the others


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
    _running: str = ""
    _done: int = 0
    _seconds: float = field(default=0.0)
    _names: int = 0  # columns of the longest name of what is filled

    def told(self, event: Event) -> str:
        """What to write for an event; empty when it is not worth a line."""
        match event:
            case Began():
                self._running = f"{event.index + 1}/{event.total}"
                return _CLEAR + self._cut(self._line(event) + " …") if self.live else ""
            case Waiting():
                return self._waiting(event)
            case Counted():
                return self._counted(event)
            case Ended():
                return self._ended(event)
            case Announced():
                self._names = min(max((cell_len(_short(name)) for name in event.names), default=0), _LONGEST_NAME)
                return ""
            case Filling():
                return self._filling(event)

    def _waiting(self, event: Waiting) -> str:
        """Which statement, what it is doing, for how long: also for who has no terminal to see it begin."""
        line = f"  · {event.unit}  {event.store:{_STORES}}  {event.what}"
        if event.seconds is not None:
            line = f"  · {event.unit}  {event.store:{_STORES}}  {self._running} {event.what}  {seconds(event.seconds)}"
        return self._whole(line)

    def _filling(self, event: Filling) -> str:
        """A bar with a rate while rows are made, a line for each table when they are."""
        rate = f"{event.rows / event.seconds:,.0f}/s" if event.seconds > 0 else ""
        name = set_cell_size(_short(event.name), max(self._names, min(cell_len(_short(event.name)), _LONGEST_NAME)))
        if event.rows >= event.total:
            many = count(event.total, "document" if event.store == "mongo" else "row")
            clear = _CLEAR if self.live else ""
            took = f"{seconds(event.seconds):{_SECONDS}}"
            return f"{clear}  {self.mark} {name}  {event.store:{_STORES}}  {many:{_COUNTS}}  {took}  {rate}\n"
        if not self.live:
            return ""
        full = _BAR * event.rows // max(1, event.total)
        share = 100 * event.rows // max(1, event.total)
        bar = "━" * full + "┄" * (_BAR - full)
        return _CLEAR + self._cut(
            f"    {name}  {event.store:{_STORES}}  {bar} {share:3d}%  {event.rows:,} rows  {rate}"
        )

    def _counted(self, event: Counted) -> str:
        """How far it is, on the one line that moves, where someone watches; the report tells the end."""
        if not self.live or event.done >= event.total:
            return _CLEAR if self.live else ""
        return _CLEAR + self._cut(f"  · {event.what}  {event.done:,} of {event.total:,} …")

    def _ended(self, event: Ended) -> str:
        self._done += 1
        self._seconds += event.seconds
        text = _CLEAR if self.live else ""
        if self.verbose or event.seconds >= SLOW:
            noun = "document" if event.store == "mongo" else "row"
            rows = f"  {count(event.rows, noun)}" if event.rows is not None else ""
            text = self._whole(f"{self._line(event)}{rows}  {seconds(event.seconds)}")
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


def _short(name: str) -> str:
    """A name without the schema that most are in; one that is too long ends with a mark for what is missing."""
    short = name.removeprefix("public.")
    return short if cell_len(short) <= _LONGEST_NAME else f"{set_cell_size(short, _LONGEST_NAME - 1)}…"
