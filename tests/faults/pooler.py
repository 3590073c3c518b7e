"""A pooler in transaction mode, as small as one can be: it hands a server's session to whoever begins a transaction.

It speaks PostgreSQL's protocol (version 3, "Message Flow" in the manual): a client is given a session of the real
server for as long as `ReadyForQuery` says that a transaction is open, and is told a process id of the pooler's own.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

_STARTUP_SSL, _STARTUP_GSS = 80877103, 80877104


class Pooler:
    """Listens on 127.0.0.1. All clients must be of one user and database."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._free: list[socket.socket] = []
        self._greeting = b""
        self._lock = threading.Lock()
        self._all: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self._listening.getsockname()[1])

    def close(self) -> None:
        """End every session."""
        for one in (self._listening, *self._all):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._all.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, struct.error):
            first = _startup(client)
            with self._lock:
                if not self._free and not self._greeting:
                    self._free.append(self._dial(first))
            client.sendall(self._greeting)
            while True:
                self._one_transaction(client, first, _message(client))

    def _one_transaction(self, client: socket.socket, first: bytes, message: bytes) -> None:
        if message[:1] == b"X":
            raise OSError
        with self._lock:
            server = self._free.pop() if self._free else None
        server = server or self._dial(first)
        while True:
            server.sendall(message)
            if message[:1] in {b"Q", b"S"}:
                while True:
                    answer = _message(server)
                    client.sendall(answer)
                    if answer[:1] == b"Z":
                        break
                if answer[5:6] == b"I":
                    break
            message = _message(client)
        with self._lock:
            self._free.append(server)

    def _dial(self, first: bytes) -> socket.socket:
        """Make a session; keep what the server said at its beginning, with another process id."""
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        self._all.append(server)
        server.sendall(first)
        said = b""
        while True:
            message = _message(server)
            said += b"K" + struct.pack("!III", 12, 7, 7) if message[:1] == b"K" else message
            if message[:1] == b"Z":
                break
        self._greeting = said
        return server


def _exactly(one: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = one.recv(count - len(data))
        if not part:
            raise OSError
        data += part
    return data


def _message(one: socket.socket) -> bytes:
    head = _exactly(one, 5)
    return head + _exactly(one, struct.unpack("!I", head[1:])[0] - 4)


def _startup(client: socket.socket) -> bytes:
    while True:
        head = _exactly(client, 8)
        length, code = struct.unpack("!II", head)
        rest = _exactly(client, length - 8)
        if code not in {_STARTUP_SSL, _STARTUP_GSS}:
            return head + rest
        client.sendall(b"N")
