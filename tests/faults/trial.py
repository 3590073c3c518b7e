"""One trial: a program, a database, a fault; and what must hold after any of them.

I1  the ledger says what the catalog has, or the program names what is in doubt
I2  the same command again ends where it would have ended, without repair by hand
I3  no row is lost, and nothing is dropped that no migration made
I4  no lock and no session of the dead is left after two seconds
I5  an exit code of its own, the cause and the next command, no traceback, and never the password
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.forge import Ended
from tests.faults.ground import FORMS, eventually
from tests.faults.tools import Running, Step, Tool

PATIENTS = 500
"""Rows that were there before anything, in a table that no migration made."""
GONE_SECONDS = 2.0
INTERRUPTED = frozenset({130, 143, -2, -15, -1})


@dataclass(slots=True)
class Trial:
    """What a fault is given. `found` are the words for what did not hold; empty: everything did."""

    tool: Tool
    database: Any
    chance: Any
    kills: int = 5
    runners: int = 16
    found: list[str] = field(default_factory=list)
    base: tuple[Step, ...] = ()
    """Migrations that come before those of the trial."""
    steps: tuple[Step, ...] = ()
    after: list[Callable[[], None]] = field(default_factory=list)

    @property
    def word(self) -> str:
        """The cell of the table."""
        return "; ".join(dict.fromkeys(self.found)) or "ok"

    def holds(self, truth: Any, word: str) -> bool:
        """Note a word where something does not hold."""
        if not truth:
            self.found.append(word)
        return bool(truth)

    def write(self, *steps: Step) -> None:
        """Give the program these migrations, and no others."""
        self.steps = (*self.base, *steps)
        self.tool.write(self.steps)

    def start(self, verb: str = "up", **env: str) -> Running:
        """Run the program, without waiting for it."""
        return self.tool.start(verb, env=env)

    def run(self, verb: str = "up", seconds: float = 40.0, **env: str) -> Ended:
        """Run the program to its end."""
        ended = self.tool.start(verb, env=env).wait(seconds)
        self.heard(ended)
        return ended

    def heard(self, ended: Ended) -> None:
        """I5, for any end."""
        self.holds(ended.code != 124, "hangs")
        self.holds(not any(form in ended.output for form in FORMS), "shows the password")
        self.holds("Traceback (most recent call last)" not in ended.output, "traceback")

    def failed(self, ended: Ended, *words: str, codes: Sequence[int] = ()) -> None:
        """I5, for an end that must not look like success; of ours more is asked: its code, its words, a next step."""
        if ended.code == 124:
            return
        if not self.holds(ended.code != 0, "says that all is well"):
            return
        if self.tool.ours:
            self.holds(not codes or ended.code in codes, f"exit code {ended.code}")
            self.holds(all(word in ended.output for word in words), f"does not say {words[0] if words else ''!r}")
            self.holds("hint:" in ended.output or "schematool" in ended.output, "no next step")

    def stands(self) -> None:
        """I1 and I3."""
        recorded, doubtful = self.tool.recorded(), self.tool.doubtful()
        for step in self.steps:
            if step.id in doubtful:
                continue
            there = step.present(self.database)
            self.holds(not there or step.id in recorded, "lost ledger row")
            self.holds(there or step.id not in recorded, "false ledger row")
        self.keeps()

    def keeps(self) -> None:
        """I3."""
        self.holds(self.patients() == PATIENTS, "lost what was there before")

    def patients(self) -> int:
        """Count what was there before anything."""
        if self.tool.store == "mongo":
            with self.database.open() as database:
                return int(database["patients"].count_documents({}))
        there = self.database.one("select to_regclass('public.patients') is not null")
        return int(self.database.one("select count(*) from public.patients")) if there else -1

    def lets_go(self) -> None:
        """I4: for PostgreSQL every session of the dead is gone; for MongoDB the next run shows it."""
        if self.tool.store == "postgres":
            began = time.monotonic()
            try:
                eventually("the sessions are gone", lambda: not self.database.sessions(), 15)
            except TimeoutError:
                self.holds(False, "session stays")
                self.database.end_sessions()
                return
            self.holds(time.monotonic() - began <= GONE_SECONDS, "locks stay behind")

    def converges(self, *, by_hand: bool = False) -> None:
        """I2, and I1 and I3 at the end. `by_hand`: what people made is left, which `verify` rightly names (code 1)."""
        ended = self.run()
        left = by_hand and self.tool.ours and ended.code == 1 and "applied in" in ended.output
        if ended.code not in {0, 124} and not left:
            self.holds(False, "stuck lock" if "lock" in ended.output.lower() else "needs repair by hand")
        else:
            recorded = self.tool.recorded()
            self.holds(recorded >= {step.id for step in self.steps}, "not all applied")
        self.stands()

    def killed(self, running: Running, number: int) -> Ended:
        """Send a signal and wait for the end."""
        running.send(number)
        return running.wait(20)

    def until(self, what: str, asked: Callable[[], Any], running: Running | None = None) -> bool:
        """Wait for a state of the server that the fault needs; False when the program ended before it came."""

        def asks() -> Any:
            if running is not None and not running.alive():
                return "ended"
            return asked()

        return bool(eventually(what, asks, 40) != "ended")
