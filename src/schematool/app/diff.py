"""`diff`: any two states, as changes, or as the statements that turn the first into the second."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from schematool.app.catalogs import excluding
from schematool.app.hazard import danger, step_line
from schematool.app.planning import renamed_by, unfounded_renames
from schematool.app.report import Danger, Report, StepLine
from schematool.app.servers import scratch_server
from schematool.app.sources import MigrationsSource, SchemaSource, Source, UrlSource, source
from schematool.app.spelling import spelled_alike
from schematool.app.twins import planner
from schematool.app.workspace import Workspace
from schematool.core.catalog import Catalog, Id
from schematool.core.change import Change, Renamed
from schematool.core.codes import hazards_of
from schematool.core.describe import Described, describe
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.diff import diff
from schematool.core.errors import InputError
from schematool.core.plan import Style
from schematool.core.step import Hazard, Step, segments


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One change, with what its statements do to the running database."""

    store: str
    change: Described
    effect: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Statements that commit together."""

    store: str
    transactional: bool
    steps: tuple[StepLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffReport(Report):
    """The changes from one state to another, and the statements that make them. `sql`: only those were asked for."""

    command: ClassVar[str] = "diff"

    before: str
    after: str
    changes: tuple[DiffLine, ...] = ()
    blocks: tuple[Block, ...] = ()
    dangers: tuple[Danger, ...] = ()
    permits: tuple[str, ...] = ()
    sql: bool = False


@dataclass(frozen=True, slots=True)
class _Compared:
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    findings: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to compare and how. `online` None: unless both sides are URLs. `store` None: both."""

    before: str = "migrations"
    after: str = "schema"
    sql: bool = False
    reverse: bool = False
    check: bool = False
    store: str | None = None
    online: bool | None = None


def run(workspace: Workspace, wish: Wish) -> DiffReport:
    """Compare. Two URLs are made equal with plain statements; otherwise online steps are preferred."""
    one, other = source(workspace, wish.before), source(workspace, wish.after)
    if wish.reverse:
        one, other = other, one
    stores = [s for s in one.stores if s in other.stores and wish.store in {None, s}]
    if not stores:
        raise InputError(Diagnostic("ST007", f"{one.name} and {other.name} are not of the same store"))
    two_urls = isinstance(one, UrlSource) and isinstance(other, UrlSource)
    style = Style(online=not two_urls if wish.online is None else wish.online)
    compared = {s: _compare(workspace, s, one, other, style) for s in stores if _worth(one, other, s)}
    changes = tuple(line for s, found in compared.items() for line in _lines(s, found))
    hazards = hazards_of(step for found in compared.values() for step in found.steps)
    dangers = tuple(danger(hazard) for hazard in hazards)
    permits = tuple(sorted({d.permit for d in dangers if d.permit}))
    findings = tuple(d for found in compared.values() for d in found.findings)
    return DiffReport(
        ok=not (wish.check and changes) and all(d.severity is not Severity.ERROR for d in findings),
        diagnostics=findings,
        before=one.name,
        after=other.name,
        changes=changes,
        blocks=tuple(block for s, found in compared.items() for block in _blocks(s, found.steps)),
        dangers=dangers,
        permits=permits,
        sql=wish.sql,
        hint=None if wish.sql or not changes else _hint(one, other, permits),
    )


def _worth(one: Source, other: Source, store: str) -> bool:
    """Leave out a store that neither the YAML nor the history knows, rather than start a server for it."""
    sides = [side for side in (one, other) if isinstance(side, SchemaSource | MigrationsSource)]
    return not sides or any(_knows(side, store) for side in sides)


def _knows(side: Source, store: str) -> bool:
    if isinstance(side, SchemaSource):
        if side.offline(store):
            return True
        draft = side.compiled.drafts[store]
        return bool(draft.extra) or any(key != Id("schema", ("public",)) for key in draft.catalog.objects)
    return bool(side.history.units(store))


def _compare(workspace: Workspace, store: str, one: Source, other: Source, style: Style) -> _Compared:
    before, after = one.inspection(store), other.inspection(store)
    make = planner(store)
    renames = other.renames(store)
    pairs = make.rename(before.catalog, renames, after.catalog)
    middle = _renamed(workspace, before.catalog, [up for up, _ in pairs]) if pairs else before.catalog
    aligned = make.align(spelled_alike(workspace, middle, after.catalog), after.catalog)
    steps = (*(up for up, _ in pairs), *make.plan(*aligned, style))
    made = renamed_by(pairs, renames)
    changes: tuple[Change, ...] = (*made, *diff(*aligned))
    # Of a database that is older than the thing itself it is no mistake.
    unfounded = unfounded_renames(before.catalog, renames, after.catalog)
    warnings = tuple(replace(found, severity=Severity.WARNING) for found in unfounded)
    return _Compared(changes, steps, (*_unmodelled(before.unmodelled, after.unmodelled), *warnings))


def _unmodelled(before: tuple[Diagnostic, ...], after: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """What both sides have alike cannot be a difference and is only a warning; the rest is an error."""
    common = set(before) & set(after)
    shared = [replace(found, severity=Severity.WARNING) for found in before if found in common]
    return (*shared, *(found for found in (*before, *after) if found not in common))


def _renamed(workspace: Workspace, catalog: Catalog, steps: list[Step]) -> Catalog:
    """Ask a scratch server what the catalog is after its renames: names stand inside of other definitions as well."""
    make = planner(catalog.store)
    with scratch_server(workspace, catalog.store) as server, server.scratch() as place:
        place.build(make.build(catalog))
        place.run([step.statement for step in steps])
        return excluding(place.inspect(), workspace.config.exclude).catalog


def _lines(store: str, found: _Compared) -> Iterable[DiffLine]:
    for change in found.changes:
        ids = {change.before, change.after} if isinstance(change, Renamed) else {change.id}
        steps = [step for step in found.steps if ids & set(step.subjects)]
        codes = tuple(dict.fromkeys(h.code for step in steps for h in step.hazards if _concerns(h, step, ids)))
        yield DiffLine(store, describe(change), _effect(store, steps), codes)


def _concerns(hazard: Hazard, step: Step, ids: set[Id]) -> bool:
    """Whether a hazard is about these things: one statement can change several, and harm one."""
    others = {str(subject) for subject in step.subjects if subject not in ids}
    return hazard.subject not in others


def _effect(store: str, steps: list[Step]) -> str:
    """Tell the strongest of what the statements do."""
    if not steps:
        return ""
    lines = [step_line(store, step) for step in steps]
    strongest = max(lines, key=lambda line: (line.lock == "ACCESS EXCLUSIVE", len(line.lock), line.work))
    return ", ".join(word for word in (strongest.lock, strongest.work) if word)


def _blocks(store: str, steps: Iterable[Step]) -> Iterable[Block]:
    for segment in segments(steps):
        yield Block(store, segment.transactional, tuple(step_line(store, step) for step in segment.steps))


def _hint(one: Source, other: Source, permits: tuple[str, ...]) -> str | None:
    if (one.name, other.name) != ("migrations", "schema"):
        return None
    allow = f" --allow {','.join(permits)}" if permits else ""
    return f'run `schematool generate -m "what changed"{allow}`'


__all__ = ["Block", "Danger", "DiffLine", "DiffReport", "run"]
