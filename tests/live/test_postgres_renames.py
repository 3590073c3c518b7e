"""A rename of every kind that has `was:`: what depends on it is carried along, rows stay, and it is made once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from schematool.core.catalog import Catalog, Id
from schematool.core.change import Renamed
from schematool.core.diff import diff
from schematool.core.plan.postgres import align, plan, rename, unfounded
from schematool.core.secret import Url
from schematool.engines.postgres.inspect import read_catalog
from schematool.engines.postgres.inspect.snapshot import snapshot
from tests import databases

BASE = """
create schema app;
create type app.mood as enum ('sad', 'ok');
create type app.pair as (l int, r text);
create domain app.posi as int constraint positive check (value > 0);
create type app.span as range (subtype = float8);
create collation app.plain (locale = 'C');
create sequence app.numbers;
create table app.users (
  id serial primary key, email text collate app.plain unique, feeling app.mood default 'ok', both_ app.pair,
  size app.posi default 3, place app.span, n int default nextval('app.numbers'),
  g text generated always as (lower(email)) stored,
  constraint fine check (id < 1000));
create table app.typed of app.pair;
create table app.notes (id int primary key, users_id int references app.users on delete cascade, body text);
create table app.parts (id int, k int) partition by list (k);
create table app.parts_one partition of app.parts for values in (1);
create function app.half(n int) returns int language sql immutable as 'select n / 2';
create procedure app.act(n int) language sql as 'select 1';
create function app.stamp() returns trigger language plpgsql as 'begin return new; end';
create function app.seen() returns event_trigger language plpgsql as 'begin null; end';
create index by_half on app.users (app.half(id)) where feeling = 'ok';
create statistics app.together on id, size from app.users;
create view app.glance as select id, email, feeling, (both_).r as r from app.users where app.half(id) < 50;
create view app.over as select id from app.glance;
create materialized view app.kept as select id, size from app.users;
create trigger stamped before update of email on app.users for each row execute function app.stamp();
create rule quiet as on delete to app.notes do also nothing;
alter table app.users enable row level security;
create policy own on app.users using (email = current_user);
create event trigger watching on ddl_command_end when tag in ('COMMENT') execute function app.seen();
grant select (email) on app.users to public;
comment on column app.users.email is 'where to write to';
insert into app.users (email, both_, place) values ('a@b', row(1, 'x'), '[1,2)'), ('c@d', null, null);
insert into app.notes values (1, 1, 'hello');
insert into app.parts values (1, 1);
insert into app.typed values (1, 'one');
"""

RENAMES = {
    "schema": (("app",), ("core",)),
    "table": (("app", "users"), ("app", "people")),
    "column": (("app", "users", "email"), ("app", "users", "mail")),
    "view": (("app", "glance"), ("app", "look")),
    "materialized view": (("app", "kept"), ("app", "stored")),
    "sequence": (("app", "numbers"), ("app", "counters")),
    "index": (("app", "by_half"), ("app", "halved")),
    "constraint": (("app", "users", "fine"), ("app", "users", "small")),
    "trigger": (("app", "users", "stamped"), ("app", "users", "marked")),
    "policy": (("app", "users", "own"), ("app", "users", "mine")),
    "rule": (("app", "notes", "quiet"), ("app", "notes", "silent")),
    "statistics": (("app", "together"), ("app", "jointly")),
    "type": (("app", "mood"), ("app", "feeling")),
    "enum value": (("app", "mood", "sad"), ("app", "mood", "low")),
    "attribute": (("app", "pair", "r"), ("app", "pair", "right")),
    "collation": (("app", "plain"), ("app", "bytes")),
    "function": (("app", "half", "integer"), ("app", "halve", "integer")),
    "event trigger": (("watching",), ("looking",)),
}
MORE = {
    "a primary key": ("constraint", ("app", "users", "users_pkey"), ("app", "users", "the_key")),
    "a foreign key": ("constraint", ("app", "notes", "notes_users_id_fkey"), ("app", "notes", "writer")),
    "a unique key": ("constraint", ("app", "users", "users_email_key"), ("app", "users", "one_each")),
    "a domain": ("type", ("app", "posi"), ("app", "positive")),
    "a composite": ("type", ("app", "pair"), ("app", "two")),
    "a range": ("type", ("app", "span"), ("app", "stretch")),
    "a procedure": ("function", ("app", "act", "integer"), ("app", "perform", "integer")),
    "a trigger function": ("function", ("app", "stamp", ""), ("app", "mark", "")),
    "a partition": ("table", ("app", "parts_one"), ("app", "parts_first")),
    "a partitioned table": ("table", ("app", "parts"), ("app", "shares")),
}
CASES = {
    **{kind: Renamed(Id(kind, before), Id(kind, after)) for kind, (before, after) in RENAMES.items()},
    **{what: Renamed(Id(kind, before), Id(kind, after)) for what, (kind, before, after) in MORE.items()},
}


@pytest.fixture(scope="module")
def connection(postgres_server: Url) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a database that has one of everything, with rows."""
    with databases.fresh_postgres(postgres_server) as url, psycopg.connect(url.reveal(), autocommit=True) as found:
        found.execute(BASE.encode())
        yield found


@pytest.mark.parametrize("wanted", CASES.values(), ids=CASES)
def test_there_once_and_back(connection: psycopg.Connection[Any], wanted: Renamed) -> None:
    """Only the name differs, every row is there, a second time there is nothing to do, and back is back."""
    before = read(connection)
    rows = counts(connection)
    with connection.transaction(force_rollback=True):
        steps = rename(before, [wanted])
        for up, _ in steps:
            connection.execute(up.statement.encode())
        after = read(connection)

        assert wanted.after in after or wanted.after.kind in {"enum value", "attribute"}
        assert wanted.before not in after
        assert len(after) == len(before)
        assert counts(connection) == rows
        assert rename(after, [wanted], after) == ()
        for _, down in reversed(steps):
            connection.execute(down.statement.encode())
        assert diff(*align(read(connection), before)) == ()
        assert plan(read(connection), before) == ()


def test_a_range_takes_what_makes_it_along(connection: psycopg.Connection[Any]) -> None:
    """Its multirange and the functions that make both have the names that they would have had from the start."""
    with connection.transaction(force_rollback=True):
        for up, _ in rename(read(connection), [CASES["a range"]]):
            connection.execute(up.statement.encode())
        made = connection.execute(
            "SELECT app.stretch_multirange(app.stretch(1, 2), app.stretch(3, 4, '[]'))::text,"
            " app.stretch_multirange()::text"
        ).fetchone()

    assert made == ("{[1,2),[3,4]}", "{}")


def test_what_is_not_there_is_not_renamed(connection: psycopg.Connection[Any]) -> None:
    """Neither the old name nor the new: nothing is guessed."""
    before = read(connection)
    wanted = Renamed(Id("table", ("app", "gone")), Id("table", ("app", "new")))

    assert rename(before, [wanted]) == ()
    assert unfounded(before, [wanted]) == (wanted,)


def read(connection: psycopg.Connection[Any]) -> Catalog:
    """What our inspection makes of the database as the transaction sees it."""
    with snapshot(connection) as cursor:
        return read_catalog(cursor, connection.info.server_version)


def counts(connection: psycopg.Connection[Any]) -> list[int]:
    """How many rows there are in each table of its own, whatever it is called."""
    tables = connection.execute(
        "SELECT format('%s', oid::regclass) FROM pg_class WHERE relkind = 'r' AND relnamespace >= 16384 ORDER BY oid"
    ).fetchall()
    found = (connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() for (name,) in tables)
    return [row[0] for row in found if row]
