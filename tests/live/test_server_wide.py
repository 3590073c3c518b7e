"""What belongs to the server and not to one database is left alone while migrations are tried on scratch."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
from schematool.core.sql.elsewhere import instead
from schematool.core.sql.everywhere import makes_role, reaches_the_server
from schematool.engines.contract import Event
from schematool.engines.postgres import connect
from tests.conftest import Ran
from tests.live.postgres_runner import unit_of

ROLES = ("everywhere_owner", "Everywhere Two")
ALONE = (
    "create database everywhere_db",
    "drop database postgres",
    "alter system set work_mem = '9MB'",
    "create tablespace everywhere location '/nowhere'",
)
REACHING = (
    *ALONE,
    "alter database postgres set search_path = nowhere",
    "alter role schematool set work_mem = '9MB'",
    "alter user schematool connection limit 3",
    "drop role if exists everywhere_nobody",
    "comment on database postgres is 'x'",
    "comment on role schematool is 'x'",
    "grant connect on database no_such_database to public",
    "revoke create on tablespace pg_default from public",
    "grant set on parameter work_mem to public",
)
STAYING = (
    "create table database (id int)",
    "alter table role add system int",
    "grant select on role to public",
    "comment on table database is 'grant on database x'",
    "create schema authorization everywhere_owner",
)


def settled(url: Url) -> list[object]:
    """Everything of a server that a migration could change outside of its database."""
    with psycopg.connect(url.reveal()) as connection:
        queries = (
            "select datname, datacl::text, datconnlimit from pg_database"
            " where datname !~ '^(schematool_scratch|t[0-9])' order by 1",
            "select rolname, rolconnlimit from pg_roles order by 1",
            "select setdatabase, setrole, setconfig from pg_db_role_setting order by 1, 2",
            "select name, setting from pg_file_settings where sourcefile like '%auto.conf' order by 1",
            "select spcname, spcacl::text from pg_tablespace order by 1",
            "select objoid, description from pg_shdescription order by 1",
            *(
                ["select parname, paracl::text from pg_parameter_acl"]
                if connection.info.server_version > 150000
                else []
            ),
        )
        return [connection.execute(query.encode()).fetchall() for query in queries]


@pytest.fixture
def clean(postgres_server: Url) -> Iterator[None]:
    """Take away what a failure leaves on the server."""
    yield
    with psycopg.connect(postgres_server.reveal(), autocommit=True) as admin:
        admin.execute("drop database if exists everywhere_db")
        for role in ROLES:
            admin.execute(f'drop role if exists "{role}"'.encode())


def test_what_reaches_the_server() -> None:
    """It is told from its words; a table may be called as it likes."""
    assert [text for text in REACHING if not reaches_the_server(text)] == []
    assert [text for text in STAYING if reaches_the_server(text)] == []
    assert makes_role('CREATE  USER "Everywhere Two" LOGIN') == "Everywhere Two"
    assert makes_role("create role Worker") == "worker"
    assert makes_role("create table role (id int)") is None


@pytest.mark.usefixtures("clean")
def test_a_scratch_database_leaves_the_server_as_it_was(postgres_url: Url) -> None:
    """All that reaches further is passed over; roles are there for as long as the database, and only then."""
    before = settled(postgres_url)
    server = connect(postgres_url)
    heard: list[Event] = []
    text = (
        f'create role {ROLES[0]};\ncreate role "{ROLES[1]}" in role {ROLES[0]};\ncreate role schematool;\n'
        f'create schema authorization {ROLES[0]};\nset role "{ROLES[1]}";\nreset role;\n'
        + "".join(f"{one};\n" for one in REACHING if one not in ALONE)
    )
    with server.scratch() as scratch, scratch.lock(wait_seconds=5):
        scratch.apply(unit_of("0001_roles", text), heard.append)
        for number, one in enumerate(ALONE, 2):
            scratch.apply(unit_of(f"{number:04}_alone", f"-- transactional: false\n{one};\n"), heard.append)
        during = settled(postgres_url)
    server.close()

    assert {*ROLES} <= {name for name, _ in during[1]}  # type: ignore[attr-defined]  # rows
    assert [during[0], *during[2:]] == [before[0], *before[2:]]
    assert settled(postgres_url) == before


ELSEWHERE = {
    "copy t to program 'cat'": "runs a program",
    "copy t (a) from program 'echo 1'": "runs a program",
    "copy (select 1) to '/tmp/x' with (format csv)": "writes a file",
    "copy /* ; */ t from '/etc/passwd'": "reads a file",
    "select pg_catalog.lo_import('/etc/passwd')": "calls lo_import",
    "insert into t select * from dblink('host=x', 'select 1') as d (a int)": "calls dblink",
    "with x as (select pg_read_file('/etc/passwd')) update t set a = 1": "calls pg_read_file",
    "import foreign schema public from server s into public": "asks another server",
    "create subscription s connection 'host=x' publication p": "connects to its publisher",
    "alter subscription s enable": "connects to its publisher",
    "alter subscription s refresh publication": "connects to its publisher",
    "alter subscription s set (two_phase = on)": "changes the slot",
    "drop subscription s": "drops the slot",
    "drop owned by worker": "reaches databases",
    "security label for x on role worker is 'y'": "changes the server",
    "alter /* ; */ system set work_mem = '1MB'": "changes the server",
}
HERE = (
    "copy t from stdin with (format csv);\n1,to program 'x'\n\\.\n",
    'copy t ("from") to stdout',
    "select app.lo_import('x'), 'dblink(1)', \"pg_read_file\" from t",
    "create table kept as select pg_read_file('x')",
    "create table copy (subscription int, owned text default 'x')",
    "alter table subscription add enable int",
    "drop table owned",
    "create subscription s connection 'host=x' publication p with (slot_name = none, connect = false)",
    "alter subscription s disable",
    "alter subscription s set (slot_name = none)",
)


def test_what_leads_out_of_the_database_is_told_from_its_words() -> None:
    """What is a text, a name, a column or the function of somebody else is run as it is."""
    told = {text: found.why if (found := instead(text)) else "" for text in ELSEWHERE}

    assert {text: why for text, why in told.items() if ELSEWHERE[text] not in why} == {}
    assert [text for text in HERE if instead(text)] == []


def test_a_subscription_keeps_its_other_options() -> None:
    """Only what needs the publisher is taken away; a comment at the end ends with its line."""
    made = instead("create subscription s connection 'x' publication a with (copy_data, slot_name = 'b', enabled = on)")
    short = instead("create subscription s connection 'x' publication a -- more")
    changed = instead("alter subscription s add publication b with (copy_data = false)")

    assert made
    assert short
    assert changed
    assert made.text == ("create subscription s connection 'x' publication a WITH (slot_name = 'b', connect = false)")
    assert short.text == "create subscription s connection 'x' publication a WITH (connect = false)"
    assert changed.text == "alter subscription s add publication b WITH (refresh = false)"


@pytest.fixture
def outside() -> Iterator[socket.socket]:
    """Listen as another server would; whoever connects waits in the queue."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def test_a_scratch_database_talks_to_nobody(
    postgres_url: Url, outside: socket.socket, tmp_path: Path, run_cli: Callable[..., Ran], project: Path
) -> None:
    """Subscriptions are made, changed and dropped without their publisher, up and down; no program, no file."""
    port, mark = outside.getsockname()[1], tmp_path / "mark"
    tmp_path.chmod(0o777)
    connection = f"'host=127.0.0.1 port={port} dbname=x user=x password=geheim'"
    steps = {
        "0001_table": ("create extension dblink;\ncreate table t (a int);", "drop table t;\ndrop extension dblink;"),
        "0002_news": (f"create subscription news connection {connection} publication p", "drop subscription news"),
        "0003_on": ("alter subscription news enable", "alter subscription news disable"),
        "0004_more": (
            "alter subscription news set publication p, q with (refresh)",
            "alter subscription news drop publication q",
        ),
        "0005_refresh": ("alter subscription news refresh publication", "select null"),
        "0006_files": (
            f"copy t to program 'touch {mark}';\ncopy t to '{mark}';\ncopy t from program 'touch {mark}';\n"
            f"insert into t select * from dblink({connection}, 'select 1') as d (a int);",
            f"copy t to '{mark}';",
        ),
    }
    alone = {"0002_news", "0003_on", "0004_more", "0005_refresh"}
    folder = project / "migrations" / "postgres"
    folder.mkdir(parents=True)
    server = connect(postgres_url)
    with server.scratch() as scratch, scratch.lock(wait_seconds=5):
        units = []
        for name, (up, down) in steps.items():
            head = "-- transactional: false\n" if name in alone else ""
            up_text, down_text = f"{head}{up.removesuffix(';')};\n", f"{down.removesuffix(';')};\n"
            (folder / f"{name}.sql").write_text(up_text)
            (folder / f"{name}.rollback.sql").write_text(down_text)
            units.append(unit_of(name, up_text, down_text))
        for unit in units:
            scratch.apply(unit, lambda _: None)
        made = [one.id.path for one in scratch.inspect().catalog.objects.values() if one.id.kind == "subscription"]
        for unit in reversed(units):
            scratch.roll_back(unit, lambda _: None)
        for unit in units[:2]:
            scratch.apply(unit, lambda _: None)
    server.close()
    locked = run_cli("lock", cwd=project)
    linted = run_cli("lint", cwd=project)

    assert made == [("news",)]
    with pytest.raises(BlockingIOError):
        outside.accept()
    assert not mark.exists()
    with psycopg.connect(postgres_url.reveal()) as admin:
        left = admin.execute("select datname from pg_database where datname ~ '^schematool_scratch'").fetchall()
    assert left == [], "a subscription keeps its database from being dropped"
    assert locked.exit_code == 0, locked.stderr
    assert "note[ST426]: on scratch this is not run as it is: it runs a program on the server" in linted.stdout
    assert "it is made with connect = false" in locked.stderr
    assert "geheim" not in locked.stderr + linted.stdout + locked.stdout


@pytest.mark.usefixtures("clean")
def test_what_a_role_has_elsewhere_stays_its_own(postgres_url: Url) -> None:
    """REASSIGN OWNED and DROP OWNED are run for roles that have nothing but what is in the database."""
    server = connect(postgres_url)
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as admin:
        admin.execute(f'create role "{ROLES[1]}"'.encode())
        admin.execute(f'create database everywhere_db owner "{ROLES[1]}"'.encode())
    before = settled(postgres_url)
    text = (
        f"create role {ROLES[0]};\ncreate table a (a int);\nalter table a owner to {ROLES[0]};\n"
        f'create table b (a int);\nalter table b owner to "{ROLES[1]}";\n'
        f'reassign owned by {ROLES[0]} to "{ROLES[1]}";\n'
        f'reassign owned by "{ROLES[1]}" to {ROLES[0]};\n'
        f"create table c (a int);\nalter table c owner to {ROLES[0]};\ndrop owned by {ROLES[0]};\n"
        f'drop owned by "{ROLES[1]}";\n'
    )
    with server.scratch() as scratch, scratch.lock(wait_seconds=5):
        scratch.apply(unit_of("0001_owned", text), lambda _: None)
        tables = [key.path[-1] for key in scratch.inspect().catalog.objects if key.kind == "table"]
    server.close()

    assert tables == ["a", "b"]
    assert settled(postgres_url) == before


@pytest.mark.usefixtures("clean")
def test_lock_and_then_migrate_on_the_same_server(
    project: Path, run_cli: Callable[..., Ran], postgres_url: Url
) -> None:
    """`lock` tries a migration that makes a role and a database; `migrate` then makes them for real."""
    folder = project / "migrations" / "postgres"
    folder.mkdir(parents=True)
    (folder / "0001_role.sql").write_text(f"create role {ROLES[0]};\ncreate schema authorization {ROLES[0]};\n")
    (folder / "0002_database.sql").write_text("-- transactional: false\ncreate database everywhere_db;\n")
    locked = run_cli("lock", cwd=project)
    migrated = run_cli("migrate", "--yes", cwd=project)
    with psycopg.connect(postgres_url.reveal()) as connection:
        made = connection.execute(
            "select count(*) from pg_database where datname = 'everywhere_db'"
            " union all select count(*) from pg_roles where rolname = 'everywhere_owner'"
        ).fetchall()

    assert (locked.exit_code, migrated.exit_code) == (0, 0), locked.stderr + migrated.stderr
    assert made == [(1,), (1,)]
