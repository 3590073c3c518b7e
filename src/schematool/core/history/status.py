"""Where each migration stands in each live store: files, lock and ledgers put side by side. Judges; changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.history.names import order
from schematool.core.history.unit import LedgerRow, Migration, Unit


class State(Enum):
    """Where one migration stands in one store."""

    APPLIED = "applied"
    PENDING = "pending"
    PARTIAL = "partial"
    """Begun and not finished, up or down."""
    EDITED = "edited"
    """Applied, and its file was changed since."""
    MISSING = "missing"
    """The lock knows it, its file is gone; applied or not (`Cell.ledger`)."""
    UNKNOWN = "unknown"
    """Applied; neither files nor lock know it: another branch, or another project's database."""
    SQUASHED = "squashed"
    """Everything that its file replaces is applied: it counts as applied, and the next run records it as such."""
    TORN = "half squashed"
    """Some of what its file replaces is applied, and some is not (`Cell.lacking`)."""
    OUT_OF_ORDER = "out of order"
    """Not applied, though a later one is."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One migration in one store. `ledger` is the row of the live store, None when it has none.

    `verified` False: applied by stock yoyo, which keeps no hash, so that an edit could not be seen.
    """

    state: State
    unit: Unit | None = None
    ledger: LedgerRow | None = None
    verified: bool = True
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One migration over the stores that were asked; a store in which it has no half has no cell."""

    id: str
    cells: Mapping[str, Cell] = field(default_factory=dict)


def status(
    migrations: Sequence[Migration],
    ledgers: Mapping[str, Sequence[LedgerRow]],
    *,
    locked: Mapping[str, Collection[str]] | None = None,
) -> tuple[Row, ...]:
    """Compare the files with the ledgers of live stores, by store name; `locked`: the stores of each id in the lock.

    One row for each id that anyone knows, in order.
    """
    by_id = {migration.id: migration for migration in migrations}
    locked = locked or {}
    rows = {store: {row.id: row for row in ledger} for store, ledger in ledgers.items()}
    ids = sorted({*by_id, *locked, *(name for ledger in rows.values() for name in ledger)}, key=order)
    newest = {store: max((order(name) for name in ledger), default=(-1, "")) for store, ledger in rows.items()}
    units = {store: {m.id: u for m in migrations if (u := m.half(store))} for store in ledgers}
    # Not ours to judge: what came before us, and what the file of another migration stands for.
    passed = {
        store: {row.id for row in before_us(ledger, {*by_id, *locked})}
        | ({name for unit in units[store].values() for name in unit.replaces} - units[store].keys())
        for store, ledger in ledgers.items()
    }
    table = []
    for name in ids:
        cells = {}
        for store, ledger in rows.items():
            if name in passed[store]:
                continue
            unit = units[store].get(name)
            known = store in locked.get(name, ())
            cell = _squashed(unit, ledger, units[store]) or _cell(
                unit, ledger.get(name), later_applied=order(name) < newest[store], locked=known
            )
            if cell:
                cells[store] = cell
        if cells:
            table.append(Row(name, cells))
    return tuple(table)


def before_us(ledger: Sequence[LedgerRow], known: Collection[str], *, adopting: bool = False) -> tuple[LedgerRow, ...]:
    """Rows of stock yoyo for migrations that this project never had, from before it took the database over.

    They have no hash and are older than the first row that has one; `adopting`: there is no such row yet.
    """
    ours = min((row.applied_at for row in ledger if row.sha256), default="")
    strange = [row for row in ledger if row.sha256 is None and row.state == "applied" and row.id not in known]
    return tuple(row for row in strange if adopting or row.applied_at < ours)


def pending(rows: Sequence[Row], store: str) -> tuple[Unit, ...]:
    """Return what a plain `migrate` would run in a store, in order: what is pending, and what was left partial."""
    cells = (row.cells[store] for row in rows if store in row.cells)
    return tuple(cell.unit for cell in cells if cell.unit and cell.state in {State.PENDING, State.PARTIAL})


def problems(rows: Sequence[Row]) -> tuple[Diagnostic, ...]:
    """Say what is not as it should be; a pending migration is no problem."""
    return tuple(found for row in rows for found in _problems(row))


def _problems(row: Row) -> Iterator[Diagnostic]:
    """One finding for all the stores of a migration that are in the same state; what was begun is told by store."""
    together: dict[tuple[State, str], list[str]] = {}
    for store, cell in row.cells.items():
        alone = cell.state in {State.PARTIAL, State.TORN}
        together.setdefault((cell.state, store if alone else ""), []).append(store)
    for stores in together.values():
        if found := _problem(row.id, " and ".join(stores), row.cells[stores[0]]):
            yield found


def _squashed(unit: Unit | None, ledger: Mapping[str, LedgerRow], units: Mapping[str, Unit]) -> Cell | None:
    """How a file that replaces others stands where the ledger has those others; None: as any other migration.

    What was squashed may be more than one file: each names the same ids, and those that are recorded are done with.
    """
    if unit is None or not unit.replaces:
        return None
    mates = {name: units[name] for name in unit.replaces if name in units and units[name].replaces == unit.replaces}
    done = {name for name, mate in mates.items() if name in ledger and ledger[name].sha256 == mate.up_sha256}
    wanted = [name for name in unit.replaces if name not in done]
    there = [name for name in wanted if name in ledger and ledger[name].state == "applied"]
    if unit.id in done or not set(there) - {unit.id}:
        return None
    own = ledger.get(unit.id)
    if there == wanted:
        return Cell(State.SQUASHED, unit, own)
    return Cell(State.TORN, unit, own, lacking=tuple(name for name in wanted if name not in there))


def _cell(unit: Unit | None, ledger: LedgerRow | None, *, later_applied: bool, locked: bool) -> Cell | None:
    if ledger is None:
        if unit is None:
            return Cell(State.MISSING) if locked else None
        return Cell(State.OUT_OF_ORDER if later_applied else State.PENDING, unit)
    if unit is None:
        return Cell(State.MISSING if locked else State.UNKNOWN, None, ledger)
    if ledger.state == "partial":
        return Cell(State.PARTIAL, unit, ledger)
    if ledger.sha256 is None:
        return Cell(State.APPLIED, unit, ledger, verified=False)
    return Cell(State.APPLIED if ledger.sha256 == unit.up_sha256 else State.EDITED, unit, ledger)


def _problem(name: str, store: str, cell: Cell) -> Diagnostic | None:
    span = cell.unit.up[0].span if cell.unit and cell.unit.up else None
    row = cell.ledger
    match cell.state:
        case State.APPLIED | State.PENDING | State.SQUASHED:
            return None
        case State.TORN:
            lacking = ", ".join(f"`{one}`" for one in cell.lacking)
            message = f"`{name}` replaces {len(cell.unit.replaces) if cell.unit else 0} migrations, "
            message += f"of which {store} lacks {lacking}"
            hint = "check out the commit before the squash, run `schematool migrate` there, and come back"
            return Diagnostic("ST421", message, span, subject=name, hint=hint)
        case State.EDITED:
            message = f"`{name}` was edited after it was applied to {store}"
            return Diagnostic("ST401", message, span, subject=name, hint=_accept(name))
        case State.MISSING if row is None:
            return None  # the lock says it, with its place
        case State.MISSING:
            message = f"`{name}` is applied to {store}, but its file is gone"
            return Diagnostic(
                "ST402",
                message,
                subject=name,
                hint="restore it from version control; `schematool rollback` then takes it back if it is not wanted",
            )
        case State.UNKNOWN:
            message = f"`{name}` is applied to {store}, but this project has never had it"
            hint = "use the branch that has it, or check that this is the right database"
            return Diagnostic("ST402", message, subject=name, hint=hint)
        case State.OUT_OF_ORDER:
            message = f"`{name}` is not applied to {store}, but a later migration is"
            hint = (
                f"rename its files to the next free number and run `schematool lock`, "
                f"or apply it knowingly with `schematool migrate {name}`"
            )
            return Diagnostic("ST403", message, span, subject=name, hint=hint)
        case State.PARTIAL:
            done = f"{row.done} of {row.total} commands {'done' if row.direction == 'up' else 'undone'}" if row else ""
            doubt = f", command {row.in_doubt + 1} in doubt" if row and row.in_doubt is not None else ""
            message = f"`{name}` was begun in {store} and not finished: {done}{doubt}"
            hint = "run `schematool migrate`" if row and row.direction == "up" else "run `schematool rollback`"
            return Diagnostic("ST404", message, span, subject=name, hint=hint, severity=Severity.WARNING)


def _accept(name: str) -> str:
    return f"restore it from version control, or accept it with `schematool lock {name} --env NAME`"
