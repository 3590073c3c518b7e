"""SARIF 2.1.0 for code scanning: the findings with the rows of the catalogue as rules."""

from __future__ import annotations

import json
from typing import Any

from schematool import __version__
from schematool.core.codes import row
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.views.outcome import Outcome

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(outcome: Outcome) -> str:
    """Write one run."""
    found = outcome.diagnostics
    codes = sorted({d.code for d in found})
    run = {
        "tool": {"driver": {"name": "schematool", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "results": [_result(d, codes.index(d.code)) for d in found],
        "invocations": [{"executionSuccessful": outcome.error is None, "exitCode": outcome.exit_code}],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    entry = row(code)
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.why or entry.title},
        "help": {"text": entry.remedy or f"schematool explain {code}"},
        "defaultConfiguration": {"level": _LEVEL[entry.severity]},
    }


def _result(found: Diagnostic, index: int) -> dict[str, Any]:
    text = found.message + (f" ({found.hint})" if found.hint else "")
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": _LEVEL[found.severity],
        "message": {"text": text},
    }
    if found.span:
        region = {
            "startLine": found.span.line,
            "startColumn": found.span.column,
            "endColumn": found.span.column + found.span.width,
        }
        result["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": found.span.file}, "region": region}}]
    elif found.subject:
        result["locations"] = [{"logicalLocations": [{"fullyQualifiedName": found.subject}]}]
    return result
