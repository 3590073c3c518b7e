"""`squash`: one proven migration in place of many. Databases that have the many are known to have the one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from schematool.app import generate, locking
from schematool.app.catalogs import excluding, replay
from schematool.app.generate import Written
from schematool.app.hazard import require
from schematool.app.history import History, read_history, unit_files, write_history
from schematool.app.planning import Piece, StorePlan, plan_store
from schematool.app.proof import Claim, prove, unproven
from schematool.app.report import Report
from schematool.app.servers import scratch_server
from schematool.app.sources import committed
from schematool.app.workspace import Workspace, read_text
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError, Refused
from schematool.core.history.data import acts_on_data
from schematool.core.history.lock import parse
from schematool.core.history.names import order
from schematool.core.history.unit import Command, Unit
from schematool.core.line import statement_line
from schematool.core.step import Segment, Step
from schematool.engines.contract import Engine

ASIDE = ".replaced"
"""Below the migrations: where files go that version control does not have. Hidden, so that nobody reads them."""


@dataclass(frozen=True, slots=True)
class Squashed:
    """One store's share: the ids that went, and those that stand for them now (the last of them)."""

    store: str
    replaced: tuple[str, ...]
    by: tuple[str, ...]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class DataStatement:
    """A statement on data in what is squashed: where it stands; `carried` into the new file, or left out."""

    place: str
    text: str
    carried: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SquashReport(Report):
    """What became one. `removed`: files that went; `aside`: where those are that version control does not have."""

    command: ClassVar[str] = "squash"

    squashed: tuple[Squashed, ...] = ()
    files: tuple[Written, ...] = ()
    data: tuple[DataStatement, ...] = ()
    removed: tuple[str, ...] = ()
    aside: str | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the range by its ids, both inclusive, None for the ends of the history."""

    first: str | None = None
    last: str | None = None
    carry_data: bool = False
    allowed: frozenset[str] = frozenset()
    dry_run: bool = False
    command: str = "schematool squash"


@dataclass(frozen=True, slots=True)
class _Range:
    """One store's units: before the range, in it, after it; and what of the range acts on data."""

    store: str
    before: tuple[Unit, ...]
    inside: tuple[Unit, ...]
    after: tuple[Unit, ...]

    @property
    def data(self) -> tuple[Command, ...]:
        """The statements on data, in order."""
        return tuple(c for unit in self.inside for c in unit.up if acts_on_data(self.store, c.text))

    @property
    def undo_data(self) -> tuple[Command, ...]:
        """Those of the ways back, newest first."""
        return tuple(c for unit in reversed(self.inside) for c in unit.down or () if acts_on_data(self.store, c.text))


def run(workspace: Workspace, wish: Wish) -> SquashReport:
    """Plan from before the range to after it, prove that it is the same, write one, remove the others."""
    history = read_history(workspace)
    locking.require_intact(workspace, history)
    ranges = [one for one in _ranges(history, wish) if len(one.inside) > 1]
    if not ranges:
        raise InputError(
            Diagnostic("ST009", "there is nothing to squash: it takes two migrations of one store, or more"),
            state="nothing was written",
        )
    shares = [_share(workspace, one, wish) for one in ranges]
    units = {store: history.units(store) for store in STORES}
    for one, share in zip(ranges, shares, strict=True):
        units[one.store] = (*one.before, *share.units, *one.after)
    files = {file.path: file.text for share in shares for file in share.files}
    schema = parse(history.lock_text or "", locking.lock_file(workspace)).schema
    files[locking.lock_file(workspace)] = locking.lock_text(units, schema)
    report = SquashReport(
        squashed=tuple(share.squashed for share in shares),
        files=tuple(file for share in shares for file in share.files),
        data=tuple(statement for share in shares for statement in share.data),
        removed=tuple(name for one in ranges for name in _files(workspace, one) if name not in files),
    )
    if wish.dry_run:
        return report
    old = [name for one in ranges for name in _files(workspace, one)]
    aside, copies = _aside(workspace, old, max((one.inside[-1].id for one in ranges), key=order))
    write_history(workspace, history, copies | files, without=report.removed)
    hint = "review and commit them; `schematool migrate` records it where the old ones are applied"
    return replace(report, aside=aside, written=True, hint=hint)


def _ranges(history: History, wish: Wish) -> Iterator[_Range]:
    first = history.find(wish.first).id if wish.first else history.migrations[0].id if history.migrations else ""
    last = history.find(wish.last).id if wish.last else history.migrations[-1].id if history.migrations else ""
    for store in STORES:
        units = history.units(store)
        yield _Range(
            store,
            tuple(unit for unit in units if order(unit.id) < order(first)),
            tuple(unit for unit in units if order(first) <= order(unit.id) <= order(last)),
            tuple(unit for unit in units if order(unit.id) > order(last)),
        )


@dataclass(frozen=True, slots=True)
class _Share:
    squashed: Squashed
    units: tuple[Unit, ...]
    files: tuple[Written, ...]
    data: tuple[DataStatement, ...]


def _share(workspace: Workspace, one: _Range, wish: Wish) -> _Share:
    """Squash one store: what the old files make of an empty database is what the new ones must make of it."""
    exclude = workspace.config.exclude
    with scratch_server(workspace, one.store) as server:
        with server.scratch() as place:
            replay(place, (*one.before, *one.inside))
            desired = excluding(place.inspect(), exclude).catalog
            rows = _full(place)
        carried = _carries(one, wish, rows)
        plan = plan_store(server, one.before, desired, {}, exclude=exclude)
        require(plan.hazards, wish.allowed, wish.command, "nothing was written")
        plan = replace(plan, pieces=_with_data(one, plan.pieces) if carried else plan.pieces or (_NOTHING,))
        units, files = _rendered(workspace, one, plan)
        claim = Claim(one.before, units, desired, bool(plan.hazards), exclude=exclude)
        proof = prove(server, claim)
        with server.scratch() as place:
            replay(place, (*one.before, *units))
            now = _full(place)
    if now != rows:
        told = [f"{name}: {rows.get(name, 0)} rows before, {now.get(name, 0)} after" for name in {*rows, *now}]
        raise unproven("a new database would not get the same rows", sorted(told))
    data = tuple(DataStatement(_place(command), command.text, carried) for command in one.data)
    return _Share(Squashed(one.store, _ids(one.inside), _ids(units), proof.rows), units, files, data)


_NOTHING = Piece(Segment(()), ())


def _full(place: Engine) -> Mapping[str, int]:
    """The tables and collections that have rows."""
    return {name: number for name, number in place.counts().items() if number}


def _ids(units: Sequence[Unit]) -> tuple[str, ...]:
    return tuple(unit.id for unit in units)


def _place(command: Command) -> str:
    return f"{command.span.file}:{command.span.line}"


def _carries(one: _Range, wish: Wish, rows: Mapping[str, int]) -> bool:
    """Whether the statements on data go along. They can only be left out where no database can need them.

    From the first migration on, a database that has none of the range is empty, and statements that leave no row in an
    empty database do nothing to it.
    """
    if not one.data or wish.carry_data:
        return bool(one.data)
    if not one.before and not rows:
        return False
    hint = f"squash a range without it, or keep it at the end: `{wish.command} --carry-data`"
    found = [
        Diagnostic("ST422", f"{line(one.store, c.text)} is no part of the schema", c.span, hint=hint) for c in one.data
    ]
    raise Refused(*found, state="nothing was written")


def line(store: str, text: str) -> str:
    """The beginning of a statement, to recognise it by."""
    said = statement_line(store, text)
    return f"`{said if len(said) <= 60 else said[:59] + '…'}`"


def _with_data(one: _Range, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The statements on data at the end, and what takes them back at the beginning of the way back."""
    up, down = (tuple(Step(command.text) for command in commands) for commands in (one.data, one.undo_data))
    if pieces and pieces[-1].up.transactional:
        last = pieces[-1]
        return (*pieces[:-1], Piece(Segment((*last.up.steps, *up)), (*down, *last.down)))
    return (*pieces, Piece(Segment(up), down))


def _rendered(workspace: Workspace, one: _Range, plan: StorePlan) -> tuple[tuple[Unit, ...], tuple[Written, ...]]:
    """Under the last ids of the range: what comes after depends on them, and keeps its place."""
    ids = _ids(one.inside)
    if len(plan.pieces) > len(ids):
        raise Refused(
            Diagnostic("ST408", f"{one.store}: it would take {len(plan.pieces)} files in place of {len(ids)}"),
            state="nothing was written",
        )
    title = f"{ids[0]} to {ids[-1]} in one"
    last = one.before[-1].id if one.before else None
    wish = generate.Wish(message=title)
    return generate.Writer(workspace, last, ids[-len(plan.pieces) :], wish, ids).render(plan)


# --- the old files ---------------------------------------------------------------------------------------------------


def _files(workspace: Workspace, one: _Range) -> Iterator[str]:
    """Every file of the range that is there."""
    for unit in one.inside:
        up, down = unit_files(workspace, one.store, unit.id)
        yield up
        if unit.down_text is not None:
            yield down


def _aside(workspace: Workspace, names: Sequence[str], last: str) -> tuple[str | None, dict[str, str]]:
    """Copies of what version control does not have as it is: a folder, and its files. Nothing is ever lost."""
    unsafe = sorted(set(names) - committed(workspace, names))
    if not unsafe:
        return None, {}
    folder = f"{workspace.config.migrations}/{ASIDE}/{last}"
    number = 1
    while (workspace.root / (name := folder if number == 1 else f"{folder}-{number}")).exists():
        number += 1
    prefix = f"{workspace.config.migrations}/"
    return name, {
        f"{name}/{one.removeprefix(prefix)}": read_text(workspace.root, workspace.root / one) for one in unsafe
    }
