"""`repair`: a ledger that somebody changed by hand is put right. It touches nothing but the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from schematool.app import locking
from schematool.app.catalogs import differences
from schematool.app.foreign import inspected
from schematool.app.history import History, read_history
from schematool.app.manner import Manner
from schematool.app.migrate import locked
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.spelling import spelled_like
from schematool.app.standing import Standing, stand
from schematool.app.verify import VerifyReport, replayed, verify
from schematool.app.workspace import Workspace
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import Refused
from schematool.core.history.names import order
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.engines.contract import Damage, Engine


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing that is wrong, and the statements on the ledger that put it right; none where nobody can say.

    `how`: what they do, and by what that was decided.
    """

    id: str
    store: str
    what: str
    how: str
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport(Report):
    """What was found, what would be done (`done` False) or was."""

    command: ClassVar[str] = "repair"

    env: str
    stores: Mapping[str, Url]
    mends: tuple[Mend, ...] = ()
    done: bool = False
    verified: VerifyReport | None = None


def run(workspace: Workspace, manner: Manner) -> RepairReport:
    """Look, decide, ask, mend, look again. `manner.dry_run`: only tell."""
    history = read_history(workspace)
    locking.require_intact(workspace, history)
    with opened_stores(workspace, locking.used_stores(workspace, history)) as engines:
        mends = _mends(workspace, history, engines)
        report = RepairReport(
            env=workspace.target.name, stores={store: engine.url for store, engine in engines.items()}, mends=mends
        )
        open_ones = tuple(mend for mend in mends if not mend.statements)
        if manner.dry_run or not any(mend.statements for mend in mends):
            return replace(report, ok=not open_ones, done=not mends, diagnostics=_undecided(open_ones))
        number = sum(bool(mend.statements) for mend in mends)
        manner.confirm(report, f"Put {number} {'entry' if number == 1 else 'entries'} of the ledger right?")
        with locked(engines, workspace, manner):
            if _mends(workspace, history, engines) != mends:
                again = Diagnostic("ST502", "the ledger changed meanwhile", hint="look again and repeat")
                raise Refused(again, state="nothing was changed")
            for store, engine in engines.items():
                engine.mend([text for mend in mends if mend.store == store for text in mend.statements])
        verified = verify(workspace, history, engines)
        found = (*_undecided(open_ones), *verified.diagnostics)
        return replace(
            report,
            ok=verified.ok and not open_ones,
            done=True,
            verified=verified,
            diagnostics=tuple(dict.fromkeys(found)),
        )


def _undecided(mends: Sequence[Mend]) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic("ST423", f"{mend.store}: `{mend.id}`: {mend.what}; {mend.how}", subject=mend.id) for mend in mends
    )


def _mends(workspace: Workspace, history: History, engines: Mapping[str, Engine]) -> tuple[Mend, ...]:
    standing = stand(workspace, history, engines)
    found: list[Mend] = []
    for store, engine in engines.items():
        damages = [damage for damage in standing.damages if damage.store == store]
        disputed = [damage for damage in damages if damage.instead]
        has = _decided(workspace, history, standing, engine, disputed) if disputed else None
        found += [_mend(damage, has) for damage in damages]
    return tuple(found)


def _mend(damage: Damage, has: frozenset[str] | None) -> Mend:
    if not damage.instead:
        how = "set as a run leaves it" if damage.cure else "nobody but you can say what is right"
        return Mend(damage.id, damage.store, damage.what, how, damage.cure)
    if has is None:
        how = "the database is neither as with it nor as without it: `schematool verify` says how it differs"
        return Mend(damage.id, damage.store, damage.what, how)
    if damage.id in has:
        return Mend(damage.id, damage.store, damage.what, "put back: the database has what it makes", damage.cure)
    return Mend(damage.id, damage.store, damage.what, "taken off: the database lacks what it makes", damage.instead)


def _decided(
    workspace: Workspace, history: History, standing: Standing, engine: Engine, disputed: Sequence[Damage]
) -> frozenset[str] | None:
    """Ask the database which of them it has: the oldest so many, as migrations go; None where it is like none."""
    doubtful = {damage.id for damage in disputed}
    names = sorted(doubtful, key=order)
    sure = {unit.id for unit in standing.applied_units(engine.store)} - doubtful
    for many in range(len(names), -1, -1):
        has = frozenset(names[:many])
        units = tuple(unit for unit in history.units(engine.store) if unit.id in sure | has)
        if _same(workspace, engine, units):
            return has
    return None


def _same(workspace: Workspace, engine: Engine, units: tuple[Unit, ...]) -> bool:
    recorded = replayed(workspace, engine.store, units)
    actual = inspected(engine, workspace.config.exclude, recorded).catalog
    return not differences(spelled_like(workspace, engine, units, recorded, actual), actual)
