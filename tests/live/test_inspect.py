"""What `inspect` reads, and from where: kinds and attributes, dependencies, scope, roles; and what `observe` finds."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from schematool.core.catalog import Id, Object
from schematool.core.diagnostic import Severity
from schematool.core.secret import Url
from schematool.engines.contract import Inspection
from schematool.engines.postgres.inspect import inspect
from schematool.engines.postgres.inspect.ahead import Ahead
from schematool.engines.postgres.inspect.snapshot import snapshot
from schematool.engines.postgres.observe import observe
from tests import databases

HERE = Path(__file__).parent
Connection = psycopg.Connection[Any]

READ = [
    pytest.param(case, id=case["read"]) for case in yaml.safe_load((HERE / "inspected" / "postgres.yaml").read_text())
]


@pytest.fixture(scope="module")
def shared(postgres_server: Url) -> Iterator[Connection]:
    """Give one empty database, for what is rolled back."""
    with (
        databases.fresh_postgres(postgres_server) as url,
        psycopg.connect(url.reveal(), autocommit=True) as connection,
    ):
        yield connection


@pytest.fixture
def connection(shared: Connection) -> Iterator[Connection]:
    """Give that database in a transaction that is rolled back."""
    with shared.transaction(force_rollback=True):
        yield shared


@pytest.mark.parametrize("case", READ)
def test_is_read(connection: Connection, case: dict[str, Any]) -> None:
    """Each object has the attributes that its DDL gave it and no others, with nothing left over."""
    if connection.info.server_version < case.get("since", 0) * 10000:
        pytest.skip(f"PostgreSQL {case['since']} and later")
    connection.execute(case["sql"].encode())

    inspection = inspect(connection)

    by_name = {str(key): thing for key, thing in inspection.catalog.objects.items()}
    assert {name: _attributes(by_name.get(name), case["has"][name]) for name in case["has"]} == case["has"]
    assert inspection.unmodelled == ()


def test_needs(connection: Connection) -> None:
    """Dependencies are those of the server, at the grain of columns, through defaults, arrays, rules and indexes."""
    connection.execute((HERE / "inspected" / "needs.sql").read_bytes())
    expected = (HERE / "inspected" / "needs.txt").read_text().splitlines()

    catalog = inspect(connection).catalog

    there = {f"{dependent} -> {needed}" for dependent, needed in catalog.needs}
    assert sorted(set(expected) - there) == []
    assert all(dependent != needed for dependent, needed in catalog.needs)
    assert all(dependent in catalog and needed in catalog for dependent, needed in catalog.needs)


def test_an_extension_owns_its_members(connection: Connection) -> None:
    """Members of an extension are no objects; what uses them needs the extension."""
    connection.execute("create schema parts; create extension citext schema parts")
    connection.execute("create table people (name parts.citext)")

    catalog = inspect(connection).catalog

    assert {str(key) for key in catalog.objects} == {
        "column public.people.name",
        "extension citext",
        "schema parts",
        "schema public",
        "table public.people",
    }
    assert (Id("column", ("public", "people", "name")), Id("extension", ("citext",))) in catalog.needs


def test_own_tables_are_left_out(connection: Connection) -> None:
    """Ledger tables of yoyo and schematool are no part of a catalog, nor a finding."""
    connection.execute("create table _yoyo_migration (id text primary key); create table yoyo_lock (pid int)")
    connection.execute("create schema ledger; create table ledger.schematool_ledger (id serial primary key)")
    connection.execute("create table ledger.schematool_extra (id serial primary key)")
    connection.execute("comment on table yoyo_lock is 'theirs'")

    inspection = inspect(connection)

    assert [str(key) for key in inspection.catalog.objects] == ["schema ledger", "schema public"]
    assert inspection.unmodelled == ()


def test_a_role_that_owns_nothing_reads_the_same(connection: Connection) -> None:
    """A role with no right but to connect reads the same catalog as a superuser."""
    connection.execute((HERE / "drift" / "postgres" / "base.sql").read_bytes())
    connection.execute("create role nobody_special")
    whole = inspect(connection)
    connection.execute("set local role nobody_special")

    limited = inspect(connection)

    assert limited.catalog == whole.catalog
    assert limited.unmodelled == whole.unmodelled == ()


def test_passwords_are_never_read(connection: Connection) -> None:
    """Neither a user mapping's password nor a subscription's gets into a catalog."""
    connection.execute("create foreign data wrapper far; create server s foreign data wrapper far")
    connection.execute("create user mapping for current_user server s options (user 'me', password 'hunter2')")
    connection.execute(
        "create subscription sub connection 'host=nowhere password=hunter2' publication p"
        " with (connect = false, slot_name = none)"
    )

    catalog = inspect(connection).catalog

    created = [statement for thing in catalog for statement in getattr(thing, "create", ())]
    assert "hunter2" not in repr(catalog)
    assert sum("password '********'" in text for text in created) == 1
    assert sum("password=********" in text for text in created) == 1


def test_nothing_is_left_behind(shared: Connection) -> None:
    """Reading changes no setting, leaves no transaction open, and can write nothing."""
    before = shared.execute("show search_path").fetchone()

    with snapshot(shared) as cursor, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        cursor.execute("create table written (a int)")

    assert shared.execute("show search_path").fetchone() == before
    assert shared.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_number_of_queries_that_does_not_grow(connection: Connection) -> None:
    """Ten times the tables cost no query more."""
    counts = []
    connection.execute("create table first (id serial primary key)")
    for number in range(100):
        if number in {10, 99}:
            counts.append(_statements(connection))
        connection.execute(f"create table t{number} (id serial primary key, a int default 1 references first)".encode())

    assert counts[0] == counts[1]


def test_what_is_outside_of_schemas_is_a_warning(connection: Connection) -> None:
    """Large objects, settings of the database, and changed rights on the server's own functions are named."""
    connection.execute("select lo_create(0)")
    connection.execute(f"alter database {connection.info.dbname} set work_mem = '8MB'")
    connection.execute("revoke execute on function pg_catalog.pg_sleep(double precision) from public")

    found = inspect(connection).unmodelled

    assert [diagnostic.severity for diagnostic in found] == [Severity.WARNING] * 3
    messages = " ".join(diagnostic.message for diagnostic in found)
    assert "large object" in messages
    assert "setting work_mem of the database" in messages
    assert "function pg_sleep(double precision): changed rights" in messages


def test_disabled_foreign_keys_are_named(connection: Connection) -> None:
    """The triggers behind a foreign key can be switched off; the model has no words for it, so it is a finding."""
    connection.execute("create table a (id int primary key); create table b (a int references a)")
    connection.execute("alter table b disable trigger all")

    found = inspect(connection).unmodelled

    assert [diagnostic.message for diagnostic in found] == [
        "constraint public.b.b_a_fkey: state of its triggers is not modelled"
    ]
    assert found[0].severity is Severity.ERROR


def test_what_the_model_forgets_is_named(connection: Connection) -> None:
    """Take one of each kind out of a catalog, and the second reader names it."""
    connection.execute((HERE / "drift" / "postgres" / "base.sql").read_bytes())
    connection.execute((HERE / "inspected" / "everything.sql").read_bytes())
    catalog = inspect(connection).catalog
    for key in {key.kind: key for key in catalog.objects}.values():
        lacking = replace(catalog, objects={k: v for k, v in catalog.objects.items() if k != key})

        with snapshot(connection):
            found = [diagnostic for diagnostic in observe(connection, lacking) if diagnostic.subject == str(key)]

        assert f"{key} is not modelled" in [diagnostic.message for diagnostic in found]


ATTRIBUTES = [
    ("table public.wide", "options"),
    ("table public.wide", "row_security"),
    ("table public.wide", "replica_identity"),
    ("table public.wide", "grants"),
    ("table public.wide", "comment"),
    ("column public.wide.a", "statistics"),
    ("column public.wide.a", "options"),
    ("column public.wide.a", "storage"),
    ("column public.wide.a", "collation"),
    ("column public.wide.a", "not_null"),
    ("column public.wide.a", "grants"),
    ("column public.wide.a", "comment"),
    ("column public.wide.id", "identity"),
    ("column public.wide.g", "generated"),
    ("constraint public.wide.wide_pkey", "options"),
    ("constraint public.wide.wide_pkey", "clustered"),
    ("constraint public.wide.positive", "validated"),
    ("index public.wide_expression", "statistics"),
    ("index public.wide_expression", "unique"),
    ("trigger public.wide.wide_touch", "enabled"),
    ("policy public.wide.wide_mine", "using"),
    ("policy public.wide.wide_mine", "permissive"),
    ("function public.touch.", "revokes"),
    ("sequence public.counter", "cache"),
    ("sequence public.counter", "owned_by"),
    ("type public.posint", "checks"),
    ("type public.posint", "default"),
    ("view public.narrow", "options"),
    ("statistics public.wide_statistics", "target"),
]


@pytest.mark.parametrize(("name", "attribute"), ATTRIBUTES, ids=[f"{a}: {b}" for a, b in ATTRIBUTES])
def test_an_attribute_that_the_model_forgets_is_named(connection: Connection, name: str, attribute: str) -> None:
    """Put one attribute of a catalog back to its default, and the second reader names its object."""
    connection.execute((HERE / "inspected" / "everything.sql").read_bytes())
    inspection: Inspection = inspect(connection)
    thing = next(thing for thing in inspection.catalog if str(thing.id) == name)
    default = {"not_null": False, "unique": False, "validated": True, "permissive": True}.get(
        attribute,
        next(f.default for f in fields(thing) if f.name == attribute),  # type: ignore[arg-type]  # a dataclass
    )
    assert getattr(thing, attribute) != default
    forgetful = replace(
        inspection.catalog, objects={**inspection.catalog.objects, thing.id: _with(thing, attribute, default)}
    )

    with snapshot(connection):
        found = observe(connection, forgetful)

    assert inspection.unmodelled == ()
    assert len(found) == 1
    assert found[0].code == "ST602"
    assert name.split()[1].rpartition(".")[2] in found[0].message


def _with(thing: Any, attribute: str, value: object) -> Object:
    changed: Object = replace(thing, **{attribute: value})
    return changed


def _attributes(thing: Object | None, expected: object) -> object:
    """The attributes that are not at their default, as the YAML spells them; owners are the test's own role."""
    if thing is None:
        return None
    found = {}
    for field in fields(thing):  # type: ignore[arg-type]  # every catalog object is a dataclass
        value = getattr(thing, field.name)
        if field.name not in {"id", "owner"} and value != field.default:
            found[field.name] = _plain(value)
    if isinstance(expected, dict):
        return {name: value for name, value in found.items() if name in expected or not _derived(name)}
    return found


def _derived(name: str) -> bool:
    """Whether the attribute says again what another one says: spelled out only where a case is about it."""
    return name in {
        "table",
        "columns",
        "references",
        "method",
        "signature",
        "result",
        "language",
        "reference",
        "drop",
        "not_null_inherited",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Id):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if getattr(value, f.name) != f.default}
    return value


def _statements(connection: Connection) -> int:
    """How many statements a reading sends, as the driver counts them."""
    count = 0
    execute = psycopg.Cursor.execute

    def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*arguments, **options)

    patch = pytest.MonkeyPatch()
    patch.setattr(psycopg.Cursor, "execute", counting)
    try:
        inspect(connection)
    finally:
        patch.undo()
    return count


def test_answers_are_given_in_any_order(shared: Connection) -> None:
    """What was sent ahead is there when it is asked for, also after the connection is free again."""
    many = "select n, repeat('x', 1000) as text from generate_series(1, 5000) as n"
    ahead = Ahead(shared, ("select 1 as a, null as b", many, "select array['x', 'y'] as a"))

    assert [row.a for row in ahead.rows("select array['x', 'y'] as a")] == [["x", "y"]]
    assert ahead.tuples("select 1 as a, null as b") == [(1, None)]
    ahead.finish()
    assert shared.execute("select 7").fetchone() == (7,)
    assert ahead.has(many)
    assert ahead.rows(many)[4999].n == 5000


def test_a_query_that_fails_is_an_error_of_its_own(shared: Connection) -> None:
    """It is raised where an answer is waited for, and the connection is as good as before."""
    ahead = Ahead(shared, ("select 1/0", "select 2 as a"))

    with pytest.raises(psycopg.errors.DivisionByZero):
        ahead.rows("select 2 as a")
    ahead.abandon()
    assert shared.execute("select 7").fetchone() == (7,)


def test_a_signal_does_not_wait_for_what_was_sent(shared: Connection) -> None:
    """The query that runs is cancelled, and the connection is as good as before."""
    ahead = Ahead(shared, ("select pg_sleep(30)", "select 1 as a"))
    timer = threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        ahead.rows("select 1 as a")
    began = time.monotonic()
    ahead.abandon()

    assert time.monotonic() - began < 20
    assert shared.execute("select 7").fetchone() == (7,)


def test_a_connection_that_is_lost_meanwhile_is_an_error(postgres_server: Url) -> None:
    """Of the driver, where an answer is waited for; nobody waits for ever."""
    with databases.fresh_postgres(postgres_server) as url, psycopg.connect(url.reveal()) as connection:
        ahead = Ahead(connection, ("select pg_terminate_backend(pg_backend_pid())", "select 1 as a"))

        with pytest.raises(psycopg.OperationalError):
            ahead.rows("select 1 as a")
        ahead.abandon()
        assert connection.closed
