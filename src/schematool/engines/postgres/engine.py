"""A live PostgreSQL database behind the engine contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import psycopg

from schematool.core.diagnostic import Diagnostic
from schematool.core.history.loss import Loss
from schematool.core.history.unit import LedgerRow, Unit
from schematool.core.secret import Url
from schematool.core.timeouts import DEFAULTS, Timeouts
from schematool.engines.contract import Check, Checkup, Damage, Foreign, Inspection, Listener, Prepared, Request
from schematool.engines.postgres.build import build
from schematool.engines.postgres.failure import statement_error
from schematool.engines.postgres.ledger import Ledger
from schematool.engines.postgres.lock import MigrationLock
from schematool.engines.postgres.rows import counts, held
from schematool.engines.postgres.session import Session, translated, world_error
from schematool.engines.postgres.watch import Watch
from schematool.engines.signals import stoppable

if TYPE_CHECKING:
    from schematool.core.catalog import Catalog
    from schematool.core.links import Link
    from schematool.core.partitions import Action, Schedule
    from schematool.core.patterns.model import Pattern, Plan
    from schematool.engines.contract import Standing
    from schematool.engines.postgres.apply import Runner
    from schematool.engines.postgres.scratch import Confined


class PostgresEngine:
    """One database, one connection; see `schematool.engines.contract.Engine` for what each method promises."""

    store = "postgres"

    def __init__(self, url: Url, timeouts: Timeouts = DEFAULTS) -> None:
        self.url = url
        self._session = Session(url)
        self._ledger = Ledger(self._session)
        self._lock = MigrationLock(self._session, self._ledger)
        self._watch = Watch(url)
        self._timeouts = timeouts
        # On a scratch database: who builds it. That this role owns what it makes is nobody's decision.
        self._builder: str | None = None
        self._confined: Confined | None = None

    @property
    def version(self) -> str:
        """The server's version, e.g. `18.6`."""
        return f"{self._session.version // 10000}.{self._session.version % 10000}"

    @cached_property
    def _runner(self) -> Runner:
        from schematool.engines.postgres.apply import Runner  # noqa: PLC0415  # most runs have nothing to apply

        return Runner(self._session, self._ledger, self._lock, self._watch, self._timeouts)

    def inspect(self) -> Inspection:
        """Read the whole catalog, in normal form, in one consistent snapshot."""
        from schematool.engines.postgres.inspect import inspect  # noqa: PLC0415  # many modules; not every run reads

        with translated(self.url):
            inspection = inspect(self._session.connection)
        if self._builder is None:
            return inspection
        from schematool.core.plan.postgres.align import anonymous  # noqa: PLC0415  # the same

        return Inspection(anonymous(inspection.catalog, self._builder), inspection.unmodelled)

    def ledger(self) -> tuple[LedgerRow, ...]:
        """Return what was applied here, oldest first."""
        with translated(self.url):
            return self._ledger.rows()

    def damages(self, units: Sequence[Unit]) -> tuple[Damage, ...]:
        """Find what no run leaves so in the ledger."""
        from schematool.engines.postgres.damage import damages  # noqa: PLC0415  # not every run asks

        with translated(self.url):
            return damages(self._session, self._ledger, units)

    def mend(self, statements: Sequence[str]) -> None:
        """Run cures of `damages`, all of them or none."""
        from schematool.engines.postgres.damage import mend  # noqa: PLC0415  # only `repair` asks

        with translated(self.url):
            mend(self._session, self._ledger, statements)

    def foreign(self) -> tuple[Foreign, ...]:
        """Find the ledgers of other tools."""
        from schematool.engines.postgres.foreign import foreign  # noqa: PLC0415  # few commands ask

        with translated(self.url):
            return foreign(self._session)

    @contextmanager
    def lock(self, *, wait_seconds: float) -> Iterator[None]:
        """Hold the migration lock; SIGTERM and SIGHUP end what runs under it as Ctrl-C does."""
        with stoppable():
            with translated(self.url):
                self._lock.acquire(wait_seconds)
            try:
                yield
            finally:
                with translated(self.url):
                    self._lock.release()

    def apply(self, unit: Unit, listen: Listener) -> None:
        """Run a unit's up commands and record it."""
        self._runner.apply(self._here(unit), listen)

    def roll_back(self, unit: Unit, listen: Listener) -> None:
        """Run a unit's down commands and take it off the ledger."""
        self._runner.roll_back(self._here(unit), listen)

    def _here(self, unit: Unit) -> Unit:
        """A unit as it may run here: what is tried on scratch must not reach the whole server."""
        return self._confined.unit(unit) if self._confined else unit

    def adopt(self, unit: Unit, gone: Sequence[str] = ()) -> None:
        """Record a unit as applied without running it; forget those that it stands for."""
        self._runner.adopt(unit, gone)

    @contextmanager
    def _scratch(self) -> Iterator[PostgresEngine]:
        from schematool.engines.postgres.scratch import Confined, scratch_database  # noqa: PLC0415  # little is tried

        confined: Confined | None = None
        try:
            with scratch_database(self._session) as url:
                # Nobody stands behind anything there.
                engine = PostgresEngine(url, Timeouts(brief=0))
                engine._builder = engine._session.connection.info.user
                engine._confined = confined = Confined(engine._session)
                try:
                    yield engine
                finally:
                    engine.close()
        finally:
            if confined is not None:
                confined.leave(self._session)

    def scratch(self) -> AbstractContextManager[PostgresEngine]:
        """Make a throwaway, empty database on this server, and drop it at the end."""
        return self._scratch()

    def run(self, statements: Sequence[str]) -> None:
        """Run statements as they are, stopping at the first that fails."""
        for statement in statements:
            try:
                self._session.execute(self._tried(statement))
            except psycopg.Error as error:
                raise statement_error(error, statement, self.url) from None

    def _tried(self, statement: str) -> str:
        """A statement as it may run here, as `_here` of a unit."""
        return self._confined.text(statement) if self._confined else statement

    def build(self, statements: Sequence[tuple[str, str]]) -> tuple[tuple[str, Exception], ...]:
        """Run (key, statement) pairs in whatever order works; return those that never do."""
        with translated(self.url):
            return build(self._session, [(key, self._tried(statement)) for key, statement in statements])

    def connection(self) -> Check:
        """Whether the way to the server is protected."""
        from schematool.engines.postgres.checkup import connection  # noqa: PLC0415  # as below

        return connection(self._session)

    def examine(self) -> Checkup:
        """Look at server, role, rights, locks and leftovers."""
        from schematool.engines.postgres.checkup import examine  # noqa: PLC0415  # only `doctor` asks

        with translated(self.url):
            return examine(self._session, self._ledger, self._lock)

    def counts(self) -> Mapping[str, int]:
        """Return the exact number of rows by `schema.table`."""
        with translated(self.url):
            return counts(self._session)

    def held(self, subjects: Iterable[Loss]) -> Mapping[Loss, int]:
        """Count the rows of tables, and the values of columns that are not NULL."""
        with translated(self.url):
            return held(self._session, subjects)

    def seed(self) -> Mapping[str, int]:
        """Put a few rows into every table where that can be done."""
        from schematool.engines.postgres.seed import seed  # noqa: PLC0415  # only a proof needs rows

        with translated(self.url):
            return seed(self._session)

    def explain(self, pattern: Pattern, *, measure: bool) -> Plan:
        """Tell how the server answers a pattern; it is run where `measure` and it only reads."""
        from schematool.engines.postgres.explain import explain  # noqa: PLC0415  # only a proof asks

        try:
            return explain(self._session, pattern, measure=measure)
        except psycopg.Error as error:
            if self._session.lost:
                raise world_error(error, self.url) from None
            raise statement_error(error, pattern.query, self.url) from None

    def prepare(self, request: Request) -> Prepared:
        """Plan rows for every table and try some of each, in a transaction that is rolled back."""
        from schematool.engines.postgres.fill import prepare  # noqa: PLC0415  # only `seed` fills tables

        with translated(self.url):
            return prepare(self._session, request)

    def absent(self, link: Link, values: Sequence[str]) -> tuple[str, ...]:
        """Tell which of the values no row has."""
        from schematool.engines.postgres import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            return links.absent(self._session, link, values)

    def rows(self, link: Link) -> int | None:
        """Estimate how many keys there are; None where their order is not that of the references."""
        from schematool.engines.postgres import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            return links.estimate(self._session, link) if links.is_uuid(self._session, link) else None

    def keys(self, link: Link, after: str | None) -> Iterator[str]:
        """Stream every key in its order."""
        from schematool.engines.postgres import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            yield from links.keys(self._session, link, after)

    def partitioned(self, habit: Schedule) -> Standing | None:
        """Tell how a partitioned table stands."""
        from schematool.engines.postgres import partitions  # noqa: PLC0415  # few tables have any

        with translated(self.url):
            return partitions.standing(self._session, habit)

    def repartition(self, habit: Schedule, action: Action) -> None:
        """Make or detach a partition, or give it an index."""
        from schematool.engines.postgres import partitions  # noqa: PLC0415  # few tables have any

        with translated(self.url):
            partitions.carry_out(self._session, habit, action)

    def complete(self) -> None:
        """Give partitions that were made ahead the indexes of their table."""
        from schematool.engines.postgres import partitions  # noqa: PLC0415  # few tables have any

        with translated(self.url):
            partitions.complete(self._session)

    def survey(
        self,
        recorded: Catalog | None = None,  # noqa: ARG002  # its twin asks what an index is meant to be
        *,
        data: bool,
    ) -> tuple[Diagnostic, ...]:
        """With `data`: count the rows that would fail a constraint that was never validated."""
        from schematool.engines.postgres.unvalidated import unvalidated  # noqa: PLC0415  # not every run looks

        if not data:
            return ()
        with translated(self.url):
            return unvalidated(self._session)

    def close(self) -> None:
        """Let go of the connection."""
        self._watch.close()
        self._session.close()
