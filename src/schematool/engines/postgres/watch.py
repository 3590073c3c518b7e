"""Says what a long statement is waiting for or doing, from a second connection, while the first is busy.

It also finds out that the first is dead: a network that forgets a connection tells neither end, so that a client waits
for ever for an answer that the server sent long ago.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg

from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines.contract import Listener, Waiting
from schematool.engines.postgres.session import Session

PATIENCE_SECONDS = 0.4
"""How long a statement may take before anybody asks why."""
DEAD_SECONDS = 3.0
"""How long the server may have nothing to do for a connection that waits for its answer."""
_EVERY_SECONDS = 0.5
_REPEAT_SECONDS = 5.0
_ANSWER_SECONDS = 3.0

# Where nobody keeps track of what sessions do (track_activities), the state is `disabled`, and nobody can know.
_WORKING = "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid = %s AND coalesce(state, '?') NOT LIKE 'idle%%'"
# SQL of others is not shown: it may hold their data.
_BLOCKERS = """
SELECT who.pid, coalesce(who.usename, '?'), coalesce(nullif(who.application_name, ''), '?'),
       coalesce(who.state, who.backend_type, '?'),
       extract(epoch FROM clock_timestamp() - who.xact_start)::bigint
FROM unnest(pg_catalog.pg_blocking_pids(%s)) AS blocker(pid)
JOIN pg_catalog.pg_stat_activity AS who ON who.pid = blocker.pid ORDER BY who.xact_start LIMIT 5
"""
# Every view of https://www.postgresql.org/docs/current/progress-reporting.html that a migration may be in.
_PROGRESS = """
SELECT 'index build: ' || p.phase, CASE WHEN p.blocks_total > 0 THEN 100 * p.blocks_done / p.blocks_total
                     WHEN p.tuples_total > 0 THEN 100 * p.tuples_done / p.tuples_total
                     WHEN p.lockers_total > 0 THEN 100 * p.lockers_done / p.lockers_total END,
       nullif(p.current_locker_pid, 0)
FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.pid = %(pid)s
UNION ALL
SELECT 'copy: ' || p.tuples_processed || ' rows', 100 * p.bytes_processed / nullif(p.bytes_total, 0), NULL
FROM pg_catalog.pg_stat_progress_copy AS p WHERE p.pid = %(pid)s
UNION ALL
SELECT lower(p.command) || ': ' || p.phase, 100 * p.heap_blks_scanned / nullif(p.heap_blks_total, 0), NULL
FROM pg_catalog.pg_stat_progress_cluster AS p WHERE p.pid = %(pid)s
UNION ALL
SELECT 'vacuum: ' || p.phase, 100 * p.heap_blks_scanned / nullif(p.heap_blks_total, 0), NULL
FROM pg_catalog.pg_stat_progress_vacuum AS p WHERE p.pid = %(pid)s
UNION ALL
SELECT 'analyze: ' || p.phase, 100 * p.sample_blks_scanned / nullif(p.sample_blks_total, 0), NULL
FROM pg_catalog.pg_stat_progress_analyze AS p WHERE p.pid = %(pid)s
LIMIT 1
"""


class Watch:
    """A thread that sleeps until a statement has taken longer than anybody likes.

    It calls the listener from its own thread. It never ends a statement that runs, and its own troubles are nobody
    else's.
    """

    def __init__(self, url: Url) -> None:
        self._url = url
        self._changed = threading.Condition()
        self._task: tuple[Session, str, float, Listener] | None = None
        self._idle_since: tuple[object, float] | None = None
        self._thread: threading.Thread | None = None
        self._session: Session | None = None
        self._closing = False
        self.blockers = ""
        """Who was in the way when last looked, in the statement that runs or ran last."""

    def begin(self, session: Session, unit: str, listen: Listener) -> None:
        """A statement of that session begins now."""
        self.blockers = ""
        # No lock: a tuple is replaced whole, and the thread looks at it a few times a second.
        self._task = (session, unit, time.monotonic(), listen)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="schematool-watch", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """The statement is over."""
        self._task = None

    def close(self) -> None:
        """End the thread and its connection."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=2)
        if self._session is not None:
            self._session.close()

    def _run(self) -> None:
        said: tuple[object, str] | None = None
        when = 0.0
        while True:
            with self._changed:
                self._changed.wait(_EVERY_SECONDS / 2)
            if self._closing:
                return
            task = self._task
            if task is None or time.monotonic() - task[2] < PATIENCE_SECONDS:
                continue
            what = self._look(task)
            now = time.monotonic()
            if not what and now - task[2] > _REPEAT_SECONDS:
                what = "still running"
            again = said != (task, what) or now - when > _REPEAT_SECONDS
            if what and again and self._task is task:
                task[3](Waiting(task[1], "postgres", what, now - task[2]))
                said, when = (task, what), now

    def _look(self, task: tuple[Session, str, float, Listener]) -> str:
        """Ask the server; when it does not answer in time, our own connection ends, and the next look has another."""
        try:
            if self._session is None or self._session.lost:
                self._session = Session(self._url)
            late = threading.Timer(_ANSWER_SECONDS, self._session.cut)
            late.daemon = True
            late.start()
            try:
                return self._seen(self._session, task)
            finally:
                late.cancel()
        except (psycopg.Error, WorldError):
            return ""

    def _seen(self, session: Session, task: tuple[Session, str, float, Listener]) -> str:
        pid = task[0].process
        if not session.one(_WORKING, [pid]):
            return self._idle(task)
        self._idle_since = None
        blockers = session.execute(_BLOCKERS, [pid]).fetchall()
        if blockers:
            self.blockers = ", ".join(map(_blocker, blockers))
            return f"waits for {self.blockers}"
        row = session.execute(_PROGRESS, {"pid": pid}).fetchone()
        return _progress(row) if row else ""

    def _idle(self, task: tuple[Session, str, float, Listener]) -> str:
        """The server does nothing for us: our answer is on its way, or lost. If it stays so, end the connection."""
        if self._idle_since is None or self._idle_since[0] is not task:
            self._idle_since = (task, time.monotonic())
        if time.monotonic() - self._idle_since[1] < DEAD_SECONDS or self._task is not task:
            return ""
        self._idle_since = None
        task[0].cut()
        return "the server has finished long ago and its answer never came: the connection is dead"


def _blocker(row: tuple[Any, ...]) -> str:
    pid, user, program, state, seconds = row
    since = f" for {seconds} s" if seconds is not None else ""
    return f"session {pid} ({program} of {user}, {state}{since})"


def _progress(row: tuple[Any, ...]) -> str:
    what, percent, locker = row
    done = f" {percent} %" if percent is not None else ""
    behind = f", behind session {locker}" if locker else ""
    return f"{what}{done}{behind}"
