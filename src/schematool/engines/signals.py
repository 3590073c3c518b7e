"""Signals end what is running as Ctrl-C does: in the main thread, while a migration lock is held or waited for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(KeyboardInterrupt):
    """SIGTERM or SIGHUP came. A KeyboardInterrupt, so that drivers give up what they wait for."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end what is running as Ctrl-C does: statement cancelled, transaction rolled back.

    What was set before is set again at the end; a signal that was ignored (`nohup`) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        raise Stopped(number)

    names = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
    wanted = [number for number in names if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
