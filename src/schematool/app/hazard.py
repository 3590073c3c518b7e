"""Hazards of a plan against the consents that were given; what a refusal tells to add."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence

from schematool.app.report import Danger, StepLine
from schematool.core.codes import PERMITS, permit_of, row, unpermitted
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.errors import InputError, Refused
from schematool.core.step import Hazard, Lock, Step, Work


def danger(hazard: Hazard) -> Danger:
    """Put a hazard together with its permit."""
    return Danger(hazard.code, permit_of(hazard), hazard.subject, hazard.detail)


def step_line(store: str, step: Step) -> StepLine:
    """Tell of a step."""
    lock = step.lock.value if step.lock is not Lock.NONE else ""
    work = step.work.value if step.lock is not Lock.NONE or step.work is Work.ONLINE else ""
    return StepLine(store, step.statement, lock, work, tuple(danger(h) for h in step.hazards))


def permits(words: Iterable[str]) -> frozenset[str]:
    """Read `--allow`: comma-separated permits or codes; `InputError` for a word that is neither."""
    given = {part.strip() for word in words for part in word.split(",") if part.strip()}
    for word in sorted(given):
        if word != "all" and word not in PERMITS and row(word).permit is None:
            raise InputError(
                Diagnostic("ST009", f"`{word}` is not a permit", hint=f"permits: {', '.join(PERMITS)}, or all")
            )
    return frozenset(row(word).permit or word for word in given)


def require(hazards: Sequence[Hazard], allowed: Collection[str], command: str, state: str) -> None:
    """Refuse what nobody has consented to, with the exact command that would."""
    missing = unpermitted(hazards, allowed)
    if not missing:
        return
    found = [Diagnostic(h.code, told(h), severity=Severity.ERROR, subject=h.subject) for h in missing]
    last = found[-1]
    found[-1] = Diagnostic(
        last.code, last.message, hint=f"run `{with_permits(command, wanting(hazards, allowed))}`", subject=last.subject
    )
    raise Refused(*found, state=state)


def wanting(hazards: Iterable[Hazard], allowed: Collection[str]) -> set[str]:
    """Every permit that a command needs: those that were given, and those that are missing."""
    return {*allowed, *(permit for h in unpermitted(hazards, allowed) if (permit := permit_of(h)))}


def with_permits(command: str, words: Iterable[str]) -> str:
    """Write the command with all its consents in one flag."""
    return f"{command} --allow {','.join(sorted(words))}"


def quoted(text: str) -> str:
    """Quote a word of the command line, with the quotes that people write where that is the same."""
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'


def told(hazard: Hazard) -> str:
    """Put a hazard into a sentence: its subject, what it does, the detail."""
    return f"{hazard.subject}: {row(hazard.code).title}" + (f" ({hazard.detail})" if hazard.detail else "")
