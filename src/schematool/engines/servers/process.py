"""Server processes: started so that they outlive us, or so that they never do; found again; stopped.

Knows nothing of what the programs are. Unix only: signals, process groups, `flock`.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.engines.servers.account import Account

START_SECONDS = 60.0
"""How long a server may take to answer; a cold laptop with a full disk needs a good part of it."""

_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.01

# The shell leaves the server to init at once, so that it is nobody's zombie here and survives a closed terminal.
_DETACH = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'

# The shell waits for the end of its standard input, which comes when our process closes it or dies, however it dies.
_GUARD = (
    'log=$1 folder=$2 signal=$3; shift 3; exec 3<&0; "$@" </dev/null >>"$log" 2>&1 3<&- & server=$!; '
    "trap '' INT HUP TERM; read -r _ <&3; kill -$signal $server 2>/dev/null; wait $server; rm -rf \"$folder\""
)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock on a file against other processes; the system lets go of it when we die."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def detach(command: Sequence[str | Path], *, log: Path, folder: Path, account: Account) -> int:
    """Start a server that outlives this process; return its process id."""
    started = subprocess.run(  # noqa: S603  # our own script and the server's path
        ["/bin/sh", "-c", _DETACH, "detach", str(log), *map(str, command)],
        cwd=folder,
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=True,
        text=True,
        env=environment(),
        **account.options(),
    )
    return int(started.stdout)


@contextmanager
def guarded(
    command: Sequence[str | Path], *, log: Path, folder: Path, account: Account, number: signal.Signals
) -> Iterator[None]:
    """Run a throwaway server: ended by a signal, and its folder deleted, at the end or when this process dies."""
    name = number.name.removeprefix("SIG")
    guard = subprocess.Popen(  # noqa: S603  # our own script and the server's path
        ["/bin/sh", "-c", _GUARD, "guard", str(log), str(folder), name, *map(str, command)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # the shell's own "Killed"
        start_new_session=True,
        env=environment(),
        **account.options(),
    )
    try:
        yield
    finally:
        if guard.stdin:
            guard.stdin.close()
        guard.wait(_STOP_SECONDS)


def environment() -> dict[str, str]:
    """Return what a server may see: no `PG…` variable of the user may change how it starts."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH", "TZ", "HOME"}}
    return {"LC_ALL": "C", **kept}


def wait_until(ready: Callable[[], bool], *, what: str, log: Path, alive: Callable[[], bool]) -> None:
    """Return as soon as `ready()`; `WorldError` with the end of the log when the server ends first or never answers."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if not alive():
            raise did_not_start(what, log, "it ended at once")
        if time.monotonic() > deadline:
            raise did_not_start(what, log, f"no answer in {START_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)


def did_not_start(what: str, log: Path, why: str) -> WorldError:
    """Say that a server of ours did not start, with the last lines that it wrote."""
    try:
        last = log.read_text(errors="replace").splitlines()[-8:]
    except OSError:
        last = []
    return WorldError(
        Diagnostic("ST505", f"{what} did not start: {why}", hint=f"the whole log is in {log}", notes=tuple(last))
    )


def exists(pid: int) -> bool:
    """Tell whether a process that we just started has not ended; while it is between fork and exec it has no name."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    proc = Path("/proc") / str(pid)
    with suppress(OSError):
        # "PID (NAME) STATE …"; a zombie waits for init, which some containers do not have. The first thread of a
        # process becomes one before the others have closed its sockets.
        zombie = (proc / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return not zombie or len(list((proc / "task").iterdir())) > 1
    return True


def is_alive(pid: int, marker: str) -> bool:
    """Tell whether the process lives and has `marker` in its command line: the system uses ids again."""
    return exists(pid) and marker in command_line(pid)


def command_line(pid: int) -> str:
    """Return the command line of a process; empty for a zombie or when there is none."""
    proc = Path("/proc") / str(pid) / "cmdline"
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    shown = subprocess.run(  # noqa: S603  # a number is its only argument
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607  # ps is where the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip()


def end(pid: int, number: signal.Signals) -> None:
    """Send the signal and wait; kill when the process has not gone by then.

    A process loses its command line before its sockets, so only its end counts here.
    """
    deadline = time.monotonic() + _STOP_SECONDS
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        while exists(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = float("inf")
            time.sleep(_POLL_SECONDS)


def free_port(preferred: int | None = None) -> int:
    """Return a port of 127.0.0.1 that nobody listens on: the preferred one when it is free.

    Chosen below the ports that systems give to outgoing connections (from 32768 on Linux, from 49152 elsewhere):
    one of those may be in use by a client when the server comes back, and a probe of it may connect to itself.
    """
    choice = random.Random()  # noqa: S311  # spreads ports, keeps no secret
    for port in (preferred, *(choice.randrange(20000, 32000) for _ in range(200))):
        if port is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # A server that was just stopped leaves connections in TIME_WAIT; it can listen again all the same.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise WorldError(Diagnostic("ST505", "no free port on 127.0.0.1"))


def listens(address: tuple[str, int] | str) -> bool:
    """Tell whether something accepts connections there: (host, port), or the path of a Unix socket."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(address)
        except OSError:
            return False
    return True
