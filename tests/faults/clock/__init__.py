"""A clock that is wrong, for one process: as of a host whose time nobody set, or a container whose process is number 1.

`environment` gives what a process must find to have it: ours call `wrong()` after the fork, Python programs of others
find `sitecustomize.py` in this folder, and programs of Node `clock.js`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SECONDS = "FAULT_CLOCK_SECONDS"
DAY = 86400


def environment(seconds: float) -> Mapping[str, str]:
    """What makes a process believe that it is so much later, and that it is process 1."""
    here = Path(__file__).resolve().parent
    return {SECONDS: str(seconds), "PYTHONPATH": str(here), "NODE_OPTIONS": f"--require {here / 'clock.js'}"}


def wrong() -> None:
    """Set the clock of this process, and its number, as the environment says."""
    if seconds := float(os.environ.get(SECONDS) or 0):
        from tests.faults.clock.sitecustomize import shift  # noqa: PLC0415  # only a few processes are wrong

        shift(seconds)
