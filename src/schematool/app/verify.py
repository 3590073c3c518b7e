"""`verify`: the live databases against what was recorded. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from schematool.app import locking
from schematool.app.catalogs import build_recorded, differences, excluding, quiet
from schematool.app.foreign import left_out
from schematool.app.history import History, read_history, whole
from schematool.app.report import Report
from schematool.app.servers import opened_stores, scratch_server
from schematool.app.spelling import spelled_like
from schematool.app.standing import DONE, Standing, stand
from schematool.app.twins import planner
from schematool.app.workspace import Workspace
from schematool.core.catalog import Catalog
from schematool.core.describe import Described, describe, entity_of
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.history.names import order
from schematool.core.history.status import State
from schematool.core.history.unit import LedgerRow, Unit
from schematool.engines.contract import Engine, Health, Inspection, Surveyor

if TYPE_CHECKING:
    from schematool.app.references import ReferenceCheck
    from schematool.core.patterns import Proof
    from schematool.engines.contract import Listener


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: `change` leads from what was recorded to what was found."""

    store: str
    change: Described


@dataclass(frozen=True, slots=True)
class Verified:
    """One store: how many entities there are, how many are as recorded, up to which migration."""

    store: str
    head: str | None
    entities: int
    matching: int
    pending: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport(Report):
    """What differs, store by store; `ok` when nothing does and the ledger agrees with the files."""

    command: ClassVar[str] = "verify"

    env: str
    stores: tuple[Verified, ...] = ()
    drift: tuple[Drift, ...] = ()
    references: tuple[ReferenceCheck, ...] = ()
    patterns: tuple[Proof, ...] = ()
    unused: tuple[str, ...] = ()
    """Indexes of entities that patterns read, which no plan used."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to verify beside the catalogs. `only`: this entity alone (a pattern's name, for patterns)."""

    only: str | None = None
    data: bool = False
    patterns: bool = False
    resume: bool = False
    scale: str | None = None
    """Patterns alone, on scratch databases with so many rows of each entity."""


_TRIES = 3


def run(workspace: Workspace, *, stores: Sequence[str], wish: Wish, listen: Listener = quiet) -> VerifyReport:
    """Compare every store of the environment that has a history; with `data` look at the documents as well."""
    if wish.scale:
        return _at_scale(workspace, stores, wish, listen)
    history = read_history(workspace, whole=False)
    used = locking.used_stores(workspace, history)
    wanted = tuple(store for store in workspace.stores if store in stores and (store in used or len(stores) == 1))
    with opened_stores(workspace, wanted) as engines:
        for _ in range(_TRIES):
            before = _ledgers(engines)
            report = verify(workspace, history, engines, wish, listen)
            if report.ok or _ledgers(engines) == before:
                break  # else a migration ended in between, and what it did would be taken for a difference
        return report


def _ledgers(engines: Mapping[str, Engine]) -> list[tuple[LedgerRow, ...]]:
    return [engine.ledger() for engine in engines.values()]


def _at_scale(workspace: Workspace, stores: Sequence[str], wish: Wish, listen: Listener) -> VerifyReport:
    """Prove the patterns at a volume, on servers of its own; the environment is not touched."""
    from schematool.app.compile import compile_schema  # noqa: PLC0415  # the YAML's loader is for these only
    from schematool.app.patterns import check_at_scale, holds, unused_indexes  # noqa: PLC0415  # the same

    files = workspace.schema_files()
    compiled = compile_schema(files)
    proofs, broken = check_at_scale(workspace, compiled, files, stores, str(wish.scale), listen, only=wish.only)
    return VerifyReport(
        ok=all(map(holds, proofs)),
        diagnostics=broken,
        env=f"scratch, {wish.scale} rows of each entity",
        patterns=proofs,
        unused=unused_indexes(compiled.model, proofs) if wish.only is None else (),
    )


def _no_patterns() -> Diagnostic:
    hint = "declare what the application asks: `pattern: NAME`, with its query"
    return Diagnostic("ST624", "no pattern is declared: nothing was proven", hint=hint, severity=Severity.WARNING)


def verify(
    workspace: Workspace,
    history: History,
    engines: Mapping[str, Engine],
    wish: Wish = Wish(),
    listen: Listener = quiet,
) -> VerifyReport:
    """Compare over connections that are open already."""
    only = wish.only
    standing = stand(workspace, history, engines)
    verified: list[Verified] = []
    drift: list[Drift] = []
    found: list[Diagnostic] = list(standing.problems())
    for store, engine in engines.items():
        found += _exposed(store, engine)
        recorded = _recorded(workspace, history, standing, store)
        others = left_out(engine, workspace.config.exclude, recorded)
        inspection = excluding(engine.inspect(), others)
        units = standing.applied_units(store)
        recorded = spelled_like(workspace, engine, units, recorded, inspection.catalog)
        changes = differences(recorded, inspection.catalog)
        told = [Drift(store, describe(change)) for change in changes]
        told = [d for d in told if only is None or only == d.change.entity]
        drift += told
        found += [_diagnostic(one) for one in told]
        surveyed = engine.survey(recorded, data=wish.data) if isinstance(engine, Surveyor) else ()
        surveyed = excluding(Inspection(inspection.catalog, surveyed), others).unmodelled
        beside = (*inspection.unmodelled, *surveyed)
        found += [d for d in beside if only is None or (d.subject and only in d.subject)]
        names = {
            entity_of(thing)
            for catalog in planner(store).align(recorded, inspection.catalog)
            for thing in catalog
            if thing.id.kind != "schema"
        }
        names = {name for name in names if only in {None, name}}
        differing = {describe(change).entity for change in changes} & names
        verified.append(_verified(store, standing, len(names), len(differing)))
    references: tuple[ReferenceCheck, ...] = ()
    if wish.data:
        from schematool.app.compile import compile_schema  # noqa: PLC0415  # the YAML's loader is for these only
        from schematool.app.references import check_references  # noqa: PLC0415  # the same

        model = compile_schema(workspace.schema_files()).model
        file = workspace.state_folder / f"verify-{workspace.target.name}.sqlite"
        references, wrong = check_references(model, engines, file, listen, resume=wish.resume, only=only)
        found += wrong
    proofs: tuple[Proof, ...] = ()
    unused: tuple[str, ...] = ()
    unproven = False
    if wish.patterns:
        from schematool.app.compile import compile_schema  # noqa: PLC0415  # the YAML's loader is for these only
        from schematool.app.patterns import check_patterns, holds, unused_indexes  # noqa: PLC0415  # the same

        files = workspace.schema_files()
        compiled = compile_schema(files)
        measure = not workspace.target.protected
        proofs, broken = check_patterns(compiled, files, engines, measure=measure, only=only)
        unused = unused_indexes(compiled.model, proofs) if only is None else ()
        found += broken or (() if proofs else (_no_patterns(),))
        unproven = not all(map(holds, proofs))
    stopped = any(d.severity is Severity.ERROR for d in found) or bool(standing.halves(State.PARTIAL))
    return VerifyReport(
        ok=not stopped and not unproven,
        diagnostics=tuple(found),
        env=workspace.target.name,
        stores=tuple(verified),
        drift=tuple(drift),
        references=references,
        patterns=proofs,
        unused=unused,
        hint=_hint(workspace, drift),
    )


def _exposed(store: str, engine: Engine) -> tuple[Diagnostic, ...]:
    """A warning, and no more: the answer is the same whoever has listened."""
    check = engine.connection()
    if check.health is Health.OK:
        return ()
    return (Diagnostic(check.code, f"{store}: {check.text}", hint=check.hint, severity=Severity.WARNING),)


def _recorded(workspace: Workspace, history: History, standing: Standing, store: str) -> Catalog:
    """The catalog that the applied migrations make: the snapshot when all are applied, else a replay.

    The snapshot also speaks for files that are gone, as long as it is of the newest that was applied.
    """
    units = standing.applied_units(store)
    if (snapshot := history.current(store)) and units == history.units(store):
        return snapshot.catalog()
    lost = [half.id for half in standing.halves(State.MISSING) if half.store == store and half.cell.ledger]
    if lost and (snapshot := history.snapshots.get(store)):
        done = {*lost, *(unit.id for unit in units)}
        known = {unit.id for unit in history.units(store)} | {
            name for name, stores in locking.locked_halves(workspace, history).items() if store in stores
        }
        if done == known and snapshot.head == max(done, key=order):
            return snapshot.catalog()
    return replayed(workspace, store, units)


def replayed(workspace: Workspace, store: str, units: Sequence[Unit]) -> Catalog:
    """Read what these migrations make of an empty database, on a scratch server."""
    units = whole(workspace, units)
    with scratch_server(workspace, store) as server:
        return build_recorded(server, units, workspace.config.exclude).catalog


def _verified(store: str, standing: Standing, entities: int, differing: int) -> Verified:
    done = [half.id for half in standing.halves(*DONE, State.MISSING) if half.store == store and half.cell.ledger]
    pending = sum(half.store == store for half in standing.halves(State.PENDING, State.OUT_OF_ORDER))
    return Verified(store, done[-1] if done else None, entities, entities - differing, pending)


def _diagnostic(drift: Drift) -> Diagnostic:
    told = drift.change
    words = {"+": "is not in any migration", "-": "is missing", "~": "is changed", ">": "is renamed"}
    detail = f": {told.detail}" if told.detail else ""
    return Diagnostic(
        "ST601",
        f"{drift.store} {told.entity}: {told.kind} {told.name} {words[told.symbol]}{detail}",
        subject=str(told.id),
    )


def _hint(workspace: Workspace, drift: Sequence[Drift]) -> str | None:
    if not drift:
        return None
    env = "" if workspace.target.name == workspace.config.default_env else f" --env {workspace.target.name}"
    return f"put a live change into the YAML to keep it; undo it with `schematool diff live migrations --sql{env}`"
