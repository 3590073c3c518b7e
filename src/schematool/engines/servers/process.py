"""Server processes: started so that they outlive us, or so that they never do; found again; stopped.

Knows nothing of what the programs are. Unix only: signals, process groups, `flock`.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
# Of its standard output only the server keeps a copy, and nobody writes to it: it ends when the server does.
_GUARD = (
    'log=$1 folder=$2 signal=$3; shift 3; exec 3<&0; "$@" 4>&1 </dev/null >>"$log" 2>&1 3<&- & server=$!; '
    "exec >/dev/null; trap '' INT HUP TERM; read -r _ <&3; "
    'kill -$signal $server 2>/dev/null; wait $server; rm -rf "$folder"'
)

_OWNER = "owner"  # the file in the folder of a throwaway server that its owner holds a lock on
_PIDS = ("data/postmaster.pid", "data/mongod.lock")  # where servers write their own process id


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
def throwaway(prefix: str, parent: str | None, number: signal.Signals) -> Iterator[Path]:
    """Make the folder of a throwaway server, and delete it at the end.

    What a run has left whose guard was killed as well is swept away first, server and folder: its owner's lock is free.
    """
    _sweep(Path(parent or tempfile.gettempdir()), prefix, number)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        with (home / _OWNER).open("a") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _sweep(parent: Path, prefix: str, number: signal.Signals) -> None:
    for home in parent.glob(f"{prefix}*"):
        # One that is being made at this moment has no such file yet; one of another user is theirs to sweep.
        with suppress(OSError):
            if time.time() - home.stat().st_mtime > START_SECONDS:
                home.rmdir()  # only an empty one: its guard may not have been allowed to
        with suppress(OSError), (home / _OWNER).open("r+") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in _PIDS:
                with suppress(OSError, ValueError, IndexError):
                    pid = int((home / name).read_text().split()[0])
                    if is_alive(pid, str(home)):
                        end(pid, number)
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def guarded(
    command: Sequence[str | Path], *, log: Path, folder: Path, account: Account, number: signal.Signals
) -> Iterator[Callable[[], bool]]:
    """Run a throwaway server: ended by a signal, and its folder deleted, at the end or when this process dies.

    Yields a function that tells whether the server has not ended.
    """
    name = number.name.removeprefix("SIG")
    guard = subprocess.Popen(  # noqa: S603  # our own script and the server's path
        ["/bin/sh", "-c", _GUARD, "guard", str(log), str(folder), name, *map(str, command)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the shell's own "Killed"
        start_new_session=True,
        env=environment(),
        **account.options(),
    )
    assert guard.stdin  # a pipe, as asked for
    assert guard.stdout
    ends = select.poll()
    ends.register(guard.stdout)
    try:
        yield lambda: not ends.poll(0)
    finally:
        guard.stdin.close()
        guard.wait(_STOP_SECONDS)
        guard.stdout.close()


def environment() -> dict[str, str]:
    """Return what a server may see: no `PG…` variable of the user may change how it starts."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH", "TZ", "HOME"}}
    return {"LC_ALL": "C", **kept}


@dataclass(frozen=True, slots=True)
class Starting:
    """A server that was just started. `begun`: how long its log was before; `lasting`: its log outlives an error."""

    what: str
    log: Path
    alive: Callable[[], bool]
    begun: int = 0
    lasting: bool = False

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return as soon as `ready()`; `WorldError` with the server's own words when it ends first or never answers."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if not self.alive():
                raise self.failure("it ended at once")
            if time.monotonic() > deadline:
                raise self.failure(f"no answer in {START_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)

    def failure(self, why: str) -> WorldError:
        """Say that it did not start, with its own word for the cause and the last lines that it wrote."""
        said = self.said().splitlines()
        told = cause(said)
        hint = f"the whole log is in {self.log}" if self.lasting else None
        # What mongod writes when it ends is a page of JSON that says nothing more.
        notes = () if told and said[-1].startswith("{") else tuple(said[-8:])
        return WorldError(Diagnostic("ST505", f"{self.what} did not start: {told or why}", hint=hint, notes=notes))

    def said(self) -> str:
        """Return what it has written since it was started: nothing of what anybody asked of it before."""
        try:
            return self.log.read_bytes()[self.begun :].decode(errors="replace")
        except OSError:
            return ""


_FATAL = re.compile(r"(?:\b(?:FATAL|PANIC|ERROR)|\berror): +(?P<cause>.+)")


def cause(lines: Sequence[str]) -> str | None:
    """Find what a server says of its own end: the first FATAL of PostgreSQL, the first error of mongod's JSON.

    >>> cause(["2026-01-01 LOG:  starting", "2026-01-01 FATAL:  no space left on device", "2026-01-01 LOG:  over"])
    'no space left on device'
    """
    fatal = [match["cause"].strip() for line in lines if (match := _FATAL.search(line))]
    return fatal[0] if fatal else next(filter(None, map(_told, lines)), None)


def _told(line: str) -> str | None:
    """Put an entry of mongod's log into words where it is an error that says why."""
    with suppress(ValueError, AttributeError):
        entry = json.loads(line)
        attributes = entry.get("attr", {})
        error = attributes.get("error")
        detail = attributes.get("message", error)
        why = detail.get("errmsg", detail.get("error_str")) if isinstance(detail, dict) else error
        if entry.get("s") in {"F", "E"} and why:
            return " ".join(f"{entry['msg']}: {why}".split())
    return None


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
