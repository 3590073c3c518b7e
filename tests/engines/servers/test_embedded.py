"""The embedded servers as a user meets them: started, found again, killed, moved, forgotten."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest
from pymongo import MongoClient

from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines import servers
from schematool.engines.servers import embedded_mongo, embedded_postgres, process

STORES = ("postgres", "mongo")
START = "from schematool.engines import servers; from pathlib import Path; import sys; "


@pytest.fixture
def data_dir(tmp_path: Path, store: str) -> Iterator[Path]:
    """Give the place of a server that is stopped and removed at the end."""
    folder = tmp_path / "state" / store
    yield folder
    if folder.exists():
        servers.stop(store, folder)
        shutil.rmtree(folder.resolve(), ignore_errors=True)


def put(url: Url, text: str) -> None:
    """Keep a text in the database."""
    if url.scheme == "postgresql":
        with psycopg.connect(url.reveal()) as connection:
            connection.execute("create table if not exists kept (text text)")
            connection.execute("insert into kept values (%s)", [text])
        return
    with MongoClient[dict[str, Any]](url.reveal()) as client:
        client.get_default_database().kept.insert_one({"text": text})


def kept(url: Url) -> list[str]:
    """Return the texts that were kept."""
    if url.scheme == "postgresql":
        with psycopg.connect(url.reveal()) as connection:
            return [row[0] for row in connection.execute("select text from kept order by text")]
    with MongoClient[dict[str, Any]](url.reveal()) as client:
        return [each["text"] for each in client.get_default_database().kept.find(sort=[("text", 1)])]


def server_pid(store: str, data_dir: Path) -> int:
    """Return the process id that the server's own file has."""
    name = "data/postmaster.pid" if store == "postgres" else "pid"
    return int((data_dir / name).read_text().splitlines()[0])


@pytest.mark.parametrize("store", STORES)
def test_start_is_idempotent_and_data_survives_a_stop(store: str, data_dir: Path) -> None:
    """A second start finds the first; after a stop nothing runs; a later start has the data."""
    assert servers.running(store, data_dir) is None
    assert servers.stop(store, data_dir) is False

    url = servers.start(store, data_dir)
    put(url, "one")

    assert servers.start(store, data_dir) == url
    assert servers.running(store, data_dir) == url
    assert servers.stop(store, data_dir) is True
    assert servers.running(store, data_dir) is None
    assert kept(servers.start(store, data_dir)) == ["one"]


@pytest.mark.parametrize("store", STORES)
def test_the_server_outlives_the_process_that_started_it(store: str, data_dir: Path) -> None:
    """The command line starts it and ends; the next command finds it."""
    program = f"{START}print(servers.start(sys.argv[1], Path(sys.argv[2])).reveal())"

    started = subprocess.run(
        [sys.executable, "-c", program, store, data_dir], capture_output=True, text=True, check=True
    )

    assert servers.running(store, data_dir) == Url(started.stdout.strip())


@pytest.mark.parametrize("store", STORES)
def test_two_starts_at_once_give_one_server(store: str, data_dir: Path) -> None:
    """Two terminals, one project: both get the same server."""
    program = f"{START}print(servers.start(sys.argv[1], Path(sys.argv[2])).reveal())"
    command = [sys.executable, "-c", program, store, str(data_dir)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    urls = [each.communicate(timeout=90)[0].strip() for each in both]

    assert urls[0] == urls[1]
    assert kept_alive(urls[0], store, data_dir)


@pytest.mark.parametrize("store", STORES)
def test_a_killed_server_is_started_again_with_its_data(store: str, data_dir: Path) -> None:
    """A kill -9 leaves pid files; they do not stop the next start, and what was committed is there."""
    put(servers.start(store, data_dir), "before the kill")
    pid = server_pid(store, data_dir)
    os.kill(pid, signal.SIGKILL)
    wait(lambda: servers.running(store, data_dir) is None)

    assert kept(servers.start(store, data_dir)) == ["before the kill"]


@pytest.mark.parametrize("store", ["postgres"])
def test_a_pid_that_another_program_has_now_is_no_server(store: str, data_dir: Path) -> None:
    """After a restart of the machine any program may have the id in postmaster.pid; PostgreSQL itself would refuse."""
    servers.start(store, data_dir)
    servers.stop(store, data_dir)
    other = subprocess.Popen(["sleep", "60"])
    try:
        fields = [str(other.pid), str(data_dir / "data"), "1", "5432", str(data_dir), "", "1 1", "ready"]
        (data_dir / "data" / "postmaster.pid").write_text("\n".join(fields) + "\n")

        assert servers.running(store, data_dir) is None
        put(servers.start(store, data_dir), "one")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("store", STORES)
def test_a_port_that_was_taken_meanwhile_is_given_up(store: str, data_dir: Path) -> None:
    """The remembered port belongs to someone else now: the server takes another one and works."""
    put(servers.start(store, data_dir), "one")
    port = int((data_dir / "port").read_text())
    servers.stop(store, data_dir)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()

        url = servers.start(store, data_dir)
        put(url, "two")

        assert kept(url) == ["one", "two"]
        assert int((data_dir / "port").read_text()) != port


@pytest.mark.parametrize("store", STORES)
def test_a_very_long_path_works(store: str, data_dir: Path) -> None:
    """The path of a Unix socket ends at some 100 characters; that of a project does not."""
    deep = data_dir.parent / ("a-rather-long-folder-name-" * 5) / store
    try:
        url = servers.start(store, deep)
        put(url, "deep")

        assert kept(url) == ["deep"]
        assert servers.running(store, deep) == url
    finally:
        servers.stop(store, deep)
        shutil.rmtree(deep.resolve(), ignore_errors=True)


@pytest.mark.parametrize("store", ["postgres"])
def test_the_cluster_is_private_and_asks_for_a_password_on_tcp(store: str, data_dir: Path) -> None:
    """Nobody else on the machine may enter the folder of the socket; the port wants the password of a 0600 file."""
    servers.start(store, data_dir)
    url = embedded_postgres.tcp_url(data_dir)
    assert url

    with psycopg.connect(url.reveal()) as connection:
        row = connection.execute("select current_setting('server_encoding'), current_setting('fsync')").fetchone()

    assert row == ("UTF8", "on")
    assert stat.S_IMODE(data_dir.resolve().stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "password").stat().st_mode) == 0o600
    assert url.secrets()[0] not in str(url)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=(data_dir / "port").read_text(), user="schematool", password="no")  # noqa: S106


@pytest.mark.parametrize("store", ["postgres"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's account cannot enter")
def test_root_may_keep_a_project_where_only_root_may_enter(store: str, data_dir: Path) -> None:
    """The server moves out to a private folder with a link to it; the project's folder is not opened for anybody."""
    data_dir.parent.mkdir()
    data_dir.parent.chmod(0o700)

    put(servers.start(store, data_dir), "one")

    assert data_dir.is_symlink()
    assert data_dir.resolve().stat().st_uid != 0
    assert stat.S_IMODE(data_dir.parent.stat().st_mode) == 0o700
    servers.stop(store, data_dir)
    assert kept(servers.start(store, data_dir)) == ["one"]


@pytest.mark.parametrize("store", ["postgres"])
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user can read what it installed")
def test_root_may_install_the_programs_where_only_root_may_enter(store: str, tmp_path: Path) -> None:
    """A virtual environment under /root cannot be reached by the server's account: it gets links or a copy."""
    installed = embedded_postgres.programs()
    assert installed
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    site = installed.folder.parent.parent
    for folder in installed.folders():
        shutil.copytree(folder, hidden / folder.relative_to(site), symlinks=True)

    with embedded_postgres.temporary(embedded_postgres.Programs(hidden / installed.folder.relative_to(site))) as url:
        put(url, "one")
        assert kept(url) == ["one"]


@pytest.mark.parametrize("store", STORES)
def test_a_temporary_server_goes_with_its_block(store: str) -> None:
    """Nothing is left behind: no process, no folder."""
    with servers.temporary(store) as url:
        put(url, "one")
        assert kept(url) == ["one"]

    with pytest.raises(Exception, match=r"(?i)refused|no such file"):
        kept(Url(url.reveal() + ("&" if "?" in url.reveal() else "?") + limit(store)))


HOLD = (
    f"{START}import time; context = servers.temporary(sys.argv[1], sys.argv[2]); "
    "print(context.__enter__().reveal(), flush=True); time.sleep(60)"
)


def held(store: str, folder: Path) -> tuple[subprocess.Popen[str], Url]:
    """Let another process run a throwaway server; it has written to it."""
    owner = subprocess.Popen([sys.executable, "-c", HOLD, store, folder], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    url = Url(owner.stdout.readline().strip())
    owner.stdout.close()
    put(url, "one")
    return owner, url


@pytest.fixture
def short() -> Iterator[Path]:
    """Give a folder that any account may enter, with a path that a socket may have."""
    with tempfile.TemporaryDirectory(prefix="st-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        yield Path(folder)


@pytest.mark.parametrize("store", STORES)
def test_a_temporary_server_goes_when_its_process_is_killed(store: str, short: Path) -> None:
    """A kill -9 of a run leaves no server on the machine, and nothing of its data."""
    owner, url = held(store, short)

    owner.kill()
    owner.wait()

    wait(lambda: not listens(url))
    wait(lambda: not list(short.iterdir()))


@pytest.mark.parametrize("store", STORES)
def test_the_next_run_sweeps_what_two_kills_have_left(store: str, short: Path) -> None:
    """Where the process that cleans up was killed as well, the server lives on, until another one is started."""
    owner, url = held(store, short)
    (stale,) = short.iterdir()
    (guard,) = (int(pid) for pid in subprocess.check_output(["pgrep", "-P", str(owner.pid)], text=True).split())
    os.kill(guard, signal.SIGKILL)
    owner.kill()
    owner.wait()
    assert listens(url)

    other, other_url = held(store, short)
    with servers.temporary(store, str(short)) as third:
        assert not stale.exists()
        assert not listens(url)
        assert kept(other_url) == ["one"], "those in use are left alone"
        put(third, "three")
    other.kill()
    other.wait()
    wait(lambda: not list(short.iterdir()))


@contextmanager
def taken(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Url]:
    """Start a mongod on a port that someone else has taken since it was chosen."""
    squatter = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(process, "free_port", lambda: squatter.getsockname()[1])
    monkeypatch.setattr(process, "listens", lambda _: False)
    with squatter, embedded_mongo.temporary(folder=str(folder)) as url:
        yield url


@contextmanager
def taken_too(_: pytest.MonkeyPatch, folder: Path) -> Iterator[Url]:
    """Start a PostgreSQL on such a port."""
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        with embedded_postgres.temporary(folder=str(folder), port=port) as url:
            yield url


def with_settings(**settings: str) -> Callable[[pytest.MonkeyPatch, Path], AbstractContextManager[Url]]:
    """Start a PostgreSQL that stumbles over its settings."""
    return lambda _, folder: embedded_postgres.temporary(settings=settings, folder=str(folder))


STILLBORN: dict[str, tuple[Callable[[pytest.MonkeyPatch, Path], AbstractContextManager[Url]], str]] = {
    "a port that is taken, mongod": (taken, "mongod did not start: Error setting up listener: Address already in use"),
    "a port that is taken, PostgreSQL": (taken_too, "PostgreSQL did not start: could not create any TCP/IP sockets"),
    "no memory": (with_settings(shared_buffers="900GB"), "postgres failed: could not map anonymous shared memory"),
    "no such locale": (with_settings(lc_messages="xx_YY"), 'invalid value for parameter "lc_messages": "xx_YY"'),
}


@pytest.mark.parametrize("fault", STILLBORN)
def test_a_throwaway_server_that_dies_while_it_starts_is_noticed_at_once(
    fault: str, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after the minute that a slow start may take; the server says why, and its folder is gone."""
    start, message = STILLBORN[fault]
    monkeypatch.setattr(process, "START_SECONDS", 600.0)  # the test would be stopped before

    with pytest.raises(WorldError) as raised, start(monkeypatch, short):
        pass

    (found,) = raised.value.diagnostics
    assert (found.code, raised.value.exit_code) == ("ST505", 3)
    assert message in "\n".join((found.message, *found.notes))
    assert not list(short.iterdir())


@pytest.mark.parametrize("store", STORES)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_under_a_throwaway_server_is_told(store: str, short: Path) -> None:
    """The cause is the server's own word; what it has written is gone."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500k,mode=1777", "tmpfs", short], check=True)
    try:
        with pytest.raises(WorldError, match="No space left on device") as raised, servers.temporary(store, str(short)):
            pass
        left = list(short.iterdir())
    finally:
        subprocess.run(["umount", "--lazy", short], check=True)

    assert (raised.value.exit_code, left) == (3, [])


def test_a_missing_library_is_one_sentence(tmp_path: Path) -> None:
    """The dynamic linker's complaint becomes the name of the package to install."""
    broken = tmp_path / "mongod"
    broken.write_text(
        "#!/bin/sh\necho 'mongod: error while loading shared libraries: libcurl.so.4: "
        "cannot open shared object file: No such file or directory' >&2\nexit 127\n"
    )
    broken.chmod(0o755)

    with pytest.raises(WorldError) as raised:
        embedded_mongo.require_libraries(broken)

    (found,) = raised.value.diagnostics
    assert found.message == "mongod needs libcurl.so.4, which this system lacks"
    assert found.hint
    assert "libcurl4" in found.hint


def test_a_mongod_without_its_run_bit_in_a_read_only_folder_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel forgets the run bit, and site-packages need not be ours to change."""
    wheel = tmp_path / "mongod"
    wheel.write_text("#!/bin/sh\necho 'db version v6.0.5'\n")
    wheel.chmod(0o644)
    monkeypatch.setattr(embedded_mongo, "program", lambda: wheel)
    monkeypatch.setattr(Path, "chmod", refuse_for(wheel, Path.chmod))

    runnable = embedded_mongo.find_runnable(tmp_path / "cache")

    assert runnable.parent == tmp_path / "cache"
    assert os.access(runnable, os.X_OK)


@pytest.mark.parametrize("store", STORES)
def test_without_the_wheel_the_error_says_how_to_get_it(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence with the two ways out: install the extra, or set a URL."""
    monkeypatch.setattr(embedded_postgres, "programs", lambda: None)
    monkeypatch.setattr(embedded_mongo, "program", lambda: None)

    with pytest.raises(WorldError) as raised:
        servers.start(store, tmp_path / store)

    (found,) = raised.value.diagnostics
    assert found.code == "ST503"
    assert found.hint
    assert "schematool[embedded]" in found.hint
    assert f"SCHEMATOOL_{store.upper()}_URL" in found.hint


def test_a_server_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The end of the log is in the error, so that nobody has to search for it."""
    log = tmp_path / "log"
    log.write_text("first\nFATAL: no space left on device\n")

    with pytest.raises(WorldError) as raised:
        process.Starting("the server", log, lambda: False).wait_until(lambda: False)

    (found,) = raised.value.diagnostics
    assert found.message == "the server did not start: no space left on device"
    assert found.notes[-1] == "FATAL: no space left on device"


def refuse_for(path: Path, original: Callable[..., None]) -> Callable[..., None]:
    """Make `chmod` fail for one file, as in a folder of another user; root would be let through."""

    def chmod(self: Path, mode: int, **options: Any) -> None:
        if self == path:
            raise PermissionError(1, "Operation not permitted")
        original(self, mode, **options)

    return chmod


def kept_alive(url: str, store: str, data_dir: Path) -> bool:
    """Tell whether the server kept there is the one of this URL."""
    return servers.running(store, data_dir) == Url(url)


def limit(store: str) -> str:
    """Return the option that makes a refused connection fail soon."""
    return "connect_timeout=2" if store == "postgres" else "serverSelectionTimeoutMS=500"


def listens(url: Url) -> bool:
    """Tell whether anything accepts connections at a URL of ours."""
    text = url.reveal()
    if url.scheme == "postgresql":
        folder = unquote(text.partition("host=")[2].partition("&")[0])
        return process.listens(f"{folder}/.s.PGSQL.5432")
    return process.listens(("127.0.0.1", int(text.partition("127.0.0.1:")[2].partition("/")[0])))


def wait(ready: Callable[[], bool]) -> None:
    """Wait until it is so, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)
