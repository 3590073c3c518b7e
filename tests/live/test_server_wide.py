"""What belongs to the server and not to one database is left alone while migrations are tried on scratch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
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
        for role in ROLES:
            admin.execute(f'drop role if exists "{role}"'.encode())
        admin.execute("drop database if exists everywhere_db")


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
