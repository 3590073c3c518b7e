"""JUnit XML: a test case for each finding, one that passes when there is none."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.views import concise
from schematool.views.outcome import Outcome

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def render(outcome: Outcome) -> str:
    """Write one suite, named after the command."""
    found = outcome.diagnostics
    failures = sum(_fails(d) for d in found)
    cases = [_case(outcome.command, d) for d in found] or [
        f"    <testcase classname={_quoted(f'schematool.{outcome.command}')} name={_quoted(outcome.command)}/>"
    ]
    head = f'name={_quoted(f"schematool {outcome.command}")} tests="{len(cases)}" failures="{failures}" errors="0"'
    body = "\n".join(cases)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
        f"  <testsuite {head}>\n{body}\n  </testsuite>\n</testsuites>\n"
    )


def _fails(found: Diagnostic) -> bool:
    return found.severity is not Severity.NOTE


def _case(command: str, found: Diagnostic) -> str:
    place = found.span.file if found.span else (found.subject or command)
    name = f"{found.code} {place}" + (f":{found.span.line}:{found.span.column}" if found.span else "")
    head = f"    <testcase classname={_quoted(f'schematool.{command}')} name={_quoted(name)}"
    if not _fails(found):
        return f"{head}/>"
    return f"{head}><failure type={_quoted(found.code)} message={_quoted(concise.line(found))}/></testcase>"


def _quoted(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", text), {"\n": "&#10;"})
