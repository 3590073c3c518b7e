"""`seed`: realistic rows for an empty database of both stores, the same rows for the same number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import ClassVar

from schematool.app.compile import compile_schema
from schematool.app.manner import Manner
from schematool.app.migrate import locked
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.workspace import Workspace
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.errors import InputError, Refused
from schematool.core.model.entity import Model
from schematool.core.secret import Url
from schematool.core.seed.demand import Source
from schematool.core.seed.documents import id_text
from schematool.core.seed.wish import DEFAULT_SCALE, Target, Wished, size, wishes
from schematool.engines.contract import Announced, Engine, Listener, Prepared, Request


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make. `rows`: exact numbers by entity, before `scale`. `partial`: also where not all can be filled."""

    scale: int = DEFAULT_SCALE
    rows: Mapping[str, int] = field(default_factory=dict)
    seed: int = 1
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """One table or collection: how many rows, or none and why. `notes`: what is given up."""

    store: str
    name: str
    rows: int
    refused: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedReport(Report):
    """What is to be made (`done` false), or was."""

    command: ClassVar[str] = "seed"

    env: str
    stores: Mapping[str, Url]
    seed: int
    entities: tuple[Filled, ...] = ()
    done: bool = False
    dry_run: bool = False
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        """All rows and documents together."""
        return sum(one.rows for one in self.entities)


def wanted(scale: str | None, rows: list[str], seed: int, *, partial: bool) -> Wanted:
    """Read `--scale` and `--rows`; `InputError` for what is no size."""
    found: dict[str, int] = {}
    for text in (part for given in rows for part in given.split(",")):
        name, equals, many = text.partition("=")
        number = size(many)
        if not equals or number is None:
            raise InputError(Diagnostic("ST009", f"--rows takes ENTITY=NUMBER, not `{text}`"))
        found[name.strip()] = number
    number = DEFAULT_SCALE if scale is None else size(scale)
    if number is None:
        raise InputError(Diagnostic("ST009", f"--scale takes a number such as 500, 100k or 1M, not `{scale}`"))
    return Wanted(number, found, seed, partial)


def run(workspace: Workspace, wish: Wanted, manner: Manner) -> SeedReport:
    """Fill the stores of the environment. Raises `Refused` for a protected one, and for one that has rows."""
    if workspace.target.protected:
        raise Refused(
            Diagnostic(
                "ST418",
                f"`{workspace.target.name}` is protected: it takes no invented rows",
                hint="seed another environment, or a database of its own with --postgres-url and --mongo-url",
            ),
            state="nothing was changed",
        )
    model = compile_schema(workspace.schema_files()).model
    _check_names(model, wish)
    with opened_stores(workspace, workspace.stores) as engines, locked(engines, workspace, manner):
        require_empty(engines, wishes(model), wish)
        ready = prepare(engines, model, wish)
        plan = _report(workspace, engines, ready, wish)
        refused = [one for one in plan.entities if one.refused]
        if refused and not wish.partial:
            return replace(
                plan,
                ok=False,
                diagnostics=tuple(_unfillable(one) for one in refused),
                hint=f"`{manner.command} --partial` fills the others; nothing was changed",
            )
        warned = tuple(replace(_unfillable(one), severity=Severity.WARNING) for one in refused)
        plan = replace(plan, diagnostics=warned)
        if manner.dry_run:
            return replace(plan, dry_run=True)
        manner.confirm(plan, f"Put {plan.rows:,} rows into {workspace.target.name}?")
        began = perf_counter()
        fill(ready, manner.listen)
        return replace(plan, done=True, seconds=perf_counter() - began)


def require_empty(engines: Mapping[str, Engine], wished: Mapping[tuple[str, str], Wished], wish: Wanted) -> None:
    """Raise `Refused` where a table has rows that is not declared to keep them (`seed: { rows: 0 }`)."""
    full = [
        (store, name, many)
        for store, engine in engines.items()
        for name, many in engine.counts().items()
        if many and _count(wished, store, name, wish)
    ]
    if full:
        store, name, many = full[0]
        more = f" and {len(full) - 1} more" if len(full) > 1 else ""
        raise Refused(
            Diagnostic(
                "ST416",
                f"{store} is not empty: {name.removeprefix('public.')} has {many:,} rows{more}",
                hint="seed an empty database, or declare `seed: { rows: 0 }` for an entity that keeps what it has",
            ),
            state="nothing was changed",
        )


def prepare(engines: Mapping[str, Engine], model: Model, wish: Wanted) -> dict[str, Prepared]:
    """Plan the rows of every store and try some of each, which leaves nothing behind."""
    wished = wishes(model)
    ready: dict[str, Prepared] = {}

    def elsewhere(target: Target) -> Source | None:
        if target.store in ready:
            return ready[target.store].source(target.entity, target.field)
        if target.store == "mongo" and "mongo" in engines and target.field == "_id":
            # Not planned yet; its ids follow from the number of the document alone.
            many = _count(wished, "mongo", target.entity, wish)
            return Source(many, lambda row: id_text(target.entity, wish.seed, row))
        return None

    pointed = {(one.store, target.entity, target.field) for one in wished.values() for target in one.targets.values()}
    for store in (store for store in STORES if store in engines):
        ready[store] = engines[store].prepare(
            Request(
                wish.seed,
                {name: one for (of, name), one in wished.items() if of == store},
                _counter(wished, store, wish),
                elsewhere,
                frozenset((entity, name) for source, entity, name in pointed if source != store),
            )
        )
    return ready


def fill(ready: Mapping[str, Prepared], listen: Listener) -> None:
    """Make everything that was planned."""
    listen(Announced(tuple(one.name for prepared in ready.values() for one in prepared.outlook if not one.refused)))
    for prepared in ready.values():
        prepared.fill(listen)


def _counter(wished: Mapping[tuple[str, str], Wished], store: str, wish: Wanted):  # type: ignore[no-untyped-def]
    return lambda name: _count(wished, store, name, wish)


def _count(wished: Mapping[tuple[str, str], Wished], store: str, name: str, wish: Wanted) -> int:
    return wished.get((store, name), Wished(name, store)).count(wish.scale, wish.rows)


def _check_names(model: Model, wish: Wanted) -> None:
    known = {name for entity in model.entities for name in (entity.name, f"{entity.schema or 'public'}.{entity.name}")}
    for name in wish.rows:
        if name not in known and not any(
            d.kind == "bucket" and name.startswith(f"{d.name}.") for d in model.declarations
        ):
            raise InputError(Diagnostic("ST009", f"--rows names no entity: `{name}`"))


def _report(
    workspace: Workspace, engines: Mapping[str, Engine], ready: Mapping[str, Prepared], wish: Wanted
) -> SeedReport:
    return SeedReport(
        env=workspace.target.name,
        stores={store: engine.url for store, engine in engines.items()},
        seed=wish.seed,
        entities=tuple(
            Filled(store, one.name.removeprefix("public."), one.rows, one.refused, one.notes)
            for store, prepared in ready.items()
            for one in prepared.outlook
        ),
    )


def _unfillable(one: Filled) -> Diagnostic:
    return Diagnostic("ST417", f"{one.store} {one.name} cannot be filled: {one.refused}", subject=one.name)
