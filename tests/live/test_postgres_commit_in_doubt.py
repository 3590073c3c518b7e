"""The connection is cut after COMMIT was sent and before its answer came: the ledger is read, and believed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from schematool.core.errors import WorldError
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.engines.contract import Event, Waiting
from schematool.engines.postgres import connect
from tests.live.postgres_runner import unit_of

UNIT = unit_of("0001_users", "create table users (id int);", "drop table users;")


class Proxy:
    """A small TCP proxy that cuts one connection at a COMMIT: after it was passed on, or instead of that."""

    def __init__(self, url: Url) -> None:
        with psycopg.connect(url.reveal()) as connection:
            info = connection.info
            self._target = (info.host, info.port)
            self.user, self.password, self.database = info.user, info.password, info.dbname
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.cut = ""
        # Set when a server has answered to a COMMIT.
        self._committed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> Url:
        """The way through the proxy."""
        port = self._listening.getsockname()[1]
        secret = f":{self.password}" if self.password else ""
        return Url(
            f"postgresql://{self.user}{secret}@127.0.0.1:{port}/{self.database}?sslmode=disable&gssencmode=disable"
        )

    def close(self) -> None:
        """Accept no more."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = self._dial()
                threading.Thread(target=self._forth, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(client, server), daemon=True).start()

    def _dial(self) -> socket.socket:
        host, port = self._target
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(Path(host) / f".s.PGSQL.{port}"))
            return server
        return socket.create_connection((host, port))

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut and b"COMMIT" in data:
                    how, self.cut = self.cut, ""
                    client.shutdown(socket.SHUT_RDWR)
                    if how == "after":
                        self._committed.clear()
                        server.sendall(data)
                        self._committed.wait(10)
                    break
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _back(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if b"COMMIT\0" in data:
                    self._committed.set()
                with suppress(OSError):
                    client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(postgres_url: Url) -> Iterator[Proxy]:
    """Give a proxy before a fresh database."""
    proxy = Proxy(postgres_url)
    yield proxy
    proxy.close()


@pytest.fixture(params=["step by step", "in one go"])
def before(request: pytest.FixtureRequest) -> tuple[Unit, ...]:
    """Give what is applied before: the first migration of a database goes step by step, later ones in one go."""
    return () if request.param == "step by step" else (unit_of("0000_first", "create table first (id int);"),)


def test_a_commit_that_arrived_is_believed(proxy: Proxy, postgres_url: Url, before: tuple[Unit, ...]) -> None:
    """The answer is lost and the ledger has the migration: it is applied, and was not run twice."""
    heard: list[Event] = []
    engine = connect(proxy.url)
    with engine.lock(wait_seconds=5):
        for unit in before:
            engine.apply(unit, heard.append)
        proxy.cut = "after"
        engine.apply(UNIT, heard.append)

        assert any("the ledger has it" in event.what for event in heard if isinstance(event, Waiting))

        engine.apply(unit_of("0002_more", "alter table users add a int;"), heard.append)
    engine.close()
    direct = connect(postgres_url)

    assert [(row.id, row.state) for row in direct.ledger()] == [
        *((unit.id, "applied") for unit in before),
        ("0001_users", "applied"),
        ("0002_more", "applied"),
    ]
    direct.close()


def test_a_commit_that_never_arrived_is_told(proxy: Proxy, postgres_url: Url, before: tuple[Unit, ...]) -> None:
    """The server never saw COMMIT: the error says that nothing is applied, and another try works."""
    engine = connect(proxy.url)
    with engine.lock(wait_seconds=5):
        for unit in before:
            engine.apply(unit, lambda _: None)
        proxy.cut = "before"
        with pytest.raises(WorldError) as caught:
            engine.apply(UNIT, lambda _: None)

        assert caught.value.state == "0001_users is not applied"

        engine.apply(UNIT, lambda _: None)

    assert [row.state for row in engine.ledger()] == ["applied"] * (len(before) + 1)
    engine.close()
