"""`doctor`: each server of an environment, and what it lets us do. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from schematool.app import locking
from schematool.app.history import read_history
from schematool.app.report import Report
from schematool.app.servers import opened
from schematool.app.workspace import Workspace
from schematool.core.config import EMBEDDED
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines.contract import Check, Checkup, Health


@dataclass(frozen=True, slots=True)
class Examined:
    """One store. `reader`, `migrator`: the statements that make a role for each purpose; an administrator runs them."""

    store: str
    url: Url | None
    checks: tuple[Check, ...]
    reader: tuple[str, ...] = ()
    migrator: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport(Report):
    """What was looked at, store by store; `ok` when nothing is an error. `roles`: the statements were asked for."""

    command: ClassVar[str] = "doctor"

    env: str
    stores: tuple[Examined, ...] = ()
    roles: bool = False


def run(workspace: Workspace, stores: Sequence[str], *, roles: bool = False) -> DoctorReport:
    """Look at every store that the project uses, or that was asked for; one that cannot be reached is a finding."""
    examined = tuple(_examined(workspace, store) for store in _wanted(workspace, stores))
    found = tuple(
        _diagnostic(one.store, check)
        for one in examined
        for check in one.checks
        if check.health in _SEVERITY and check.code
    )
    lacking = any(check.code == "ST532" for one in examined for check in one.checks)
    return DoctorReport(
        ok=not any(check.health is Health.ERROR for one in examined for check in one.checks),
        diagnostics=found,
        env=workspace.target.name,
        stores=examined,
        roles=roles,
        hint="`schematool doctor --roles` prints the statements that make a role" if lacking and not roles else None,
    )


_SEVERITY = {Health.WARNING: Severity.WARNING, Health.ERROR: Severity.ERROR}


def _wanted(workspace: Workspace, stores: Sequence[str]) -> tuple[str, ...]:
    """The stores asked for; of both, those that are configured or have migrations."""
    places = workspace.target.places
    if len(stores) == 1:
        return tuple(stores)
    used = locking.used_stores(workspace, read_history(workspace, whole=False))
    wanted = tuple(s for s in stores if s in places and (places[s].origin != EMBEDDED or s in used))
    return wanted or tuple(store for store in stores if store in places)


def _examined(workspace: Workspace, store: str) -> Examined:
    place = workspace.place(store)
    try:
        with opened(workspace, place) as engine:
            checkup = engine.examine()
            return Examined(store, engine.url, checkup.checks, checkup.reader, checkup.migrator)
    except WorldError as error:
        checkup = Checkup(tuple(_unreachable(found) for found in error.diagnostics))
        return Examined(store, place.url, checkup.checks)


def _unreachable(found: Diagnostic) -> Check:
    return Check("connection", Health.ERROR, found.message, found.code, found.hint)


def _diagnostic(store: str, check: Check) -> Diagnostic:
    message = f"{store} {check.subject}: {check.text}"
    return Diagnostic(check.code, message, hint=check.hint, severity=_SEVERITY[check.health], subject=store)
