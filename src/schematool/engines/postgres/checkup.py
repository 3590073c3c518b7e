"""What `doctor` asks a PostgreSQL server: who we are, what we may do, what would be in the way. Reads only."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schematool.core.errors import WorldError
from schematool.core.sql.quote import identifier, qualified
from schematool.engines.contract import CLOCK_SECONDS, Check, Checkup, Health
from schematool.engines.postgres import yoyo_backend as yoyo
from schematool.engines.postgres.ledger import LEDGER, TABLES, Ledger
from schematool.engines.postgres.lock import MigrationLock
from schematool.engines.postgres.scratch import PREFIX
from schematool.engines.postgres.session import Session

SUPPORTED = range(14, 19)
"""Majors that the tests run on."""
READER, MIGRATOR = "schematool_reader", "schematool_migrator"
_LONG_SECONDS = 300

# Everything of the user's that has an owner; what belongs to an extension goes with it.
_OWNED = """
WITH owned AS (
  SELECT 'TABLE' AS kind, c.oid, 'pg_class'::regclass AS class, c.relnamespace AS space, c.relowner AS owner,
         format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     OR c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                                        AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
  UNION ALL
  SELECT CASE p.prokind WHEN 'a' THEN 'AGGREGATE' ELSE 'ROUTINE' END, p.oid, 'pg_proc'::regclass, p.pronamespace,
         p.proowner, format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  UNION ALL
  SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.oid, 'pg_type'::regclass, t.typnamespace, t.typowner,
         format('%I.%I', n.nspname, t.typname)
  FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  WHERE t.typtype IN ('d', 'e', 'r')
     OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = t.typrelid AND c.relkind = 'c')
  UNION ALL
  SELECT 'SCHEMA', n.oid, 'pg_namespace'::regclass, n.oid, n.nspowner, format('%I', n.nspname)
  FROM pg_catalog.pg_namespace AS n WHERE n.nspname <> 'public'
)
SELECT owned.kind, owned.name, role.rolname, role.rolsuper, pg_catalog.pg_has_role(owned.owner, 'USAGE')
FROM owned JOIN pg_catalog.pg_namespace AS n ON n.oid = owned.space
JOIN pg_catalog.pg_roles AS role ON role.oid = owned.owner
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = owned.class AND d.objid = owned.oid AND d.deptype = 'e')
ORDER BY owned.kind, owned.name
"""


@dataclass(frozen=True, slots=True)
class _Owned:
    """One object of the user's; `ours`: we are its owner, or a member of it."""

    kind: str
    name: str
    owner: str
    by_superuser: bool
    ours: bool


@dataclass(frozen=True, slots=True)
class _Facts:
    """What several checks need."""

    database: str
    database_owner: str
    owner_is_superuser: bool
    user: str
    superuser: bool
    owned: tuple[_Owned, ...]
    tables: tuple[str, ...]
    """Those of the ledger's tables that are there."""


def examine(session: Session, ledger: Ledger, lock: MigrationLock) -> Checkup:
    """Look at server, role and database. The statements make a role that can verify, and one that can migrate."""
    facts = _facts(session, ledger)
    checks = (
        *_server(session),
        connection(session),
        *_standing(session, lock),
        *_rights(session, ledger, facts),
        *_in_the_way(session, ledger, lock),
    )
    return Checkup(checks, _reader(session, ledger, facts), _migrator(session, ledger, facts))


def _facts(session: Session, ledger: Ledger) -> _Facts:
    row = _row(
        session,
        "SELECT base.datname, owner.rolname, owner.rolsuper, current_user::text, me.rolsuper"
        " FROM pg_catalog.pg_database AS base JOIN pg_catalog.pg_roles AS owner ON owner.oid = base.datdba"
        " JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user"
        " WHERE base.datname = pg_catalog.current_database()",
    )
    there = [
        name
        for name in TABLES
        if session.one("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", [qualified(ledger.schema, name)])
    ]
    owned = tuple(_Owned(*found) for found in session.execute(_OWNED))
    database, owner, by_superuser, user, superuser = row
    return _Facts(database, owner, by_superuser, user, superuser, owned, tuple(there))


def _row(session: Session, query: str) -> Any:
    row = session.execute(query).fetchone()
    assert row is not None  # the catalog knows the database and the role that we are connected with
    return row


def _server(session: Session) -> Iterator[Check]:
    version = f"{session.version // 10000}.{session.version % 10000}"
    if session.version // 10000 in SUPPORTED:
        yield Check("server", Health.OK, f"PostgreSQL {version}")
    else:
        hint = f"schematool is tested with {SUPPORTED[0]} to {SUPPORTED[-1]}"
        yield Check("server", Health.ERROR, f"PostgreSQL {version} is not supported", "ST531", hint)
    encoding = session.one("SELECT pg_catalog.current_setting('server_encoding')")
    if encoding != "UTF8":
        text = f"the database is encoded in {encoding}: a migration with other characters fails"
        yield Check("encoding", Health.WARNING, text, "ST536")
    began = time.time()
    there = float(session.one("SELECT extract(epoch FROM pg_catalog.clock_timestamp())"))
    off = max(began - there, there - time.time(), 0.0)
    if off > CLOCK_SECONDS:
        text = f"the server's clock and ours differ by {off:.0f} s: times in the ledger are the server's"
        yield Check("clock", Health.WARNING, text, "ST534", "let both follow the same time server")
    else:
        yield Check("clock", Health.OK, "agrees with ours")


def connection(session: Session) -> Check:
    """Whether the way to the server is protected, as far as it leaves this machine."""
    info = session.connection.info
    if not _far(info.host, info.hostaddr):
        return Check("connection", Health.OK, "on this machine")
    mode = info.get_parameters().get("sslmode", "prefer")
    if not session.connection.pgconn.ssl_in_use:
        hint = "add sslmode=verify-full and sslrootcert=… to the URL"
        return Check("connection", Health.WARNING, f"to {info.host} without encryption", "ST533", hint)
    if mode == "verify-full":
        return Check("connection", Health.OK, f"encrypted, and {info.host} has shown its certificate")
    hint = "use sslmode=verify-full with sslrootcert=…"
    text = f"encrypted, but sslmode={mode} does not ask {info.host} who it is"
    return Check("connection", Health.WARNING, text, "ST533", hint)


def _far(host: str, address: str) -> bool:
    """Whether the connection leaves this machine."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(address or host).is_loopback
    except ValueError:
        return True


def _standing(session: Session, lock: MigrationLock) -> Iterator[Check]:
    obstacles = tuple(lock.obstacles())
    for found in obstacles:
        text = f"{found.message}; `verify` and `status` work here, `migrate` does not"
        yield Check("standing", Health.WARNING, text, found.code, found.hint)
    if obstacles:
        return
    standbys = session.one("SELECT count(*) FROM pg_catalog.pg_stat_replication")
    told = f", {standbys} standby{'' if standbys == 1 else 's'} connected" if standbys else ""
    yield Check("standing", Health.OK, f"primary, can be written{told}")


def _rights(session: Session, ledger: Ledger, facts: _Facts) -> Iterator[Check]:
    kind = "superuser" if facts.superuser else "role"
    if facts.superuser and _far(session.connection.info.host, session.connection.info.hostaddr):
        text = f"{facts.user} is a superuser: more than any command of schematool needs"
        yield Check("role", Health.WARNING, text, "ST532", "use a role of its own, as below")
    else:
        yield Check("role", Health.OK, f"{kind} {facts.user}")
    if unread := [
        name
        for name in (LEDGER, yoyo.MIGRATIONS)
        if name in facts.tables and not _may(session, "has_table_privilege", qualified(ledger.schema, name), "SELECT")
    ]:
        text = f"{facts.user} may not read {', '.join(unread)}: `verify` and `status` cannot work"
        yield Check("verify", Health.ERROR, text, "ST532", "see the statements for a reader")
    else:
        yield Check("verify", Health.OK, "allowed: the catalogs and the ledger can be read")
    missing = list(_missing(session, ledger, facts))
    if missing:
        text = f"`migrate` is not allowed to {facts.user}: {'; '.join(missing)}"
        yield Check("migrate", Health.NOTE, text, "ST532", "see the statements for a migrator")
    else:
        yield Check("migrate", Health.OK, "allowed")


def _missing(session: Session, ledger: Ledger, facts: _Facts) -> Iterator[str]:
    """Name what `migrate` needs and the role has not."""
    if len(facts.tables) < len(TABLES) and not _may(session, "has_schema_privilege", ledger.schema, "CREATE"):
        yield f"no CREATE on schema {ledger.schema}, for the ledger"
    tables = [qualified(ledger.schema, name) for name in facts.tables]
    if closed := [
        name
        for name in tables
        if not all(
            _may(session, "has_table_privilege", name, what) for what in ("SELECT", "INSERT", "UPDATE", "DELETE")
        )
    ]:
        yield f"no writing to {', '.join(closed)}"
    others = [thing for thing in facts.owned if not thing.ours]
    if others and not facts.superuser:
        first = ", ".join(f"{thing.name} of {thing.owner}" for thing in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        yield f"not the owner of {first}{more}"


def _may(session: Session, function: str, what: str, privilege: str) -> bool:
    return bool(session.one(f"SELECT pg_catalog.{function}(%s, %s)", [what, privilege]))


def _in_the_way(session: Session, ledger: Ledger, lock: MigrationLock) -> Iterator[Check]:
    if held := lock.holder():
        yield Check("lock", Health.NOTE, held.message, held.code, held.hint)
    else:
        yield Check("lock", Health.OK, "free")
    try:
        rows = ledger.rows() if ledger.readable() else ()
    except WorldError as error:
        rows = ()
        for found in error.diagnostics:
            yield Check("ledger", Health.ERROR, found.message, found.code, found.hint)
    for row in rows:
        if row.state == "partial":
            text = f"{row.id} was begun and not finished: {row.done} of {row.total} statements"
            yield Check("leftover", Health.WARNING, text, "ST404", "run `schematool migrate`, or roll it back")
    for (name,) in session.execute(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index AS i"
        " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace AS n"
        " ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND n.nspname !~ '^pg_'"
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid)"
        " ORDER BY 1"
    ).fetchall():
        hint = f"`drop index concurrently {name}`, or `reindex index concurrently {name}`"
        yield Check("leftover", Health.WARNING, f"index {name} is INVALID: a build of it failed", "ST535", hint)
    for (name,) in session.execute(
        "SELECT datname FROM pg_catalog.pg_database AS base WHERE datname ~ %s AND NOT EXISTS"
        " (SELECT FROM pg_catalog.pg_stat_activity AS who WHERE who.datid = base.oid) ORDER BY 1",
        [f"^{PREFIX}[0-9]+_[0-9a-f]{{8}}$"],
    ).fetchall():
        text = f"scratch database {name} was left by a run that was killed"
        yield Check("leftover", Health.NOTE, text, "ST535", "the next run drops it when it is an hour old")
    for name, owner, seconds in session.execute(
        "SELECT gid, owner::text, extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::bigint"
        " FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY 1"
    ).fetchall():
        text = f"prepared transaction {name!r} of {owner} has been open for {seconds} s, with its locks"
        yield Check("in the way", Health.WARNING, text, "ST537", "commit it or roll it back")
    for pid, user, program, state, seconds in session.execute(
        "SELECT pid, usename::text, coalesce(nullif(application_name, ''), '?'), coalesce(state, '?'),"
        " extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::bigint FROM pg_catalog.pg_stat_activity"
        " WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()"
        " AND backend_type = 'client backend'"
        " AND xact_start < pg_catalog.clock_timestamp() - make_interval(secs => %s) ORDER BY xact_start LIMIT 5",
        [_LONG_SECONDS],
    ).fetchall():
        text = f"session {pid} ({program} of {user}, {state}) has a transaction open for {seconds} s"
        hint = "locks wait for it, and so does every CREATE INDEX CONCURRENTLY"
        yield Check("in the way", Health.WARNING, text, "ST537", hint)


def _reader(session: Session, ledger: Ledger, facts: _Facts) -> tuple[str, ...]:
    """Make a role that can `verify` and read the `status`: the catalogs are open to all, the ledger is not."""
    tables = [qualified(ledger.schema, name) for name in (LEDGER, yoyo.MIGRATIONS) if name in facts.tables]
    statements = [
        f"CREATE ROLE {READER} LOGIN",
        f"GRANT CONNECT ON DATABASE {identifier(facts.database)} TO {READER}",
        *_usage(session, ledger, READER),
    ]
    if tables:
        return (*statements, f"GRANT SELECT ON {', '.join(tables)} TO {READER}")
    later = (
        f"GRANT SELECT ON {qualified(ledger.schema, LEDGER)}, {qualified(ledger.schema, yoyo.MIGRATIONS)} TO {READER}"
    )
    return (*statements, f"-- after the first migrate: {later}")


def _usage(session: Session, ledger: Ledger, role: str) -> Iterator[str]:
    """PUBLIC may use the schema `public` unless somebody took that away; a grant would be a change of the schema."""
    if not session.one(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n, pg_catalog.aclexplode(coalesce(n.nspacl,"
        " pg_catalog.acldefault('n', n.nspowner))) AS right_ WHERE n.nspname = %s AND right_.grantee = 0"
        " AND right_.privilege_type = 'USAGE')",
        [ledger.schema],
    ):
        yield f"GRANT USAGE ON SCHEMA {identifier(ledger.schema)} TO {role}"


def _migrator(session: Session, ledger: Ledger, facts: _Facts) -> tuple[str, ...]:
    """Make a role that can change everything that is there: a member of its owners, or its owner.

    Membership in a superuser would be more than owning: what a superuser made is given to the role instead.
    """
    statements = [
        f"CREATE ROLE {MIGRATOR} LOGIN",
        f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {identifier(facts.database)} TO {MIGRATOR}",
        *_usage(session, ledger, MIGRATOR),
    ]
    owners = {thing.owner for thing in facts.owned if not thing.by_superuser}
    if not facts.owner_is_superuser:
        owners.add(facts.database_owner)
    statements += [f"GRANT {identifier(owner)} TO {MIGRATOR}" for owner in sorted(owners - {MIGRATOR})]
    # The owner of the database is a member of pg_database_owner, who owns the schema `public` (15 and later).
    if facts.owner_is_superuser:
        statements.append(f"ALTER DATABASE {identifier(facts.database)} OWNER TO {MIGRATOR}")
    if session.version < 150000 and not session.one(
        "SELECT pg_catalog.has_schema_privilege('public', %s, 'CREATE')", [ledger.schema]
    ):
        statements.append(f"GRANT CREATE ON SCHEMA {identifier(ledger.schema)} TO {MIGRATOR}")
    statements += [
        f"ALTER {thing.kind} {thing.name} OWNER TO {MIGRATOR}" for thing in facts.owned if thing.by_superuser
    ]
    return (*statements, f"GRANT pg_read_all_stats TO {MIGRATOR}")
