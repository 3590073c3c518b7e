"""A small TCP proxy before a server, which cuts, resets, swallows or slows what goes through it."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress

import psycopg

from schematool.core.secret import Url

# Data goes through unhindered, or: is slowed, is swallowed in both directions, ends with RST.
OPEN, SLOW, SILENT, RESET = "open", "slow", "silent", "reset"


class Proxy:
    """Listens on 127.0.0.1 and passes on to `target`: a socket's path, or a host and a port.

    `manner` can be changed at any time and holds for every connection. `cut_at`: a sequence of bytes; when a client
    sends it, that connection is cut, once: `before` it is passed on, or `after` the server has answered it.
    """

    def __init__(self, target: str | tuple[str, int]) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.manner = OPEN
        self.cut_at = b""
        self.cut = ""
        self.half_open = False
        """After a cut: whether the server's side stays open, as when a router forgets a connection."""
        self.cuts = 0
        self._mute: socket.socket | None = None
        self._answered = threading.Event()
        self.url = Url("")
        """The way through it, for whoever knows what is behind it."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self._listening.getsockname()[1])

    def reset(self) -> None:
        """End every connection with RST, on both sides."""
        for pair in self._pairs:
            for one in pair:
                _reset(one)
        self._pairs.clear()

    def close(self) -> None:
        """Accept no more, and end what there is."""
        self._listening.close()
        self.reset()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                try:
                    server = self._dial()
                except OSError:
                    client.close()
                    continue
                self._pairs.append((client, server))
                for run, one, other in ((self._forth, client, server), (self._back, server, client)):
                    threading.Thread(target=run, args=(one, other), daemon=True).start()

    def _dial(self) -> socket.socket:
        if isinstance(self._target, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            return server
        return socket.create_connection(self._target)

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut and self.cut_at in data:
                    self._cut_here(client, server, data)
                    return
                self._pass(server, data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _cut_here(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        how, self.cut = self.cut, ""
        self.cuts += 1
        if how == "after":
            # Its client hears of the cut when the server has done it, and not while it still may not have: on a busy
            # machine it would be back, and have ended its old session, before.
            self._answered.clear()
            self._mute = server
            server.sendall(data)
            self._answered.wait(5)
        _reset(client)
        if not self.half_open:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if server is self._mute:
                    # PostgreSQL answers with the command's own word; what came before it in one go is answered before.
                    if self.cut_at != b"COMMIT" or b"COMMIT\0" in data:
                        self._answered.set()
                    continue
                with suppress(OSError):
                    self._pass(client, data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _pass(self, to: socket.socket, data: bytes) -> None:
        if self.manner == SILENT:
            return
        if self.manner == SLOW:
            time.sleep(0.02)
        to.sendall(data)


def before_postgres(url: Url) -> Proxy:
    """Put a proxy before the server of a URL; its `url` leads to the same database."""
    with psycopg.connect(url.reveal()) as connection:
        info = connection.info
        proxy = Proxy(f"{info.host}/.s.PGSQL.{info.port}" if info.host.startswith("/") else (info.host, info.port))
        who = f"{info.user}:{info.password}" if info.password else info.user
        where = f"127.0.0.1:{proxy.port}/{info.dbname}?sslmode=disable&gssencmode=disable"
    proxy.url = Url(f"postgresql://{who}@{where}")
    return proxy


def _reset(one: socket.socket) -> None:
    """Close with RST instead of FIN: what is closed with a linger time of nothing."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Wakes the thread that reads, without a FIN; as long as that one reads, closing does nothing.
        one.shutdown(socket.SHUT_RD)
        one.close()
