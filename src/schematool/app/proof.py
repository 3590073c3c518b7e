"""Prove a migration before it is written: up, re-read, plan again, down, compare, up again, with rows in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schematool.app.catalogs import SCRATCH_LOCK_SECONDS, differences, excluding, quiet, replay
from schematool.core.describe import describe
from schematool.app.twins import planner
from schematool.core.catalog import Catalog
from schematool.core.change import Change, Renamed
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import SchematoolError, StatementError
from schematool.core.history.unit import Unit
from schematool.engines.contract import Engine

_DATA_ERRORS = ("22", "23")  # SQLSTATE classes: data exception, integrity constraint violation


@dataclass(frozen=True, slots=True)
class Proof:
    """What was shown. `rows`: how many rows were in place; `needs_empty`: what fails where there are rows, and why."""

    rows: int
    needs_empty: str | None = None


def prove(
    server: Engine,
    before: Sequence[Unit],
    new: Sequence[Unit],
    desired: Catalog,
    *,
    may_lose: bool,
    renames: Sequence[Renamed] = (),
    exclude: Sequence[str] = (),
) -> Proof:
    """Show that the new units do what they are for and that their rollbacks take it back; raise ST408 otherwise."""
    try:
        return _prove(server, before, new, desired, may_lose, renames, exclude, seeded=True)
    except StatementError as error:
        if not error.server_code.startswith(_DATA_ERRORS):
            raise
        _prove(server, before, new, desired, may_lose, renames, exclude, seeded=False)
        return Proof(0, needs_empty=error.diagnostics[0].message)


def _prove(
    server: Engine,
    before: Sequence[Unit],
    new: Sequence[Unit],
    desired: Catalog,
    may_lose: bool,
    renames: Sequence[Renamed],
    exclude: Sequence[str],
    *,
    seeded: bool,
) -> Proof:
    def read() -> Catalog:
        return excluding(place.inspect(), exclude).catalog

    with server.scratch() as place:
        replay(place, before)
        start = read()
        rows = sum(place.seed().values()) if seeded else 0
        full = place.counts() if rows else {}
        replay(place, new)
        _same("after its way up", read(), desired)
        if again := planner(desired.store).plan(*planner(desired.store).align(read(), desired)):
            raise unproven("a second plan is not empty", [step.statement for step in again])
        kept = place.counts() if rows else {}
        _rows_kept(full, kept, renames, may_lose)
        if any(unit.down is None for unit in new):
            return Proof(rows)
        _roll_back(place, new)
        _same("after its way back", read(), start)
        _rows_kept(kept, _under_new_names(place.counts(), renames) if rows else {}, (), may_lose)
        replay(place, new)
        _same("after its second way up", read(), desired)
        return Proof(rows)


def _roll_back(place: Engine, units: Sequence[Unit]) -> None:
    with place.lock(wait_seconds=SCRATCH_LOCK_SECONDS):
        for unit in reversed(units):
            place.roll_back(unit, quiet)


def _same(when: str, found: Catalog, expected: Catalog) -> None:
    if changes := differences(found, expected):
        raise unproven(f"{when} the database is not as it must be", [_line(change) for change in changes])


def _line(change: Change) -> str:
    told = describe(change)
    return f"{told.symbol} {told.kind} {told.name} {told.detail}".rstrip()


def _rows_kept(before: Mapping[str, int], after: Mapping[str, int], renames: Sequence[Renamed], may_lose: bool) -> None:
    if may_lose:
        return
    expected = _under_new_names(before, renames)
    lost = [
        f"{name}: {count} rows before, {after.get(name, 0)} after"
        for name, count in expected.items()
        if count > after.get(name, 0)
    ]
    if lost:
        raise unproven("rows are lost that no hazard told of", lost)


def _under_new_names(counts: Mapping[str, int], renames: Sequence[Renamed]) -> Mapping[str, int]:
    names = {_count_name(r.before.path): _count_name(r.after.path) for r in renames if r.after.kind in _ROWS}
    return {names.get(name, name): count for name, count in counts.items()}


_ROWS = frozenset({"table", "collection"})


def _count_name(path: tuple[str, ...]) -> str:
    return ".".join(path)


def unproven(what: str, details: Sequence[str]) -> SchematoolError:
    """Make the error that stops an unproven migration from being written."""
    shown = tuple(details[:20]) + ((f"and {len(details) - 20} more",) if len(details) > 20 else ())
    return SchematoolError(
        Diagnostic(
            "ST408",
            f"the migration is not proven: {what}",
            notes=shown,
            hint="nothing was written; if no hand-written migration is the cause, please report this",
        ),
        state="no file was written",
    )
