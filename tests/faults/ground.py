"""Servers to be broken, and the databases that a trial runs on: what a person with a shell on the host would have."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from schematool.core.secret import Url
from schematool.engines import servers
from tests.databases import with_database

CANARY = "s3cr3t@/:%'x"
"""The password of every URL of a trial: it must not be seen in anything that any program says."""
FORMS = (CANARY, quote(CANARY, safe=""), "s3cr3t")

_numbers = itertools.count(1)


def eventually(what: str, asked: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Ask until the answer is true; the answer."""
    until = time.monotonic() + seconds
    while not (answer := asked()):
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)
    return answer


class PostgresDatabase:
    """One database of a trial. `url` has a password in it, which the server does not ask for."""

    def __init__(self, ground: PostgresGround, name: str) -> None:
        self.ground, self.name = ground, name
        plain = with_database(ground.url, name)
        self.plain = plain
        self.url = Url(plain.reveal().replace("schematool@", f"schematool:{quote(CANARY, safe='')}@", 1))

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement as a superuser and return its rows."""
        with psycopg.connect(self.plain.reveal(), autocommit=True, application_name="trial") as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *parameters: Any) -> Any:
        """Return the first column of the first row."""
        rows = self.query(statement, *parameters)
        return rows[0][0] if rows else None

    def clear(self) -> None:
        """Drop every table."""
        rows = self.query("select quote_ident(tablename) from pg_tables where schemaname = 'public'")
        for (table,) in rows:
            self.query(f"drop table {table} cascade")

    def session(self) -> psycopg.Connection[Any]:
        """Give a session that stays open, as of an application."""
        return psycopg.connect(self.plain.reveal(), autocommit=True, application_name="reporting")

    def sessions(self) -> list[tuple[Any, ...]]:
        """The sessions of others on this database: what they run, and whether they hold any lock that hinders."""
        return self.query(
            "select pid, application_name, state, left(query, 60) from pg_stat_activity where datname = %s"
            " and backend_type = 'client backend' and pid <> pg_backend_pid() and application_name not in"
            " ('trial', 'reporting')",
            self.name,
        )

    def running(self, words: str) -> bool:
        """Whether a session of others runs a statement with these words in it."""
        return bool(
            self.one(
                "select count(*) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
                " and state = 'active' and query ilike %s",
                self.name,
                f"%{words}%",
            )
        )

    def end_sessions(self, words: str = "") -> None:
        """End the sessions of others that run a statement with these words."""
        self.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
            " and application_name not in ('trial', 'reporting') and query ilike %s",
            self.name,
            f"%{words}%",
        )


class PostgresGround:
    """A PostgreSQL of our own, kept in a folder, so that it can be restarted and killed."""

    store = "postgres"

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = servers.start("postgres", home)
        self.query("alter system set fsync = off")
        self.query("select pg_reload_conf()")

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the maintenance database."""
        with psycopg.connect(self.url.reveal(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self) -> Iterator[PostgresDatabase]:
        """Make a fresh database."""
        name = f"f{os.getpid()}_{next(_numbers)}"
        self.query(f"create database {name} template template0")
        try:
            yield PostgresDatabase(self, name)
        finally:
            self.query(f"drop database if exists {name} with (force)")

    def restart(self) -> None:
        """Stop it as an administrator in a hurry does (immediate: no checkpoint), and start it again."""
        pid = int((self.home.resolve() / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        eventually("PostgreSQL is gone", lambda: not _lives(pid))
        self.url = servers.start("postgres", self.home)

    def kill_backend(self, database: str, words: str) -> None:
        """Kill -9 of the server process that runs a statement: the server ends every session and recovers."""
        rows = self.query(
            f"select pid from pg_stat_activity where datname = '{database}' and query ilike '%{words}%'"
            " and pid <> pg_backend_pid() and state = 'active'"
        )
        os.kill(rows[0][0], signal.SIGKILL)
        eventually("PostgreSQL has recovered", self._answers)

    def _answers(self) -> bool:
        with suppress(psycopg.Error):
            return bool(self.query("select true"))
        return False

    def close(self) -> None:
        """Stop it."""
        servers.stop("postgres", self.home)


class MongoDatabase:
    """One database of a trial."""

    def __init__(self, ground: MongoGround, name: str) -> None:
        self.ground, self.name = ground, name
        self.plain = self.url = with_database(ground.url, name)

    @contextmanager
    def open(self) -> Iterator[Any]:
        """Give the driver's own database."""
        with MongoClient[dict[str, Any]](self.plain.reveal()) as client:
            yield client[self.name]

    def running(self, command: str) -> bool:
        """Whether the server works at a command of that name here."""
        stages = [{"$currentOp": {"allUsers": True}}, {"$match": {f"command.{command}": {"$exists": True}}}]
        with self.open() as database:
            return any(str(row.get("ns", "")).startswith(self.name) for row in database.client.admin.aggregate(stages))


class MongoGround:
    """A mongod of our own, a replica set of one."""

    store = "mongo"

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = servers.start("mongo", home)

    @contextmanager
    def database(self) -> Iterator[MongoDatabase]:
        """Choose a fresh database."""
        database = MongoDatabase(self, f"f{os.getpid()}_{next(_numbers)}")
        try:
            yield database
        finally:
            with suppress(PyMongoError), MongoClient[dict[str, Any]](self.url.reveal()) as client:
                client.drop_database(database.name)

    def kill(self) -> None:
        """Kill -9 of the server."""
        pid = int((self.home.resolve() / "pid").read_text())
        os.kill(pid, signal.SIGKILL)
        eventually("mongod is gone", lambda: not _lives(pid))

    def start(self) -> None:
        """Start it again."""
        self.url = servers.start("mongo", self.home)

    def close(self) -> None:
        """Stop it."""
        servers.stop("mongo", self.home)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
