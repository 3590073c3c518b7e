"""How long a statement of PostgreSQL may take, by its kind.

What others stand behind, and what should be over at once, gets little time: an ALTER TABLE that rewrites a table
although nobody said so is stopped before it holds up everybody. What is known to take long gets as much as it needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Pace(Enum):
    """The kinds; each is a key of `[env.NAME.postgres.timeouts]`."""

    BRIEF = "brief"
    """Others stand behind it, and it should be over at once: ALTER, DROP, TRUNCATE, CREATE TRIGGER and the like."""
    BUILD = "build"
    """It takes the longer the larger a table is: indexes, VALIDATE, ATTACH, and what a file announces to take long."""
    ROWS = "rows"
    """It reads or writes rows, or nobody can tell: INSERT, UPDATE, COPY, SELECT, DO, CALL."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `lock`: how long a statement waits for a lock of others before its transaction is rolled back.

    `retry`: for how long it is tried again. `brief`, `build`, `rows`: how long a statement of that pace may take; 0 is
    no limit.
    """

    lock: float = 1.0
    retry: float = 60.0
    brief: float = 5.0
    build: float = 0.0
    rows: float = 0.0

    def limit(self, pace: Pace | None) -> float:
        """How long a statement may take once it has its locks."""
        return getattr(self, pace.value) if pace else 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a migration file says for itself, in seconds: None where it says nothing, 0 for no limit."""

    lock: float | None = None
    statement: float | None = None


DEFAULTS = Timeouts()
NOTHING_SAID = Said()
LONGEST_TIMEOUT = 2_147_483.0
"""Seconds: the server counts milliseconds in 31 bits."""
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?P<number>\d+)[ \t]*(?P<unit>ms|s|min|h|d)")


def duration(text: str) -> float | None:
    """Read a time as PostgreSQL's settings have it, with its unit, in seconds; None for what is none.

    >>> duration("90s"), duration("10min"), duration("0"), duration("soon")
    (90.0, 600.0, 0.0, None)
    """
    if text == "0":
        return 0.0
    match = _DURATION.fullmatch(text)
    seconds = int(match["number"]) * _UNITS[match["unit"]] if match else None
    return seconds if seconds is not None and seconds <= LONGEST_TIMEOUT else None
