"""`explain`: why a code exists, what an entity compiles to, what a migration does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from schematool.app.compile import compile_schema
from schematool.app.history import read_history
from schematool.app.report import Report
from schematool.app.twins import planner
from schematool.app.workspace import Workspace
from schematool.core.catalog import Catalog, Id
from schematool.core.codes import CODES, Code
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.history.unit import Migration


@dataclass(frozen=True, slots=True)
class Part:
    """A titled block of statements of one store."""

    title: str
    store: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainReport(Report):
    """One of the three: the row of a code, the statements of an entity, or those of a migration."""

    command: ClassVar[str] = "explain"

    subject: str
    code: Code | None = None
    seen: tuple[str, ...] = ()
    """Where the files consent to this code: `file:line`."""
    summary: str = ""
    parts: tuple[Part, ...] = ()


def run(workspace: Workspace | None, subject: str) -> ExplainReport:
    """Find out what the word names, in this order: a code, a migration, an entity."""
    if re.fullmatch(r"(?i)st\d{3}", subject):
        return _code(workspace, subject.upper())
    if workspace is None:
        raise InputError(Diagnostic("ST001", "entities and migrations need a project", hint="run `schematool init`"))
    history = read_history(workspace)
    migrations = [m for m in history.migrations if m.id == subject or m.id.startswith(f"{subject}_")]
    if len(migrations) == 1:
        return _migration(migrations[0])
    return _entity(workspace, subject)


def _code(workspace: Workspace | None, code: str) -> ExplainReport:
    entry = CODES.get(code)
    if entry is None:
        close = get_close_matches(code, CODES, 3)
        raise InputError(Diagnostic("ST009", f"there is no code {code}", hint=f"near it: {', '.join(close)}"))
    seen: list[str] = []
    if workspace is not None:
        for migration in read_history(workspace).migrations:
            for unit in (migration.postgres, migration.mongo):
                spans = [c.span for c in unit.consents if c.code == code and c.span] if unit else []
                seen += [f"{span.file}:{span.line}" for span in spans]
    return ExplainReport(subject=code, code=entry, seen=tuple(seen))


def _migration(migration: Migration) -> ExplainReport:
    parts = []
    for unit in (migration.postgres, migration.mongo):
        if unit is not None:
            parts.append(Part("up", unit.store, tuple(c.text for c in unit.up)))
            parts.append(Part("down", unit.store, tuple(c.text for c in unit.down or ())))
    return ExplainReport(subject=migration.id, summary="migration", parts=tuple(parts))


def _entity(workspace: Workspace, name: str) -> ExplainReport:
    compiled = compile_schema(workspace.schema_files())
    entity = compiled.model.entity(name)
    if entity is None:
        close = get_close_matches(name, [e.name for e in compiled.model.entities], 1)
        hint = f"did you mean `{close[0]}`?" if close else "`schematool status` lists migrations"
        raise InputError(Diagnostic("ST009", f"`{name}` is no code, no migration and no entity", hint=hint))
    draft = compiled.drafts[entity.store]
    path = (entity.schema or "public", entity.name) if entity.store == "postgres" else (entity.name,)
    own = [thing for thing in draft.catalog if _belongs(thing.id, path, getattr(thing, "table", None))]
    kept = {thing.id for thing in own}
    needs = [(a, b) for a, b in draft.catalog.needs if a in kept and b in kept]
    pairs = planner(entity.store).build(Catalog.of(entity.store, own, needs))
    statements = tuple(statement for _, statement in pairs)
    return ExplainReport(
        subject=entity.name,
        summary=entity.description or "",
        parts=(Part("compiles to", entity.store, statements),),
    )


def _belongs(key: Id, path: tuple[str, ...], table: object) -> bool:
    return key.path[: len(path)] == path or (isinstance(table, Id) and table.path == path)
