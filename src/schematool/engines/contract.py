"""What an engine is: one live store, of either kind, behind the same few methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from schematool.core.catalog import Catalog
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.history.loss import Loss
from schematool.core.history.unit import LedgerRow, Unit
from schematool.core.secret import Url
from schematool.core.timeouts import DEFAULTS, Timeouts

if TYPE_CHECKING:
    from schematool.core.links import Link
    from schematool.core.partitions import Action, Moment, Part, Schedule
    from schematool.core.patterns.model import Pattern, Plan
    from schematool.core.seed.demand import Source
    from schematool.core.seed.wish import Target, Wished


@dataclass(frozen=True, slots=True)
class Began:
    """A command of a unit is about to run: `index` of `total`, 0-based."""

    unit: str
    store: str
    index: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The command ran; `seconds` as the client saw it, `rows` (or documents) that it wrote, None for one on schema."""

    unit: str
    store: str
    index: int
    total: int
    text: str
    seconds: float
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something holds us up: who has the lock, or what a long statement is doing, and for how many seconds it has."""

    unit: str
    store: str
    what: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """What will be filled, by name: the lines of a run are as wide as the longest."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filling:
    """Rows or documents are being made: `rows` of `total` of `name` are there, `seconds` after it began."""

    store: str
    name: str
    rows: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Counted:
    """Long work goes on: `done` of `total` of what `what` names."""

    what: str
    done: int
    total: int


Event: TypeAlias = Began | Ended | Waiting | Announced | Filling | Counted
Listener: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Inspection:
    """One reading of a live store: what the model holds, and what it does not (each a finding)."""

    catalog: Catalog
    unmodelled: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Damage:
    """Something in a live ledger that no run leaves so. `id`: the migration, or the table that cannot be read.

    `cure`: statements on the ledger alone that put it right; empty where nobody can say what is right. `instead`: those
    that take the migration off the ledger, where only the database can say which of the two is true.
    """

    id: str
    store: str
    what: str
    cure: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Foreign:
    """The ledger of another migration tool in a live database: read, never written.

    `table`: where it is kept. `owned`: every table or collection that belongs to it, as `exclude` would name them.
    `applied`: how many migrations it says are applied, None where it only keeps the newest. `trouble`: why it cannot be
    built upon (failed, half applied, locked), None when all is well.
    """

    tool: str
    store: str
    table: str
    owned: tuple[str, ...] = ()
    applied: int | None = None
    head: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A collection that a migration put aside: `name` is what it is called now, `age_seconds` by the server's clock.

    `age_seconds` is None where no ledger says when it was put aside.
    """

    name: str
    collection: str
    migration: str
    documents: int
    bytes: int
    age_seconds: float | None = None


class Health(Enum):
    """How something that was looked at is."""

    OK = "ok"
    NOTE = "note"
    """Good to know; nothing is wrong."""
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `doctor` looked at: what it found, the code of what is not well, and what to do about it."""

    subject: str
    health: Health
    text: str
    code: str = ""
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that was looked at in one store, and the statements that make a role for each purpose, none of which ran."""

    checks: tuple[Check, ...]
    reader: tuple[str, ...] = ()
    migrator: tuple[str, ...] = ()


CLOCK_SECONDS = 5.0
"""How far the clock of a server may be from ours before that is worth a word."""


@runtime_checkable
class Keeper(Protocol):
    """An engine whose migrations put collections aside instead of dropping them."""

    def kept(self) -> tuple[Kept, ...]:
        """What is put aside, in order of names. Reads only."""
        ...

    def purge(self, names: Sequence[str]) -> None:
        """Delete for good what is put aside under these names, and nothing else. Must be called under `lock`."""
        ...


@runtime_checkable
class Surveyor(Protocol):
    """An engine that sees more in a live store than its catalog says."""

    def survey(self, recorded: Catalog | None = None, *, data: bool) -> tuple[Diagnostic, ...]:
        """What migrations left behind or half done; with `data` also documents that are not as they must be.

        `recorded`: what the migrations say; what is meant to be so is nothing that was left.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What `seed` is asked for. `wished`: by `schema.table` or collection; `counts`: rows of each, 0 to leave it alone.

    `elsewhere`: what fields of the other store hold; `pointed`: fields that the other store points at.
    """

    seed: int
    wished: Mapping[str, Wished]
    counts: Callable[[str], int]
    elsewhere: Callable[[Target], Source | None]
    pointed: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What will be made of one table or collection: `rows`, or none and why. `notes`: what is given up."""

    name: str
    rows: int
    refused: str | None = None
    notes: tuple[str, ...] = ()


class Prepared(Protocol):
    """Rows that were planned and tried, and left nothing behind."""

    @property
    def outlook(self) -> tuple[Outlook, ...]:
        """What will be made, in the order of making."""
        ...

    def source(self, name: str, field: str) -> Source | None:
        """What a field will hold, for references from the other store; None where that is not known."""
        ...

    def fill(self, listen: Listener) -> None:
        """Make it all, or leave the database as it was: `WorldError` with what the server said."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Values of references, neighbours that are alike once; `seen` of them were read, up to `position`."""

    values: tuple[str, ...]
    seen: int
    position: str


@runtime_checkable
class Referring(Protocol):
    """An engine whose documents refer to things that no server keeps there. Reads only."""

    def classes(self, link: Link) -> Mapping[str, int]:
        """Count the values: `canonical`, `other spelling`, `malformed`, `wrong type`, `null`, `missing`."""
        ...

    def distinct(self, link: Link) -> tuple[str, ...] | None:
        """The values, where an index has them and they are few; else None."""
        ...

    def is_sorted(self, link: Link) -> bool:
        """Whether `batches` come in the order of their values."""
        ...

    def batches(self, link: Link, after: str | None) -> Iterator[Batch]:
        """All values that can refer to something, those beyond the position `after`."""
        ...

    def holders(self, link: Link, values: Sequence[str], most: int) -> tuple[int, tuple[str, ...]]:
        """How many documents refer to one of the values now, and the ids of at most `most` of them."""
        ...

    def holding(self, link: Link, values: Sequence[str]) -> Iterator[str]:
        """The ids of all documents that refer to one of the values now, as a stream."""
        ...


@runtime_checkable
class ReferredTo(Protocol):
    """An engine that can tell which of many keys it has. Reads only."""

    def absent(self, link: Link, values: Sequence[str]) -> tuple[str, ...]:
        """Those of the values that nothing has, in their order."""
        ...


@runtime_checkable
class Ordered(Protocol):
    """An engine that streams all keys in the order of the values of references."""

    def rows(self, link: Link) -> int | None:
        """About how many keys there are; None where they cannot be streamed in that order."""
        ...

    def keys(self, link: Link, after: str | None) -> Iterator[str]:
        """Every key beyond `after`."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How a partitioned table stands: its partitions, the server's time (UTC), and what it lacks.

    `waiting`: rows in the default partition by the period that they belong to. `lacking`: indexes of the table that
    partitions have not. `detached`: tables that were partitions of it, and were kept.
    """

    parts: tuple[Part, ...]
    now: Moment
    waiting: Mapping[Moment, int]
    lacking: tuple[Action, ...] = ()
    detached: tuple[str, ...] = ()


@runtime_checkable
class Partitioner(Protocol):
    """An engine whose tables have partitions that are made ahead."""

    url: Url

    def partitioned(self, habit: Schedule) -> Standing | None:
        """How the table stands; None where it is not partitioned here. Reads only."""
        ...

    def complete(self) -> None:
        """Give every partition that was made ahead the indexes that its table was given since, online."""
        ...

    def repartition(self, habit: Schedule, action: Action) -> None:
        """Do one thing, wholly or not at all. Must be called under `lock`."""
        ...


class Engine(Protocol):
    """One live database. Reading needs no more than a read-only role; nothing is created by reading.

    Raises `WorldError` when the server cannot be reached or refuses, with masked text.
    """

    store: str
    url: Url

    @property
    def version(self) -> str:
        """The server's version, e.g. `18.6`."""
        ...

    def inspect(self) -> Inspection:
        """Read the whole catalog, in normal form, in one consistent snapshot; schematool's own tables are left out."""
        ...

    def ledger(self) -> tuple[LedgerRow, ...]:
        """What was applied here, oldest first; empty when nothing ever was. Creates nothing."""
        ...

    def damages(self, units: Sequence[Unit]) -> tuple[Damage, ...]:
        """Find what no run leaves so in the ledger: rows that were changed or taken out by hand. Reads only.

        `units`: the project's, to judge by and to mend from; those without commands are judged by less.
        """
        ...

    def mend(self, statements: Sequence[str]) -> None:
        """Run cures of `damages`, all of them or none where the store can. Must be called under `lock`."""
        ...

    def foreign(self) -> tuple[Foreign, ...]:
        """Which other tools migrated this database so far, by the ledgers that they left in it. Reads only."""
        ...

    def lock(self, *, wait_seconds: float) -> AbstractContextManager[None]:
        """Hold the one migration lock of this database; names the holder when the wait is over."""
        ...

    def apply(self, unit: Unit, listen: Listener) -> None:
        """Run a unit's up commands and record it; with its ledger row in the same transaction where there is one.

        Resumes a unit that was left partial. Must be called under `lock`.
        """
        ...

    def roll_back(self, unit: Unit, listen: Listener) -> None:
        """Run a unit's down commands and take it off the ledger, with the same care."""
        ...

    def adopt(self, unit: Unit, gone: Sequence[str] = ()) -> None:
        """Record a unit as applied without running it; in the same breath forget those that it stands for."""
        ...

    def scratch(self) -> AbstractContextManager[Engine]:
        """Make a throwaway, empty database on this server, and drop it at the end."""
        ...

    def run(self, statements: Sequence[str]) -> None:
        """Run statements as they are, outside of any migration, stopping at the first that fails."""
        ...

    def build(self, statements: Sequence[tuple[str, str]]) -> tuple[tuple[str, Exception], ...]:
        """Run (key, statement) pairs in whatever order works: what fails for want of another is tried again.

        Returns the pairs that can never work, each with the server's last word (a `StatementError`).
        """
        ...

    def connection(self) -> Check:
        """Whether the way to the server is protected, as far as it leaves this machine."""
        ...

    def examine(self) -> Checkup:
        """Look at server, role, rights, locks and leftovers. Reads only."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Exact number of rows or documents by `schema.table` or collection name."""
        ...

    def held(self, subjects: Iterable[Loss]) -> Mapping[Loss, int]:
        """Exact number of what would go with each subject, before it goes.

        The rows of a table, the values of a column that are not NULL, the documents of a collection, those that have
        a field (a dotted path) or are too old; of a capped collection about as many as have no room. A subject that is
        not there is left out.
        """
        ...

    def seed(self) -> Mapping[str, int]:
        """Put a few rows that satisfy the constraints into every table or collection where that can be done.

        Returns the number put in, by the same names as `counts`. Only ever called on a scratch database.
        """
        ...

    def explain(self, pattern: Pattern, *, measure: bool) -> Plan:
        """Ask for the plan of a pattern; with `measure` it is run, in a way that changes nothing.

        Values for its parameters are its examples, or come from a row that it finds; they are in no part of the plan.
        Raises `StatementError` where the server refuses the query.
        """
        ...

    def prepare(self, request: Request) -> Prepared:
        """Plan rows for every table or collection and try some of each, without a trace."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


SCHEMES: Mapping[str, str] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "postgresql+psycopg": "postgres",
    "mongodb": "mongo",
    "mongodb+srv": "mongo",
}
"""URL schemes and the store they name."""


def store_of(url: Url) -> str:
    """The store that a URL's scheme names; `InputError` when it names none."""
    try:
        return SCHEMES[url.scheme]
    except KeyError:
        raise InputError(
            Diagnostic(
                "ST003",
                f"`{url.scheme or url}` is not the scheme of a database URL",
                hint="use postgresql://user@host/database or mongodb://host/database",
            )
        ) from None


def open_engine(url: Url, timeouts: Timeouts = DEFAULTS) -> Engine:
    """Connect to the database at `url`; imports the driver of that scheme only.

    `timeouts`: how long a statement of a migration may wait and take, where the store is PostgreSQL.
    """
    if store_of(url) == "postgres":
        from schematool.engines.postgres import connect as connect_postgres  # noqa: PLC0415  # drivers load lazily

        return connect_postgres(url, timeouts)
    from schematool.engines.mongo import connect as connect_mongo  # noqa: PLC0415  # drivers load lazily

    return connect_mongo(url)
