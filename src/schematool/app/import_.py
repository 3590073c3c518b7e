"""`import`: live databases into YAML, with a baseline migration that counts as applied there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import ClassVar, Protocol, cast

from schematool.app import generate
from schematool.app.authoring import Shown, show
from schematool.app.catalogs import raise_unmodelled
from schematool.app.compile import compile_schema
from schematool.app.foreign import foreign_ledgers, inspected, require_settled
from schematool.app.generate import Written
from schematool.app.history import read_history
from schematool.app.partitions import adopt
from schematool.app.report import Report
from schematool.app.servers import opened_stores, scratch_server
from schematool.app.spelling import major, printed_by, with_texts
from schematool.app.twins import Author
from schematool.app.verify import VerifyReport, verify
from schematool.app.workspace import Workspace, warn, write_all
from schematool.core.author.inference import Shape
from schematool.core.catalog import Catalog, Id
from schematool.core.change import Added, Altered, Change, Removed
from schematool.core.describe import describe
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError, WorldError
from schematool.core.history.unit import LedgerRow
from schematool.core.secret import Url
from schematool.core.sql.quote import qualified
from schematool.engines.contract import Engine, Foreign, Partitioner

TITLE = "baseline"


@dataclass(frozen=True, slots=True)
class Source:
    """A store that was read: where, which version, how many tables or collections and other objects it has."""

    store: str
    url: Url
    version: str
    entities: int
    objects: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    `only`: entities whose files are wanted, without a history. `stdout`: nothing is written. `adopt`: the baseline is
    recorded as applied, unless the environment is protected. `sample`: how many documents of each
    collection without a validator are looked at; `infer_enums`: texts of few values are kept as such.
    """

    only: tuple[str, ...] = ()
    stdout: bool = False
    adopt: bool = True
    sample: int = 1000
    infer_enums: bool = False


class Samples(Protocol):
    """What the engine of MongoDB can besides: tell what documents look like."""

    def sample(self, collection: str, size: int, *, texts: bool) -> Shape:
        """Look at up to `size` documents."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport(Report):
    """What was read and written.

    `adopted`: the stores whose ledger now has the baseline. `partitions`: those that `schematool partitions` looks
    after from now on; their comments say so. `foreign`: the ledgers of other tools, left as they are.
    """

    command: ClassVar[str] = "import"

    env: str
    sources: tuple[Source, ...] = ()
    files: tuple[Written, ...] = ()
    written: bool = False
    adopted: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    verified: VerifyReport | None = None


def run(workspace: Workspace, wanted: Wanted) -> ImportReport:
    """Read, write, prove, adopt, verify. Raises `InputError` before anything is written over."""
    if not wanted.stdout and not wanted.only:
        _require_empty(workspace)
    with opened_stores(workspace, sources(workspace)) as engines:
        foreign: tuple[Foreign, ...] = ()
        if not wanted.stdout and not wanted.only:
            ledgers = {store: engine.ledger() for store, engine in engines.items()}
            _require_no_history(ledgers)
            foreign = foreign_ledgers(engines, ledgers, (), adopting=True)
            require_settled(foreign)
        catalogs = {store: _read(workspace, engine) for store, engine in engines.items()}
        read = tuple(_source(engines[store], catalog) for store, catalog in catalogs.items())
        present = {store: catalog for store, catalog in catalogs.items() if _holds_any(catalog)}
        files = _authored(workspace, present, _writers(engines, present, wanted))
        report = ImportReport(env=workspace.target.name, sources=read, foreign=foreign)
        if wanted.stdout or wanted.only:
            return _chosen(workspace, report, files, wanted)
        if not files:
            return replace(report, hint="there is nothing in these databases yet: `schematool init` makes a beginning")
        made = generate.run(workspace, generate.Wish(TITLE, frozenset({"all"}), "it is there already"), files)
        texts = tuple(Written(path, "schema", text) for path, text in files.items())
        report = replace(report, diagnostics=made.diagnostics, files=(*texts, *made.files), written=True)
        if not wanted.adopt or workspace.target.protected:
            return replace(report, hint=f"mark it as applied: `{_again(workspace)}`")
        return _adopted(workspace, engines, report)


def sources(workspace: Workspace) -> tuple[str, ...]:
    """The stores to read: those that have a URL; where none has one, the project's own servers."""
    given = tuple(store for store in workspace.stores if workspace.place(store).url)
    return given or workspace.stores


def _require_empty(workspace: Workspace) -> None:
    """Never write over a schema or a history: exit code 2, with what to do instead."""
    found = list(workspace.schema_files())
    found += [migration.id for migration in read_history(workspace, whole=False).migrations]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        example = found == [f"{workspace.config.schema}/example.yaml"]
        raise InputError(
            Diagnostic(
                "ST010",
                f"this project has a schema already: {', '.join(found[:3])}{more}",
                hint=f"remove it, if it is the example of `schematool init`: `rm {found[0]}`"
                if example
                else "import into an empty project, or print the YAML: `schematool import --stdout --only NAME`",
            ),
            state="nothing was written",
        )


def _require_no_history(ledgers: Mapping[str, Sequence[LedgerRow]]) -> None:
    """What stock yoyo did has no hash: it is no history of ours, and can be taken over."""
    for store, ledger in ledgers.items():
        if rows := [row for row in ledger if row.sha256 or row.state != "applied"]:
            raise InputError(
                Diagnostic(
                    "ST010",
                    f"{store}: this database has a history already, up to {rows[-1].id}",
                    hint="work with the project that its migrations are in; `--stdout` prints the YAML all the same",
                ),
                state="nothing was written",
            )


def _read(workspace: Workspace, engine: Engine) -> Catalog:
    inspection = inspected(engine, workspace.config.exclude)
    raise_unmodelled(inspection)
    return inspection.catalog


def _source(engine: Engine, catalog: Catalog) -> Source:
    entities = sum(key.kind in {"table", "collection"} for key in catalog.objects)
    return Source(engine.store, engine.url, engine.version, entities, len(catalog))


def _holds_any(catalog: Catalog) -> bool:
    return any(key != Id("schema", ("public",)) for key in catalog.objects)


# --- YAML ------------------------------------------------------------------------------------------------------------


def _writers(engines: Mapping[str, Engine], catalogs: Mapping[str, Catalog], wanted: Wanted) -> Mapping[str, Author]:
    """Who writes each store's YAML. Collections that MongoDB does not validate are known by a sample of documents."""
    engine, catalog = engines.get("mongo"), catalogs.get("mongo")
    if engine is None or catalog is None or not wanted.sample:
        return {}
    from schematool.core.author.mongo import author  # noqa: PLC0415  # only this store can be sampled
    from schematool.core.model.mongo import Collection  # noqa: PLC0415  # the same

    names = [one.id.name for one in catalog if isinstance(one, Collection) and one.validator is None]
    sampler = cast("Samples", engine)
    shapes = {name: sampler.sample(name, wanted.sample, texts=wanted.infer_enums) for name in names}
    return {"mongo": partial(author, shapes=shapes)}


def _authored(workspace: Workspace, catalogs: Mapping[str, Catalog], writers: Mapping[str, Author]) -> dict[str, str]:
    """The YAML of all stores, shown on scratch databases to make what was read."""
    files: dict[str, str] = {}
    found: list[Diagnostic] = []
    for store, catalog in catalogs.items():
        folder = workspace.config.schema if len(catalogs) == 1 else f"{workspace.config.schema}/{store}"
        with scratch_server(workspace, store) as server:
            read = _as_printed_by(server, catalog, workspace.config.exclude)
            shown = show(server, read, folder, workspace.config.exclude, writers.get(store))
        found += _unsaid(shown)
        files |= shown.authored.files
    if found:
        raise InputError(*found, state="nothing was written")
    return files


def _as_printed_by(server: Engine, catalog: Catalog, exclude: Sequence[str]) -> Catalog:
    """What was read, in the words of the server that will be asked to build it; as it is where that cannot."""
    if catalog.store != "postgres" or major(server.version) == major(catalog.version):
        return catalog
    return with_texts(catalog, printed_by(server, catalog, exclude), catalog.objects)


def _unsaid(shown: Shown) -> list[Diagnostic]:
    hint = "please report it; leave it out with `exclude` in the configuration to go on without it"
    left = [Diagnostic("ST603", f"{of} has no words in YAML", hint=hint, subject=str(of)) for of in shown.authored.left]
    other = ((change, _cure(change) or hint) for change in shown.changes)
    return [*left, *(Diagnostic("ST603", _told(one), hint=cure, subject=str(one.id)) for one, cure in other)]


def _cure(change: Change) -> str:
    """What to do about what is broken where it was read from, and not in the YAML."""
    match change:
        case Altered() if getattr(change.before, "valid", True) is not getattr(change.after, "valid", True):
            index = qualified(*change.id.path)
            return (
                "the index was left unfinished, by a CREATE INDEX CONCURRENTLY that failed or is not over:"
                f" `drop index concurrently {index}` or `reindex index concurrently {index}`, then import again"
            )
    return ""


def _told(change: Change) -> str:
    told = describe(change)
    match change:
        case Added():
            what = "is not made by the YAML"
        case Removed():
            what = "is made by the YAML and was not there"
        case _:
            what = "comes out otherwise"
    return f"{told.entity}: {told.kind} {told.name} {what}{f': {told.detail}' if told.detail else ''}"


def _chosen(workspace: Workspace, report: ImportReport, files: Mapping[str, str], wanted: Wanted) -> ImportReport:
    """Some files, or all of them, without a history."""
    chosen = {path: text for path, text in files.items() if not wanted.only or _is_of(path, text, wanted.only)}
    if wanted.only and not chosen:
        raise InputError(Diagnostic("ST009", f"there is nothing called {', '.join(wanted.only)}"))
    written = tuple(Written(path, "schema", text) for path, text in chosen.items())
    if wanted.stdout:
        return replace(report, files=written)
    present = [path for path in chosen if (workspace.root / path).exists()]
    if present:
        raise InputError(
            Diagnostic(
                "ST010", f"{', '.join(present)} is there already", hint="compare it with what `--stdout` prints"
            ),
            state="nothing was written",
        )
    write_all(workspace.root, chosen)
    return replace(report, files=written, written=True, hint="`schematool generate --check` says what it changes")


def _is_of(path: str, text: str, names: tuple[str, ...]) -> bool:
    """Whether a file declares one of the names: `orders`, `billing.orders`, or its own name."""
    stem = PurePosixPath(path).stem
    schema = PurePosixPath(path).parent.name
    declared = {line.partition(": ")[2].strip('"') for line in text.splitlines() if line and line[0].isalpha()}
    return any(name in {stem, f"{schema}.{stem}"} or name in declared for name in names)


# --- the ledger ------------------------------------------------------------------------------------------------------


def _again(workspace: Workspace) -> str:
    name = workspace.target.name
    return "schematool adopt" + ("" if name == workspace.config.default_env else f" --env {name}")


def _look_after(workspace: Workspace, engine: Engine, report: ImportReport) -> ImportReport:
    """Mark the partitions that the YAML says by `every`; a warning where the role may not."""
    try:
        marked = adopt(cast("Partitioner", engine), compile_schema(workspace.schema_files()).model)
    except WorldError as error:
        why = error.diagnostics[0].message if error.diagnostics else str(error)
        name = workspace.target.name
        again = "schematool partitions" + ("" if name == workspace.config.default_env else f" --env {name}")
        found = warn("ST634", f"partitions are not marked as looked after: {why}", hint=f"as their owner: `{again}`")
        return replace(report, diagnostics=(*report.diagnostics, found))
    return replace(report, partitions=marked)


def _adopted(workspace: Workspace, engines: Mapping[str, Engine], report: ImportReport) -> ImportReport:
    """Record the baseline in the ledgers, then compare; where the role may not write, say what to do."""
    history = read_history(workspace)
    adopted: list[str] = []
    for store, engine in engines.items():
        units = history.units(store)
        if not units:
            continue
        try:
            with engine.lock(wait_seconds=workspace.config.lock_timeout):
                for unit in units:
                    engine.adopt(unit)
        except WorldError as error:
            why = error.diagnostics[0].message if error.diagnostics else str(error)
            message = f"{store}: the baseline is not marked as applied: {why}"
            hint = f"with a role that may create tables: `{_again(workspace)}`"
            return replace(
                report,
                ok=False,
                adopted=tuple(adopted),
                diagnostics=(*report.diagnostics, warn("ST401", message, hint=hint)),
            )
        adopted.append(store)
    if "postgres" in adopted:
        report = _look_after(workspace, engines["postgres"], report)
    verified = verify(workspace, history, {store: engines[store] for store in adopted})
    return replace(
        report,
        ok=report.ok and verified.ok,
        adopted=tuple(adopted),
        verified=verified,
        diagnostics=(*report.diagnostics, *verified.diagnostics),
    )
