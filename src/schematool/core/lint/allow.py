"""`# schematool: allow ST151 because …` beside what it is about; on the first line of an entity, for all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from schematool.core.diagnostic import Diagnostic, Severity, Span

_ALLOW = re.compile(
    r"#\s*schematool:\s*allow\s+(?P<codes>ST\d{3}(?:\s*,\s*ST\d{3})*)(?:\s+because\s+(?P<reason>\S.*))?"
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one comment allows, and where it stands."""

    codes: frozenset[str]
    reason: str | None
    span: Span


def allowance(span: Span) -> Allowance | None:
    """The allowance on the line of a span."""
    match = _ALLOW.search(span.text)
    if match is None:
        return None
    codes = frozenset(code.strip() for code in match["codes"].split(","))
    place = Span(span.file, span.line, match.start() + 1, match.end() - match.start(), span.text)
    return Allowance(codes, match["reason"], place)


def without_allowed(
    found: Iterable[Diagnostic], around: Mapping[str, Span], places: Iterable[Span]
) -> Iterator[Diagnostic]:
    """Leave out what a comment allows; add what is wrong with the comments.

    `around`: the first line of the entity that a finding's `subject` names. `places`: every place of the schema.
    """
    comments: dict[tuple[str, int], Allowance] = {}
    for span in places:
        if "schematool:" in span.text and (made := allowance(span)):
            comments[span.file, span.line] = made
    used: set[tuple[tuple[str, int], str]] = set()
    for finding in found:
        lines = [span for span in (finding.span, around.get(finding.subject or "")) if span]
        keys = [(span.file, span.line) for span in lines]
        matching = [key for key in keys if key in comments and finding.code in comments[key].codes]
        used |= {(key, finding.code) for key in matching}
        if not any(comments[key].reason for key in matching):
            yield replace(finding, hint=finding.hint or _hint(finding))
    for key, comment in comments.items():
        if comment.reason is None:
            hint = "write `because` and the reason behind it"
            yield Diagnostic("ST159", "this allowance does not say why", comment.span, hint, Severity.WARNING)
        for code in sorted(comment.codes):
            if (key, code) not in used:
                message = f"nothing here needs the allowance of {code}"
                yield Diagnostic("ST160", message, comment.span, "remove it", Severity.NOTE)


def _hint(finding: Diagnostic) -> str:
    return f"correct it, or write `# schematool: allow {finding.code} because …` on this line"
