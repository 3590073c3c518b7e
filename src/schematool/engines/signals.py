"""Signals end what is running as Ctrl-C does, once: whoever presses it twice does not cut off the cleaning up."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_HOLD_SECONDS: Final = 2.0
"""For how long after a signal others are passed over: statements are cancelled and files taken away in that time."""


class Stopped(KeyboardInterrupt):
    """SIGTERM or SIGHUP came. A KeyboardInterrupt, so that drivers give up what they wait for."""


@dataclass(slots=True)
class _Heard:
    """What has come. Signals are the process's, and so is this."""

    last: float = float("-inf")
    held: bool = False
    waiting: int | None = None


_heard = _Heard()


def _stop(number: int, _: FrameType | None) -> None:
    now = time.monotonic()
    if now - _heard.last < _HOLD_SECONDS:
        return
    if _heard.held:
        _heard.waiting = number
        return
    _heard.last = now
    raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)


@contextmanager
def held() -> Iterator[None]:
    """Let a signal wait until the block is over: it is short, and half of it would be worse than all or nothing."""
    before, _heard.held = _heard.held, True
    try:
        yield
    finally:
        _heard.held = before
        number = None if before else _heard.waiting
        _heard.waiting = _heard.waiting if before else None
    if number is not None:
        _stop(number, None)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP end what is running: statement cancelled, transaction rolled back, files removed.

    What was set before is set again at the end; a signal that was ignored (`nohup`) stays ignored. In the main thread
    only, where alone signals are heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if all(signal.getsignal(number) is not _stop for number in _numbers()):
        _heard.last = float("-inf")  # what ended an earlier run says nothing about this one
    wanted = [number for number in _numbers() if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _stop) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore() -> None:
    """Pass over every further signal: all is done and told, and the process is about to end."""
    for number in _numbers():
        signal.signal(number, signal.SIG_IGN)


def _numbers() -> list[signal.Signals]:
    return [number for name in _NAMES if (number := getattr(signal, name, None)) is not None]
