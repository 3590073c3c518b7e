"""`adopt`: take over databases that exist: what they have counts as applied from here on. Runs no migration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from schematool.app import import_, locking
from schematool.app.catalogs import differences
from schematool.app.foreign import foreign_ledgers, inspected, require_settled
from schematool.app.hazard import require
from schematool.app.history import History, read_history
from schematool.app.import_ import ImportReport
from schematool.app.manner import Manner
from schematool.app.migrate import locked
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.spelling import spelled_like
from schematool.app.standing import Standing, stand
from schematool.app.verify import VerifyReport, replayed, verify
from schematool.app.workspace import Workspace
from schematool.core.catalog import Catalog
from schematool.core.change import Change
from schematool.core.describe import describe
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.errors import InputError, Refused
from schematool.core.history.names import order
from schematool.core.history.status import State
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.core.step import Hazard
from schematool.engines.contract import Engine, Foreign

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Marked:
    """One half of a migration that is recorded as applied, without being run."""

    id: str
    store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptReport(Report):
    """What was found, what is to be recorded (`done` False), or was.

    `foreign`: the ledgers of other tools, left as they are. `imported`: what was written first, where the project had
    no migrations.
    """

    command: ClassVar[str] = "adopt"

    env: str
    stores: Mapping[str, Url]
    foreign: tuple[Foreign, ...] = ()
    imported: ImportReport | None = None
    marked: tuple[Marked, ...] = ()
    done: bool = False
    dry_run: bool = False
    verified: VerifyReport | None = None


def run(workspace: Workspace, until: str | None, manner: Manner) -> AdoptReport:
    """Look, compare, ask, record. Raises `Refused` over a foreign ledger in trouble, and over differences."""
    history = read_history(workspace)
    locking.require_intact(workspace, history)
    stores = locking.used_stores(workspace, history) or import_.sources(workspace)
    with opened_stores(workspace, stores) as engines:
        standing = stand(workspace, history, engines)
        _require_ours(standing)
        known = [migration.id for migration in history.migrations]
        foreign = foreign_ledgers(engines, standing.ledgers, known, adopting=True)
        require_settled(foreign)
        plan = AdoptReport(
            env=workspace.target.name,
            stores={store: engine.url for store, engine in engines.items()},
            foreign=foreign,
            dry_run=manner.dry_run,
        )
        if not history.migrations:
            plan = _imported(workspace, plan)
            if manner.dry_run or not plan.imported or not plan.imported.written:
                return replace(plan, hint=_then(plan))
            history = read_history(workspace)
            standing = stand(workspace, history, engines)
        units = _to_mark(history, standing, history.find(until).id if until else None)
        plan = replace(plan, marked=tuple(Marked(unit.id, unit.store) for unit in units))
        if not units:
            return replace(plan, done=True)
        _require_same(workspace, engines, standing, units, manner)
        if manner.dry_run:
            return plan
        number = len({unit.id for unit in units})
        noun = f"{number} migration{'' if number == 1 else 's'}"
        question = f"Record {noun} as applied to {workspace.target.name}, without running {_them(number)}?"
        try:
            manner.confirm(plan, question)
        except Refused as refused:
            refused.state = "the files are written; no database was changed" if plan.imported else refused.state
            raise
        with locked(engines, workspace, manner):
            for unit in units:
                engines[unit.store].adopt(unit)
        verified = verify(workspace, history, engines)
        return replace(plan, ok=verified.ok, done=True, verified=verified, diagnostics=verified.diagnostics)


def _then(plan: AdoptReport) -> str | None:
    if plan.imported and plan.imported.files:
        return "without --dry-run these files are written, with a baseline migration, which is recorded as applied"
    return plan.imported.hint if plan.imported else None


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def _imported(workspace: Workspace, plan: AdoptReport) -> AdoptReport:
    """Write the YAML and the baseline of what is there; `--dry-run` only reads it."""
    if workspace.schema_files():
        raise InputError(
            Diagnostic(
                "ST010",
                "this project has a schema, but no migration that says what the database is to have",
                hint="run `schematool generate -m baseline` first; `adopt` then compares, and records it",
            ),
            state="nothing was written",
        )
    wanted = import_.Wanted(stdout=plan.dry_run, adopt=False)
    imported = import_.run(workspace, wanted)
    return replace(plan, imported=replace(imported, foreign=()))


def _require_ours(standing: Standing) -> None:
    """A database with a history of another project is not to be taken over by a second one."""
    yoyos = {half.id for half in standing.halves(State.UNKNOWN) if half.cell.ledger and not half.cell.ledger.sha256}
    bad = [
        problem
        for problem in standing.problems()
        if problem.severity is Severity.ERROR
        and problem.code not in {"ST401", "ST403"}
        and problem.subject not in yoyos
    ]
    if bad:
        raise Refused(*bad, state="nothing was changed")


def _to_mark(history: History, standing: Standing, until: str | None) -> tuple[Unit, ...]:
    """What the ledgers do not have yet, or have from stock yoyo, without a hash: in order, Postgres first."""
    late = (State.PENDING, State.OUT_OF_ORDER)
    halves = [h for h in standing.halves(*late, State.APPLIED) if h.cell.state in late or not h.cell.verified]
    units = {(h.store, h.id): h.unit for h in halves if h.unit}
    chosen = [
        unit
        for migration in history.migrations
        for store in ("postgres", "mongo")
        if (unit := migration.half(store)) and (store, migration.id) in units
    ]
    return tuple(unit for unit in chosen if until is None or order(unit.id) <= order(until))


def _require_same(
    workspace: Workspace, engines: Mapping[str, Engine], standing: Standing, units: tuple[Unit, ...], manner: Manner
) -> None:
    """Refuse to record what the database does not have; `--allow drift` records it all the same."""
    found: list[Diagnostic] = []
    hazards: list[Hazard] = []
    for store in dict.fromkeys(unit.store for unit in units):
        done = {unit.id: unit for unit in standing.applied_units(store)}
        done |= {unit.id: unit for unit in units if unit.store == store}
        applied = tuple(done[name] for name in sorted(done, key=order))
        changes = _compared(workspace, engines[store], applied)
        if not changes:
            continue
        told = [describe(change) for change in changes]
        found += [
            Diagnostic("ST601", f"{store} {d.entity}: {_differs(d.symbol)} {d.kind} {d.name} {d.detail}".rstrip())
            for d in told[:_SHOWN]
        ]
        rest = len(told) - _SHOWN
        found += [Diagnostic("ST601", f"{store}: and {rest} more", severity=Severity.ERROR)] if rest > 0 else []
        places = "1 difference" if len(told) == 1 else f"{len(told)} differences"
        hazards.append(Hazard("ST415", store, places))
    try:
        require(hazards, manner.allowed, manner.command, "nothing was changed")
    except Refused as refused:
        raise Refused(*found, *refused.diagnostics, state=refused.state) from None


def _differs(symbol: str) -> str:
    return {"+": "besides", "-": "lacks", "~": "otherwise:", ">": "renamed:"}[symbol]


def _compared(workspace: Workspace, engine: Engine, applied: tuple[Unit, ...]) -> tuple[Change, ...]:
    """From what these migrations make to what is there."""
    recorded: Catalog = replayed(workspace, engine.store, applied)
    actual = inspected(engine, workspace.config.exclude, recorded).catalog
    return differences(spelled_like(workspace, engine, applied, recorded, actual), actual)
