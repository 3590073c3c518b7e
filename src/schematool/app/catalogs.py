"""Catalogs from where they are: a live database, the migration files, the YAML, or nothing; on scratch databases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from schematool.app.twins import planner
from schematool.core.catalog import Catalog, Id
from schematool.core.change import Change
from schematool.core.diagnostic import Diagnostic, Findings
from schematool.core.diff import diff
from schematool.core.errors import InputError, StatementError
from schematool.core.history.unit import Unit
from schematool.core.lower import Draft
from schematool.core.sql.quote import identifier, literal
from schematool.engines.contract import Engine, Event, Inspection

SCRATCH_LOCK_SECONDS = 10.0


def quiet(event: Event) -> None:
    """Listen to nothing."""


def build_desired(server: Engine, draft: Draft, exclude: Sequence[str] = ()) -> Inspection:
    """Ask the server what it makes of the YAML; `InputError` that points at what it refuses."""
    with server.scratch() as empty:
        build_all(empty, draft)
        return excluding(empty.inspect(), exclude)


def build_all(empty: Engine, draft: Draft) -> None:
    """Make all that a draft says in an empty scratch database; `InputError` that points at what the server refuses."""
    if empty.store == "postgres" and draft.roles:
        empty.run([_role(name) for name in draft.roles])
    if failed := build_draft(empty, draft):
        raise InputError(*(_refused(draft, key, error) for key, error in failed))


_LAST = ("default privileges ", "event trigger ")


def build_draft(empty: Engine, draft: Draft) -> tuple[tuple[str, Exception], ...]:
    """Make what a draft says; what acts on everything that is made after it comes when all else is there."""
    pairs = (*planner(draft.catalog.store).build(draft.catalog), *draft.extra)
    failed = empty.build([pair for pair in pairs if not pair[0].startswith(_LAST)])
    last = [pair for pair in pairs if pair[0].startswith(_LAST)]
    return (*failed, *empty.build(last)) if last else failed


def replay(scratch: Engine, units: Iterable[Unit]) -> None:
    """Apply units to a scratch database exactly as `migrate` would."""
    units = tuple(units)
    if not units:
        return
    with scratch.lock(wait_seconds=SCRATCH_LOCK_SECONDS):
        for unit in units:
            scratch.apply(unit, quiet)


def build_recorded(server: Engine, units: Sequence[Unit], exclude: Sequence[str] = ()) -> Inspection:
    """Read what the migration files make of an empty database."""
    with server.scratch() as empty:
        replay(empty, units)
        return excluding(empty.inspect(), exclude)


def differences(before: Catalog, after: Catalog) -> tuple[Change, ...]:
    """The changes between two catalogs, without what one of them does not manage."""
    return diff(*planner(after.store).align(before, after))


def excluding(inspection: Inspection, patterns: Sequence[str]) -> Inspection:
    """Leave out what others own: whatever a pattern of `exclude` matches, with all that belongs to it."""
    if not patterns:
        return inspection
    catalog = inspection.catalog
    kept = {key: thing for key, thing in catalog.objects.items() if not _excluded(key, thing, patterns)}
    needs = frozenset((a, b) for a, b in catalog.needs if a in kept and b in kept)
    left = tuple(d for d in inspection.unmodelled if d.subject is None or not matches(_path_names(d.subject), patterns))
    return Inspection(Catalog(catalog.store, kept, needs, catalog.version, catalog.reader), left)


def matches(names: Iterable[str], patterns: Sequence[str]) -> bool:
    """Say whether a pattern matches one of the names."""
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _excluded(key: Id, thing: object, patterns: Sequence[str]) -> bool:
    ids = [key]
    if isinstance(table := getattr(thing, "table", None), Id):
        ids.append(table)
    return any(matches(_path_names(".".join(one.path)), patterns) for one in ids)


def _path_names(subject: str) -> Iterable[str]:
    """`table public.users.email` is also `users.email`, `users` and `public.users`, so that a parent covers it."""
    parts = subject.rsplit(" ", maxsplit=1)[-1].split(".")
    for depth in range(1, len(parts) + 1):
        if depth > 1 or len(parts) == 1:
            yield ".".join(parts[:depth])
        if depth > 1 and parts[0] == "public":
            yield ".".join(parts[1:depth])
    if len(parts) > 1 and parts[0] != "public":
        yield parts[0]


def _role(name: str) -> str:
    """Make a role on the scratch server where it is missing; roles belong to the server, not to a database."""
    body = (
        f"begin if not exists (select from pg_catalog.pg_roles where rolname = {literal(name)})"
        f" then create role {identifier(name)} nologin; end if; end"
    )
    # The body as a text constant: a dollar quote could be closed by a name that holds it.
    return f"do {literal(body)}"


def _refused(draft: Draft, key: str, error: Exception) -> Diagnostic:
    places = {str(id): span for id, span in draft.places.items()}  # noqa: A001  # the word of the model
    message = str(error)
    hint = None
    if isinstance(error, StatementError) and error.diagnostics:
        message, hint = error.diagnostics[0].message, error.diagnostics[0].hint
    return Diagnostic("ST190", f"the server refuses {key}: {message}", places.get(key), hint, subject=key)


def raise_unmodelled(inspection: Inspection) -> None:
    """Refuse to go on over what the model cannot hold: it would be lost without a word."""
    found = Findings(inspection.unmodelled)
    if found.errors:
        raise InputError(*found.errors)
