"""Where the databases of an environment stand: their ledgers beside the migration files and the lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schematool.app import locking
from schematool.app.history import History
from schematool.app.workspace import Workspace
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.errors import Refused
from schematool.core.history.names import order
from schematool.core.history.status import Cell, Row, State, problems, status
from schematool.core.history.unit import LedgerRow, Unit
from schematool.engines.contract import Damage, Engine

DONE = (State.APPLIED, State.EDITED, State.SQUASHED)


@dataclass(frozen=True, slots=True)
class Half:
    """One store's half of a migration, as it stands."""

    id: str
    store: str
    cell: Cell

    @property
    def unit(self) -> Unit | None:
        """Its files."""
        return self.cell.unit

    @property
    def note(self) -> str:
        """What there is to say about its state."""
        row = self.cell.ledger
        match self.cell.state:
            case State.PARTIAL if row:
                doubt = "" if row.in_doubt is None else f", command {row.in_doubt + 1} in doubt"
                return f"{row.done} of {row.total} {'done' if row.direction == 'up' else 'undone'}{doubt}"
            case State.EDITED if row and row.sha256 and self.unit:
                return f"applied {_minute(row.applied_at)} as {row.sha256[:8]}…, the file is {self.unit.up_sha256[:8]}…"
            case State.SQUASHED if self.unit:
                return f"applied as the {len(self.unit.replaces)} that it replaces"
            case State.TORN:
                return f"lacks {', '.join(self.cell.lacking)}"
            case State.MISSING | State.UNKNOWN if row:
                return f"applied {_minute(row.applied_at)}, no file"
            case State.MISSING:
                return "in schematool.lock, no file"
            case State.APPLIED if not self.cell.verified:
                return "applied by yoyo, which keeps no hash"
            case _:
                return ""


def _minute(time: str) -> str:
    """`2026-11-23 01:24`: nobody looks for the microseconds."""
    return time[:16].replace("T", " ")


@dataclass(frozen=True, slots=True)
class Standing:
    """Every migration that a file or a ledger knows, in order; the ledgers themselves, and what is wrong with them."""

    rows: tuple[Row, ...]
    ledgers: Mapping[str, tuple[LedgerRow, ...]] = field(default_factory=dict)
    damages: tuple[Damage, ...] = ()

    def halves(self, *states: State) -> tuple[Half, ...]:
        """The halves in one of these states: in order, Postgres first."""
        return tuple(
            Half(row.id, store, cell)
            for row in self.rows
            for store in STORES
            if (cell := row.cells.get(store)) and cell.state in states
        )

    def applied_units(self, store: str) -> tuple[Unit, ...]:
        """The units that a store has all of, as their files are now."""
        return tuple(h.unit for h in self.halves(*DONE) if h.store == store and h.unit)

    def problems(self) -> tuple[Diagnostic, ...]:
        """Everything that is not as it should be; of a row that was tampered with, that alone."""
        hint = "`schematool repair --plan` says what is to be done"
        tampered = tuple(
            Diagnostic(
                "ST423", f"the ledger of {d.store} was changed by hand: `{d.id}`: {d.what}", hint=hint, subject=d.id
            )
            for d in self.damages
        )
        names = {damage.id for damage in self.damages}
        return (*tampered, *(problem for problem in problems(self.rows) if problem.subject not in names))


def stand(workspace: Workspace, history: History, engines: Mapping[str, Engine]) -> Standing:
    """Read the ledgers and put them beside the files."""
    ledgers = {store: engine.ledger() for store, engine in engines.items()}
    rows = status(history.migrations, ledgers, locked=locking.locked_halves(workspace, history))
    damages = tuple(one for store, engine in engines.items() for one in engine.damages(history.units(store)))
    return Standing(rows, ledgers, damages)


def require_sound(standing: Standing, *, asked_for: str | None = None) -> None:
    """Refuse to go on over a history that does not match; a late migration may be asked for by its id."""
    found = [
        problem
        for problem in standing.problems()
        if problem.severity is Severity.ERROR and not (problem.code == "ST403" and problem.subject == asked_for)
    ]
    if found:
        raise Refused(*found, state="nothing was changed")


def up_to(halves: tuple[Half, ...], last: str | None) -> tuple[Half, ...]:
    """Keep the halves up to and including a migration."""
    return halves if last is None else tuple(h for h in halves if order(h.id) <= order(last))
