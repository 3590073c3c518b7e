"""Faults that need a server of their own: a standby, a secondary, a full disk, a pooler, users without rights."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from schematool.engines import servers
from schematool.engines.servers import embedded_mongo, embedded_postgres, process
from schematool.engines.servers.account import unprivileged
from tests.faults.ground import CANARY, PostgresDatabase, eventually
from tests.faults.pooler import Pooler
from tests.faults.steps import M_BIG, M_EMAIL, M_MADE, M_NOTE, M_USERS, NOTE, USERS, fill_big, index, relation
from tests.faults.tools import Ours, Step
from tests.faults.trial import Trial


class CannotHappen(Exception):  # noqa: N818  # no error: this machine cannot have the fault
    """The fault needs something that this machine does not have; the text says what."""


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def standby(trial: Trial) -> None:
    """The URL leads to a standby, a real one made with pg_basebackup; nothing is changed, and the primary works."""
    trial.write(USERS)
    ground = trial.database.ground
    copy = ground.home.resolve().with_name(ground.home.resolve().name + "-standby")
    good = trial.tool.url  # type: ignore[attr-defined]  # every tool has one
    try:
        _base_backup(ground, copy)
        url = servers.start("postgres", copy)
        here = PostgresDatabase(ground, trial.database.name)
        host = url.reveal().partition("@")[2]
        trial.tool.url = (  # type: ignore[attr-defined]  # every tool has one
            f"{good.partition('@')[0]}@/{here.name}?{host.partition('?')[2]}"
        )
        trial.write(USERS)
        trial.failed(trial.run(), "standby", codes=(3,))
        _doctor_says(trial, "this server is a standby")
        trial.tool.url = good  # type: ignore[attr-defined]  # every tool has one
        trial.write(USERS)
        _doctor_says(trial, "1 standby connected")
    finally:
        servers.stop("postgres", copy)
        shutil.rmtree(copy, ignore_errors=True)
        trial.tool.url = good  # type: ignore[attr-defined]  # every tool has one
    trial.write(USERS)
    trial.stands()
    trial.converges()


def _doctor_says(trial: Trial, *words: str) -> None:
    """Ask doctor, which changes nothing, and whose answer is not a failure."""
    if isinstance(trial.tool, Ours):
        ended = trial.tool.run("doctor").wait(30)
        trial.heard(ended)
        trial.holds(all(word in " ".join(ended.output.split()) for word in words), f"doctor does not say {words[0]!r}")


def _base_backup(ground: Any, copy: Path) -> None:
    home = ground.home.resolve()
    account = unprivileged(home / "data")
    copy.mkdir(mode=0o700)
    account.give(copy)
    installed = home / "install"
    folder = next(installed.rglob("pg_basebackup")) if installed.is_dir() else None
    found = embedded_postgres.programs()
    assert found
    program = folder or found.path("pg_basebackup")
    socket = ground.url.reveal().partition("host=")[2].partition("&")
    words = ["-D", copy / "data", "-h", socket[0], "-p", socket[2].removeprefix("port="), "-U", "schematool", "-R"]
    words += ["-X", "stream", "-c", "fast", "--no-sync"]
    subprocess.run(
        [program, *words], check=True, capture_output=True, cwd=copy, env=process.environment(), **account.options()
    )
    (copy / "password").write_bytes((home / "password").read_bytes())


def disk_full(trial: Trial) -> None:
    """The disk is full, in a transaction and while an index is built concurrently; then there is room again."""
    with _small_disk(trial.database.ground) as (folder, space):
        name = f"small_{trial.database.name}"
        trial.database.query(f"create tablespace {name} location '{folder}'")
        pages = Step("0001_pages", ("create table pages (id int, t text)",), ("drop table pages",), relation("pages"))
        built = Step(
            "0002_built",
            (f"create index concurrently pages_t on pages (t) tablespace {name}",),
            ("drop index concurrently pages_t",),
            index("pages_t"),
            transactional=False,
        )
        rows = (
            "select string_agg(md5((n * k)::text), '') from generate_series(1, {}) as n, generate_series(1, 30) as k"
            " group by n"
        )
        filled = Step(
            "0003_filled",
            (f"create table filled (t text) tablespace {name}", f"insert into filled {rows.format(4000)}"),
            ("select 1", "drop table filled"),
            relation("filled"),
        )
        try:
            trial.write(pages)
            trial.converges()
            trial.database.query(f"insert into pages select 1, * from ({rows.format(2500)}) as made")
            for steps in ((pages, built), (pages, built, filled)):
                ballast = _ballast(folder, space)
                trial.write(*steps)
                trial.failed(trial.run(), "53100", codes=(3,))
                trial.stands()
                ballast.unlink()
                trial.converges()
        finally:
            trial.database.query("drop table if exists filled, pages")
            trial.database.query(f"drop tablespace {name}")


def _ballast(folder: Path, space: int) -> Path:
    """Fill the disk but for `space` bytes; whoever else writes there meanwhile may leave less."""
    path = folder / "ballast"
    path.write_bytes(b"")
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize
    with contextlib.suppress(OSError), path.open("wb") as file:
        file.write(b"x" * max(0, free - space))
    return path


@contextmanager
def _small_disk(ground: Any) -> Iterator[tuple[Path, int]]:
    """Mount a tmpfs of 24 MB that the server may write, and say how little of it is to be free."""
    folder = Path(tempfile.mkdtemp(prefix="st-small-", dir="/tmp"))  # the server must reach it
    folder.chmod(0o755)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        folder.rmdir()
        raise CannotHappen("the right to mount a tmpfs")
    try:
        unprivileged(ground.home.resolve() / "data").give(folder)
        yield folder, 1_000_000
    finally:
        subprocess.run(["umount", folder], check=False)
        with contextlib.suppress(OSError):
            folder.rmdir()


def pooler(trial: Trial) -> None:
    """A pooler in transaction mode hands the session to others; the URL of the server itself works."""
    trial.write(USERS, NOTE)
    good = trial.tool.url  # type: ignore[attr-defined]  # every tool has one
    with psycopg.connect(trial.database.plain.reveal()) as connection:
        info = connection.info
        target = f"{info.host}/.s.PGSQL.{info.port}"
    pool = Pooler(target)
    try:
        user = trial.database.url.reveal().partition("@")[0]
        trial.tool.url = f"{user}@127.0.0.1:{pool.port}/{trial.database.name}?sslmode=disable&gssencmode=disable"  # type: ignore[attr-defined]  # every tool has one
        trial.write(USERS, NOTE)
        ended = trial.run()
        if trial.tool.ours:
            trial.failed(ended, "transaction mode", codes=(3,))
            _doctor_says(trial, "a pooler shares this session")
            trial.stands()
    finally:
        pool.close()
        trial.tool.url = good  # type: ignore[attr-defined]  # every tool has one
    trial.write(USERS, NOTE)
    trial.converges()


# --- MongoDB ---------------------------------------------------------------------------------------------------------


class GuardedSet:
    """Two members of a replica set that ask for passwords; the first is the primary."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = (process.free_port(), process.free_port())
        key = home / "key"
        key.write_text("schematool" * 8)
        key.chmod(0o600)
        program = embedded_mongo.find_runnable(home)
        self._processes = []
        for number, port in enumerate(self.ports):
            (home / str(number)).mkdir()
            words = [program, "--dbpath", home / str(number), "--bind_ip", "127.0.0.1", "--port", str(port)]
            words += [
                "--replSet",
                "guarded",
                "--keyFile",
                key,
                "--nounixsocket",
                "--quiet",
                "--wiredTigerCacheSizeGB",
                "0.25",
            ]
            words += ["--oplogSize", "64"]
            self._processes.append(subprocess.Popen([str(w) for w in words], stdout=subprocess.DEVNULL))
        for port in self.ports:
            eventually("mongod listens", partial(process.listens, ("127.0.0.1", port)), 60)
        members = [{"_id": n, "host": f"127.0.0.1:{port}", "priority": 1 - n} for n, port in enumerate(self.ports)]
        with self.client() as client:
            client.admin.command("replSetInitiate", {"_id": "guarded", "members": members})
            eventually("a primary", lambda: client.admin.command("hello")["isWritablePrimary"], 60)
            client.admin.command("createUser", "root", pwd=CANARY, roles=["root"])

    def client(self, user: str = "", member: int = 0) -> MongoClient[dict[str, Any]]:
        """Connect to one member."""
        if not user:
            return MongoClient("127.0.0.1", self.ports[member], directConnection=True)
        return MongoClient(self.url(user, "admin", member))

    def url(self, user: str, database: str, member: int = 0, *, password: str = CANARY) -> str:
        """The URL of one member, with a password in it."""
        secret = quote(password, safe="")
        return f"mongodb://{user}:{secret}@127.0.0.1:{self.ports[member]}/{database}?directConnection=true&authSource=admin"

    def close(self) -> None:
        """Kill both."""
        for one in self._processes:
            one.send_signal(signal.SIGKILL)
            one.wait()


def guarded(trial: Trial) -> None:
    """A wrong password, a user without rights, and a secondary: nothing is changed, and with the right URL it works."""
    home = Path(tempfile.mkdtemp(prefix="st-guarded-"))
    guard = GuardedSet(home)
    good = trial.tool.url  # type: ignore[attr-defined]  # every tool has one
    try:
        name = trial.database.name
        with guard.client("root") as client:
            client.admin.command("createUser", "reader", pwd=CANARY, roles=[{"role": "read", "db": name}])
            client.admin.command(
                "createUser", "writer", pwd=CANARY,
                roles=[{"role": "readWrite", "db": name}, {"role": "dbAdmin", "db": name}],
            )  # fmt: skip
            client[name]["patients"].insert_one({"_id": 1})
            eventually(
                "the secondary is there",
                lambda: client.admin.command("replSetGetStatus")["members"][1]["stateStr"] == "SECONDARY",
                60,
            )
        for url, word in (
            (guard.url("writer", name, password=CANARY + "!"), "password"),
            (guard.url("reader", name), "does not allow"),
            (guard.url("writer", name, member=1), "secondary"),
        ):
            trial.tool.url = url  # type: ignore[attr-defined]  # every tool has one
            trial.write(M_USERS, M_EMAIL)
            trial.failed(trial.run(), word, codes=(3,))
        with guard.client("root") as client:
            trial.holds(client[name].list_collection_names() == ["patients"], "changed something")
        trial.tool.url = guard.url("writer", name)  # type: ignore[attr-defined]  # every tool has one
        trial.write(M_USERS, M_EMAIL, M_NOTE)
        ended = trial.run()
        trial.holds(ended.code == 0, "needs more than its rights")
        if trial.tool.ours:
            _ill(trial, guard)
    finally:
        guard.close()
        shutil.rmtree(home, ignore_errors=True)
        trial.tool.url = good  # type: ignore[attr-defined]  # every tool has one


def _ill(trial: Trial, guard: GuardedSet) -> None:
    """A member that recovers, and then a set without a primary: doctor names both."""
    trial.tool.url = guard.url("root", trial.database.name)  # type: ignore[attr-defined]  # every tool has one
    trial.write(M_USERS, M_EMAIL, M_NOTE)
    _doctor_says(trial, "replica set guarded of 2, primary")
    with guard.client("root", member=1) as second, guard.client("root") as first:
        second.admin.command("replSetMaintenance", True)
        eventually(
            "the primary knows",
            lambda: first.admin.command("replSetGetStatus")["members"][1]["stateStr"] == "RECOVERING",
            30,
        )
        _doctor_says(trial, f"127.0.0.1:{guard.ports[1]} is RECOVERING", "a migration waits for a majority")
        first.admin.command({"replSetStepDown": 60, "force": True})
        _doctor_says(trial, "replica set guarded has no primary")


def mongo_disk_full(trial: Trial) -> None:
    """Mongod's disk is full in the middle of a migration, and mongod ends; there is room again and it is started."""
    folder = Path(tempfile.mkdtemp(prefix="st-small-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        folder.rmdir()
        raise CannotHappen("the right to mount a tmpfs")
    good = trial.tool.url  # type: ignore[attr-defined]  # every tool has one
    home = folder / "mongo"
    try:
        url = servers.start("mongo", home).reveal()
        name = trial.database.name
        trial.tool.url = url.replace("/schematool?", f"/{name}?")  # type: ignore[attr-defined]  # every tool has one
        trial.write(M_MADE)
        trial.holds(trial.run(seconds=90).code == 0, "does not begin")
        with MongoClient[dict[str, Any]](url) as client:
            fill_big(client[name], 20_000)
        trial.write(M_MADE, M_BIG)
        ballast = _ballast(folder, 1_000_000)
        running = trial.start()
        pid = int((home / "pid").read_text())
        eventually("mongod or the run ends", lambda: not running.alive() or not process.exists(pid), 60)
        ballast.unlink()
        servers.stop("mongo", home)
        url = servers.start("mongo", home).reveal()
        trial.heard(running.wait(90))
        trial.tool.url = url.replace("/schematool?", f"/{name}?")  # type: ignore[attr-defined]  # every tool has one
        trial.write(M_MADE, M_BIG)
        ended = trial.run(seconds=90)
        trial.holds(ended.code == 0, "stuck lock" if "lock" in ended.output else "needs repair by hand")
        with MongoClient[dict[str, Any]](url) as client:
            trial.holds("a_b" in client[name]["big"].index_information(), "false ledger row")
            trial.holds(client[name]["big"].count_documents({}) == 20_000, "lost documents")
    finally:
        with contextlib.suppress(PyMongoError, OSError):
            servers.stop("mongo", home)
        time.sleep(0.1)
        subprocess.run(["umount", "-l", folder], check=False)
        with contextlib.suppress(OSError):
            folder.rmdir()
        trial.tool.url = good  # type: ignore[attr-defined]  # every tool has one
