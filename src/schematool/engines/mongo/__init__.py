"""MongoDB behind the engine contract. Importing this package imports pymongo; nobody else does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.history.loss import Loss
from schematool.core.history.unit import LedgerRow, Unit
from schematool.core.secret import Url
from schematool.engines.contract import Check, Checkup, Damage, Foreign, Inspection, Kept, Listener, Prepared, Request
from schematool.engines.mongo import journal, lease, scratch
from schematool.engines.mongo.failure import translated
from schematool.engines.mongo.server import Server, reach
from schematool.engines.mongo.stopping import stopping

if TYPE_CHECKING:
    from schematool.core.author.inference import Shape
    from schematool.core.catalog import Catalog
    from schematool.core.links import Link
    from schematool.core.patterns.model import Pattern, Plan
    from schematool.engines.contract import Batch
    from schematool.engines.mongo.apply import Run


class MongoEngine:
    """One live MongoDB database. Reading needs the role `read`, migrating a replica set of one node or more."""

    store = "mongo"

    def __init__(self, server: Server, *, throwaway: bool = False) -> None:
        self._server = server
        self._throwaway = throwaway
        self._lease: lease.Lease | None = None
        self.url: Url = server.url
        self.version: str = server.version

    def inspect(self) -> Inspection:
        """Read the whole catalog; schematool's own collections are left out."""
        from schematool.engines.mongo import inspect as inspecting  # noqa: PLC0415  # not every run reads

        with translated(self.url):
            return inspecting.inspect(self._server)

    def ledger(self) -> tuple[LedgerRow, ...]:
        """Read what was applied here, oldest first. Creates nothing."""
        return journal.rows(self._server)

    def damages(self, units: Sequence[Unit]) -> tuple[Damage, ...]:
        """Find what no run leaves so in the ledger."""
        from schematool.engines.mongo.damage import damages  # noqa: PLC0415  # not every run asks

        with translated(self.url):
            return damages(self._server, units)

    def mend(self, statements: Sequence[str]) -> None:
        """Run cures of `damages`, one document after the other."""
        from schematool.engines.mongo.damage import mend  # noqa: PLC0415  # only `repair` asks

        self._under_lock()
        with translated(self.url):
            mend(self._server, statements)

    def foreign(self) -> tuple[Foreign, ...]:
        """Find the ledgers of other tools."""
        from schematool.engines.mongo.foreign import foreign  # noqa: PLC0415  # few commands ask

        with translated(self.url):
            return foreign(self._server)

    def lock(self, *, wait_seconds: float) -> AbstractContextManager[None]:
        """Hold the migration lock of this database."""
        return lease.held(self._server, wait_seconds, self._keep)

    def apply(self, unit: Unit, listen: Listener) -> None:
        """Run a unit's commands that are not done yet; nothing for a unit that is applied."""
        run = self._run(unit, listen)
        with stopping(self._server, unit):
            run.apply()

    def roll_back(self, unit: Unit, listen: Listener) -> None:
        """Take a unit back, also one that was stopped on the way; nothing for a unit that is not on the ledger."""
        run = self._run(unit, listen)
        with stopping(self._server, unit):
            run.roll_back()

    def adopt(self, unit: Unit, gone: Sequence[str] = ()) -> None:
        """Record a unit as applied without running it; forget those that it stands for."""
        self._run(unit, lambda _: None).adopt(gone)

    @contextmanager
    def scratch(self) -> Iterator[MongoEngine]:
        """Make a throwaway, empty database on this server. On it nothing needs a lock: nobody else knows its name."""
        with scratch.scratch(self._server) as server:
            yield MongoEngine(server, throwaway=True)

    def scratches(self) -> tuple[str, ...]:
        """Name the scratch databases that are on this server now; never removes one."""
        return scratch.leftovers(self._server)

    def run(self, statements: Sequence[str]) -> None:
        """Run commands as they are, outside of any migration."""
        from schematool.engines.mongo import build as building  # noqa: PLC0415  # only scratch databases are built

        building.run(self._server, statements)

    def build(self, statements: Sequence[tuple[str, str]]) -> tuple[tuple[str, Exception], ...]:
        """Run (key, command) pairs in whatever order works; gives those that never did."""
        from schematool.engines.mongo import build as building  # noqa: PLC0415  # only scratch databases are built

        return building.build(self._server, statements)

    def sample(self, collection: str, size: int, *, texts: bool) -> Shape:
        """Look at up to `size` documents: kinds of values by field, and with `texts` those of which there are few."""
        from schematool.engines.mongo.sample import sample  # noqa: PLC0415  # only `import` looks at documents

        with translated(self.url):
            return sample(self._server, collection, size, texts=texts)

    def counts(self) -> Mapping[str, int]:
        """Count the documents of every collection, exactly."""
        from schematool.engines.mongo import seed  # noqa: PLC0415  # not every run looks at documents

        with translated(self.url):
            return seed.counts(self._server)

    def held(self, subjects: Iterable[Loss]) -> Mapping[Loss, int]:
        """Count the documents of collections, those that have a field, are too old, or have no room."""
        from schematool.engines.mongo.held import held  # noqa: PLC0415  # not every run looks at documents

        with translated(self.url):
            return held(self._server, subjects)

    def seed(self) -> Mapping[str, int]:
        """Put a few documents that satisfy the validator into every collection where that can be done."""
        from schematool.engines.mongo import seed  # noqa: PLC0415  # not every run looks at documents

        with translated(self.url):
            return seed.seed(self._server)

    def prepare(self, request: Request) -> Prepared:
        """Plan documents for every collection and show some of each to its validator."""
        from schematool.engines.mongo.fill import prepare  # noqa: PLC0415  # only `seed` fills collections

        with translated(self.url):
            return prepare(self._server, request)

    def kept(self) -> tuple[Kept, ...]:
        """List the collections that migrations put aside."""
        from schematool.engines.mongo import trash  # noqa: PLC0415  # few commands ask

        with translated(self.url):
            return trash.kept(self._server)

    def purge(self, names: Sequence[str]) -> None:
        """Delete for good what is put aside under these names."""
        from schematool.engines.mongo import trash  # noqa: PLC0415  # few commands ask

        self._under_lock()
        with translated(self.url):
            trash.purge(self._server, names, self._lease.check if self._lease else lambda: None)

    def survey(self, recorded: Catalog | None = None, *, data: bool) -> tuple[Diagnostic, ...]:
        """Tell what migrations left behind or half done; with `data` also documents that are not as they must be."""
        from schematool.engines.mongo.survey import survey  # noqa: PLC0415  # not every run looks

        with translated(self.url):
            return survey(self._server, recorded, data=data)

    def connection(self) -> Check:
        """Whether the way to the server is protected."""
        from schematool.engines.mongo.checkup import connection  # noqa: PLC0415  # as below

        return connection(self._server)

    def examine(self) -> Checkup:
        """Look at server, user, rights, locks and leftovers."""
        from schematool.engines.mongo.checkup import examine  # noqa: PLC0415  # only `doctor` asks

        with translated(self.url):
            return examine(self._server)

    def explain(self, pattern: Pattern, *, measure: bool) -> Plan:
        """Tell how the server answers a pattern; it is run where `measure`."""
        from schematool.engines.mongo.explain import explain  # noqa: PLC0415  # only a proof asks

        with translated(self.url):
            return explain(self._server, pattern, measure=measure)

    def classes(self, link: Link) -> Mapping[str, int]:
        """Count the values of a reference by what they are."""
        from schematool.engines.mongo import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            return links.classes(self._server, link)

    def distinct(self, link: Link) -> tuple[str, ...] | None:
        """Read the values of a reference, where they are few."""
        from schematool.engines.mongo import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            return links.distinct(self._server, link)

    def is_sorted(self, link: Link) -> bool:
        """Say whether `batches` come in the order of their values."""
        from schematool.engines.mongo import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            return links.is_sorted(self._server, link)

    def batches(self, link: Link, after: str | None) -> Iterator[Batch]:
        """Read all values of a reference."""
        from schematool.engines.mongo import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            yield from links.batches(self._server, link, after)

    def holders(self, link: Link, values: Sequence[str], most: int) -> tuple[int, tuple[str, ...]]:
        """Count the documents that refer to one of the values now."""
        from schematool.engines.mongo import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            return links.holders(self._server, link, values, most)

    def holding(self, link: Link, values: Sequence[str]) -> Iterator[str]:
        """Name all documents that refer to one of the values now."""
        from schematool.engines.mongo import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            yield from links.holding(self._server, link, values)

    def absent(self, link: Link, values: Sequence[str]) -> tuple[str, ...]:
        """Tell which of the values no document has."""
        from schematool.engines.mongo import links  # noqa: PLC0415  # only `verify --data` asks

        with translated(self.url):
            return links.absent(self._server, link, values)

    def close(self) -> None:
        """Close the connections; those of a scratch database are its parent's."""
        if not self._throwaway:
            self._server.client.close()

    def _keep(self, held: lease.Lease | None) -> None:
        self._lease = held

    def _run(self, unit: Unit, listen: Listener) -> Run:
        from schematool.engines.mongo.apply import Run  # noqa: PLC0415  # most runs have nothing to apply

        self._under_lock()
        return Run(self._server, unit, self._lease, listen)

    def _under_lock(self) -> None:
        if self._lease is None and not self._throwaway:
            raise WorldError(Diagnostic("ST502", "a migration is only run under the lock of its database"))


def connect(url: Url) -> MongoEngine:
    """Connect to the database that the URL names; `InputError` for a URL that names none."""
    return MongoEngine(reach(url))
