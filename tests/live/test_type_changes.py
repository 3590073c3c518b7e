"""Every type into every other, and what stands behind domains and in rows: what is lost was said, or is refused."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from schematool.core.plan import Style
from schematool.core.plan.postgres import plan
from schematool.core.plan.postgres.types import lossy, using
from schematool.core.secret import Url
from schematool.engines.postgres.inspect import inspect
from tests import databases

# A type, and a value that a narrower one would not keep.
VALUES = {
    "smallint": "12345",
    "integer": "-70001",
    "bigint": "9007199254740993",
    "numeric": "12345678901.123456789",
    "numeric(10,2)": "-3.33",
    "numeric(4,-2)": "1200",
    "real": "0.1",
    "double precision": "0.123456789",
    "text": "abcdefgh",
    "character varying": "20.06",
    "character varying(3)": "abc",
    "character(8)": "abcdefgh",
    "character(2)": "ab",
    '"char"': "a",
    "boolean": "true",
    "date": "2020-01-02",
    "timestamp without time zone": "2020-01-02 03:04:05.678901",
    "timestamp(0) without time zone": "2020-01-02 03:04:05",
    "timestamp(3) with time zone": "2020-01-02 03:04:05.678+02",
    "time without time zone": "03:04:05.678901",
    "time(0) without time zone": "03:04:05",
    "time with time zone": "03:04:05.678901+02",
    "interval": "1 year 2 days 03:04:05.678901",
    "interval(0)": "03:04:05",
    "interval year": "2 years",
    "uuid": "550e8400-e29b-41d4-a716-446655440000",
    "jsonb": '{"a": 2}',
    "bit(8)": "10101010",
    "bit(4)": "1010",
    "bit varying(3)": "101",
    "inet": "10.0.0.1/8",
    "cidr": "10.0.0.0/8",
    "money": "1.23",
    "oid": "4000000001",
    "integer[]": "{1,70002}",
    "text[]": "{ab,abcdef}",
    "character varying(3)[]": "{ab}",
    "numeric[]": "{1.55,2}",
    "numeric(6,1)[]": "{1.5}",
}
# The same value in other words: a text that is read by a type with another way to print it.
SPELT = {
    ("character varying", "interval"),
    ("character varying", "cidr"),
    ("jsonb", "text[]"),
    ("jsonb", "character varying(3)[]"),
    ("text[]", "jsonb"),
}


def test_no_value_of_any_type_is_lost_in_silence(postgres_url: Url) -> None:
    """A value that comes back from another type as something else was said to lose something, one way or the other."""
    lost: list[str] = []
    changed = 0
    with psycopg.connect(postgres_url.reveal(), prepare_threshold=None) as connection:
        connection.execute("set timezone = 'UTC'; set client_min_messages = error")
        types = [one for one in VALUES if connection.info.server_version >= 150000 or one != "numeric(4,-2)"]
        for old in types:
            connection.execute(f"create temp table kept (x {old})".encode())
            connection.execute(f"insert into kept values ('{VALUES[old]}')".encode())
            for new in types:
                try:
                    with connection.transaction(force_rollback=True):
                        was = shown(connection)
                        become(connection, old, new)
                        become(connection, new, old)
                        came = shown(connection)
                except psycopg.Error:
                    continue
                changed += 1
                if came != was and not lossy(old, new) and not lossy(new, old) and (old, new) not in SPELT:
                    lost.append(f"{old} -> {new} -> {old}: {was} -> {came}")
            connection.execute("drop table kept")

    assert lost == []
    assert changed > 400


def become(connection: psycopg.Connection[Any], old: str, new: str) -> None:
    """Change the column's type as a migration does."""
    values = using("x", old, new)
    text = f"alter table kept alter column x type {new}" + (f" using {values}" if values else "")
    connection.execute(text.encode())


def shown(connection: psycopg.Connection[Any]) -> Any:
    """The value as text."""
    row = connection.execute("select x::text from kept").fetchone()
    assert row
    return row[0]


DOMAIN, ROW = "create domain d as {}; create table t (x d)", "create type d as (a {}, b int); create table t (x d)"
PARTS = " partition by list (x); create table rest partition of t default"


@pytest.mark.parametrize(
    ("old", "new", "value", "said"),
    [
        pytest.param(DOMAIN.format("text"), DOMAIN.format("varchar(3)"), "'abcdef'", None, id="domain"),
        pytest.param(DOMAIN.format("int"), DOMAIN.format("char(2)"), "123", None, id="domain-number"),
        pytest.param(
            DOMAIN.format("numeric"), DOMAIN.format("numeric(4,1)"), "1.234", "rounds values", id="domain-rounds"
        ),
        pytest.param(
            "create domain d as text; create table t (x d[])",
            "create domain d as varchar(3); create table t (x d[])",
            "'{abcdef}'",
            None,
            id="domains",
        ),
        pytest.param(
            "create domain d as varchar(3); create table t (x int)",
            "create domain d as varchar(3); create table t (x d)",
            "12345",
            None,
            id="to-domain",
        ),
        pytest.param(ROW.format("text"), ROW.format("varchar(3)"), "('abcdef', 1)", "is cut", id="row"),
        pytest.param(ROW.format("numeric"), ROW.format("numeric(3,1)"), "(1.234, 1)", "rounds", id="row-rounds"),
        pytest.param("create table t (x int)", "create table t (x varchar(3))" + PARTS, "12345", None, id="rebuilt"),
        pytest.param(
            "create table t (x text, y numeric)",
            "create table t (x text, y numeric(3,1))" + PARTS,
            "'a', 1.234",
            "rounds values",
            id="rebuilt-rounds",
        ),
        pytest.param(
            "create table t (x text, y int)", "create table t (x text)" + PARTS, "'a', 1", "", id="rebuilt-column"
        ),
        pytest.param(
            "create type d as range (subtype = float8); create table t (x d)",
            "create type d as range (subtype = float4); create table t (x d)",
            "'[0.123456789,2)'",
            "rounds values",
            id="range",
        ),
    ],
)
def test_what_stands_behind_a_type_is_not_lost_in_silence(
    postgres_server: Url, old: str, new: str, value: str, said: str | None
) -> None:
    """A longer value is refused by the server, and any other loss needs consent."""
    with (
        databases.fresh_postgres(postgres_server) as one,
        databases.fresh_postgres(postgres_server) as other,
        psycopg.connect(one.reveal(), autocommit=True) as ours,
        psycopg.connect(other.reveal(), autocommit=True) as theirs,
    ):
        ours.execute(f"{old}; insert into t values ({value})".encode())
        theirs.execute(new.encode())
        steps = plan(inspect(ours).catalog, inspect(theirs).catalog, Style(online=False))
        told = [hazard.detail for step in steps for hazard in step.hazards if hazard.code == "ST201"]

        if said is None:
            assert told == []
            with pytest.raises(psycopg.errors.StringDataRightTruncation):
                ours.execute("; ".join(step.statement for step in steps).encode())
        else:
            assert len(told) == 1
            assert said in told[0]


BASE = """
create type bt;
create function bt_in(cstring) returns bt language internal immutable strict as 'int4in';
create function bt_out(bt) returns cstring language internal immutable strict as 'int4out';
create type bt (input = bt_in, output = bt_out, like = int4{});
"""


@pytest.mark.parametrize("new", [BASE.format(", default = '8'"), "select"], ids=["made again", "gone"])
def test_no_column_goes_with_a_base_type(postgres_server: Url, new: str) -> None:
    """Its DROP must CASCADE, for its functions; a column that the plan does not know of stops it."""
    with (
        databases.fresh_postgres(postgres_server) as one,
        databases.fresh_postgres(postgres_server) as other,
        psycopg.connect(one.reveal(), autocommit=True) as ours,
        psycopg.connect(other.reveal(), autocommit=True) as theirs,
    ):
        ours.execute(BASE.format("").encode())
        theirs.execute(new.encode())
        steps = plan(inspect(ours).catalog, inspect(theirs).catalog, Style(online=False))
        ours.execute(
            "create schema elsewhere; create table elsewhere.t (x bt[]); insert into elsewhere.t values ('{1}')"
        )

        with pytest.raises(psycopg.errors.RaiseException, match="is still used"):
            ours.execute("; ".join(step.statement for step in steps).encode())
        assert ours.execute("select x::text from elsewhere.t").fetchone() == ("{1}",)


def test_moments_mean_the_same_whoever_runs_the_statements(postgres_server: Url) -> None:
    """The zone and the order of day and month that a session has by chance move no value, in place or copied."""
    old = (
        "create table t (a timestamp, b timestamptz, c date, d text, e timestamptz);"
        "insert into t values"
        " ('2020-02-03 04:05', '2020-02-03 04:05+00', '2020-02-03', '2020-02-03', '2020-02-03 04:05+00')"
    )
    new = "create table t (a timestamptz, b timestamp, c timestamptz, d date, e text)"
    for copied in ("", " partition by list (d); create table rest partition of t default"):
        with (
            databases.fresh_postgres(postgres_server) as one,
            databases.fresh_postgres(postgres_server) as other,
            psycopg.connect(one.reveal(), autocommit=True) as ours,
            psycopg.connect(other.reveal(), autocommit=True) as theirs,
        ):
            ours.execute("set timezone = 'UTC'; " + old)
            theirs.execute((new + copied).encode())
            steps = plan(inspect(ours).catalog, inspect(theirs).catalog, Style(online=False))
            ours.execute("set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY'")
            ours.execute("; ".join(step.statement for step in steps).encode())
            ours.execute("set timezone = 'UTC'; set datestyle = 'ISO, YMD'")

            assert ours.execute("select t::text from t").fetchone() == (
                '("2020-02-03 04:05:00+00","2020-02-03 04:05:00","2020-02-03 00:00:00+00",2020-02-03,'
                '"2020-02-03 04:05:00+00")',
            )
