"""How a verb that changes databases goes about it: what it may do, whom it asks, who listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from schematool.app.report import Report
from schematool.engines.contract import Listener

Confirm = Callable[[Report, str], None]
"""Shown a plan and a question, returns when the answer is yes; raises `Refused` otherwise."""


@dataclass(frozen=True, slots=True)
class Manner:
    """`command`: what was typed, for a refusal to tell with what to add. `allowed`: permits from the command line.

    `lock_timeout` None: the configuration's.
    """

    confirm: Confirm
    listen: Listener
    command: str = ""
    allowed: frozenset[str] = field(default_factory=frozenset)
    dry_run: bool = False
    lock_timeout: float | None = None
