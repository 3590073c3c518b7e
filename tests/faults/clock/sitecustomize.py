"""Python imports a module of this name when it starts: its clock is then as wrong as it is told to be."""

from __future__ import annotations

import datetime
import os
import sys
import time
from typing import Any


def shift(seconds: float) -> None:
    """Put `time.time` and `datetime` forward, or back, wherever they were imported to; be process 1."""
    real, real_ns, real_datetime = time.time, time.time_ns, datetime.datetime

    class Shifted(real_datetime):  # type: ignore[misc, valid-type]  # as it is at this moment
        """The same, at another time."""

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            """What the wrong clock says."""
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            """The same in UTC, without saying so."""
            return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)

    time.time = lambda: real() + seconds
    time.time_ns = lambda: real_ns() + int(seconds * 1e9)
    datetime.datetime = Shifted  # type: ignore[misc]  # that is the fault
    os.getpid = lambda: 1
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").partition(".")[0] == "schematool":
            if getattr(module, "datetime", None) is real_datetime:
                module.datetime = Shifted  # type: ignore[attr-defined]  # as above
            assert getattr(module, "time", time) is time, f"{module.__name__} has a clock of its own"


if __name__ == "sitecustomize" and os.environ.get("FAULT_CLOCK_SECONDS"):
    shift(float(os.environ["FAULT_CLOCK_SECONDS"]))
