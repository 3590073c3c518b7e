"""Invented pairs over the whole model: from one to the other with rows in the tables, and back.

All in one transaction that is rolled back, so that a pair costs no database of its own. That our own reading misses
nothing of what is compared here is shown elsewhere, by pg_dump (test_pairs) and by the second reader (test_observe).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from schematool.core.catalog import Catalog
from schematool.core.diff import diff
from schematool.core.model import postgres as pg
from schematool.core.plan import Style
from schematool.core.plan.postgres import align, plan
from schematool.core.secret import Url
from schematool.core.sql.quote import identifier, qualified
from schematool.engines.postgres.inspect import read_catalog
from schematool.engines.postgres.inspect.snapshot import snapshot
from tests import databases
from tests.property.invented import build, pairs

SOAK = int(os.environ.get("SCHEMATOOL_TEST_SOAK", "0"))
"""How many pairs a long run invents, each time others; without it a few, always the same."""

VALUES = ("1", "5", "a", "a@b", "2020-06-01", "{}", "[1,2)", "x")
"""One of them is a value of almost any type."""


@pytest.fixture(scope="module")
def connection(postgres_server: Url) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a fresh database."""
    with databases.fresh_postgres(postgres_server) as url, psycopg.connect(url.reveal(), autocommit=True) as found:
        yield found


@settings(
    max_examples=SOAK or 120,
    derandomize=not SOAK,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(pair=pairs())
def test_there_and_back(connection: psycopg.Connection[Any], pair: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    """Whatever the server takes becomes whatever else it takes, and itself again; rows of what stays stay."""
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE tester; CREATE ROLE other")
        with connection.transaction(force_rollback=True):
            list(build(connection, pair[1]))
            after = read(connection)
        list(build(connection, pair[0]))
        before = read(connection)
        try:
            with connection.transaction():
                fill(connection, before)
                journey(connection, before, after)
        except (psycopg.IntegrityError, psycopg.DataError):
            # The rows do not fit into the new schema; the statements must be right all the same.
            journey(connection, before, after)


def journey(connection: psycopg.Connection[Any], before: Catalog, after: Catalog) -> None:
    """Go there and back, reading what came of it each time."""
    rows = counts(connection, before, after)
    for start, goal in ((before, after), (after, before)):
        for step in plan(start, goal, Style(online=False)):
            connection.execute(step.statement.encode())
        assert diff(*align(read(connection), goal)) == ()
        assert counts(connection, before, after) == rows


def read(connection: psycopg.Connection[Any]) -> Catalog:
    """What our inspection makes of the database as the transaction sees it."""
    with snapshot(connection) as cursor:
        return read_catalog(cursor, connection.info.server_version)


def fill(connection: psycopg.Connection[Any], catalog: Catalog) -> None:
    """Put a few rows into the tables that take simple values."""
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in catalog:
        if not isinstance(table, pg.Table):
            continue
        columns = [
            thing.id.name
            for thing in catalog
            if isinstance(thing, pg.Column) and thing.id.path[:2] == table.id.path and writable(thing)
        ]
        for turn in range(2):
            row: dict[str, str] = {}
            for column in columns:
                # What the server takes for this column alone is what the row gets.
                fitting = (v for v in VALUES[turn:] if takes(connection, catalog, (*table.id.path, column), v))
                if (value := next(fitting, None)) is not None:
                    row[column] = value
            names = ", ".join(map(identifier, row))
            places = ", ".join(["%s"] * len(row))
            text = f"INSERT INTO {qualified(*table.id.path)} ({names}) VALUES ({places})" if row else None
            if text:
                attempt(connection, text, *row.values())


def writable(column: pg.Column) -> bool:
    """Whether a row may say what stands in the column."""
    return column.generated is None and not column.identity


def takes(connection: psycopg.Connection[Any], catalog: Catalog, column: tuple[str, ...], value: str) -> bool:
    """Whether a text is a value of the column's type."""
    thing = next(t for t in catalog if t.id.kind == "column" and t.id.path == column)
    assert isinstance(thing, pg.Column)
    return attempt(connection, f"SELECT %s::text::{thing.type}", value)


def attempt(connection: psycopg.Connection[Any], text: str, *values: str) -> bool:
    """Run a statement, or leave things as they were."""
    try:
        with connection.transaction():
            connection.execute(text.encode(), values)
    except psycopg.Error:
        return False
    return True


def counts(connection: psycopg.Connection[Any], *catalogs: Catalog) -> dict[str, int]:
    """The rows of each table that is one by itself on all sides."""
    found: dict[str, int] = {}
    for table in catalogs[0]:
        sides = [catalog.objects.get(table.id) for catalog in catalogs]
        if all(isinstance(side, pg.Table) and not side.partition_key for side in sides):
            name = qualified(*table.id.path)
            row = connection.execute(f"SELECT count(*) FROM ONLY {name}".encode()).fetchone()
            found[name] = row[0] if row else 0
    return found
