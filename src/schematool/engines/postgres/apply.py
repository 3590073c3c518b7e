"""Runs a unit up or down so that whatever happens, the ledger says what the database holds.

In a transaction: statements and ledger row commit together or not at all; lock timeouts, deadlocks and serialisation
failures roll the whole of it back and try again. Outside of one: a journal row says what is about to run before it
runs, and the catalog is asked afterwards when the answer got lost.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NoReturn

import psycopg

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import Interrupted, Refused, StatementError, WorldError
from schematool.core.history.unit import Command, Unit
from schematool.core.sql.pace import paces
from schematool.core.sql.split import split
from schematool.core.timeouts import Pace, Said, Timeouts
from schematool.engines.contract import Began, Ended, Listener, Waiting
from schematool.engines.fault import Faults
from schematool.engines.postgres.failure import statement_error
from schematool.engines.postgres.ledger import Journal, Ledger, statement_hashes
from schematool.engines.postgres.lock import MigrationLock
from schematool.engines.postgres.offending import CODES, offending
from schematool.engines.postgres.pipeline import send_all, supported, written
from schematool.engines.postgres.resume import Found, already_there, must_be_alone, probe, stands_in_the_way
from schematool.engines.postgres.session import Session, world_error
from schematool.engines.postgres.watch import Watch

# The only failures that another try can cure.
_RETRY = {
    "55P03": "a lock was not free",
    "40P01": "another session waited for us while we waited for it",
    "40001": "another session changed the same rows",
}
_NOT_PREPARED = "26000"
_RECONNECT_SECONDS = 15.0
# What may change a setting, the role, or what is prepared, for the rest of the session: said outright, by
# set_config(), or in a block of code. `ALTER … SET` and `UPDATE … SET` do not, and they are most of what there is.
_CHANGES_SESSION = re.compile(
    r"(?:set|reset|discard|listen|unlisten|prepare|deallocate|load)\b|(?:do|call)\b.*\b(?:set|reset|execute|discard)\b|.*\bset_config\b",
    re.IGNORECASE | re.DOTALL,
)


# A file that consents to these says that a statement of it takes long.
_ANNOUNCE = frozenset({"ST203", "ST204"})
_SETS_TIMEOUT = re.compile(r"\bstatement_timeout\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Run:
    """One unit in one direction."""

    unit: Unit
    direction: str
    commands: tuple[Command, ...]
    listen: Listener
    timeouts: Timeouts
    began: float = field(default_factory=time.monotonic)

    @property
    def milliseconds(self) -> int:
        """How long it has taken so far."""
        return int((time.monotonic() - self.began) * 1000)

    @property
    def operation(self) -> str:
        """The word of yoyo's log for it."""
        return "apply" if self.direction == "up" else "rollback"

    @cached_property
    def copies(self) -> bool:
        """Whether there is a COPY, which talks with the client while it runs."""
        return any(command.text[:4].lower() == "copy" for command in self.commands)

    @property
    def lock_milliseconds(self) -> int:
        """How long a statement waits for a lock of others: whoever comes after it waits behind it."""
        said = self._said.lock
        return max(1, round((self.timeouts.lock if said is None else said) * 1000))

    @property
    def beginning(self) -> tuple[str, str]:
        """Begin a transaction that waits for no lock of others for long."""
        return ("BEGIN", f"SET LOCAL lock_timeout = {self.lock_milliseconds}")

    @cached_property
    def limits(self) -> tuple[float, ...]:
        """How many seconds each statement may take once it has its locks; 0 is no limit.

        What the file says for itself comes first: a timeout in its head, then a setting of its own.
        """
        said = self._said.statement
        if said is not None:
            return (said,) * len(self.commands)
        if any(_SETS_TIMEOUT.search(command.text) for command in self.commands):
            return (0.0,) * len(self.commands)
        announced = any(consent.code in _ANNOUNCE for consent in self.unit.consents)
        return tuple(
            self.timeouts.limit(Pace.BUILD if pace is Pace.BRIEF and (announced or command.announced) else pace)
            for pace, command in zip(paces(command.text for command in self.commands), self.commands, strict=True)
        )

    def limited(self, index: int) -> int:
        """What `statement_timeout` has to be for a statement, in milliseconds: waiting for locks counts there too."""
        limit = self.limits[index]
        return round(limit * 1000) + self.lock_milliseconds if limit else 0

    @property
    def _said(self) -> Said:
        return self.unit.up_said if self.direction == "up" else self.unit.down_said

    @cached_property
    def changes_session(self) -> bool:
        """Whether settings may be others afterwards."""
        return any(_CHANGES_SESSION.match(command.text) for command in self.commands)


class Runner:
    """Applies and rolls back units on one session, under its lock."""

    def __init__(self, session: Session, ledger: Ledger, lock: MigrationLock, watch: Watch, timeouts: Timeouts) -> None:
        self._session, self._ledger, self._lock, self._watch = session, ledger, lock, watch
        self._faults = Faults()
        self._timeouts = timeouts

    def apply(self, unit: Unit, listen: Listener) -> None:
        """Run the up commands and record them; nothing for a unit that is applied."""
        if self._state(unit) == "applied":
            return
        self._guarded(_Run(unit, "up", unit.up, listen, self._timeouts))

    def roll_back(self, unit: Unit, listen: Listener) -> None:
        """Run the down commands and take the unit off the ledger; nothing for a unit that is not on it."""
        if self._state(unit) is None:
            return
        if unit.down is None:
            raise Refused(Diagnostic("ST412", f"{unit.id} has no rollback file", hint=f"write {unit.id}.rollback.sql"))
        self._guarded(_Run(unit, "down", unit.down, listen, self._timeouts))

    def adopt(self, unit: Unit, gone: Sequence[str] = ()) -> None:
        """Record a unit as applied without running it; forget those that it stands for, in the same transaction."""
        try:
            self._session.execute("BEGIN")
            created = self._ledger.create()
            self._session.execute(self._ledger.finished(unit, "up", operation="mark", milliseconds=0))
            for statement in self._ledger.forgotten(gone):
                self._session.execute(statement)
            self._session.execute("COMMIT")
        except psycopg.Error as error:
            self._session.roll_back()
            raise world_error(error, self._session.url) from None
        self._ledger.states = None
        self._committed(created=created)

    def _state(self, unit: Unit) -> str | None:
        """Ask the ledger, under the lock: another run may have been faster, and a foreign table must not be dropped."""
        if self._lock.held and (self._session.lost or self._lock.lost) and not self._reconnected():
            raise WorldError(
                Diagnostic(
                    "ST508",
                    "the connection was lost, and with it the migration lock; the server still has the old session",
                    hint="wait a moment and run it again",
                ),
                state=f"nothing more of {unit.id} was begun",
            )
        try:
            return self._ledger.load().get(unit.id) if self._lock.held else self._ledger.state(unit)
        except psycopg.Error as error:
            raise world_error(error, self._session.url) from None

    def _guarded(self, run: _Run) -> None:
        states, self._ledger.states = self._ledger.states, None
        try:
            if run.unit.transactional:
                self._in_transaction(run)
            else:
                self._outside_transaction(run)
            self._ledger.states = _after(states, run)
        except KeyboardInterrupt:
            raise Interrupted(
                Diagnostic("ST500", f"stopped by a signal during {run.unit.id}", hint="run it again to go on"),
                state=self._after_interruption(run),
            ) from None
        except psycopg.Error as error:
            # Not a statement of the migration but one of our own.
            self._lost_or(error, run, None)
        finally:
            self._watch.end()
            if run.changes_session and not self._session.lost:
                self._session.restore()
                self._ledger.forget_prepared()

    # --- in a transaction -------------------------------------------------------------------------------------

    def _patiently(self, run: _Run, attempt: Callable[[], None]) -> None:
        """Try for as long as the budget lasts while only others are in the way; pauses grow, and differ."""
        until = time.monotonic() + self._timeouts.retry
        pause = 0.05
        while True:
            try:
                attempt()
            except StatementError as error:
                if error.server_code not in _RETRY or time.monotonic() + pause > until:
                    raise
                blocked = f", held by {self._watch.blockers}" if self._watch.blockers else ""
                what = f"{_RETRY[error.server_code]}{blocked}; trying again"
                run.listen(Waiting(run.unit.id, "postgres", what))
                time.sleep(random.uniform(pause / 2, pause))  # noqa: S311  # no secret
                pause = min(pause * 2, 2.0)
            else:
                return

    def _begin(self, run: _Run) -> None:
        for statement in run.beginning:
            self._session.execute(statement)

    def _in_transaction(self, run: _Run) -> None:
        self._patiently(run, lambda: self._attempt(run))

    def _attempt(self, run: _Run) -> None:
        if self._ledger.there and not run.changes_session and not run.copies and supported():
            self._in_one_go(run)
            return
        self._begin(run)
        limit = 0
        try:
            for index, command in enumerate(run.commands):
                if (wanted := run.limited(index)) != limit:
                    self._session.execute(_limit(wanted))
                    limit = wanted
                self._statement(run, index, command)
            if limit:
                self._session.execute(_limit(0))
            if run.changes_session:
                # The ledger is written by whoever runs migrations, not by a role that one of them took on.
                self._session.execute(
                    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;"
                    " RESET SESSION AUTHORIZATION; RESET ROLE"
                )
            created = self._ledger.create()
        except psycopg.Error as error:
            self._session_rolled_back()
            self._lost_or(error, run, None)
        except BaseException:
            self._session_rolled_back()
            raise
        self._commit(run, created=created)

    def _commit(self, run: _Run, *, created: bool) -> None:
        text = self._recorded(run, milliseconds=run.milliseconds)
        try:
            self._session.execute(text)
            self._faults.reach("ledger")
            self._watch.begin(self._session, run.unit.id, run.listen)
            self._session.execute("COMMIT")
        except psycopg.Error as error:
            if self._session.lost:
                self._settle_doubt(run, error)
                return
            self._session_rolled_back()
            self._not_committed(run, error)
        self._faults.reach("committed")
        self._committed(created=created)

    def _not_committed(self, run: _Run, error: psycopg.Error) -> NoReturn:
        """A deferred constraint is checked at COMMIT: the statement to show is the last one."""
        last = run.commands[-1] if run.commands else None
        if last is not None and (error.sqlstate or "")[:2] in ("23", "40"):
            raise self._refused(error, run, len(run.commands) - 1, note="when the transaction was committed") from None
        raise world_error(error, self._session.url, state=self._nothing(run)) from None

    def _in_one_go(self, run: _Run, *, quickly: bool = True) -> None:
        """Send begin, statements, ledger row and commit without waiting in between; each answer is told as it comes."""
        quickly = quickly and run.direction == "up"
        if quickly:
            self._ledger.prepare()
        sent = tuple(_sent(run))
        places = (*(place for place, _ in sent), len(run.commands), len(run.commands) + 1)

        def ending() -> tuple[str, str]:
            if quickly:
                return self._ledger.finished_quickly(run.unit, run.operation), "COMMIT"
            return self._recorded(run, milliseconds=None), "COMMIT"

        steps = _Steps(run, self._faults, self._watch, self._session)

        def answered(index: int, rows: int | None) -> None:
            if (place := places[index]) is not None:
                steps.answered(place, rows)

        try:
            failure = send_all(self._session.connection, [text for _, text in sent], ending, answered)
        except psycopg.OperationalError as error:
            # COMMIT was sent, or may have been.
            self._watch.end()
            self._settle_doubt(run, error)
            return
        except BaseException:
            self._session_rolled_back()
            raise
        self._watch.end()
        if failure is None:
            self._committed(created=False)
            return
        if self._session.lost:
            self._settle_doubt(run, failure.error)
            return
        self._session_rolled_back()
        place = places[failure.index]
        if place == len(run.commands) and failure.error.sqlstate == _NOT_PREPARED:
            # A function that the migration called has thrown away what the session had prepared.
            self._ledger.forget_prepared()
            self._in_one_go(run, quickly=False)
            return
        if place is not None and 0 <= place < len(run.commands):
            raise self._refused(failure.error, run, place, seconds=steps.seconds) from None
        self._not_committed(run, failure.error)

    def _recorded(self, run: _Run, *, milliseconds: int | None) -> str:
        return self._ledger.finished(run.unit, run.direction, operation=run.operation, milliseconds=milliseconds)

    def _committed(self, *, created: bool) -> None:
        self._ledger.settled()
        if created and self._lock.held:
            self._lock.claim_row()

    def _settle_doubt(self, run: _Run, error: psycopg.Error) -> None:
        """The connection was lost between COMMIT and its answer: read the ledger, and believe that."""
        if self._reconnected() and self._ledger.applied(run.unit) == (run.direction == "up"):
            run.listen(Waiting(run.unit.id, "postgres", "the connection was lost at COMMIT; the ledger has it"))
            return
        raise world_error(error, self._session.url, state=self._whereabouts(run)) from None

    def _statement(self, run: _Run, index: int, command: Command) -> None:
        """Run one statement, tell the listener, and turn a refusal into a finding with its place."""
        unit, total = run.unit.id, len(run.commands)
        run.listen(Began(unit, "postgres", index, total, command.text))
        began = time.monotonic()
        self._faults.next_statement()
        self._faults.reach("before")
        self._watch.begin(self._session, unit, run.listen)
        try:
            rows = _execute(self._session, command)
        except psycopg.Error as error:
            if self._session.lost:
                raise
            self._session_rolled_back()
            raise self._refused(error, run, index, command, seconds=time.monotonic() - began) from None
        finally:
            self._watch.end()
        self._faults.reach("after")
        run.listen(Ended(unit, "postgres", index, total, command.text, time.monotonic() - began, rows))

    def _refused(  # noqa: PLR0913, PLR0917  # what is known of a failure differs from caller to caller
        self,
        error: psycopg.Error,
        run: _Run,
        index: int,
        command: Command | None = None,
        note: str = "",
        seconds: float = 0.0,
    ) -> StatementError:
        """Make a finding of it; `seconds`: how long it had run. `command`: where it is not the file's own."""
        command = command or run.commands[index]
        if error.sqlstate == "55P03" and self._watch.blockers:
            note = f"held by {self._watch.blockers}"
        state = self._nothing(run) if run.unit.transactional else None
        # Somebody else can cancel a statement too; only after its time is it known that it was us.
        limit = run.limited(index) / 1000
        late = limit if limit and seconds >= limit * 0.99 else 0.0
        return statement_error(
            error,
            command.text,
            self._session.url,
            span=command.span,
            state=state,
            note=note,
            limit=late,
            notes=offending(self._session, error.diag) if error.sqlstate in CODES else (),
        )

    # --- outside of a transaction -----------------------------------------------------------------------------

    def _outside_transaction(self, run: _Run) -> None:
        journal = self._ledger.journal(run.unit)
        if journal and journal.direction != run.direction:
            if run.direction == "down":
                self._undo_begun(run, journal)
                return
            # A rollback was begun and not finished. Its remaining statements come first, then we begin anew.
            self._outside_transaction(replace(run, direction="down", commands=run.unit.down or ()))
            journal = None
        done = self._resumed(run, journal) if journal else self._journal_begun(run)
        for index in range(done, len(run.commands)):
            self._journalled(run, index, resumed=journal is not None)
        if done == len(run.commands):
            self._record(run)

    def _journal_begun(self, run: _Run) -> int:
        self._session.execute("BEGIN")
        created = self._ledger.create()
        self._ledger.begin(run.unit, run.direction, statement_hashes(run.commands))
        self._session.execute("COMMIT")
        self._committed(created=created)
        return 0

    def _resumed(self, run: _Run, journal: Journal) -> int:
        """Return how many statements are done, after the catalog was asked about the one in doubt."""
        hashes = statement_hashes(run.commands)
        known = journal.done + (journal.in_doubt is not None)
        if hashes[:known] != journal.hashes[:known]:
            raise WorldError(
                Diagnostic(
                    "ST401",
                    f"{run.unit.id} was begun, and edited since: what has run is not what the file says",
                    run.commands[0].span if run.commands else None,
                    "restore the file as it was, finish it, and put the change into a new migration",
                ),
                state=f"{journal.done} of {journal.total} statements of {run.unit.id} have run",
            )
        done = journal.done
        if hashes != journal.hashes:
            self._ledger.begin(run.unit, run.direction, hashes)
            self._ledger.progress(run.unit, done)
        if journal.in_doubt is not None:
            done = self._judge(run, journal.in_doubt)
        return done

    def _judge(self, run: _Run, index: int) -> int:
        command = run.commands[index]
        outcome = probe(self._session, command.text)
        match outcome.found:
            case Found.DONE:
                self._ledger.progress(run.unit, index + 1)
                return index + 1
            case Found.NOT_DONE | Found.BROKEN:
                self._ledger.progress(run.unit, index)
                return index
            case Found.UNKNOWN:
                table = f"{self._ledger.schema}.schematool_ledger"
                where = f"in_doubt = null where id = '{run.unit.id}'"
                raise WorldError(
                    Diagnostic(
                        "ST404",
                        f"statement {index + 1} of {run.unit.id} was begun and never confirmed: it may have run or not",
                        command.span,
                        f"look, then say so: `update {table} set statements_done = {index + 1}, {where}` if it has "
                        f"run, `update {table} set {where}` if it has not; then run it again",
                    ),
                    state=f"{index} of {len(run.commands)} statements of {run.unit.id} have run",
                )

    def _journalled(self, run: _Run, index: int, *, resumed: bool) -> None:
        """Run one statement and record that it has; the last one's record is the unit's own."""
        command = run.commands[index]
        last = index + 1 == len(run.commands)
        if not must_be_alone(command.text):
            self._atomic(run, index, last=last)
            return
        if resumed:
            command = self._cleared(run, command)
        elif hidden := already_there(self._session, command.text):
            self._ledger.drop_journal(run.unit, run.direction)
            raise WorldError(
                Diagnostic(
                    "ST510",
                    f"an {hidden} is there already, and IF NOT EXISTS would take it for a good one",
                    command.span,
                    f"drop it first: `drop index concurrently {hidden.rpartition(' ')[2]}`",
                )
            )
        # What is there before we began is not ours: neither a success to be claimed later, nor ours to clear away.
        ours = resumed or probe(self._session, command.text).found in (Found.NOT_DONE, Found.UNKNOWN)
        if ours:
            self._ledger.intend(run.unit, index)
        self._faults.reach("intent", ahead=1)
        try:
            self._alone(run, index, command, ours=ours)
        except StatementError as error:
            left = probe(self._session, run.commands[index].text) if ours else None
            self._leave_behind(run, index, error, left.what if left and left.clear else "")
        if last:
            self._record(run)
        else:
            self._ledger.progress(run.unit, index + 1)
        self._faults.reach("committed")

    def _alone(self, run: _Run, index: int, command: Command, *, ours: bool) -> None:
        """Run a statement that is its own transaction; before another try, clear away what this one left."""
        todo = command

        def attempt() -> None:
            nonlocal todo
            try:
                self._statement(run, index, todo)
            except StatementError as error:
                if error.server_code in _RETRY and ours:
                    todo = self._cleared(run, command)
                raise

        lock = run.lock_milliseconds if stands_in_the_way(command.text) else 0
        limit = run.limited(index)
        if not lock and not limit:
            self._patiently(run, attempt)
            return
        self._session.execute(f"SET lock_timeout = {lock}")
        self._session.execute(f"SET statement_timeout = {limit}")
        try:
            self._patiently(run, attempt)
        finally:
            if not self._session.lost:
                self._session.execute("SET lock_timeout = 0")
                self._session.execute("SET statement_timeout = 0")

    def _cleared(self, run: _Run, command: Command) -> Command:
        """Clear away what our own earlier try left, and return what to run now."""
        outcome = probe(self._session, command.text)
        for statement in outcome.clear:
            run.listen(Waiting(run.unit.id, "postgres", f"clears away the {outcome.what} of the earlier try"))
            _execute(self._session, replace(command, text=statement))
        return replace(command, text=outcome.finish) if outcome.finish else command

    def _atomic(self, run: _Run, index: int, *, last: bool) -> None:
        """Run a statement that can be in a transaction in one of its own, together with its record."""

        def attempt() -> None:
            self._begin(run)
            limit = run.limited(index)
            if limit:
                self._session.execute(_limit(limit))
            self._statement(run, index, run.commands[index])
            if limit:
                self._session.execute(_limit(0))

        try:
            self._patiently(run, attempt)
        except StatementError as error:
            self._leave_behind(run, index, error, "")
        if last:
            self._record(run)
        else:
            self._ledger.progress(run.unit, index + 1)
            self._session.execute("COMMIT")
        self._faults.reach("committed")

    def _record(self, run: _Run) -> None:
        text = self._recorded(run, milliseconds=run.milliseconds)
        if self._session.idle:
            self._session.execute("BEGIN")
        self._session.execute(text)
        self._watch.begin(self._session, run.unit.id, run.listen)
        self._session.execute("COMMIT")

    def _leave_behind(self, run: _Run, index: int, error: StatementError, what: str) -> NoReturn:
        """The server refused a statement: keep the journal only if something of the unit has happened."""
        if index == 0 and not what:
            self._ledger.drop_journal(run.unit, run.direction)
            error.state = self._nothing(run)
        else:
            self._ledger.progress(run.unit, index)
            left = f" and left an {what}, which the next run drops first" if what else ""
            error.state = f"{run.unit.id} is partial: statement {index + 1} of {len(run.commands)} failed{left}"
        raise error

    def _undo_begun(self, run: _Run, journal: Journal) -> None:
        """Roll back a unit that was begun and not finished: clear away what it left, or undo what it did."""
        last = journal.done if journal.in_doubt is None else journal.in_doubt
        command = run.unit.up[last] if last < len(run.unit.up) else None
        outcome = probe(self._session, command.text) if command else None
        if command and outcome and outcome.found is Found.UNKNOWN:
            self._judge(replace(run, direction="up", commands=run.unit.up), last)
        if command and outcome and outcome.clear:
            self._cleared(replace(run, direction="up"), command)
        if journal.done == 0 and not (outcome and outcome.found is Found.DONE and journal.in_doubt is not None):
            self._ledger.drop_journal(run.unit, "up")
            return
        # All of it, or its one statement, has run: undo it as if it had been recorded.
        self._ledger.begin(run.unit, "down", statement_hashes(run.commands))
        for index in range(len(run.commands)):
            self._journalled(run, index, resumed=True)
        if not run.commands:
            self._record(run)

    # --- where things stand -----------------------------------------------------------------------------------

    def _session_rolled_back(self) -> None:
        try:
            self._session.roll_back()
        except psycopg.Error:
            self._session.close()
        self._ledger.forget()

    def _lost_or(self, error: psycopg.Error, run: _Run, state: str | None) -> NoReturn:
        if self._session.lost:
            self._reconnected()
            state = self._whereabouts(run)
        raise world_error(error, self._session.url, state=state or self._whereabouts(run)) from None

    def _reconnected(self) -> bool:
        """Connect again and take the lock again, which proves that the server has ended the old session."""
        self._watch.end()
        self._ledger.forget()
        if not self._session.again(within_seconds=_RECONNECT_SECONDS):
            return False
        if self._lock.held:
            try:
                self._lock.regain(_RECONNECT_SECONDS)
            except WorldError:
                return False
        return True

    def _after_interruption(self, run: _Run) -> str:
        try:
            self._session_rolled_back()
            if self._session.lost and not self._reconnected():
                return f"the server does not answer; `schematool status` will say where {run.unit.id} stands"
        except (psycopg.Error, KeyboardInterrupt):
            return f"`schematool status` says where {run.unit.id} stands"
        return self._whereabouts(run)

    def _whereabouts(self, run: _Run) -> str:
        """Say what the ledger says of the unit now."""
        if self._session.lost:
            return f"the server does not answer; `schematool status` will say where {run.unit.id} stands"
        try:
            self._session.roll_back()
            if journal := self._ledger.journal(run.unit):
                doubt = "" if journal.in_doubt is None else f"; statement {journal.in_doubt + 1} is in doubt"
                return f"{journal.done} of {journal.total} statements of {run.unit.id} are recorded as done{doubt}"
            return f"{run.unit.id} is {'applied' if self._ledger.applied(run.unit) else 'not applied'}"
        except psycopg.Error:
            return f"`schematool status` says where {run.unit.id} stands"

    @staticmethod
    def _nothing(run: _Run) -> str:
        what = "applied" if run.direction == "up" else "rolled back"
        return f"nothing of {run.unit.id} was {what}"


class _Steps:
    """Tells of the statements of a unit that was sent whole, as the answers come in."""

    def __init__(self, run: _Run, faults: Faults, watch: Watch, session: Session) -> None:
        self._run, self._faults, self._watch, self._session = run, faults, watch, session
        self._began = 0.0

    @property
    def seconds(self) -> float:
        """How long the statement that began last has run."""
        return time.monotonic() - self._began

    def answered(self, index: int, rows: int | None) -> None:
        """Take in that statement `index` has run and wrote `rows`.

        What comes before the first is -1, the ledger row comes after all.
        """
        total = len(self._run.commands)
        if 0 <= index < total:
            self._watch.end()
            self._faults.reach("after")
            seconds = time.monotonic() - self._began
            self._run.listen(
                Ended(self._run.unit.id, "postgres", index, total, self._run.commands[index].text, seconds, rows)
            )
        elif index >= total:
            self._faults.reach("ledger" if index == total else "committed")
        if -1 <= index < total - 1:
            self._begin(index + 1)
        elif index < total:
            # The ledger row and COMMIT, whose answer can be lost as any other.
            self._watch.begin(self._session, self._run.unit.id, self._run.listen)

    def _begin(self, index: int) -> None:
        unit, commands = self._run.unit.id, self._run.commands
        self._run.listen(Began(unit, "postgres", index, len(commands), commands[index].text))
        self._began = time.monotonic()
        self._faults.next_statement()
        self._faults.reach("before")
        self._watch.begin(self._session, unit, self._run.listen)


def _after(states: dict[str, str] | None, run: _Run) -> dict[str, str] | None:
    """What the ledger says now of all units, when it is known what it said before."""
    if states is None:
        return None
    if run.direction == "up":
        states[run.unit.id] = "applied"
    else:
        states.pop(run.unit.id, None)
    return states


def _limit(milliseconds: int) -> str:
    return f"SET LOCAL statement_timeout = {milliseconds}"


def _sent(run: _Run) -> Iterator[tuple[int | None, str]]:
    """What goes to the server before the ledger row, each with its place among the statements.

    -1 is what comes before the first of them; None for a timeout in between, which is told to nobody.
    """
    first, second = run.beginning
    yield from ((None, first), (-1, second))
    limit = 0
    for place, command in enumerate(run.commands):
        if (wanted := run.limited(place)) != limit:
            yield None, _limit(wanted)
            limit = wanted
        yield place, command.text
    if limit:
        yield None, _limit(0)


def _execute(session: Session, command: Command) -> int | None:
    """Run one statement; the data lines of a COPY … FROM stdin go along with it. Rows are counted, never looked at."""
    data = copied_data(command.text)
    if data is None:
        return written(session.execute(command.text).pgresult)
    statement, lines = data
    with session.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(lines)
    return cursor.rowcount


def copied_data(text: str) -> tuple[str, str] | None:
    """Return statement and data of a COPY … FROM stdin that has its data with it."""
    if text[:4].lower() != "copy" or "\\." not in text:
        return None
    found = split(text)
    if len(found) != 1 or found[0].data is None:
        return None
    return found[0].text, found[0].data
