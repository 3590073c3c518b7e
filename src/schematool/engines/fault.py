"""A way to die at an exact moment, for the tests that kill this program.

`SCHEMATOOL_FAIL_AT=3:after` ends the process with SIGKILL when the fourth statement that this process runs (counted
from 0) has been executed and before anything else happens. Phases: `intent` (the journal says that it will run),
`before`, `after` (executed), `ledger` (the ledger row is written, not committed), `committed`. Unset, it costs one
look at a variable.
"""

from __future__ import annotations

import os
import signal


def die_at(point: str) -> None:
    """Die here, if a test asks for this very point; the variable is looked up each time, for processes that fork."""
    if os.environ.get("SCHEMATOOL_FAIL_AT") == point:
        os.kill(os.getpid(), signal.SIGKILL)


class Faults:
    """Counts statements, and dies at the one that was asked for."""

    def __init__(self) -> None:
        self._statement = -1
        self._wanted = os.environ.get("SCHEMATOOL_FAIL_AT", "")

    def next_statement(self) -> None:
        """Count one more."""
        self._statement += 1

    def reach(self, phase: str, *, ahead: int = 0) -> None:
        """Die here, if here is where the test wants it; `ahead` 1: the statement meant is the one not counted yet."""
        if self._wanted:
            die_at(f"{self._statement + ahead}:{phase}")
