"""Throwaway databases: made empty from template0 with the encoding and locale of the database at hand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.history.unit import Command, Unit
from schematool.core.secret import Url
from schematool.core.sql.elsewhere import instead, release
from schematool.core.sql.everywhere import makes_members, makes_role, unless_it_is_there
from schematool.core.sql.quote import identifier, literal
from schematool.engines.postgres.session import Session, other_database, world_error

PREFIX = "schematool_scratch_"
"""How their names begin; the time they were made follows, so that forgotten ones can be told from those in use."""

_FORGOTTEN_SECONDS = 3600
_NOTHING = "SELECT NULL"


@contextmanager
def scratch_database(session: Session) -> Iterator[Url]:
    """Make an empty database, and drop it at the end, whoever is still connected."""
    name = f"{PREFIX}{int(time.time())}_{secrets.token_hex(4)}"
    _create(session, name)
    try:
        yield other_database(session.url, name)
    finally:
        with suppress(psycopg.Error):
            _drop(session, name)


class Confined:
    """What runs on a scratch database must leave the server as it was: nobody has agreed yet to more than a try.

    Roles are made where they are missing, since owners and grants need them, and go with the database.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: list[str] = []

    def unit(self, unit: Unit) -> Unit:
        """Return the unit without what reaches beyond its database."""
        texts = [command.text for command in (*unit.up, *(unit.down or ()))]
        self._remember([role for text in texts if (role := makes_role(text)) is not None])
        down = None if unit.down is None else tuple(map(self._command, unit.down))
        return replace(unit, up=tuple(map(self._command, unit.up)), down=down)

    @staticmethod
    def text(text: str) -> str:
        """Return what may be run in place of a statement; the statement itself, for most."""
        found = instead(text)
        return text if found is None else found.text or _NOTHING

    def leave(self, session: Session) -> None:
        """Drop the roles, by a session of another database, once nothing is theirs any more."""
        for role in reversed(self._made):
            with suppress(psycopg.Error):
                session.execute(f"DROP ROLE IF EXISTS {identifier(role)}")

    def _remember(self, roles: list[str]) -> None:
        known = {name for (name,) in self._session.execute("SELECT rolname FROM pg_catalog.pg_roles")} if roles else ()
        self._made += [role for role in dict.fromkeys(roles) if role not in known and role not in self._made]

    def _command(self, command: Command) -> Command:
        text = command.text
        if role := makes_role(text):
            return replace(command, text=unless_it_is_there(text, role))
        if makes_members(text) and not any(role in text for role in self._made):
            return replace(command, text=_NOTHING)
        may_run = self.text(text)
        return command if may_run is text else replace(command, text=may_run)


def _create(session: Session, name: str) -> None:
    try:
        _sweep(session)
        session.execute(f"CREATE DATABASE {identifier(name)} TEMPLATE template0 {_likeness(session)}")
    except psycopg.errors.InsufficientPrivilege:
        raise WorldError(
            Diagnostic(
                "ST503",
                "this role may not create the scratch database that a change is tried on",
                hint="set [scratch] in the configuration to a development server, install the embedded one with"
                " `pip install 'schematool[embedded]'`, or `ALTER ROLE … CREATEDB`",
            )
        ) from None
    except psycopg.Error as error:
        raise world_error(error, session.url) from None


def _drop(session: Session, name: str) -> None:
    if session.lost and not session.again(within_seconds=5):
        return
    session.roll_back()
    _unsubscribe(session, name)
    session.execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


def _unsubscribe(session: Session, name: str) -> None:
    """Drop the subscriptions of a database, which could not be dropped with them; their publishers are not asked."""
    found = session.execute(
        "SELECT s.subname FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid"
        " WHERE d.datname = %s",
        [name],
    ).fetchall()
    if not found:
        return
    there = Session(other_database(session.url, name))
    try:
        for (subscription,) in found:
            for statement in (*release(subscription), f"DROP SUBSCRIPTION {identifier(subscription)}"):
                there.execute(statement)
    finally:
        there.close()


def _sweep(session: Session) -> None:
    """Drop what a run that was killed has left: ours by name, old, and used by nobody."""
    left = session.execute(
        "SELECT datname FROM pg_catalog.pg_database AS base WHERE datname ~ %s"
        " AND substring(datname from %s)::bigint < extract(epoch FROM pg_catalog.now()) - %s"
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS who WHERE who.datid = base.oid)",
        [f"^{PREFIX}[0-9]+_[0-9a-f]{{8}}$", f"^{PREFIX}([0-9]+)_", _FORGOTTEN_SECONDS],
    ).fetchall()
    for (name,) in left:
        with suppress(psycopg.Error):
            _unsubscribe(session, name)
            session.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")


def _likeness(session: Session) -> str:
    """Return the options of CREATE DATABASE that make it like this one; their names changed with the majors."""
    if session.version >= 170000:
        more = "datlocprovider::text, datlocale, daticurules"
    elif session.version >= 160000:
        more = "datlocprovider::text, daticulocale, daticurules"
    elif session.version >= 150000:
        more = "datlocprovider::text, daticulocale, NULL"
    else:
        more = "'c', NULL, NULL"
    row = session.execute(
        f"SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, {more}"
        " FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
    ).fetchone()
    assert row is not None  # the database that we are connected to
    encoding, collate, kind, provider, locale, rules = row
    options = [f"ENCODING {literal(encoding)} LC_COLLATE {literal(collate)} LC_CTYPE {literal(kind)}"]
    if provider == "i":
        options.append(f"LOCALE_PROVIDER icu ICU_LOCALE {literal(locale)}")
        if rules:
            options.append(f"ICU_RULES {literal(rules)}")
    elif provider == "b":
        options.append(f"LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(locale)}")
    elif session.version >= 150000:
        options.append("LOCALE_PROVIDER libc")
    return " ".join(options)
