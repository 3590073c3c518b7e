"""`lock`: accept the migration files as they are: replay them, renew snapshots and lock; ledgers where asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from schematool.app import locking
from schematool.app.catalogs import differences
from schematool.app.history import History, read_history, snapshot_file, snapshot_text, unit_files, write_history
from schematool.app.manner import Manner
from schematool.app.migrate import locked
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.standing import stand
from schematool.app.verify import replayed
from schematool.app.workspace import Workspace
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic
from schematool.core.history.status import State
from schematool.core.lint import lint_nothing, lint_untried


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReport(Report):
    """What the lock file did not agree with, and is accepted now (or would be, with `--check`): ids, and in words.

    `ledgers`: the halves (`0004_tags postgres`) whose new hash a live ledger took.
    """

    command: ClassVar[str] = "lock"

    accepted: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    ledgers: tuple[str, ...] = ()


def run(workspace: Workspace, ids: list[str], *, check: bool = False, live: Manner | None = None) -> LockReport:
    """Renew what is out of date. With ids, anything else that differs is still refused.

    `live`: also tell the ledgers of the environment that the edited files, named by their ids, are meant.
    """
    history = read_history(workspace)
    found = locking.findings(workspace, history)
    wanted = {history.find(name).id for name in ids}
    accepted = tuple(dict.fromkeys(d.subject or "" for d in found))
    if wanted and set(accepted) - wanted:
        others = tuple(d for d in found if d.subject not in wanted)
        return LockReport(ok=False, diagnostics=others, accepted=accepted)
    if check:
        return LockReport(ok=not found, diagnostics=tuple(found), accepted=accepted)
    files = _files(workspace, history)
    write_history(workspace, history, files)
    ledgers = _adopted(workspace, history, wanted, live) if live and wanted else ()
    said = tuple(dict.fromkeys(d.message.replace("is not in the lock yet", "is new") for d in found))
    return LockReport(
        accepted=accepted,
        said=said,
        written=tuple(files),
        ledgers=ledgers,
        diagnostics=_doubtful(workspace, history, accepted),
    )


def _doubtful(workspace: Workspace, history: History, ids: Collection[str]) -> tuple[Diagnostic, ...]:
    """Warn of files that were accepted and do nothing, and of statements that could not be tried as they are."""
    found: list[Diagnostic] = []
    everything = history.lock_text is None
    for unit in (unit for store in STORES for unit in history.units(store) if everything or unit.id in ids):
        found += lint_nothing(unit, *unit_files(workspace, unit.store, unit.id))
        found += lint_untried(unit) if unit.store == "postgres" else ()
    return tuple(found)


def _files(workspace: Workspace, history: History) -> dict[str, str]:
    files, fingerprints = {}, []
    for store in STORES:
        units, old = history.units(store), history.snapshots.get(store)
        if not units:
            continue
        catalog = replayed(workspace, store, units)
        # Where the files now make something else, nobody has compared that with the YAML yet: no fingerprint.
        same = old is not None and not differences(old.catalog(), catalog)
        fingerprints.append(old.fingerprint if old and same else "")
        files[snapshot_file(workspace, store)] = snapshot_text(store, history.head(store), fingerprints[-1], catalog)
    schema = fingerprints[0] if len(set(fingerprints)) == 1 else ""
    files[locking.lock_file(workspace)] = locking.lock_text({s: history.units(s) for s in STORES}, schema)
    return files


def _adopted(workspace: Workspace, history: History, wanted: set[str], live: Manner) -> tuple[str, ...]:
    with opened_stores(workspace, locking.used_stores(workspace, history)) as engines, locked(engines, workspace, live):
        halves = [h for h in stand(workspace, history, engines).halves(State.EDITED) if h.id in wanted and h.unit]
        for half in halves:
            if half.unit:
                engines[half.store].adopt(half.unit)
    return tuple(f"{half.id} {half.store}" for half in halves)
