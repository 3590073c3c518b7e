"""`lint`: the YAML and the migration files, without a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from schematool.app import locking, strays
from schematool.app.compile import compile_with_findings
from schematool.app.history import read_history, unit_files
from schematool.app.report import Report
from schematool.app.workspace import Workspace
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Severity, in_order
from schematool.core.errors import InputError
from schematool.core.lint import lint, lint_nothing, lint_units


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport(Report):
    """The findings are the result; `files` were read."""

    command: ClassVar[str] = "lint"

    files: int
    errors: int = 0
    warnings: int = 0


def run(workspace: Workspace) -> LintReport:
    """Collect every finding."""
    files = workspace.schema_files()
    compiled, problems = compile_with_findings(files)
    found: list[Diagnostic] = list(problems)
    if not problems.errors:
        found += lint(compiled.model)
    many = len(files)
    try:
        history = read_history(workspace)
        found += locking.findings(workspace, history)
        units = [unit for store in STORES for unit in history.units(store)]
        found += lint_units(units)
        found += [d for unit in units for d in lint_nothing(unit, *unit_files(workspace, unit.store, unit.id))]
        found += strays.unread(workspace.migrations_folder, workspace.config.migrations)
        many += len(units)
    except InputError as error:
        found += error.diagnostics
    ordered = in_order(dict.fromkeys(found))
    errors = sum(d.severity is Severity.ERROR for d in ordered)
    warnings = sum(d.severity is Severity.WARNING for d in ordered)
    return LintReport(
        ok=not errors and not warnings,
        diagnostics=ordered,
        files=many,
        errors=errors,
        warnings=warnings,
        hint=f"`schematool explain {ordered[0].code}` tells more" if ordered else None,
    )
