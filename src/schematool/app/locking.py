"""schematool.lock beside the migration files: do they agree, and what it says after a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from schematool.app.history import History
from schematool.app.workspace import Workspace
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.errors import InputError
from schematool.core.history import lock
from schematool.core.history.names import pair
from schematool.core.history.unit import Unit


def lock_file(workspace: Workspace) -> str:
    """The path of the lock, relative to the project."""
    return f"{workspace.config.migrations}/{lock.FILE_NAME}"


def lock_text(units: Mapping[str, Iterable[Unit]], schema_fingerprint: str) -> str:
    """Write the lock of these units."""
    return lock.render(lock.make(pair(unit for of_store in units.values() for unit in of_store), schema_fingerprint))


def locked_halves(workspace: Workspace, history: History) -> dict[str, tuple[str, ...]]:
    """The ids that the lock knows, each with the stores that it has a half in."""
    if not history.lock_text:
        return {}
    return {entry.id: tuple(entry.halves) for entry in lock.parse(history.lock_text, lock_file(workspace)).entries}


def used_stores(workspace: Workspace, history: History) -> tuple[str, ...]:
    """The stores that have migrations, in the files or in the lock; each must be configured."""
    locked = {store for stores in locked_halves(workspace, history).values() for store in stores}
    return tuple(store for store in STORES if store in locked or history.units(store))


def findings(workspace: Workspace, history: History) -> tuple[Diagnostic, ...]:
    """Where lock and files disagree; a lock that is not there is one finding."""
    file = lock_file(workspace)
    if history.lock_text is None:
        if not history.migrations:
            return ()
        hint = "restore it from version control, or make it anew with `schematool lock`"
        return (Diagnostic("ST405", f"{file} is not there", Span(file, 1, 1), hint=hint),)
    return lock.verify(lock.parse(history.lock_text, file), history.migrations, file)


def require_intact(workspace: Workspace, history: History) -> None:
    """Refuse to build on files that the lock does not vouch for: exit code 2, all places at once."""
    found: Sequence[Diagnostic] = findings(workspace, history)
    if found:
        raise InputError(*found, state="nothing was changed")
