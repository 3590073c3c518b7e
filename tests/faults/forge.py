"""Processes that are cheap enough to be killed by the hundred: forked from one that has everything imported.

A new interpreter with both drivers takes longer than all that it would do before it is killed. So one process is
started, imports the program, and forks a child for every run. It has one thread and no connection of its own, which is
what makes the fork safe. A child is a process as any other: signals, exit codes and output are real.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import clock

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code (negative for a signal), and what it said on both streams together."""

    code: int
    output: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was forked and may still run."""

    forge: Forge
    pid: int
    file: Path
    began: float

    def send(self, number: int) -> None:
        """Send a signal; one that has ended already does not mind."""
        os.kill(self.pid, number)

    def output(self) -> str:
        """What it has said so far."""
        return self.file.read_text(errors="replace")

    def alive(self) -> bool:
        """Whether it runs: what has ended and was not waited for is a zombie."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"

    def wait(self, seconds: float = 60.0) -> Ended:
        """Wait for the end; killed when that takes longer, which is a failure of its own (code 124)."""
        code = self.forge.ask({"wait": self.pid, "seconds": seconds})["code"]
        ended = Ended(code, self.output(), time.monotonic() - self.began)
        self.file.unlink()
        return ended


class Forge:
    """The process that forks. `close` ends it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._folder = tempfile.TemporaryDirectory(prefix="st-forge-")
        self._number = 0

    def start(self, call: str, *arguments: Any, cwd: Path, env: Mapping[str, str] | None = None) -> Child:
        """Call `module:function` with the arguments in a process of its own."""
        self._number += 1
        file = Path(self._folder.name) / str(self._number)
        file.touch()
        began = time.monotonic()
        asked = {"call": call, "arguments": arguments, "cwd": str(cwd), "env": dict(env or {}), "file": str(file)}
        return Child(self, self.ask(asked)["pid"], file, began)

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Send one request and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._folder.cleanup()


def _import_all() -> None:
    import schematool  # noqa: PLC0415  # here and nowhere else

    for module in pkgutil.walk_packages(schematool.__path__, "schematool."):
        if not module.name.endswith(("__main__", ".containers")):
            importlib.import_module(module.name)


def _child(request: Mapping[str, Any]) -> None:
    """Become the process that was asked for; never returns."""
    code = 1
    try:
        output = os.open(request["file"], os.O_WRONLY | os.O_APPEND)
        for number in (1, 2):
            os.dup2(output, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(request["cwd"])
        os.environ.update(request["env"])
        # As a process that was started: the forge itself ignores what a terminal would send to all.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        clock.wrong()
        module, _, function = request["call"].partition(":")
        getattr(importlib.import_module(module), function)(*request["arguments"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(pid: int, seconds: float) -> int:
    until = time.monotonic() + seconds
    pause = 0.001
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 124
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)


def _answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
    if "wait" in request:
        return {"code": _wait(request["wait"], request["seconds"])}
    pid = os.fork()
    if pid == 0:
        _child(request)
    return {"pid": pid}


def main(lines: Sequence[str] | None = None) -> None:
    """Read requests, one a line, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import_all()
    # What was imported is not looked at again by the collector of a child, which would copy the memory.
    gc.collect()
    gc.freeze()
    for line in lines or iter(sys.stdin.readline, ""):
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
