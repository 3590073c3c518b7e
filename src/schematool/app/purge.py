"""`purge`: what migrations put aside is deleted for good, after telling what it is and asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from schematool.app.history import read_history
from schematool.app.manner import Manner
from schematool.app.migrate import locked
from schematool.app.report import Report
from schematool.app.servers import opened_stores
from schematool.app.workspace import Workspace
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.secret import Url
from schematool.engines.contract import Keeper, Kept

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeReport(Report):
    """What is to be deleted for good (`done` false), or was; `younger` is left where it is."""

    command: ClassVar[str] = "purge"

    env: str
    stores: Mapping[str, Url]
    kept: tuple[Kept, ...] = ()
    younger: int = 0
    done: bool = False
    dry_run: bool = False


def run(workspace: Workspace, manner: Manner, *, older_than: str | None = None) -> PurgeReport:
    """Delete what was put aside longer ago than `older_than` (all of it when that is None)."""
    least = seconds(older_than) if older_than else None
    read_history(workspace, whole=False)
    with opened_stores(workspace, ("mongo",)) as engines:
        keepers = [engine for engine in engines.values() if isinstance(engine, Keeper)]
        everything = tuple(one for keeper in keepers for one in keeper.kept())
        chosen = tuple(one for one in everything if _old_enough(one, least))
        plan = PurgeReport(
            env=workspace.target.name,
            stores={store: engine.url for store, engine in engines.items()},
            kept=chosen,
            younger=len(everything) - len(chosen),
            dry_run=manner.dry_run,
            done=not chosen,
        )
        if manner.dry_run or not chosen:
            return plan
        many = f"{len(chosen)} collection{'' if len(chosen) == 1 else 's'}"
        manner.confirm(plan, f"Delete {many} of {workspace.target.name} for good?")
        with locked(engines, workspace, manner):
            for keeper in keepers:
                there = {one.name for one in keeper.kept()}
                keeper.purge([one.name for one in chosen if one.name in there])
        return replace(plan, done=True)


def seconds(text: str) -> float:
    """Read a time such as `30d`, `12h` or `90`; `InputError` for anything else."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if not number.isascii() or not number.isdigit():
        raise InputError(Diagnostic("ST009", f"`{text}` is not a time", hint="write 90, 15m, 12h, 30d or 4w"))
    return int(number) * _UNITS[unit]


def _old_enough(one: Kept, least: float | None) -> bool:
    """What has no known age is only deleted when no age is asked for."""
    return least is None or (one.age_seconds is not None and one.age_seconds >= least)
