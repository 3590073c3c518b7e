"""`generate`: the YAML against the history, into the next proven migration of each store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import ClassVar

from schematool.app import locking
from schematool.app.catalogs import build_desired, raise_unmodelled
from schematool.app.compile import Compiled, compile_schema
from schematool.app.hazard import danger, quoted, require, step_line, told, wanting, with_permits
from schematool.app.history import History, read_history, snapshot_file, snapshot_text, unit_files, write_history
from schematool.app.planning import Piece, StorePlan, plan_store
from schematool.app.proof import Claim, Proof, prove
from schematool.app.report import Danger, Report, StepLine
from schematool.app.servers import scratch_server
from schematool.app.twins import renderer
from schematool.app.workspace import Workspace, fingerprint, warn
from schematool.core.catalog import Catalog, Id
from schematool.core.change import Added, Change
from schematool.core.codes import permit_of
from schematool.core.config import STORES
from schematool.core.describe import Described, describe
from schematool.core.diagnostic import Diagnostic
from schematool.core.diff.lookalike import lookalikes
from schematool.core.errors import InputError, Refused
from schematool.core.history.names import next_id
from schematool.core.history.unit import Consent, Unit
from schematool.core.step import Hazard

NEEDS_EMPTY = "ST208"


@dataclass(frozen=True, slots=True)
class Written:
    """One file that was written, or would be."""

    path: str
    what: str
    text: str
    steps: tuple[StepLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateReport(Report):
    """What changed and which files say so. `written` False: `--check` or `--dry-run`, or nothing to do."""

    command: ClassVar[str] = "generate"

    changes: tuple[Described, ...] = ()
    files: tuple[Written, ...] = ()
    dangers: tuple[Danger, ...] = ()
    written: bool = False
    offline: bool = False
    rows: int = 0
    """Rows that were in the scratch databases while the migration was proven."""


@dataclass(frozen=True, slots=True)
class _Made:
    """One store's share, rendered: its units, the catalog that they lead to."""

    plan: StorePlan
    units: tuple[Unit, ...]
    files: tuple[Written, ...]
    proof: Proof


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the title, the consents with their reason, and whether to write at all."""

    message: str | None = None
    allowed: frozenset[str] = frozenset()
    because: str | None = None
    check: bool = False
    dry_run: bool = False

    @property
    def command(self) -> str:
        """The command line that says the same, without the consents."""
        words = ["schematool", "generate"]
        words += ["-m", quoted(self.message)] if self.message else []
        words += ["--because", quoted(self.because)] if self.because else []
        return " ".join([*words, *(["--dry-run"] if self.dry_run else [])])


def run(workspace: Workspace, wish: Wish, files: Mapping[str, str] | None = None) -> GenerateReport:
    """Compile, plan, prove and write. Raises `Refused` when a consent is missing; nothing is then written.

    `files`: YAML that is not on disk yet, to be used instead of what is there, and written with the rest.
    """
    new_files = dict(files or {})
    files = workspace.schema_files() if files is None else files
    history = read_history(workspace, whole=False)
    locking.require_intact(workspace, history)
    if unchanged(history, fingerprint(files)):
        return GenerateReport(offline=True)
    history = read_history(workspace)
    compiled = compile_schema(files)
    stores = [store for store in STORES if _in_use(store, compiled, history)]
    plans = _plans(workspace, stores, compiled, history)
    changes = tuple(describe(change) for plan in plans.values() for change in plan.changes)
    if wish.check:
        return _checked(compiled, changes, plans)
    _consider(plans, wish)
    made = _make(workspace, history, plans, wish)
    hazards = [h for share in made for h in share.plan.hazards]
    records = _records(workspace, history, compiled, made)
    written = tuple(file for share in made for file in share.files)
    if not wish.dry_run:
        write_history(workspace, history, new_files | {file.path: file.text for file in written} | records)
    return GenerateReport(
        diagnostics=(*compiled.warnings, *(d for plan in plans.values() for d in plan.remarks)),
        changes=changes,
        files=(*written, *(Written(path, _kind(path), text) for path, text in records.items())),
        dangers=tuple(danger(h) for h in dict.fromkeys(hazards)),
        written=not wish.dry_run,
        rows=sum(share.proof.rows for share in made),
        hint="review them, then `schematool migrate`" if written else None,
    )


def unchanged(history: History, current: str) -> bool:
    """Say whether the snapshots were made from this very YAML and are of the newest migrations."""
    snapshots = [history.current(store) for store in STORES]
    return any(snapshots) and all(
        snapshot.fingerprint == current if snapshot else history.head(store) is None
        for store, snapshot in zip(STORES, snapshots, strict=True)
    )


def _in_use(store: str, compiled: Compiled, history: History) -> bool:
    draft = compiled.drafts[store]
    declared = any(e.store == store for e in compiled.model.entities)
    return declared or bool(draft.extra) or bool(history.units(store)) or _more_than_given(draft.catalog)


def _more_than_given(catalog: Catalog) -> bool:
    """A draft may hold what every database has: the schema `public`."""
    return any(key != Id("schema", ("public",)) for key in catalog.objects)


def _plans(workspace: Workspace, stores: Sequence[str], compiled: Compiled, history: History) -> dict[str, StorePlan]:
    """Plan each store; what is wrong with the YAML is told of both at once."""
    plans, found = {}, list[Diagnostic]()
    for store in stores:
        try:
            plans[store] = _plan(workspace, store, compiled, history)
        except InputError as error:
            found += error.diagnostics
    if found:
        raise InputError(*found)
    return plans


def _plan(workspace: Workspace, store: str, compiled: Compiled, history: History) -> StorePlan:
    draft, exclude = compiled.drafts[store], workspace.config.exclude
    with scratch_server(workspace, store) as server:
        desired = build_desired(server, draft, exclude)
        raise_unmodelled(desired)
        plan = plan_store(server, history.units(store), desired.catalog, draft.renames, exclude=exclude)
        return replace(plan, remarks=desired.unmodelled if plan.changes else ())


def _checked(compiled: Compiled, changes: tuple[Described, ...], plans: dict[str, StorePlan]) -> GenerateReport:
    message = f"the schema has {_count(len(changes), 'change')} that no migration has"
    if not changes:
        message = "the snapshots are older than the schema, though nothing is left to migrate"
    hazards = [h for plan in plans.values() for h in plan.hazards]
    return GenerateReport(
        ok=False,
        diagnostics=(*compiled.warnings, warn("ST407", message)),
        changes=changes,
        dangers=tuple(danger(h) for h in dict.fromkeys(hazards)),
        hint="run `schematool generate` and commit what it writes",
    )


def _consider(plans: dict[str, StorePlan], wish: Wish) -> None:
    """Stop over what looks like a rename, and over hazards that nobody has consented to."""
    hazards = [h for plan in plans.values() for h in plan.hazards]
    if not {"data-loss", "all"} & wish.allowed:
        pairs = [pair for plan in plans.values() for pair in lookalikes(plan.changes)]
        if pairs:
            again = with_permits(wish.command, {*wanting(hazards, wish.allowed), "data-loss"})
            raise Refused(*(_lookalike(old, new, again) for old, new in pairs), state="nothing was written")
    require(hazards, wish.allowed, wish.command, "nothing was written")


def _lookalike(old: Id, new: Id, again: str) -> Diagnostic:
    return Diagnostic(
        "ST206",
        f"{old} goes and {new} comes with the same shape: is it a rename?",
        hint=f"write `was: {old.name}` at `{new.name}` to keep the values, or run `{again}` to drop them",
        subject=str(new),
    )


def _make(
    workspace: Workspace,
    history: History,
    plans: dict[str, StorePlan],
    wish: Wish,
) -> list[_Made]:
    """Name, render and prove. The n-th files of both stores share an id."""
    changes = tuple(change for plan in plans.values() for change in plan.changes)
    title = wish.message or _title(changes, history)
    taken = [migration.id for migration in history.migrations]
    ids: list[str] = []
    for pair in zip_longest(*(plan.pieces for plan in plans.values())):
        online = bool(ids) and any(piece and not piece.up.transactional for piece in pair)
        ids.append(next_id((*taken, *ids), f"{title} online" if online else title))
    named = replace(wish, message=title)
    return [_make_store(workspace, history.units(store), plan, ids, named) for store, plan in plans.items()]


def _make_store(workspace: Workspace, before: Sequence[Unit], plan: StorePlan, ids: Sequence[str], wish: Wish) -> _Made:
    writer = Writer(workspace, before[-1].id if before else None, tuple(ids), wish)
    units, files = writer.render(plan)
    if not units:
        return _Made(plan, (), (), Proof(0, plan.recorded))
    may_lose = any(permit_of(h) == "data-loss" for h in plan.hazards)
    with scratch_server(workspace, plan.store) as server:
        claim = Claim(
            before,
            units,
            plan.desired,
            may_lose,
            may_lose_back=any(h.code == "ST202" for h in plan.hazards),
            renames=plan.renames,
            exclude=workspace.config.exclude,
        )
        proof = prove(server, claim)
    if proof.needs_empty:
        extra = (Hazard(NEEDS_EMPTY, plan.store, proof.needs_empty),)
        require((*plan.hazards, *extra), wish.allowed, wish.command, "nothing was written")
        units, files = writer.render(plan, extra)
    return _Made(plan, units, files, proof)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes a plan as files, after the migration `last`, under `ids`; `replaces`: what they stand for in a squash."""

    workspace: Workspace
    last: str | None
    ids: tuple[str, ...]
    wish: Wish
    replaces: tuple[str, ...] = ()

    def render(self, plan: StorePlan, extra: tuple[Hazard, ...] = ()) -> tuple[tuple[Unit, ...], tuple[Written, ...]]:
        """Write each piece as two files and read them back, so that what is proven is what is in the files."""
        depends = [self.last] if self.last else []
        units: list[Unit] = []
        files: list[Written] = []
        for name, piece in zip(self.ids, plan.pieces, strict=False):
            unit, pair = self._piece(plan.store, name, piece, depends, extra)
            units.append(unit)
            files += pair
            depends = [name]
        return tuple(units), tuple(files)

    def _piece(
        self, store: str, name: str, piece: Piece, depends: Sequence[str], extra: tuple[Hazard, ...]
    ) -> tuple[Unit, tuple[Written, Written]]:
        write = renderer(store)
        hazards = (*(h for step in piece.up.steps for h in step.hazards), *extra)
        consents = _consents(hazards, self.wish.because)
        title = self.wish.message or name
        up, down = write.render(
            name, piece.up, piece.down, consents=consents, depends=depends, title=title, replaces=self.replaces
        )
        up_file, down_file = unit_files(self.workspace, store, name)
        pair = (
            Written(up_file, _what(store, piece), up, tuple(step_line(store, step) for step in piece.up.steps)),
            Written(down_file, "rollback", down, tuple(step_line(store, step) for step in piece.down)),
        )
        return write.parse(name, up_file, up, down_file, down), pair


def _consents(hazards: Iterable[Hazard], because: str | None) -> tuple[Consent, ...]:
    """One line a code: the reason that was given, or what it is about."""
    by_code: dict[str, list[str]] = {}
    for hazard in hazards:
        if permit_of(hazard):
            by_code.setdefault(hazard.code, []).append(told(hazard))
    return tuple(Consent(code, because or "; ".join(dict.fromkeys(texts))) for code, texts in sorted(by_code.items()))


def _what(store: str, piece: Piece) -> str:
    if store == "mongo":
        return f"{_count(len(piece.up.steps), 'command')}, + rollback"
    where = "one transaction" if piece.up.transactional else "outside a transaction"
    return f"{_count(len(piece.up.steps), 'statement')}, {where}, + rollback"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _records(workspace: Workspace, history: History, compiled: Compiled, made: Sequence[_Made]) -> dict[str, str]:
    """Snapshots and lock after the new migrations."""
    files = {}
    units = {store: list(history.units(store)) for store in STORES}
    for share in made:
        store = share.plan.store
        units[store] += share.units
        head = units[store][-1].id if units[store] else None
        text = snapshot_text(store, head, compiled.fingerprint, share.proof.reached)
        files[snapshot_file(workspace, store)] = text
    files[locking.lock_file(workspace)] = locking.lock_text(units, compiled.fingerprint)
    return files


def _kind(path: str) -> str:
    return "snapshot" if path.endswith("snapshot.json") else "lock"


def _title(changes: Sequence[Change], history: History) -> str:
    """Name a migration that nobody named."""
    if not history.migrations:
        return "initial"
    told_changes = [describe(change) for change in changes]
    entities = list(dict.fromkeys(one.entity for one in told_changes))
    verb = {"+": "add", "-": "drop", "~": "change", ">": "rename"}
    main = next((c for c in changes if isinstance(c, Added) and c.id.kind in {"table", "collection"}), None)
    if main:
        return f"add {main.id.name}"
    if len(told_changes) == 1:
        one = told_changes[0]
        return f"{verb[one.symbol]} {one.entity} {one.name if one.name != one.entity else ''}"
    return f"change {' '.join(re.sub(r'[^A-Za-z0-9]+', ' ', e) for e in entities[:3])}"
