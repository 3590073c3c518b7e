"""What a plan is made of: statements with their locks and hazards, grouped into the units that commit together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from schematool.core.catalog import Id


class Lock(Enum):
    """The strongest lock a statement takes on an existing table, by PostgreSQL's own names; NONE for new objects."""

    NONE = ""
    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"


class Work(Enum):
    """How much of a table a statement touches while it holds its lock."""

    BRIEF = "brief"
    SCAN = "scans table"
    REWRITE = "rewrites table"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Hazard:
    """A danger, by its code in `core.codes`; the row there names the permit that consents to it."""

    code: str
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement (SQL text, or one Mongo command as canonical Extended JSON) and what it means.

    `alone`: the server refuses it inside a transaction. `commit_before`: what precedes it must be committed first.
    `commit_after`: what follows can only use its effect once it is committed.
    `subjects`: the objects that the statement is about, for `explain` and for views.
    `settings`: what PostgreSQL must be set to for the transaction, as `name = value`, whoever runs the statement.
    """

    statement: str
    subjects: tuple[Id, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    lock: Lock = Lock.NONE
    work: Work = Work.BRIEF
    alone: bool = False
    commit_before: bool = False
    commit_after: bool = False
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """Steps that commit together: one migration file of one store."""

    steps: tuple[Step, ...]
    transactional: bool = True


def segments(steps: Iterable[Step]) -> tuple[Segment, ...]:
    """Cut a plan where the server demands it: each `alone` step by itself, the rest in as few units as may be."""
    cut: list[Segment] = []
    group: list[Step] = []

    def flush() -> None:
        if group:
            cut.append(Segment(tuple(group)))
            group.clear()

    for step in steps:
        if step.alone:
            flush()
            cut.append(Segment((step,), transactional=False))
            continue
        if step.commit_before:
            flush()
        group.append(step)
        if step.commit_after:
            flush()
    flush()
    return tuple(cut)
