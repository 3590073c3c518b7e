"""One connection to one PostgreSQL database, with settings that do not depend on who connects or from where."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.pq import TransactionStatus

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.secret import Url, mask

CONNECT_SECONDS = 10
"""How long to wait for a server to answer; a URL may say `connect_timeout` itself."""

# What roles and databases may have set otherwise (ALTER ROLE … SET), and what would change the meaning of a
# migration, the text that the server prints of a catalog, or how long a statement may take.
_SETTINGS = {
    "bytea_output": "hex",
    "check_function_bodies": "on",
    "DateStyle": "ISO, YMD",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "extra_float_digits": "1",
    "idle_in_transaction_session_timeout": "0",
    "IntervalStyle": "postgres",
    "jit": "off",
    "lock_timeout": "0",
    "quote_all_identifiers": "off",
    # A policy would hide rows from a statement that means all of them, and those would be lost or not be seen: with
    # this the server refuses instead.
    "row_security": "off",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "synchronize_seqscans": "off",
    "TimeZone": "UTC",
    "transform_null_equals": "off",
    "xmloption": "content",
}
# The server looks now and then whether the client is still there, so that a killed runner leaves no statement
# running and no lock behind. Measured: 0.05 s to let go, 11 s (the statement's end) without. Only where the
# system can tell: elsewhere the server refuses any other value than 0.
_LIVENESS = {"client_connection_check_interval": "500ms"}
# Timeouts of sessions and transactions, by the version that brought them.
_SINCE = {140000: {"idle_session_timeout": "0"}, 170000: {"transaction_timeout": "0"}}
# A network that forgets a connection says nothing to either end. Without these the operating system notices after two
# hours; a router on the way drops a connection that is silent for some minutes, as it is while an index is built.
_KEPT_ALIVE = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_AGAIN = "see that the server runs and can be reached, then run the same command again: it goes on where things stand"

_HINTS = {
    "28P01": "check the password; it can also come from PGPASSWORD or a password file",
    "28000": "check the user name and pg_hba.conf on the server",
    "3D000": "create the database first: `createdb NAME`",
    "42501": "grant what the message names to the role of the URL",
    "53300": "wait for a connection to become free, or raise max_connections",
    "57P03": "the server is starting or stopping; try again",
}


class Session:
    """A connection in autocommit mode that can be made again after it was lost."""

    def __init__(self, url: Url) -> None:
        self.url = url
        self.connection, self.process = _connect(url)
        """`process`: the id of the server's process for us, as it has it itself; a pooler tells its clients another."""

    @property
    def told_process(self) -> int:
        """The process id that we were told when we connected."""
        return self.connection.info.backend_pid

    @property
    def version(self) -> int:
        """The server's version as a number: 180006 is 18.6."""
        return self.connection.info.server_version

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self.connection.closed or self.connection.broken

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self.connection.info.transaction_status is TransactionStatus.IDLE

    def execute(self, statement: str, parameters: Any = None) -> psycopg.Cursor[Any]:
        """Run one statement; parameters as `%s`, and only then is `%` special."""
        return self.connection.execute(statement.encode(), parameters)

    def one(self, statement: str, parameters: Any = None) -> Any:
        """Return the first column of the first row, None where there is none."""
        row = self.execute(statement, parameters).fetchone()
        return row[0] if row else None

    def roll_back(self) -> None:
        """End a transaction that may be open; a lost connection has none."""
        if not self.lost and not self.idle:
            self.execute("ROLLBACK")

    def again(self, *, within_seconds: float) -> bool:
        """Connect anew after the connection was lost; False when the server does not answer in time."""
        self.close()
        until = time.monotonic() + within_seconds
        while True:
            try:
                self.connection, self.process = _connect(self.url)
            except WorldError:
                if time.monotonic() > until:
                    return False
                time.sleep(0.2)
            else:
                return True

    def restore(self) -> None:
        """Bring every setting back to what a migration found, after one that changed some for the session."""
        self.execute("RESET SESSION AUTHORIZATION")
        self.execute("RESET ALL")
        _settle(self.connection)

    def cut(self) -> None:
        """End the connection below the driver, from another thread: who waits for an answer gets an error."""
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.connection.fileno())) as ours:
            ours.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection; never fails."""
        self.connection.close()


@contextmanager
def translated(url: Url) -> Iterator[None]:
    """Turn the driver's errors into `WorldError`, with passwords masked."""
    try:
        yield
    except psycopg.Error as error:
        raise world_error(error, url) from None


def world_error(error: psycopg.Error, url: Url, *, state: str | None = None) -> WorldError:
    """Say what the server or the driver said, without a password in it."""
    state_code = error.sqlstate or ""
    told = error.diag.message_primary or str(error)
    message = mask(" ".join(told.split()), (url,)) or type(error).__name__
    code = "ST501" if not state_code or state_code[:2] in ("08", "28", "57") else "ST510"
    told_hint = error.diag.message_hint
    hint = _HINTS.get(state_code) or (mask(told_hint, (url,)) if told_hint else _AGAIN if code == "ST501" else None)
    where = f"PostgreSQL {state_code}: " if state_code else ""
    return WorldError(Diagnostic(code, f"{where}{message}", hint=hint), state=state)


def other_database(url: Url, name: str) -> Url:
    """Return the same URL with another database in it."""
    parts = urlsplit(url.reveal())
    query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key != "dbname"])
    # urlunsplit() drops the "//" of an empty host, which libpq needs.
    made = urlunsplit((parts.scheme, parts.netloc, "/" + quote(name, safe=""), query, ""))
    return Url(made if "://" in made else made.replace(":", "://", 1))


def _connect(url: Url) -> tuple[psycopg.Connection[Any], int]:
    text = url.reveal().replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        asked: dict[str, Any] = dict(psycopg.conninfo.conninfo_to_dict(text))
        asked.setdefault("connect_timeout", str(CONNECT_SECONDS))
        asked.setdefault("application_name", "schematool")
        for name, value in _KEPT_ALIVE.items():
            asked.setdefault(name, value)
        asked["client_encoding"] = "utf8"
        connection = psycopg.Connection.connect(psycopg.conninfo.make_conninfo("", **asked), autocommit=True)
        # A prepared statement outlives the catalog that it was planned for ("cached plan must not change result
        # type"), and a migration runs each statement once.
        connection.prepare_threshold = None
        return connection, _settle(connection)
    except psycopg.Error as error:
        raise _unreachable(error, url) from None


def _unreachable(error: psycopg.Error, url: Url) -> WorldError:
    told = mask(" ".join((error.diag.message_primary or str(error)).split()), (url,))
    code = error.sqlstate or next((code for words, code in _WORDS.items() if words in told), "")
    hint = _HINTS.get(code, "check host, port and network; `schematool up` starts the embedded servers")
    return WorldError(Diagnostic("ST501", f"no connection to {url}: {told}", hint=hint))


# libpq passes on a refusal while connecting as text alone, without its code.
_WORDS = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "too many clients": "53300",
    "does not exist": "3D000",
    "the database system is": "57P03",
}


def _settle(connection: psycopg.Connection[Any]) -> int:
    """Make every setting ours; return the id of the server's process."""
    wanted = _SETTINGS | (_LIVENESS if connection.info.server_version >= 140000 else {})
    for version, settings in _SINCE.items():
        wanted |= settings if connection.info.server_version >= version else {}
    try:
        return _set(connection, wanted)
    except psycopg.errors.InvalidParameterValue:
        return _set(connection, {name: value for name, value in wanted.items() if name not in _LIVENESS})


def _set(connection: psycopg.Connection[Any], settings: dict[str, str]) -> int:
    calls = ", ".join(f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in settings.items())
    row = connection.execute(f"SELECT pg_catalog.pg_backend_pid(), {calls}".encode()).fetchone()
    assert row
    return int(row[0])
