"""What statements need of the transaction that they run in: a commit behind them, and settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.decide import Decision
from schematool.core.step import Step


def in_transactions(steps: tuple[Step, ...], decision: Decision) -> Iterator[Step]:
    """Mark the commits that the server demands, and set what statements must run under."""
    return _with_settings(tuple(_committing(steps, decision)), decision)


def _committing(steps: tuple[Step, ...], decision: Decision) -> Iterator[Step]:
    """Mark the commits that the server demands: a new enum value cannot be used in the transaction that adds it."""
    added = _fresh_labels(decision)
    for position, step in enumerate(steps):
        if not (step.statement.startswith("ALTER TYPE ") and " ADD VALUE " in step.statement):
            yield step
            continue
        label = step.statement.split(" ADD VALUE ", 1)[1]
        mine = [text for text in added if label.startswith(text)]
        later = [other.statement for other in steps[position + 1 :] if " ADD VALUE " not in other.statement]
        yield replace(step, commit_after=any(text in other for text in mine for other in later))


_LATE_BODIES = "check_function_bodies = off"


def _with_settings(steps: Iterable[Step], decision: Decision) -> Iterator[Step]:
    """Set what statements must run under, once in each transaction.

    SQL functions are made before the tables that they read, as pg_dump does it: their bodies are checked when they are
    called, and not when they are made.
    """
    made = {of.path[1] for of in decision.creates if of.kind in pg.RELATIONS or of.kind == "type"}
    done: set[str] = set()
    for step in steps:
        if step.alone or step.commit_before:
            done.clear()
        early = step.statement.startswith("CREATE") and any(_checked_body(decision, of, made) for of in step.subjects)
        wanted = [one for one in (*step.settings, *([_LATE_BODIES] if early else ())) if one not in done]
        done.update(wanted)
        for position, one in enumerate(wanted):
            yield Step(f"SET LOCAL {one}", step.subjects, commit_before=step.commit_before and not position)
        yield replace(step, commit_before=step.commit_before and not wanted)
        if step.commit_after:
            done.clear()


def _checked_body(decision: Decision, of: Id, made: set[str]) -> bool:
    """Whether creating the function reads its body: SQL always, PL/pgSQL for the types of its variables."""
    thing = decision.after.objects.get(of)
    if not isinstance(thing, pg.Function) or thing.body_atomic:
        return False
    words = set(re.findall(r"\w+", thing.definition)) if thing.language == "plpgsql" else set()
    return thing.language == "sql" or not words.isdisjoint(made)


def _fresh_labels(decision: Decision) -> tuple[str, ...]:
    found: list[str] = []
    for change in decision.alters.values():
        if isinstance(change.before, pg.Enum) and isinstance(change.after, pg.Enum):
            quoted = ("'" + label.replace("'", "''") + "'" for label in change.after.labels)
            found += [
                text
                for text, label in zip(quoted, change.after.labels, strict=True)
                if label not in change.before.labels
            ]
    return tuple(found)
