"""`migrate`: plan, show, ask, apply what is pending in both stores, verify after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from schematool.app import locking
from schematool.app.hazard import require
from schematool.app.history import read_history, whole
from schematool.app.losing import lost
from schematool.app.manner import Manner
from schematool.app.report import Danger, Report
from schematool.app.servers import opened_stores
from schematool.app.squashed import record_squashed
from schematool.app.standing import Half, Standing, require_sound, stand, up_to
from schematool.app.workspace import Workspace
from schematool.core.codes import row
from schematool.core.config import STORES
from schematool.core.errors import SchematoolError
from schematool.core.history.status import State
from schematool.core.secret import Url
from schematool.core.step import Hazard
from schematool.engines.contract import Engine, Listener, Partitioner

if TYPE_CHECKING:
    from schematool.app.verify import VerifyReport


@dataclass(frozen=True, slots=True)
class Move:
    """One half of a migration that is applied or taken back: its statements, its dangers, the time it took."""

    id: str
    store: str
    statements: tuple[str, ...]
    transactional: bool = True
    dangers: tuple[Danger, ...] = ()
    note: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateReport(Report):
    """What is to be applied (`moves` without a time), or was. `verified`: the comparison afterwards."""

    command: ClassVar[str] = "migrate"

    env: str
    stores: Mapping[str, Url]
    moves: tuple[Move, ...] = ()
    done: bool = False
    dry_run: bool = False
    seconds: float = 0.0
    verified: VerifyReport | None = None


def run(workspace: Workspace, until: str | None, manner: Manner) -> MigrateReport:
    """Apply all up to `until`. Raises `Refused` before anything is touched, `WorldError` with the state after."""
    history = read_history(workspace, whole=False)
    locking.require_intact(workspace, history)
    last = history.find(until).id if until else None
    with opened_stores(workspace, locking.used_stores(workspace, history)) as engines:
        pending = _pending(stand(workspace, history, engines), last)
        halves = _whole(workspace, pending)
        plan = _plan(workspace, engines, halves)
        if manner.dry_run or not halves:
            return replace(plan, dry_run=manner.dry_run, done=not halves)
        _consider(engines, halves, manner)
        count = len({half.id for half in halves})
        manner.confirm(plan, f"Apply {count} migration{'' if count == 1 else 's'} to {workspace.target.name}?")
        started = perf_counter()
        with locked(engines, workspace, manner):
            standing = stand(workspace, history, engines)
            if (now := _pending(standing, last)) != pending:
                halves = _whole(workspace, now)
            record_squashed(workspace, standing, engines)
            moves = tuple(_applied(halves, engines, manner.listen))
            for engine in engines.values():
                # The files know only the partitions that are declared; an index of theirs is for all.
                if isinstance(engine, Partitioner):
                    engine.complete()
            from schematool.app.verify import verify  # noqa: PLC0415  # with nothing to do there is nothing to compare

            # Under the lock: what the next run does would be taken for a difference.
            verified = verify(workspace, history, engines)
        return replace(
            _plan(workspace, engines, halves),
            ok=verified.ok,
            diagnostics=verified.diagnostics,
            moves=moves,
            done=True,
            seconds=perf_counter() - started,
            verified=verified,
            hint=verified.hint,
        )


@contextmanager
def locked(engines: Mapping[str, Engine], workspace: Workspace, manner: Manner) -> Iterator[None]:
    """Hold the migration locks of all stores, always Postgres first, so that two runs cannot wait for each other."""
    wait_seconds = workspace.config.lock_timeout if manner.lock_timeout is None else manner.lock_timeout
    with ExitStack() as stack:
        for store in STORES:
            if store in engines:
                stack.enter_context(engines[store].lock(wait_seconds=wait_seconds))
        yield


def _pending(standing: Standing, until: str | None) -> tuple[Half, ...]:
    """The halves to apply, Postgres before Mongo in each migration; refuses a history that does not match."""
    require_sound(standing, asked_for=until)
    halves = standing.halves(State.PENDING, State.PARTIAL, State.OUT_OF_ORDER, State.SQUASHED)
    return tuple(h for h in up_to(halves, until) if h.cell.state is not State.OUT_OF_ORDER or h.id == until)


def _whole(workspace: Workspace, halves: tuple[Half, ...]) -> tuple[Half, ...]:
    """Read the statements of what is to be applied; those of a thousand applied migrations are nobody's business."""
    units = iter(whole(workspace, [half.unit for half in halves if half.unit]))
    return tuple(replace(h, cell=replace(h.cell, unit=next(units))) if h.unit else h for h in halves)


def _plan(workspace: Workspace, engines: Mapping[str, Engine], halves: tuple[Half, ...]) -> MigrateReport:
    return MigrateReport(
        env=workspace.target.name,
        stores={store: engine.url for store, engine in engines.items()},
        moves=tuple(_move(half) for half in halves if half.unit),
    )


def _move(half: Half) -> Move:
    """What a file will do. Its consents were given when it was written, and reviewed; they are shown again here."""
    unit, note = half.unit, half.note
    if unit is None or half.cell.state is State.SQUASHED:
        return Move(half.id, half.store, (), note=f"recorded, not run: {note}", seconds=0.0)
    dangers = tuple(Danger(c.code, row(c.code).permit, unit.id, c.because) for c in unit.consents)
    note = note or ("" if unit.up else "there is nothing in it")
    return Move(unit.id, unit.store, tuple(c.text for c in unit.up), unit.transactional, dangers, note)


def _consider(engines: Mapping[str, Engine], halves: tuple[Half, ...], manner: Manner) -> None:
    """Ask consent for rows that an unmarked file would delete; a marked file had its consent in review."""
    run = [h for h in halves if h.cell.state is not State.SQUASHED]
    unmarked = [h for h in run if h.unit and all(c.code != "ST201" for c in h.unit.consents)]
    hazards: list[Hazard] = []
    for store in (s for s in STORES if any(half.store == s for half in unmarked)):
        texts = [c.text for half in unmarked if half.store == store and half.unit for c in half.unit.up]
        hazards += lost(engines[store], texts)
    require(hazards, manner.allowed, manner.command, "nothing was changed")


def _applied(halves: tuple[Half, ...], engines: Mapping[str, Engine], listen: Listener) -> Iterator[Move]:
    finished: list[str] = []
    for half in halves:
        if half.unit is None:
            continue
        if half.cell.state is State.SQUASHED:
            yield _move(half)
            continue
        began = perf_counter()
        try:
            engines[half.store].apply(half.unit, listen)
        except SchematoolError as error:
            error.state = error.state or _state(finished, half)
            raise
        finished.append(f"{half.id} ({half.store})")
        yield replace(_move(half), seconds=perf_counter() - began)


def _state(finished: list[str], half: Half) -> str:
    before = f"{', '.join(finished)} applied" if finished else "no migration was applied"
    atomic = half.unit is not None and half.unit.transactional and half.store == "postgres"
    after = "was rolled back" if atomic else "may be partial; the ledger says how far it came"
    return f"{before}; {half.id} ({half.store}) {after}"
