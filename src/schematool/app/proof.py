"""Prove a migration before it is written: up, re-read, plan again, down, compare, up again, with rows in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from schematool.app.catalogs import SCRATCH_LOCK_SECONDS, differences, excluding, quiet, replay
from schematool.app.twins import planner
from schematool.core.catalog import Catalog
from schematool.core.change import Change, Renamed
from schematool.core.describe import describe
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import SchematoolError, StatementError
from schematool.core.history.loss import put_aside
from schematool.core.history.unit import Unit
from schematool.engines.contract import Engine

_DATA_ERRORS = ("22", "23")  # SQLSTATE classes: data exception, integrity constraint violation
# MongoDB: duplicate key, document refused by the validator, duplicates in an index that is to be unique
_SHUT_OUT = "ST521"
"""A stricter validator shuts out what is there: the hazard of its step has told that, so it is no news here."""
_DATA_CODES = frozenset({"11000", "121", "359"})


@dataclass(frozen=True, slots=True)
class Proof:
    """What was shown.

    `rows`: how many rows were in place. `reached`: the catalog that the migration leads to, as the server reads it.
    `needs_empty`: what the server said where there were rows, when the migration only works without.
    """

    rows: int
    reached: Catalog
    needs_empty: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be shown: after `before`, the units `new` lead to `desired`, with no loss but where it was told.

    `may_lose_back`: it was told that the way back does not bring all rows.
    """

    before: Sequence[Unit]
    new: Sequence[Unit]
    desired: Catalog
    may_lose: bool = False
    may_lose_back: bool = False
    renames: Sequence[Renamed] = ()
    exclude: Sequence[str] = ()


def prove(server: Engine, claim: Claim) -> Proof:
    """Show that the new units do what they are for and that their rollbacks take it back; raise ST408 otherwise."""
    try:
        return _prove(server, claim, seeded=True)
    except StatementError as error:
        if error.diagnostics[0].code == _SHUT_OUT:
            return _prove(server, claim, seeded=False)
        mongo = claim.desired.store == "mongo"
        if not (error.server_code in _DATA_CODES if mongo else error.server_code.startswith(_DATA_ERRORS)):
            raise
        proof = _prove(server, claim, seeded=False)
        return replace(proof, needs_empty=error.diagnostics[0].message)


def _prove(server: Engine, claim: Claim, *, seeded: bool) -> Proof:
    new, make = claim.new, planner(claim.desired.store)

    def read() -> Catalog:
        return excluding(place.inspect(), claim.exclude).catalog

    def counts() -> Mapping[str, int]:
        return place.counts() if rows else {}

    with server.scratch() as place:
        replay(place, claim.before)
        start = read()
        rows = sum(place.seed().values()) if seeded else 0
        full = _under_new_names(counts(), claim.renames)
        replay(place, new)
        reached = read()
        _same("after its way up", reached, claim.desired)
        if again := make.plan(*make.align(reached, claim.desired)):
            raise unproven("a second plan is not empty", [step.statement for step in again])
        kept = counts()
        aside = {name for unit in new for command in unit.up if (name := put_aside(command.text))}
        _rows_kept({name: n for name, n in full.items() if name not in aside}, kept, may_lose=claim.may_lose)
        if any(unit.down is None for unit in new):
            return Proof(rows, reached)
        _roll_back(place, new)
        _same("after its way back", read(), start)
        _rows_kept(
            {name: kept.get(name, 0) for name in full},
            _under_new_names(counts(), claim.renames),
            may_lose=claim.may_lose or claim.may_lose_back,
        )
        _rows_kept({name: n for name, n in full.items() if name in aside}, counts(), may_lose=False)
        replay(place, new)
        _same("after its second way up", read(), claim.desired)
        return Proof(rows, reached)


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


def _rows_kept(before: Mapping[str, int], after: Mapping[str, int], *, may_lose: bool) -> None:
    lost = [
        f"{name}: {count} rows before, {after.get(name, 0)} after"
        for name, count in before.items()
        if count > after.get(name, 0)
    ]
    if lost and not may_lose:
        raise unproven("rows are lost that no hazard told of", lost)


def _under_new_names(counts: Mapping[str, int], renames: Sequence[Renamed]) -> Mapping[str, int]:
    for rename in renames:
        old, new = ".".join(rename.before.path), ".".join(rename.after.path)
        if rename.after.kind in _ROWS:
            counts = {new if name == old else name: count for name, count in counts.items()}
        elif rename.after.kind == "schema":
            counts = {new + name[len(old) :] if name.startswith(f"{old}.") else name: n for name, n in counts.items()}
    return counts


_ROWS = frozenset({"table", "collection"})


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
