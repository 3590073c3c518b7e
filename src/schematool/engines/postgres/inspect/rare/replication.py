"""Reads publications and subscriptions, as the statements that make them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from schematool.core.catalog import Id
from schematool.core.model.postgres import SECRET, UNREADABLE, Defined
from schematool.core.sql.quote import identifier, literal
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import ours


def read_publications(reading: Reading) -> None:
    """Publications with their tables (columns and row filters since 15), schemas and options."""
    rows = reading.rows(_publication_query(reading.version))
    members: dict[int, list[str]] = defaultdict(list)
    if rows:
        _members(reading, members)
    for row in rows:
        name = identifier(row.pubname)
        everything = " FOR ALL TABLES" if row.puballtables else ""
        thing = Defined(
            id=Id("publication", (row.pubname,)),
            create=(
                f"CREATE PUBLICATION {name}{everything} WITH ({', '.join(_publication_options(row))})",
                *(f"ALTER PUBLICATION {name} ADD {member}" for member in members[row.oid]),
            ),
            drop=f"DROP PUBLICATION {name}",
            reference=f"PUBLICATION {name}",
            **reading.rest(oids.PUBLICATION, row.oid, row.pubowner),
        )
        reading.add(oids.PUBLICATION, row.oid, thing)
    for catalog, table, column in (
        (oids.PUBLICATION_RELATION, "pg_publication_rel", "prpubid"),
        (oids.PUBLICATION_SCHEMA, "pg_publication_namespace", "pnpubid"),
    ):
        if not rows or (catalog == oids.PUBLICATION_SCHEMA and reading.version < 150000):
            continue
        for row in reading.rows(f"SELECT oid, {column} AS publication FROM {table}"):
            if (oids.PUBLICATION, row.publication) in reading.ids:
                reading.ids[catalog, row.oid] = reading.ids[oids.PUBLICATION, row.publication]


def _publication_query(version: int) -> str:
    generated = "p.pubgencols" if version >= 180000 else "'n'"
    return f"""
SELECT p.oid, p.pubname, p.pubowner, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
       p.pubviaroot, {generated} AS generated
  FROM pg_publication p WHERE {ours(oids.PUBLICATION, "p.oid")}"""


def _publication_options(row: Any) -> Iterator[str]:
    actions = ("insert", "update", "delete", "truncate")
    published = ", ".join(action for action in actions if getattr(row, f"pub{action}"))
    yield f"publish = '{published}'"
    if row.pubviaroot:
        yield "publish_via_partition_root = true"
    if row.generated == "s":
        yield "publish_generated_columns = stored"


def _members(reading: Reading, members: dict[int, list[str]]) -> None:
    # ONLY, since PostgreSQL has already written down each child by itself.
    if reading.version >= 150000:
        attributes = "pr.prattrs IS NOT NULL"
        numbers, condition = "pr.prattrs::int2[]", "pg_get_expr(pr.prqual, pr.prrelid)"
    else:
        attributes, numbers, condition = "false", "NULL::int2[]", "NULL"
    for row in reading.rows(f"""
SELECT pr.prpubid, n.nspname, c.relname, {condition} AS condition,
       CASE WHEN {attributes} THEN
            (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
              WHERE a.attrelid = pr.prrelid AND a.attnum = ANY ({numbers})) END AS columns
  FROM pg_publication_rel pr
  JOIN pg_class c ON c.oid = pr.prrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C\""""):
        columns = f" ({row.columns})" if row.columns else ""
        condition = f" WHERE ({row.condition})" if row.condition else ""
        table = f"{identifier(row.nspname)}.{identifier(row.relname)}"
        members[row.prpubid].append(f"TABLE ONLY {table}{columns}{condition}")
    if reading.version >= 150000:
        for row in reading.rows("""
SELECT pn.pnpubid, n.nspname FROM pg_publication_namespace pn JOIN pg_namespace n ON n.oid = pn.pnnspid
 ORDER BY n.nspname COLLATE "C\""""):
            members[row.pnpubid].append(f"TABLES IN SCHEMA {identifier(row.nspname)}")


READABLE_QUERY = "SELECT has_column_privilege('pg_subscription', 'subconninfo', 'SELECT') AS readable"


def _subscription_query(version: int, readable: bool) -> str:
    """What each version can say; the connection string is for superusers."""
    connection = "s.subconninfo" if readable else "NULL"
    fifteen = "s.subtwophasestate, s.subdisableonerr" if version >= 150000 else "'d', false"
    sixteen = "s.subpasswordrequired, s.subrunasowner, s.suborigin" if version >= 160000 else "true, false, 'any'"
    seventeen = "s.subfailover" if version >= 170000 else "false"
    columns = f"{fifteen}, {sixteen}, {seventeen}"
    return f"""
SELECT oid, subname, subowner, connection, slot, synchronous, publications, "binary", streaming,
       two_phase, disable_on_error, password_required, run_as_owner, origin, failover
  FROM (SELECT s.oid, s.subname, s.subowner, {connection}, s.subslotname, s.subsynccommit, s.subpublications,
               s.subbinary, s.substream::text, {columns}
          FROM pg_subscription s
         WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
       AS x (oid, subname, subowner, connection, slot, synchronous, publications, "binary", streaming,
             two_phase, disable_on_error, password_required, run_as_owner, origin, failover)"""


def read_subscriptions(reading: Reading) -> None:
    """Subscriptions, made without connecting; whether one is enabled at this moment is operation, not schema."""
    readable = reading.rows(READABLE_QUERY)[0].readable
    for row in reading.rows(_subscription_query(reading.version, readable)):
        name = identifier(row.subname)
        connection = UNREADABLE if row.connection is None else _masked(row.connection)
        publications = ", ".join(identifier(publication) for publication in sorted(row.publications))
        thing = Defined(
            id=Id("subscription", (row.subname,)),
            create=(
                f"CREATE SUBSCRIPTION {name} CONNECTION {literal(connection)} PUBLICATION {publications}"
                f" WITH ({', '.join(_subscription_options(reading, row))})",
            ),
            drop=f"DROP SUBSCRIPTION {name}",
            reference=f"SUBSCRIPTION {name}",
            **reading.rest(oids.SUBSCRIPTION, row.oid, row.subowner),
        )
        reading.add(oids.SUBSCRIPTION, row.oid, thing)


def _masked(connection: str) -> str:
    """A connection string, `password=…` or a URL, without its password."""
    text = re.sub(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)", rf"\g<1>{SECRET}", connection)
    return re.sub(r"(://[^:/@\s]*:)[^@\s]*(@)", rf"\g<1>{SECRET}\g<2>", text)


def _subscription_options(reading: Reading, row: Any) -> Iterator[str]:
    yield "connect = false"
    yield f"slot_name = {literal(row.slot) if row.slot else 'NONE'}"
    if row.binary:
        yield "binary = true"
    # Off was the default until 17, parallel is since 18; a boolean before 16.
    streaming = {"t": "on", "true": "on", "p": "parallel"}.get(row.streaming, "off")
    if streaming != ("parallel" if reading.version >= 180000 else "off"):
        yield f"streaming = {streaming}"
    if row.two_phase != "d":
        yield "two_phase = on"
    if row.disable_on_error:
        yield "disable_on_error = true"
    if not row.password_required:
        yield "password_required = false"
    if row.run_as_owner:
        yield "run_as_owner = true"
    if row.origin != "any":
        yield f"origin = {row.origin}"
    if row.failover:
        yield "failover = true"
    if row.synchronous != "off":
        yield f"synchronous_commit = {literal(row.synchronous)}"
