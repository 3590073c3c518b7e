"""The three streams that a process is given, made such that no migration stops because nobody reads what it says."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, Final

_NAMES: Final = ("stdin", "stdout", "stderr")


class _Outlet(io.FileIO):
    """Standard output or error. When its reader goes away, as `head` does, what comes after is written to nowhere.

    `must_arrive`: that there is no room (a full disk) is told once, by an OSError; on standard error it is not.
    """

    def __init__(self, number: int, *, must_arrive: bool) -> None:
        super().__init__(number, "w", closefd=False)
        self._must_arrive = must_arrive

    def write(self, data: Any, /) -> int:
        """Write what can be written now, as its base does; the number of bytes."""
        try:
            written = super().write(data)
            if written is None:  # another program has made the pipe non-blocking
                os.set_blocking(self.fileno(), True)
                written = super().write(data)
            return written or 0
        except OSError as error:
            # From here on to nowhere, so that Python's own flush at the end has nothing to complain about.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if self._must_arrive and error.errno != errno.EPIPE:
                raise
            return len(data)


def settle() -> None:
    """Open what was closed before we began, so that its number goes to no connection; let writing survive its reader.

    Streams that are not the process's own, as under a test, are left alone.
    """
    for number, name in enumerate(_NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one
        stream = getattr(sys, name)
        if stream is None and number == 0:
            sys.stdin = open(number, encoding="utf-8", closefd=False)  # noqa: SIM115  # it lives as long as we do
        elif number and (stream is None or stream is getattr(sys, f"__{name}__")):
            outlet = io.BufferedWriter(_Outlet(number, must_arrive=name == "stdout"))
            encoding, errors = (stream.encoding, stream.errors) if stream else ("utf-8", "replace")
            setattr(sys, name, io.TextIOWrapper(outlet, encoding, errors, write_through=True))
