"""JSON: the report itself in one envelope, the same for every command. Documented in docs/json.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any

from schematool.core.catalog import Id
from schematool.core.diagnostic import Diagnostic
from schematool.core.secret import Url
from schematool.views.outcome import Outcome

VERSION = 1
_ENVELOPE = frozenset({"ok", "diagnostics", "hint", "statements_text"})


def render(outcome: Outcome) -> str:
    """Write the envelope: version, command, ok, exit_code, data, diagnostics, state, hint."""
    return json.dumps(envelope(outcome), indent=2, ensure_ascii=False) + "\n"


def envelope(outcome: Outcome) -> dict[str, Any]:
    """Make the envelope as plain values."""
    report = outcome.report
    data = {k: v for k, v in plain(report).items() if k not in _ENVELOPE} if report is not None else None
    return {
        "version": VERSION,
        "command": outcome.command,
        "ok": outcome.ok,
        "exit_code": outcome.exit_code,
        "data": data,
        "diagnostics": [diagnostic(found) for found in outcome.diagnostics],
        "state": outcome.state,
        "hint": report.hint if report else None,
    }


def diagnostic(found: Diagnostic) -> dict[str, Any]:
    """One finding; places are 1-based."""
    span = found.span
    return {
        "code": found.code,
        "severity": found.severity.value,
        "message": found.message,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "width": span.width if span else None,
        "subject": found.subject,
        "hint": found.hint,
        "notes": list(found.notes),
    }


def plain(value: Any) -> Any:
    """Turn frozen dataclasses and their parts into what JSON has."""
    match value:
        case None | bool() | int() | float() | Enum():
            return value.value if isinstance(value, Enum) else value
        case Url() | PurePath():
            return str(value)
        case str():
            return value
        case Id():
            return {"kind": value.kind, "path": list(value.path)}
        case Diagnostic():
            return diagnostic(value)
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case tuple() | list() | frozenset() | set():
            return [plain(inner) for inner in (sorted(value) if isinstance(value, frozenset | set) else value)]
        case _ if is_dataclass(value):
            return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            return str(value)
