"""What `diff` compares, as catalogs: `schema`, `migrations`, `live`, `empty`, `git:REF`, a folder, a URL."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from schematool.app.catalogs import build_desired, build_recorded, excluding
from schematool.app.compile import Compiled, compile_schema
from schematool.app.foreign import inspected
from schematool.app.history import History, read_history, whole
from schematool.app.servers import connected, opened, scratch_server
from schematool.app.workspace import Workspace, fingerprint, open_workspace, read_folder
from schematool.core.catalog import Catalog
from schematool.core.change import Renamed
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.errors import InputError, SchematoolError, WorldError
from schematool.core.secret import Url
from schematool.engines.contract import SCHEMES, Inspection, store_of

WORDS = ("schema", "migrations", "live", "empty")


@dataclass(frozen=True)
class Source:
    """One side of a comparison. `stores`: those it can speak of; None means all."""

    name: str
    workspace: Workspace

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores that this side can speak of."""
        return STORES

    def inspection(self, store: str) -> Inspection:
        """Its catalog of one store, and what the model cannot hold of it."""
        raise NotImplementedError

    def offline(self, store: str) -> bool:  # noqa: ARG002  # what the sides with files answer by store
        """Say whether the catalog is at hand without a server."""
        return False

    def renames(self, store: str) -> Mapping[Renamed, Span]:  # noqa: ARG002  # what the YAML answers by store
        """The renames that it declares, with their places."""
        return {}

    @cached_property
    def history(self) -> History:
        """The migration files, by their hashes; read whole only to be replayed."""
        return read_history(self.workspace, whole=False)


@dataclass(frozen=True)
class SchemaSource(Source):
    """YAML files: those of the project, of a git revision, or of a folder."""

    files: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def compiled(self) -> Compiled:
        """The YAML, loaded and lowered."""
        return compile_schema(self.files)

    def offline(self, store: str) -> bool:
        """Say whether a snapshot was made from this very YAML."""
        if self.history.head(store) is None and self.history.snapshots:
            return False
        snapshot = self.history.current(store)
        return snapshot is not None and snapshot.fingerprint == fingerprint(self.files)

    def inspection(self, store: str) -> Inspection:
        """Take the snapshot, or ask a scratch server."""
        snapshot = self.history.current(store)
        if snapshot and self.offline(store):
            return Inspection(snapshot.catalog())
        draft = self.compiled.drafts[store]
        with scratch_server(self.workspace, store) as server:
            return build_desired(server, draft, self.workspace.config.exclude)

    def renames(self, store: str) -> Mapping[Renamed, Span]:
        """The `was:` of the YAML; none when nothing changed since the snapshot."""
        return {} if self.offline(store) else self.compiled.drafts[store].renames


@dataclass(frozen=True)
class MigrationsSource(Source):
    """What the migration files make of an empty database."""

    def offline(self, store: str) -> bool:
        """Say whether the snapshot is of the newest migration."""
        return self.history.current(store) is not None

    def inspection(self, store: str) -> Inspection:
        """Take the snapshot, or replay the files on a scratch server."""
        if snapshot := self.history.current(store):
            return Inspection(snapshot.catalog())
        with scratch_server(self.workspace, store) as server:
            return build_recorded(
                server, whole(self.workspace, self.history.units(store)), self.workspace.config.exclude
            )


@dataclass(frozen=True)
class LiveSource(Source):
    """The databases of an environment."""

    @property
    def stores(self) -> tuple[str, ...]:
        """Those that the environment has."""
        return self.workspace.stores

    def inspection(self, store: str) -> Inspection:
        """Read the live database."""
        with opened(self.workspace, self.workspace.place(store)) as engine:
            snapshot = self.history.snapshots.get(store)
            return inspected(engine, self.workspace.config.exclude, snapshot.catalog() if snapshot else None)


@dataclass(frozen=True)
class EmptySource(Source):
    """A database as a server makes it."""

    def inspection(self, store: str) -> Inspection:
        """Ask a scratch server: an empty database of PostgreSQL holds a schema `public` and a language."""
        with scratch_server(self.workspace, store) as server, server.scratch() as empty:
            return excluding(empty.inspect(), self.workspace.config.exclude)


@dataclass(frozen=True)
class UrlSource(Source):
    """One database by its URL."""

    url: Url = field(kw_only=True)

    @property
    def stores(self) -> tuple[str, ...]:
        """The store that the scheme names."""
        return (store_of(self.url),)

    def inspection(self, store: str) -> Inspection:  # noqa: ARG002  # a URL has one store
        """Read it."""
        with connected(self.url) as engine:
            return inspected(engine, self.workspace.config.exclude)


def source(workspace: Workspace, text: str) -> Source:
    """Read one of the two words of `diff`."""
    if text.partition("://")[0].lower() in SCHEMES and "://" in text:
        url = Url(text)
        return UrlSource(str(url), workspace, url=url)
    match text:
        case "schema":
            return SchemaSource(text, workspace, workspace.schema_files())
        case "migrations":
            return MigrationsSource(text, workspace)
        case "live":
            return LiveSource(text, workspace)
        case "empty":
            return EmptySource(text, workspace)
        case _ if text.startswith("git:"):
            return SchemaSource(text, workspace, git_files(workspace, text.removeprefix("git:")))
        case _:
            pass
    folder = Path(text)
    folder = folder if folder.is_absolute() else Path.cwd() / folder
    if folder.is_dir():
        return _folder(workspace, text, folder.resolve())
    if "://" in text:
        store_of(Url(text))
    raise InputError(
        Diagnostic("ST007", f"`{text}` cannot be compared", hint=f"use {', '.join(WORDS)}, git:REF, a folder or a URL")
    )


def _folder(workspace: Workspace, text: str, folder: Path) -> Source:
    """A project, a folder of YAML, or a migrations folder (it has postgres/ or mongo/ with numbered files in it)."""
    if any(folder.glob(f"{store}/[0-9]*") for store in STORES) and any(
        path for store in STORES for path in folder.glob(f"{store}/[0-9]*")
    ):
        from dataclasses import replace  # noqa: PLC0415  # one rare case

        config = replace(workspace.config, migrations=folder.name)
        return MigrationsSource(text, replace(workspace, root=folder.parent, config=config))
    if (folder / "schematool.toml").is_file():
        other = open_workspace(folder, workspace.variables)
        return SchemaSource(text, other, other.schema_files())
    return SchemaSource(text, workspace, read_folder(folder, folder, (".yaml", ".yml")))


def git_files(workspace: Workspace, ref: str) -> dict[str, str]:
    """Read the YAML of a git revision, by the names that it would have on disk."""
    if not ref or ref.startswith("-"):
        raise InputError(Diagnostic("ST504", f"`{ref}` is not the name of a git revision"))
    prefix = _git(workspace, "rev-parse", "--show-prefix").strip()
    folder = f"{prefix}{workspace.config.schema}"
    listing = _git(workspace, "ls-tree", "-r", "-z", "--name-only", "--full-tree", ref, "--", folder)
    files = {}
    for name in listing.split("\0"):
        path = PurePosixPath(name)
        if path.suffix in {".yaml", ".yml"} and not any(part.startswith(".") for part in path.parts):
            files[name.removeprefix(prefix)] = _git(workspace, "show", f"{ref}:{name}")
    return files


def committed(workspace: Workspace, names: Sequence[str]) -> frozenset[str]:
    """Those of the files that the newest commit has as they are now; none where there is no git or no commit."""
    try:
        there = _git(workspace, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", *names).split("\0")
        changed = _git(workspace, "diff", "-z", "--name-only", "--relative", "HEAD", "--", *names).split("\0")
    except SchematoolError:
        return frozenset()
    return (frozenset(there) - frozenset(changed)) & frozenset(names)


def _git(workspace: Workspace, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program; the reference cannot be an option
            ["git", "-C", str(workspace.root), *arguments],  # noqa: S607  # the user's own git
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise WorldError(Diagnostic("ST504", "git is not installed")) from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(Diagnostic("ST504", f"git: {reason[0] if reason else 'failed'}"))
    return done.stdout.decode(errors="replace")


def empty_like(catalog: Catalog) -> Catalog:
    """An empty catalog of the same store."""
    return Catalog.of(catalog.store, (), version=catalog.version)
