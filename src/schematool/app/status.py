"""`status`: every migration in both stores of an environment. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from schematool.app import locking
from schematool.app.foreign import foreign_ledgers
from schematool.app.history import History, read_history
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.standing import Half, stand
from schematool.app.workspace import Workspace, fingerprint, warn
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic
from schematool.core.history.status import Row, State
from schematool.core.secret import Url
from schematool.engines.contract import Foreign


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One migration: its state in each store that has it."""

    id: str
    states: Mapping[str, str]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport(Report):
    """The list, and how many migrations are in each state: applied only when they are in every store.

    `foreign`: the ledgers of other tools in these databases, which are left alone.
    """

    command: ClassVar[str] = "status"

    env: str
    stores: Mapping[str, Url]
    lines: tuple[StatusLine, ...] = ()
    counts: Mapping[str, int]
    schema_changed: bool = False
    foreign: tuple[Foreign, ...] = ()


def run(workspace: Workspace, *, check: bool = False) -> StatusReport:
    """Read the files and the ledgers."""
    history = read_history(workspace, whole=False)
    with opened_stores(workspace, locking.used_stores(workspace, history)) as engines:
        standing = stand(workspace, history, engines)
        known = {*locking.locked_halves(workspace, history), *(migration.id for migration in history.migrations)}
        foreign = foreign_ledgers(engines, standing.ledgers, known, adopting=False)
        urls = {store: engine.url for store, engine in engines.items()}
    unlocked = locking.findings(workspace, history)
    doubtful = _doubtful(workspace, history, unlocked)
    lines = tuple(_line(row, doubtful.get(row.id)) for row in standing.rows)
    counts = Counter(state for line in lines for state in _counted(line))
    changed = _schema_changed(workspace, history)
    found: list[Diagnostic] = [*(problems := standing.problems()), *_unsaid(unlocked, problems)]
    found += [
        warn("ST413", f"`{half.id}` is pending in {half.store}", subject=half.id)
        for half in standing.halves(State.PENDING)
    ]
    if changed:
        found.append(warn("ST407", "the schema changed since the newest migration"))
    return StatusReport(
        ok=not (check and found),
        diagnostics=tuple(found),
        env=workspace.target.name,
        stores=urls,
        lines=lines,
        counts=dict(sorted(counts.items())),
        schema_changed=changed,
        foreign=foreign,
        hint=None if any(d.hint for d in found) else _hint(workspace, counts, changed=changed),
    )


def _doubtful(workspace: Workspace, history: History, unlocked: Sequence[Diagnostic]) -> dict[str, str]:
    """What the lock has against migrations that are there, by their ids."""
    if history.lock_text is None:
        return {}
    locked = locking.locked_halves(workspace, history)
    names = dict.fromkeys(d.subject for d in unlocked if d.subject)
    return {
        name: "edited since schematool.lock was written" if name in locked else "not in schematool.lock"
        for name in names
        if any(migration.id == name for migration in history.migrations)
    }


def _unsaid(unlocked: Sequence[Diagnostic], problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What only the lock says: a file that was edited or lost after it was applied is a problem already."""
    said = {d.subject for d in problems if d.code in {"ST401", "ST402"}}
    return [d for d in unlocked if d.subject not in said]


def _counted(line: StatusLine) -> set[str]:
    """The states of a migration: each once, and `applied` only when it is nothing else."""
    states = set(line.states.values())
    return states - {State.APPLIED.value, State.SQUASHED.value} or {State.APPLIED.value}


def _schema_changed(workspace: Workspace, history: History) -> bool:
    files = workspace.schema_files()
    current = fingerprint(files)
    snapshots = history.snapshots.values()
    return any(s.fingerprint != current for s in snapshots) or (bool(files) and not history.snapshots)


def _line(row: Row, doubt: str | None) -> StatusLine:
    halves = [Half(row.id, store, row.cells[store]) for store in STORES if store in row.cells]
    by_note: dict[str, list[str]] = {}
    for half in halves:
        if half.note:
            by_note.setdefault(half.note, []).append(half.store)
    notes = [note if len(on) == len(halves) else f"{', '.join(on)}: {note}" for note, on in by_note.items()]
    notes += [doubt] if doubt and all(half.unit for half in halves) else []
    return StatusLine(row.id, {half.store: half.cell.state.value for half in halves}, "; ".join(notes))


def _hint(workspace: Workspace, counts: Mapping[str, int], *, changed: bool) -> str | None:
    env = "" if workspace.target.name == workspace.config.default_env else f" --env {workspace.target.name}"
    if counts.get(State.PENDING.value) or counts.get(State.PARTIAL.value):
        return f"run `schematool migrate{env}`"
    return "run `schematool generate`" if changed else None
