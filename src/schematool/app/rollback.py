"""`rollback`: the newest migrations taken back, Mongo before Postgres, after telling what would be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import ClassVar

from schematool.app import locking
from schematool.app.hazard import danger, require
from schematool.app.history import read_history
from schematool.app.losing import lost
from schematool.app.manner import Manner
from schematool.app.migrate import Move, locked
from schematool.app.report import Danger, Report
from schematool.app.servers import opened_stores
from schematool.app.squashed import record_squashed
from schematool.app.standing import Half, Standing, require_sound, stand
from schematool.app.verify import VerifyReport, verify
from schematool.app.workspace import Workspace
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError, Refused, SchematoolError
from schematool.core.history.loss import fetched_back
from schematool.core.history.names import order
from schematool.core.history.status import State
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.core.step import Hazard
from schematool.engines.contract import Engine, Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackReport(Report):
    """What is to be taken back (`moves` without a time), or was; dangers say what it deletes."""

    command: ClassVar[str] = "rollback"

    env: str
    stores: Mapping[str, Url]
    moves: tuple[Move, ...] = ()
    done: bool = False
    dry_run: bool = False
    seconds: float = 0.0
    verified: VerifyReport | None = None


def run(workspace: Workspace, manner: Manner, *, count: int | None, to: str | None) -> RollbackReport:
    """Take back `count` migrations, or all after `to`. Refuses what has no way back and what deletes rows unasked."""
    if count is not None and to is not None:
        raise InputError(Diagnostic("ST009", "give a number or --to, not both"))
    history = read_history(workspace)
    last = history.find(to).id if to else None
    with opened_stores(workspace, locking.used_stores(workspace, history)) as engines:
        halves = _chosen(stand(workspace, history, engines), count or 1, last)
        plan = _plan(workspace, engines, halves)
        if manner.dry_run or not halves:
            return replace(plan, dry_run=manner.dry_run, done=not halves)
        _consider(plan, manner)
        number = len({half.id for half in halves})
        manner.confirm(plan, f"Roll back {number} migration{'' if number == 1 else 's'} of {workspace.target.name}?")
        started = perf_counter()
        with locked(engines, workspace, manner):
            standing = stand(workspace, history, engines)
            again = _chosen(standing, count or 1, last)
            if [(h.store, h.id) for h in again] != [(h.store, h.id) for h in halves]:
                raise Refused(
                    Diagnostic("ST502", "another run changed the database meanwhile", hint="look again and repeat"),
                    state="nothing was changed",
                )
            record_squashed(workspace, standing, engines)
            moves = tuple(_rolled_back(again, plan.moves, engines, manner.listen))
            verified = verify(workspace, history, engines)  # under the lock, as in `migrate`
        return replace(
            plan,
            ok=verified.ok,
            diagnostics=verified.diagnostics,
            moves=moves,
            done=True,
            seconds=perf_counter() - started,
            verified=verified,
        )


def _chosen(standing: Standing, count: int, to: str | None) -> tuple[Half, ...]:
    """The halves to take back: newest migration first, Mongo before Postgres."""
    require_sound(standing)
    done = {(half.id, half.store): half for half in standing.halves(State.APPLIED, State.SQUASHED, State.PARTIAL)}
    ids = sorted({name for name, _ in done}, key=order, reverse=True)
    ids = [name for name in ids if order(name) > order(to)] if to else ids[:count]
    halves = [half for name in ids for store in reversed(STORES) if (half := done.get((name, store)))]
    stuck = [half for half in halves if half.unit is None or half.unit.down is None]
    if stuck:
        raise Refused(
            *(
                Diagnostic("ST412", f"{half.id} has no rollback in {half.store}", hint="write its .rollback file")
                for half in stuck
            ),
            state="nothing was changed",
        )
    return tuple(halves)


def _plan(workspace: Workspace, engines: Mapping[str, Engine], halves: tuple[Half, ...]) -> RollbackReport:
    return RollbackReport(
        env=workspace.target.name,
        stores={store: engine.url for store, engine in engines.items()},
        moves=tuple(_move(half.unit, engines[half.store]) for half in halves if half.unit),
    )


def _move(unit: Unit, engine: Engine) -> Move:
    statements = tuple(command.text for command in unit.down or ())
    dangers = [danger(hazard) for hazard in lost(engine, statements)]
    dangers += [
        Danger("ST202", None, unit.id, "what went with this migration comes back empty")
        for consent in unit.consents
        if consent.code == "ST201"
    ]
    back = [name for text in statements if (name := fetched_back(text))]
    note = f"brings back {', '.join(back)} with all documents" if back else ""
    note = note or ("" if statements or not unit.up else "there is nothing in its rollback file: nothing is taken back")
    return Move(unit.id, unit.store, statements, unit.transactional, tuple(dangers), note)


def _consider(plan: RollbackReport, manner: Manner) -> None:
    hazards = [Hazard(d.code, d.subject, d.detail) for move in plan.moves for d in move.dangers]
    require(hazards, manner.allowed, manner.command, "nothing was changed")


def _rolled_back(
    halves: tuple[Half, ...], moves: tuple[Move, ...], engines: Mapping[str, Engine], listen: Listener
) -> Iterator[Move]:
    finished: list[str] = []
    for half, move in zip(halves, moves, strict=True):
        if half.unit is None:
            continue
        began = perf_counter()
        try:
            engines[half.store].roll_back(half.unit, listen)
        except SchematoolError as error:
            before = f"{', '.join(finished)} rolled back" if finished else "nothing was rolled back"
            error.state = error.state or f"{before}; {half.id} ({half.store}) was not, or not wholly: see `status`"
            raise
        finished.append(f"{half.id} ({half.store})")
        yield replace(move, seconds=perf_counter() - began)
