"""`lock`: accept the migration files as they are: replay them, renew snapshots and lock; the ledgers where asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from schematool.app import locking
from schematool.app.history import read_history, snapshot_file, snapshot_text
from schematool.app.report import Report
from schematool.app.verify import replayed
from schematool.app.workspace import Workspace, write_all
from schematool.core.config import STORES


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReport(Report):
    """What the lock file did not agree with, and is accepted now (or would be, with `--check`)."""

    command: ClassVar[str] = "lock"

    accepted: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


def run(workspace: Workspace, ids: list[str], *, check: bool = False) -> LockReport:
    """Renew what is out of date. With ids, anything else that differs is still refused."""
    history = read_history(workspace)
    found = locking.findings(workspace, history)
    wanted = {history.find(id).id for id in ids}  # noqa: A001  # the word of the format
    accepted = tuple(dict.fromkeys(d.subject or "" for d in found))
    if wanted and set(accepted) - wanted:
        others = tuple(d for d in found if d.subject not in wanted)
        return LockReport(ok=False, diagnostics=others, accepted=accepted)
    if check:
        return LockReport(ok=not found, diagnostics=tuple(found), accepted=accepted)
    schema_fingerprint = next((s.fingerprint for s in history.snapshots.values()), "")
    files = {}
    for store in STORES:
        if not history.units(store):
            continue
        catalog = replayed(workspace, store, history.units(store))
        old = history.snapshots.get(store)
        files[snapshot_file(workspace, store)] = snapshot_text(
            store, history.head(store), old.fingerprint if old else "", catalog
        )
    units = {store: list(history.units(store)) for store in STORES}
    files[locking.lock_file(workspace)] = locking.lock_text(units, schema_fingerprint)
    write_all(workspace.root, files)
    return LockReport(accepted=accepted, written=tuple(files))
