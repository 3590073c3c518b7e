"""`partitions`: make the partitions of the next periods, take out those that are over, tell first and ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from schematool.app import hazard
from schematool.app.compile import compile_schema
from schematool.app.manner import Manner
from schematool.app.migrate import locked
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.workspace import Workspace
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.errors import InputError
from schematool.core.model.entity import Model
from schematool.core.partitions import Action, Schedule, schedules, wanted
from schematool.core.secret import Url
from schematool.core.step import Hazard
from schematool.engines.contract import Partitioner


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionsReport(Report):
    """What is to be done (`done` false), or was, table by table and in order of time."""

    command: ClassVar[str] = "partitions"

    env: str
    url: Url
    tables: int
    actions: tuple[Action, ...] = ()
    detached: tuple[str, ...] = ()
    """Tables that were partitions: their rows are in no answer, until someone archives or drops them."""
    done: bool = False
    dry_run: bool = False


def run(
    workspace: Workspace, manner: Manner, *, allowed: Sequence[str] = (), check: bool = False, only: str | None = None
) -> PartitionsReport:
    """Do for every table with `every` what is due; `check`: only say whether something is."""
    permits = hazard.permits(allowed)
    habits = [one for one in schedules(compile_schema(workspace.schema_files()).model) if only in {None, one.table}]
    if not habits:
        name = f"`{only}`" if only else "no table"
        raise InputError(
            Diagnostic(
                "ST009",
                f"{name} has partitions to be made ahead" if not only else f"{name} has no partitions to be made ahead",
                hint="declare them: `partition_by: { range: [start_time], every: month }`",
            )
        )
    with opened_stores(workspace, ("postgres",)) as engines:
        engine = engines["postgres"]
        assert isinstance(engine, Partitioner)
        due, found, kept = _due(engine, habits)
        plan = PartitionsReport(
            ok=not (check and due),
            env=workspace.target.name,
            url=engine.url,
            tables=len(habits),
            actions=tuple(action for _, action in due),
            detached=kept,
            diagnostics=found,
            dry_run=manner.dry_run or check,
            done=not due,
        )
        if manner.dry_run or check or not due:
            return plan
        detached = [action for _, action in due if action.kind == "detach"]
        command = f"schematool partitions --env {workspace.target.name}"
        hazards = [Hazard("ST250", action.partition, f"about {action.rows:,} rows") for action in detached]
        hazard.require(hazards, permits, command, "nothing was changed")
        many = f"{len(due)} change{'' if len(due) == 1 else 's'}"
        manner.confirm(plan, f"Make {many} in {workspace.target.name}?")
        with locked(engines, workspace, manner):
            for habit, action in due:
                engine.repartition(habit, action)
        return replace(plan, done=True)


def adopt(engine: Partitioner, model: Model) -> tuple[str, ...]:
    """Mark the partitions that are just as they would have been made ahead, and name them; nothing else is done."""
    marked: list[str] = []
    for habit in schedules(model):
        standing = engine.partitioned(habit)
        actions, _ = wanted(habit, standing.parts, standing.now, {}) if standing else ((), ())
        for action in actions:
            if action.kind == "adopt":
                engine.repartition(habit, action)
                marked.append(action.partition)
    return tuple(marked)


def _due(
    engine: Partitioner, habits: Sequence[Schedule]
) -> tuple[list[tuple[Schedule, Action]], tuple[Diagnostic, ...], tuple[str, ...]]:
    due: list[tuple[Schedule, Action]] = []
    found: list[Diagnostic] = []
    kept: list[str] = []
    for habit in habits:
        standing = engine.partitioned(habit)
        if standing is None:
            message = f"`{habit.table}` is not partitioned in this database"
            hint = "run `schematool migrate` first"
            found.append(Diagnostic("ST634", message, habit.span, hint, Severity.WARNING, habit.table))
            continue
        actions, problems = wanted(habit, standing.parts, standing.now, standing.waiting)
        due += [(habit, action) for action in (*actions, *standing.lacking)]
        found += problems
        kept += standing.detached
    return due, tuple(found), tuple(kept)
