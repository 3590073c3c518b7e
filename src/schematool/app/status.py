"""`status`: every migration in both stores of an environment. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from schematool.app.history import History, read_history
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.standing import Half, stand
from schematool.app.workspace import Workspace, fingerprint, warn
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic
from schematool.core.history.status import Row, State
from schematool.core.secret import Url


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One migration: its state in each store that has it."""

    id: str
    states: Mapping[str, str]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport(Report):
    """The list, and how many halves are in each state."""

    command: ClassVar[str] = "status"

    env: str
    stores: Mapping[str, Url]
    lines: tuple[StatusLine, ...] = ()
    counts: Mapping[str, int]
    schema_changed: bool = False


def run(workspace: Workspace, *, check: bool = False) -> StatusReport:
    """Read the files and the ledgers."""
    history = read_history(workspace, whole=False)
    with opened_stores(workspace, used_stores(history)) as engines:
        standing = stand(workspace, history, engines)
        urls = {store: engine.url for store, engine in engines.items()}
    lines = tuple(_line(row) for row in standing.rows)
    counts = Counter(state for line in lines for state in line.states.values())
    changed = _schema_changed(workspace, history)
    found: list[Diagnostic] = list(standing.problems())
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
        hint=_hint(workspace, found, counts, changed=changed),
    )


def used_stores(history: History) -> tuple[str, ...]:
    """The stores that have migrations; each must be configured."""
    return tuple(store for store in STORES if history.units(store))


def _schema_changed(workspace: Workspace, history: History) -> bool:
    files = workspace.schema_files()
    current = fingerprint(files)
    snapshots = history.snapshots.values()
    return any(s.fingerprint != current for s in snapshots) or (bool(files) and not history.snapshots)


def _line(row: Row) -> StatusLine:
    halves = [Half(row.id, store, row.cells[store]) for store in STORES if store in row.cells]
    notes = [f"{half.store}: {half.note}" for half in halves if half.note]
    return StatusLine(row.id, {half.store: half.cell.state.value for half in halves}, "; ".join(notes))


def _hint(workspace: Workspace, found: list[Diagnostic], counts: Mapping[str, int], *, changed: bool) -> str | None:
    first = next((d.hint for d in found if d.hint), None)
    if first:
        return first
    env = "" if workspace.target.name == workspace.config.default_env else f" --env {workspace.target.name}"
    if counts.get(State.PENDING.value) or counts.get(State.PARTIAL.value):
        return f"run `schematool migrate{env}`"
    return "run `schematool generate`" if changed else None
