"""The migration files and snapshots of a project, read; nothing is judged here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from schematool.app.strays import refuse_strays, right_name
from schematool.app.twins import renderer
from schematool.app.workspace import Workspace, alone, is_there, read_folder, read_text, write_all
from schematool.core.catalog import Catalog
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Findings, Span
from schematool.core.errors import InputError, Refused
from schematool.core.history import lock as locks
from schematool.core.history.names import is_id, pair
from schematool.core.history.unit import Migration, Unit, replaces_in
from schematool.engines.signals import held

LOCK_FILE = "schematool.lock"
SUFFIXES = {"postgres": (".sql", ".rollback.sql"), "mongo": (".json", ".rollback.json")}
"""Those of the renderers, said again here so that a command that only compares hashes need not load them."""
SNAPSHOT_FILE = "snapshot.json"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a store's newest migration leaves, and the fingerprint of the YAML that it was made from.

    `head`: the id of that migration, None before the first. `catalog_text` is decoded only when it is needed.
    """

    store: str
    head: str | None
    fingerprint: str
    catalog_text: str
    file: str = ""

    def catalog(self) -> Catalog:
        """The recorded catalog; `InputError` for one that was damaged."""
        from schematool.core.codec import decode  # noqa: PLC0415  # most commands never need it

        try:
            return decode(self.catalog_text)
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(self.file, error) from error


@dataclass(frozen=True, slots=True)
class History:
    """All migrations in order, with the snapshots and the text of the lock file as they stand on disk."""

    migrations: tuple[Migration, ...]
    snapshots: Mapping[str, Snapshot]
    lock_text: str | None = None

    def units(self, store: str) -> tuple[Unit, ...]:
        """One store's halves, in order."""
        return tuple(unit for migration in self.migrations if (unit := migration.half(store)))

    def head(self, store: str) -> str | None:
        """The id of a store's newest migration."""
        units = self.units(store)
        return units[-1].id if units else None

    def current(self, store: str) -> Snapshot | None:
        """The snapshot, when it is of the newest migration."""
        snapshot = self.snapshots.get(store)
        return snapshot if snapshot and snapshot.head == self.head(store) else None

    def find(self, id: str) -> Migration:  # noqa: A002  # the word of the format
        """The migration of this id or unique beginning; `InputError` otherwise."""
        exact = [m for m in self.migrations if m.id == id]
        matches = exact or [m for m in self.migrations if m.id.startswith(id)]
        if len(matches) == 1:
            return matches[0]
        what = f"{len(matches)} migrations begin with `{id}`" if matches else f"no migration `{id}`"
        raise InputError(Diagnostic("ST406", what, hint="`schematool status` lists them"))


def read_history(workspace: Workspace, *, whole: bool = True) -> History:
    """Read `migrations/`; `InputError` with everything that cannot be read as a migration.

    `whole` False: only names, texts and hashes; the units have no commands. Enough to compare, not to apply.
    """
    found = Findings()
    halves = {store: _units(workspace, store, found, whole=whole) for store in STORES}
    lock = workspace.migrations_folder / LOCK_FILE
    locked = is_there(workspace.root, lock)
    if found.errors:
        raise InputError(*found, *(_edited_too(workspace, found) if whole and locked else ()))
    migrations = pair(unit for units in halves.values() for unit in units)
    return History(
        migrations,
        {snapshot.store: snapshot for store in STORES if (snapshot := _snapshot(workspace, store))},
        read_text(workspace.root, lock) if locked else None,
    )


def write_history(
    workspace: Workspace, history: History, files: Mapping[str, str], *, without: Collection[str] = ()
) -> None:
    """Write what was made from `history`, and remove what it replaces (`without`).

    `Refused` when the migrations are not those any more: another run, an editor or git has changed them meanwhile, and
    what was made on the old ones would stand beside the new ones under the same number.
    """
    with alone(workspace.root):
        if _stamp(read_history(workspace, whole=False)) != _stamp(history):
            raise Refused(
                Diagnostic(
                    "ST502",
                    f"the files in {workspace.config.migrations} have changed while this run was at work",
                    hint="look at what is there now, then run the same command again",
                ),
                state="nothing was written",
            )
        with held():
            write_all(workspace.root, files)
            for name in without:
                (workspace.root / name).unlink()


def _stamp(history: History) -> tuple[object, ...]:
    units = (unit for store in STORES for unit in history.units(store))
    return (history.lock_text, *((unit.id, unit.store, unit.up_text, unit.down_text) for unit in units))


def _edited_too(workspace: Workspace, found: Findings) -> Iterator[Diagnostic]:
    """Of files that cannot be read: that they were edited or cut off since the lock was written."""
    files = {one.span.file for one in found if one.span}
    try:
        history = read_history(workspace, whole=False)
        entries = {entry.id: entry for entry in locks.parse(history.lock_text or "", LOCK_FILE).entries}
    except InputError:
        return
    for store in STORES:
        for unit in history.units(store):
            up, down = unit_files(workspace, store, unit.id)
            half = entries[unit.id].halves.get(store) if unit.id in entries else None
            for file, now, then in (
                (up, unit.up_sha256, half and half.up),
                (down, unit.down_sha256, half and half.down),
            ):
                if file in files and half and now != then:
                    message = f"`{unit.id}` was edited, or cut off, since schematool.lock was written ({store})"
                    hint = f"restore it from version control: `git checkout -- {file}`"
                    yield Diagnostic("ST405", message, Span(file, 1, 1), hint=hint, subject=unit.id)


def whole(workspace: Workspace, units: Sequence[Unit]) -> tuple[Unit, ...]:
    """The same units with their commands, read from their texts where they have none; `InputError` as above."""
    found = Findings()
    done = [unit if unit.up else _with_commands(workspace, unit, found) for unit in units]
    if found.errors:
        raise InputError(*found)
    return tuple(done)


def _with_commands(workspace: Workspace, unit: Unit, found: Findings) -> Unit:
    up_name, down_name = unit_files(workspace, unit.store, unit.id)
    try:
        return renderer(unit.store).parse(unit.id, up_name, unit.up_text, down_name, unit.down_text)
    except InputError as error:
        found.extend(error.diagnostics)
        return unit


def unit_files(workspace: Workspace, store: str, id: str) -> tuple[str, str]:  # noqa: A002  # the word of the format
    """The paths, relative to the project, of a unit's up and down file."""
    up, down = SUFFIXES[store]
    folder = PurePosixPath(workspace.config.migrations) / store
    return f"{folder / id}{up}", f"{folder / id}{down}"


def _units(workspace: Workspace, store: str, found: Findings, *, whole: bool) -> list[Unit]:
    up_suffix, down_suffix = SUFFIXES[store]
    files = read_folder(workspace.root, workspace.migrations_folder / store, (up_suffix, down_suffix))
    prefix = f"{workspace.config.migrations}/{store}/"
    refuse_strays(workspace.migrations_folder / store, prefix, store, found)
    units = []
    for name in sorted(files):
        id = name.removeprefix(prefix).removesuffix(up_suffix)  # noqa: A001  # the word of the format
        if name.endswith(down_suffix):
            up_name = name.removesuffix(down_suffix) + up_suffix
            if up_name not in files:
                found.add(
                    "ST409", "a rollback file without its migration", Span(name, 1, 1), hint=f"missing: {up_name}"
                )
            continue
        if name == snapshot_file(workspace, store):
            continue
        if not is_id(id):
            message, hint = f"`{id}` is not the name of a migration", right_name(id, up_suffix, down_suffix)
            found.add("ST409", message, Span(name, 1, 1), hint=hint)
            continue
        down_name = f"{prefix}{id}{down_suffix}"
        if not whole:
            down_text = files.get(down_name)
            units.append(
                Unit(
                    id,
                    store,
                    (),
                    None if down_text is None else (),
                    files[name],
                    down_text,
                    replaces=replaces_in(store, files[name]),
                )
            )
            continue
        try:
            units.append(renderer(store).parse(id, name, files[name], down_name, files.get(down_name)))
        except InputError as error:
            found.extend(error.diagnostics)
    return units


def snapshot_file(workspace: Workspace, store: str) -> str:
    """The path of a store's snapshot, relative to the project."""
    return f"{workspace.config.migrations}/{store}/{SNAPSHOT_FILE}"


def snapshot_text(store: str, head: str | None, schema_fingerprint: str, catalog: Catalog) -> str:
    """Write a snapshot: the same catalog gives the same bytes."""
    from schematool.core.codec import encode  # noqa: PLC0415  # most commands never need it

    content = {
        "version": 1,
        "store": store,
        "head": head,
        "fingerprint": schema_fingerprint,
        "catalog": json.loads(encode(catalog)),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


_CATALOG = ',\n "catalog": '


def _snapshot(workspace: Workspace, store: str) -> Snapshot | None:
    """Read the head of a snapshot; its catalog, most of the file, is only cut out here, and read when it is needed."""
    name = snapshot_file(workspace, store)
    path = workspace.root / name
    if not is_there(workspace.root, path):
        return None
    text = read_text(workspace.root, path).replace("\r\n", "\n").strip()
    try:
        head, _, catalog = text.partition(_CATALOG)
        content = json.loads(head + "}") if catalog else json.loads(text)
        if catalog and not catalog.endswith("}\n}"):
            raise ValueError("its end is missing")
        return Snapshot(
            store,
            content["head"],
            content["fingerprint"],
            catalog.removesuffix("\n}") or json.dumps(content["catalog"]),
            name,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> InputError:
    return InputError(
        Diagnostic("ST405", f"the snapshot cannot be read: {error}", Span(name, 1, 1), hint="git checkout it")
    )
