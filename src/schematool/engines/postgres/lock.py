"""One migration at a time on a database: an advisory lock, and yoyo's own for as long as it is held.

The advisory lock belongs to the server's session: it is gone when the session is, so nobody ever has to break it.
It is asked for again and again rather than waited for: a session that waits inside of pg_advisory_lock() holds a
snapshot, which CREATE INDEX CONCURRENTLY of the holder would wait for in turn.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.sql.quote import qualified
from schematool.engines.postgres import yoyo_backend as yoyo
from schematool.engines.postgres.ledger import Ledger
from schematool.engines.postgres.session import Session

# Two numbers of our own, "schema" and "tool" in ASCII letters; the server adds the database to the key.
_KEY = (0x73636865, 0x746F6F6C)


class MigrationLock:
    """The lock of one database, held by one session."""

    def __init__(self, session: Session, ledger: Ledger) -> None:
        self._session = session
        self._ledger = ledger
        self._row = False
        self._identity: tuple[int, Any] | None = None
        self.held = False
        self.lost = False
        """Whether it was held, and could not be taken again after the connection was lost."""

    def acquire(self, wait_seconds: float) -> None:
        """Get the lock; when the wait is over, raise `WorldError` that names who has it."""
        self._ledger.states = None
        self._refuse_read_only()
        until = time.monotonic() + wait_seconds
        _attempts(until, self._try, self._holder)
        self.held = True
        try:
            self._identity = self._who()
            self._refuse_shared_session()
            if self._ledger.has_lock_table():
                _attempts(until, self.claim_row, self._yoyo_holder)
        except BaseException:
            self.release()
            raise

    def regain(self, wait_seconds: float) -> None:
        """Get the lock for a new connection. That succeeds only when the server has ended the old session.

        A server that did not notice the loss keeps the old session, its transaction and its locks; so we end it, and
        from then on the ledger says for certain whether it had committed.
        """
        self._row = False
        self._ledger.states = None
        self.lost = True
        self._end_old_session()
        _attempts(time.monotonic() + wait_seconds, self._try, self._holder)
        self.lost = False
        self._identity = self._who()
        if self._ledger.has_lock_table():
            self.claim_row()

    def release(self) -> None:
        """Let go. A lost connection has let go already."""
        self.held = self.lost = False
        self._ledger.states = None
        if self._session.lost:
            return
        self._session.roll_back()
        if self._row:
            self._session.execute(
                f"DELETE FROM {qualified(self._ledger.schema, yoyo.LOCK)} WHERE locked = 1 AND pid < 0"
            )
            self._row = False
        self._session.execute("SELECT pg_catalog.pg_advisory_unlock(%s, %s)", _KEY)

    def claim_row(self) -> bool:
        """Write yoyo's lock row, so that stock yoyo waits; False while stock yoyo itself is at work.

        A negative number marks a row as ours. One that is found was left by a run that was killed: whoever holds
        the advisory lock may take it over.
        """
        if not self._row:
            table = qualified(self._ledger.schema, yoyo.LOCK)
            self._row = bool(
                self._session.one(
                    f"INSERT INTO {table} AS held (locked, ctime, pid)"
                    " VALUES (1, pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', -pg_catalog.pg_backend_pid())"
                    " ON CONFLICT (locked) DO UPDATE SET ctime = excluded.ctime, pid = excluded.pid"
                    # yoyo stays connected for as long as it runs: a row that is older than every other session
                    # belongs to a process that is dead.
                    " WHERE held.pid < 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS other"
                    " WHERE other.datname = pg_catalog.current_database() AND other.pid <> pg_catalog.pg_backend_pid()"
                    " AND coalesce(other.backend_type, 'client backend') = 'client backend'"
                    " AND coalesce(other.backend_start AT TIME ZONE 'UTC' <= held.ctime, true))"
                    " RETURNING true"
                )
            )
        return self._row

    def _who(self) -> tuple[int, Any]:
        """The server's process and when it began: a number alone may be another's tomorrow."""
        row = self._session.execute(
            "SELECT pid, backend_start FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()"
        ).fetchone()
        return (row[0], row[1]) if row else (0, None)

    def _end_old_session(self) -> None:
        if self._identity:
            self._session.execute(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                " WHERE pid = %s AND backend_start = %s AND usename = current_user",
                self._identity,
            )

    def _try(self) -> bool:
        return bool(self._session.one("SELECT pg_catalog.pg_try_advisory_lock(%s, %s)", _KEY))

    def _refuse_read_only(self) -> None:
        # pg_try_advisory_lock() succeeds on a standby, so this would be found out much later.
        if self._session.one("SELECT pg_catalog.pg_is_in_recovery()"):
            raise WorldError(
                Diagnostic("ST506", "this server is a standby: it can only be read", hint="use the primary's URL")
            )
        if self._session.one("SELECT pg_catalog.current_setting('transaction_read_only')") == "on":
            raise WorldError(
                Diagnostic(
                    "ST506",
                    "this database can only be read: default_transaction_read_only is on",
                    hint="use a role without that setting, or `ALTER ROLE … SET default_transaction_read_only = off`",
                )
            )

    def _refuse_shared_session(self) -> None:
        """Find a pooler that hands our session to others between transactions: no lock is safe there.

        A pooler invents the process id that it tells its clients. Where it differs from the real one, a second
        connection that keeps a transaction open shows it: either that one was given the very server session that
        holds our lock, or we are given another one while it is in use.
        """
        ours, _ = self._identity or self._who()
        if ours == self._session.told_process:
            return
        other = Session(self._session.url)
        try:
            other.execute("BEGIN")
            theirs = other.one("SELECT pg_catalog.pg_backend_pid()")
            shared = ours == theirs or any(self._who()[0] != ours for _ in range(3))
        finally:
            other.close()
        if shared:
            raise WorldError(
                Diagnostic(
                    "ST507",
                    "a pooler shares this session with others (transaction mode): no lock would hold",
                    hint="use the URL of the server itself, or a pool in session mode",
                )
            )

    def _holder(self) -> Diagnostic:
        row = self._session.execute(
            "SELECT held.pid, coalesce(who.usename, '?'), coalesce(nullif(who.application_name, ''), '?'),"
            " coalesce(who.client_addr::text, 'this host'),"
            " extract(epoch FROM pg_catalog.clock_timestamp() - who.backend_start)::bigint"
            " FROM pg_catalog.pg_locks AS held LEFT JOIN pg_catalog.pg_stat_activity AS who USING (pid)"
            " WHERE held.locktype = 'advisory' AND held.granted AND held.classid = %s AND held.objid = %s"
            " AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
            _KEY,
        ).fetchone()
        if not row:
            return Diagnostic("ST502", "another run held the migration lock until just now", hint="try again")
        pid, user, program, host, seconds = row
        since = f", connected for {seconds} s" if seconds is not None else ""
        return Diagnostic(
            "ST502",
            f"another run holds the migration lock: {program} of {user} from {host}, session {pid}{since}",
            hint=f"wait for it; if it hangs, `select pg_terminate_backend({pid})` ends it and frees the lock",
        )

    def _yoyo_holder(self) -> Diagnostic:
        pid = self._session.one(f"SELECT pid FROM {qualified(self._ledger.schema, yoyo.LOCK)}")
        return Diagnostic(
            "ST502",
            f"yoyo itself holds its lock on this database: process {pid}",
            hint="wait for it; if no such process is left anywhere, `yoyo break-lock` removes the lock",
        )

    def obstacles(self) -> Iterator[Diagnostic]:
        """Why nobody could have the lock here: a server that is only read, a pooler that shares sessions."""
        for refuse in (self._refuse_read_only, self._refuse_shared_session):
            try:
                refuse()
            except WorldError as error:
                yield from error.diagnostics

    def holder(self) -> Diagnostic | None:
        """Who has the lock now, if anybody has."""
        held = self._session.one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s"
            " AND objid = %s AND database ="
            " (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))",
            _KEY,
        )
        return self._holder() if held else None


def _attempts(until: float, attempt: object, holder: object) -> None:
    """Try until it works; pauses grow, and differ so that many runners do not ask in step."""
    assert callable(attempt)
    assert callable(holder)
    pause = 0.02
    while not attempt():
        if time.monotonic() >= until:
            raise WorldError(holder())
        time.sleep(min(random.uniform(pause / 2, pause), max(0.0, until - time.monotonic())))  # noqa: S311  # no secret
        pause = min(pause * 1.6, 0.5)
