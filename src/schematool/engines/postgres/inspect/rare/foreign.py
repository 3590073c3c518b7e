"""Reads foreign data wrappers, servers and user mappings, as the statements that make them."""

from __future__ import annotations

from collections.abc import Iterable

from schematool.core.catalog import Id
from schematool.core.model.postgres import SECRET, UNREADABLE, Defined
from schematool.core.sql.quote import identifier, literal
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import ours

WRAPPER_QUERY = f"""
SELECT w.oid, w.fdwname, w.fdwowner, w.fdwhandler::regproc::text AS handler,
       w.fdwvalidator::regproc::text AS validator, w.fdwoptions
  FROM pg_foreign_data_wrapper w WHERE {ours(oids.FOREIGN_DATA_WRAPPER, "w.oid")}"""

SERVER_QUERY = f"""
SELECT s.oid, s.srvname, s.srvowner, s.srvtype, s.srvversion, s.srvoptions, w.fdwname
  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
 WHERE {ours(oids.FOREIGN_SERVER, "s.oid")}"""

# pg_user_mapping itself is for superusers; the view hides the options from everybody else.
MAPPING_QUERY = """
SELECT m.umid, m.srvid, m.srvname, m.usename, m.umoptions,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR m.usename = current_user AS readable
  FROM pg_user_mappings m"""

SECRETS = ("password", "passwd", "secret", "token", "key")


def read_foreign(reading: Reading) -> None:
    """All three kinds. What looks like a password never leaves the server: `SECRET` stands in its place."""
    _wrappers(reading)
    _servers(reading)
    _mappings(reading)


def foreign_options(entries: Iterable[str] | None) -> str:
    """` OPTIONS (…)`, or nothing."""
    if not entries:
        return ""
    pairs = (entry.partition("=") for entry in entries)
    spelt = ", ".join(f"{identifier(name)} {literal(_masked(name, value))}" for name, _, value in sorted(pairs))
    return f" OPTIONS ({spelt})"


def _masked(name: str, value: str) -> str:
    return SECRET if any(word in name.lower() for word in SECRETS) else value


def _wrappers(reading: Reading) -> None:
    for row in reading.rows(WRAPPER_QUERY):
        name = identifier(row.fdwname)
        handler = "" if row.handler == "-" else f" HANDLER {row.handler}"
        validator = "" if row.validator == "-" else f" VALIDATOR {row.validator}"
        thing = Defined(
            id=Id("foreign data wrapper", (row.fdwname,)),
            create=(f"CREATE FOREIGN DATA WRAPPER {name}{handler}{validator}{foreign_options(row.fdwoptions)}",),
            drop=f"DROP FOREIGN DATA WRAPPER {name}",
            reference=f"FOREIGN DATA WRAPPER {name}",
            **reading.rest(oids.FOREIGN_DATA_WRAPPER, row.oid, row.fdwowner),
        )
        reading.add(oids.FOREIGN_DATA_WRAPPER, row.oid, thing)


def _servers(reading: Reading) -> None:
    for row in reading.rows(SERVER_QUERY):
        name = identifier(row.srvname)
        kind = f" TYPE {literal(row.srvtype)}" if row.srvtype else ""
        version = f" VERSION {literal(row.srvversion)}" if row.srvversion else ""
        thing = Defined(
            id=Id("server", (row.srvname,)),
            create=(
                f"CREATE SERVER {name}{kind}{version} FOREIGN DATA WRAPPER {identifier(row.fdwname)}"
                f"{foreign_options(row.srvoptions)}",
            ),
            drop=f"DROP SERVER {name}",
            reference=f"SERVER {name}",
            **reading.rest(oids.FOREIGN_SERVER, row.oid, row.srvowner),
        )
        reading.add(oids.FOREIGN_SERVER, row.oid, thing)


def _mappings(reading: Reading) -> None:
    for row in reading.rows(MAPPING_QUERY):
        if (oids.FOREIGN_SERVER, row.srvid) not in reading.ids:
            continue
        role = "PUBLIC" if row.usename == "public" else identifier(row.usename)
        reference = f"USER MAPPING FOR {role} SERVER {identifier(row.srvname)}"
        hidden = row.umoptions is None and not row.readable
        given = f" OPTIONS ({UNREADABLE})" if hidden else foreign_options(row.umoptions)
        thing = Defined(
            id=Id("user mapping", (row.srvname, row.usename)),
            create=(f"CREATE {reference}{given}",),
            drop=f"DROP {reference}",
            reference=reference,
            **reading.rest(oids.USER_MAPPING, row.umid),
        )
        reading.add(oids.USER_MAPPING, row.umid, thing)
