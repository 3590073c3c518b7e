"""Plan one store's share of a migration on scratch databases: steps, their way back, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schematool.app.catalogs import excluding, replay
from schematool.app.twins import planner
from schematool.core.catalog import Catalog
from schematool.core.change import Change, Renamed
from schematool.core.codes import hazards_of
from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.diff import diff
from schematool.core.errors import InputError, StatementError
from schematool.core.history.unit import Unit
from schematool.core.load.near import did_you_mean
from schematool.core.lower.renames import called
from schematool.core.plan import Style
from schematool.core.step import Hazard, Segment, Step, segments
from schematool.engines.contract import Engine


@dataclass(frozen=True, slots=True)
class Piece:
    """What becomes one migration file: the steps that commit together, and the steps that take them back."""

    up: Segment
    down: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class StorePlan:
    """One store's share: from `recorded` to `desired`."""

    store: str
    recorded: Catalog
    desired: Catalog
    changes: tuple[Change, ...] = ()
    renames: tuple[Renamed, ...] = ()
    pieces: tuple[Piece, ...] = ()
    remarks: tuple[Diagnostic, ...] = ()
    """What the scratch server could not show."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of the way up."""
        return tuple(step for piece in self.pieces for step in piece.up.steps)

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """What may go wrong on the way up."""
        return hazards_of(self.steps)


def plan_store(
    server: Engine,
    units: Sequence[Unit],
    desired: Catalog,
    renames: Mapping[Renamed, Span],
    *,
    exclude: Sequence[str] = (),
) -> StorePlan:
    """Plan from what the files make to what the YAML wants; the way back is planned from what the server shows.

    `renames` with the places of their `was`: `InputError` for those of which the files make neither name.
    """
    make = planner(desired.store)
    with server.scratch() as work:

        def read() -> Catalog:
            return excluding(work.inspect(), exclude).catalog

        replay(work, units)
        recorded = read()
        if unfounded := unfounded_renames(recorded, renames, desired):
            raise InputError(*unfounded)
        pairs = make.rename(recorded, renames, desired)
        work.run([up.statement for up, _ in pairs])
        middle = read() if pairs else recorded
        before, after = make.align(middle, desired)
        steps = (*(up for up, _ in pairs), *make.plan(before, after))
        made = renamed_by(pairs, renames)
        changes = (*made, *diff(before, after))
        pieces = tuple(_pieces(work, middle, segments(steps), pairs, exclude))
    return StorePlan(desired.store, recorded, desired, changes, made, pieces)


_EVERYWHERE = frozenset({"schema", "extension", "language"})
"""Kinds of which a database has some as the server makes it."""


def unfounded_renames(before: Catalog, renames: Mapping[Renamed, Span], desired: Catalog) -> tuple[Diagnostic, ...]:
    """A finding for each rename of which `before` holds neither name; none where nothing has been made yet."""
    if all(thing.id.kind in _EVERYWHERE for thing in before):
        return ()
    wrong = planner(before.store).unfounded(before, renames, desired)
    return tuple(_unfounded(one, renames[one], before) for one in wrong)


def _unfounded(one: Renamed, place: Span, before: Catalog) -> Diagnostic:
    old, new = called(one.before), called(one.after)
    beside = [of for of in before.objects if of.kind == one.before.kind and of.path[:-1] == one.before.path[:-1]]
    return Diagnostic(
        "ST119",
        f"there is no {one.before.kind} `{old}` to become `{new}`, and no `{new}` either",
        place,
        did_you_mean(old, {called(of) for of in beside}) or f"correct `was`, or remove it if `{new}` is new",
        subject=str(one.after),
    )


def renamed_by(pairs: Sequence[tuple[Step, Step]], renames: Iterable[Renamed]) -> tuple[Renamed, ...]:
    """The renames that the steps are about; the others were made before."""
    subjects = {subject for up, _ in pairs for subject in up.subjects}
    return tuple(rename for rename in renames if {rename.before, rename.after} & subjects)


def _pieces(
    work: Engine,
    middle: Catalog,
    cut: Sequence[Segment],
    pairs: Sequence[tuple[Step, Step]],
    exclude: Sequence[str],
) -> Iterator[Piece]:
    """Run each segment and plan its way back from the two catalogs around it; the renames have been run already."""
    make = planner(middle.store)
    before, position = middle, 0
    for segment in cut:
        renamed = min(len(segment.steps), max(0, len(pairs) - position))
        undo_renames = [down for _, down in reversed(pairs[position : position + renamed])]
        position += len(segment.steps)
        rest = segment.steps[renamed:]
        down: tuple[Step, ...] = ()
        if rest:
            _run(work, rest, together=segment.transactional and middle.store == "postgres")
            after = excluding(work.inspect(), exclude).catalog
            down = make.plan(*make.align(after, before), Style(online=not segment.transactional, undoes=segment.steps))
            before = after
        yield Piece(segment, (*down, *undo_renames))


def _run(work: Engine, steps: Sequence[Step], *, together: bool) -> None:
    """Run steps as their migration will: what says SET LOCAL only holds in a transaction."""
    statements = [step.statement for step in steps]
    try:
        work.run(["BEGIN", *statements, "COMMIT"] if together else statements)
    except StatementError as error:
        error.statement = error.statement or "; ".join(statements)
        raise
