"""The table of faults: what happens, to which store, and who else it can happen to."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import on_both, on_mongo, on_postgres, on_servers
from tests.faults.forge import Forge
from tests.faults.ground import MongoGround, PostgresGround
from tests.faults.tools import Alembic, MigrateMongo, Ours, Tool, Yoyo
from tests.faults.trial import Trial

Happening = Callable[[Trial], None]
PEERS = {"postgres": ("yoyo", "Alembic"), "mongo": ("migrate-mongo",)}


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. `peers` False: the fault is about something that a peer does not have."""

    title: str
    postgres: Happening | None = None
    mongo: Happening | None = None
    both: Callable[[Trial, Trial], None] | None = None
    peers: bool = True

    def happening(self, store: str) -> Happening | None:
        """What happens in a store."""
        return self.postgres if store == "postgres" else self.mongo

    @property
    def key(self) -> str:
        """A short name."""
        chosen: Any = self.postgres or self.mongo or self.both
        return str(chosen.__name__)


P, M, S = on_postgres, on_mongo, on_servers
FAULTS: dict[str, tuple[Fault, ...]] = {
    "Killed and stopped": (
        Fault("kill -9 at random moments", P.random_kills, M.random_kills),
        Fault("SIGTERM, SIGINT, SIGHUP in the middle of a statement", P.signals, M.signals),
        Fault("SIGTERM in the middle of an index build", None, M.signal_in_a_build),
        Fault("kill -9 in the middle of an index build", P.killed_in_concurrently, M.killed_in_a_build),
    ),
    "The server": (
        Fault("restarted at once in the middle of a statement", P.immediate_restart, M.steps_down),
        Fault("restarted in the middle of an index build", P.restart_in_concurrently, M.server_killed_in_a_build),
        Fault("kill -9 of the server process at work", P.backend_killed),
        Fault("ends our session in the middle of a statement", P.backend_terminated),
        Fault("ends sessions that are idle", P.idle_sessions_end),
        Fault("disk full, then room again", S.disk_full, S.mongo_disk_full),
    ),
    "The network": (
        Fault("reset in the middle of a statement", P.network_resets, M.network_resets),
        Fault("silent in the middle of a statement", P.network_is_silent, M.network_is_silent),
        Fault("slow", P.network_is_slow, M.network_is_slow),
        Fault("cut after COMMIT (or the command) was sent", P.cut_after_commit, M.cut_after_commit),
        Fault("cut before COMMIT (or the command) arrived", P.cut_before_commit, M.cut_before_commit),
        Fault("cut at COMMIT, and the server does not notice", P.cut_half_open),
        Fault("a pooler in transaction mode in between", S.pooler),
    ),
    "Others at work": (
        Fault("a long reader while a table is altered", P.readers_wait, M.collection_in_use),
        Fault("a long writer while a table is reindexed", P.writers_wait),
        Fault("a deadlock with another session", P.deadlock),
        Fault("CONCURRENTLY behind an old snapshot", P.old_snapshot),
        Fault("16 runners at once", P.runners_at_once, M.runners_at_once),
        Fault("hosts whose clocks are a year apart", P.clocks_differ, M.clocks_differ),
    ),
    "The server refuses": (
        Fault("read-only, then writable", P.read_only),
        Fault("a standby", S.standby),
        Fault("a wrong password, no rights, a secondary", None, S.guarded),
        Fault("privileges that are missing", P.missing_privileges),
        Fault("timeouts of the role or the database", P.role_timeouts),
        Fault("duplicates under a unique index", P.duplicates, M.duplicates),
        Fault("rows or documents that break a new rule", P.data_surprises, M.data_surprises),
        Fault("the limit of 64 indexes", None, M.too_many_indexes),
        Fault("no server, wrong port, no database: no password shown", P.secret_in_errors),
    ),
    "What people do": (
        Fault("a row of the ledger deleted", P.ledger_row_deleted, M.ledger_row_deleted),
        Fault("the ledger dropped", P.ledger_dropped, M.ledger_dropped),
        Fault("a file edited after it was applied", P.file_edited, M.file_edited),
        Fault("a file inserted below the newest", P.file_inserted_below, M.file_inserted_below),
        Fault("the table made by hand before", P.drift_before_apply, M.drift_before_apply),
        Fault("the same outside of a transaction", P.fails_outside_of_a_transaction),
        Fault("an index of another under that name", None, M.index_of_another),
        Fault("the collection dropped in between", None, M.collection_dropped),
        Fault("search_path changed by a migration", P.search_path_moves),
        Fault("other time zone, dates, strings, isolation", P.settings_differ),
    ),
    "Between the stores": (
        Fault("MongoDB fails after PostgreSQL", both=on_both.mongo_fails, peers=False),
        Fault("PostgreSQL fails", both=on_both.postgres_fails, peers=False),
        Fault("kill -9 between the two", both=on_both.killed_between, peers=False),
    ),
}


@dataclass(slots=True)
class Field:
    """Everything that trials need, started when it is first needed."""

    seed: int = 1
    kills: int = 4
    runners: int = 16
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="st-faults-")))
    _stack: ExitStack = field(default_factory=ExitStack)
    _made: dict[str, Any] = field(default_factory=dict)

    def forge(self) -> Any:
        """The process that forks."""
        return self._once("forge", Forge)

    def ground(self, store: str) -> Any:
        """The server of a store."""
        kind = PostgresGround if store == "postgres" else MongoGround
        return self._once(store, lambda: kind(self.home / store))

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = made = make()
            self._stack.callback(made.close)
        return self._made[name]

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()
        shutil.rmtree(self.home, ignore_errors=True)

    @contextmanager
    def trial(self, fault: str, store: str, tool: str) -> Iterator[Trial]:
        """Give a program on a fresh database, in an empty folder."""
        with self.ground(store).database() as database:
            folder = Path(tempfile.mkdtemp(dir=self.home))
            chance = random.Random(f"{self.seed} {fault} {store}")  # noqa: S311  # no secret
            made = Trial(self._tool(tool, store, folder, database), database, chance, self.kills, self.runners)
            try:
                yield made
            finally:
                for one in reversed(made.after):
                    one()

    def _tool(self, name: str, store: str, folder: Path, database: Any) -> Tool:
        url = database.url.reveal()
        match name:
            case "yoyo":
                return Yoyo(folder, database, url)
            case "Alembic":
                return Alembic(folder, database, url)
            case "migrate-mongo":
                return MigrateMongo(folder, database, url)
            case _:
                return Ours(self.forge(), folder, database, url, store)

    def happen(self, fault: Fault, store: str, tool: str = "schematool") -> str:
        """Have a fault happen to a program; the cell of the table."""
        if fault.both:
            with self.trial(fault.key, "postgres", tool) as first, self.trial(fault.key, "mongo", tool) as second:
                on_postgres.prepare(first)
                fault.both(first, second)
                return first.word
        happening = fault.happening(store)
        assert happening
        with self.trial(fault.key, store, tool) as trial:
            (on_postgres if store == "postgres" else on_mongo).prepare(trial)
            happening(trial)
            return trial.word


def rows() -> Iterator[tuple[str, Fault, str]]:
    """Every fault with each store that it happens to: group, fault, store (`both` for what is between them)."""
    for group, faults in FAULTS.items():
        for fault in faults:
            for store in ("postgres", "mongo"):
                if fault.happening(store):
                    yield group, fault, store
            if fault.both:
                yield group, fault, "both"
