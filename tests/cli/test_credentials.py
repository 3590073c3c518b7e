"""Where a URL and its password may come from: the file, the environment, another file, a program, libpq's own files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
from schematool.engines.servers import embedded_postgres
from schematool.engines.servers.process import free_port
from tests.conftest import Ran

CANARY = "Zq-canary/@:Zq"
Run = Callable[..., Ran]


def write(root: Path, *lines: str) -> None:
    """Write the configuration of `dev`."""
    root.mkdir(exist_ok=True)
    (root / "schematool.toml").write_text("\n".join(["[env.dev.postgres]", *lines]) + "\n")


def with_user(url: Url) -> str:
    """Return the URL with its user before the host, where a password can be put."""
    with psycopg.connect(url.reveal()) as connection:
        info = connection.info
        where = f"?host={info.host}&port={info.port}" if info.host.startswith("/") else ""
        place = "" if where else f"{info.host}:{info.port}"
        return f"postgresql://{info.user}@{place}/{info.dbname}{where}"


def told(ran: Ran) -> str:
    """Everything that a run printed."""
    return ran.stdout + ran.stderr


def test_a_url_from_a_file_or_a_program_is_used_and_never_shown(
    tmp_path: Path, postgres_url: Url, run_cli: Run
) -> None:
    """`status` connects with what the file or the program gives; `config` says where that is, and fetches nothing."""
    url = Url(with_user(postgres_url)).with_password(CANARY).reveal()
    (tmp_path / "url").write_text(url + "\r\n")
    program = tmp_path / "tell"
    program.write_text(f"#!{sys.executable}\nprint(open({str(tmp_path / 'url')!r}).read(), end='')\n")
    program.chmod(0o700)
    for line in ('url_file = "../url"', f'url_command = ["{program}", "--flag"]'):
        write(tmp_path / "project", line)
        ran = run_cli("status", "--format", "json", cwd=tmp_path / "project")
        shown = run_cli("config", cwd=tmp_path / "project")

        assert ran.exit_code == 0, told(ran)
        assert "Zq" not in told(ran) + told(shown)
        key, _, value = line.partition(" = ")
        assert f"env.dev.postgres.{key}" in shown.stdout
        assert "schematool.toml:2" in shown.stdout
        assert value.strip('["]').split('"')[0] in shown.stdout


def test_a_password_of_its_own_is_joined_to_the_url(tmp_path: Path, postgres_url: Url, run_cli: Run) -> None:
    """A file, `~` and all, or a program has the password alone; the URL has the user."""
    (tmp_path / "word").write_text(CANARY + "\n")
    for line in ('password_file = "~/word"', f'password_command = ["cat", "{tmp_path / "word"}"]'):
        write(tmp_path / "project", f'url = "{with_user(postgres_url)}"', line)
        ran = run_cli("status", "--format", "json", cwd=tmp_path / "project", env={"HOME": str(tmp_path)})

        assert ran.exit_code == 0, told(ran)
        assert "Zq" not in told(ran)
        assert ":***@" in json.loads(ran.stdout)["data"]["stores"].get("postgres", ":***@")


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        (('url_file = "nowhere"',), 2, "cannot read"),
        (('url_command = ["false"]',), 3, "`false` ended with exit code 1"),
        (('url_command = ["no-such-program"]',), 3, "cannot run `no-such-program`"),
        (('url_command = ["true"]',), 2, "what `url_command` gives is empty"),
        (('url_command = "true"',), 2, "must be a list of strings"),
        (('url_command = ["printf", "a\\\\nb"]',), 2, "has more than one line"),
        (('url = "postgresql://me@db/x"', 'url_file = "x"'), 2, "said twice"),
        (('url = "postgresql://me@db/x"', 'password_file = "a"', 'password_command = ["a"]'), 2, "said twice"),
        (('password_file = "a"',), 2, "needs a URL"),
        (('url = "postgresql://me:Zq@db/x"', 'password_command = ["echo", "a"]'), 2, "has a password already"),
        (('url = "postgresql://me:Zq@${NOT_SET}/x"',), 2, "NOT_SET is not set"),
    ],
)
def test_what_cannot_be_fetched_is_told_with_its_line(
    tmp_path: Path, run_cli: Run, lines: tuple[str, ...], code: int, words: str
) -> None:
    """A finding in schematool.toml, an exit code, and no secret."""
    write(tmp_path / "project", *lines)
    folder = tmp_path / "project" / "migrations" / "postgres"
    folder.mkdir(parents=True)
    (folder / "0001_a.sql").write_text("select 1;\n")
    ran = run_cli("status", cwd=tmp_path / "project")

    assert (ran.exit_code, "Zq" in told(ran)) == (code, False), told(ran)
    assert words in ran.stderr
    assert "schematool.toml:" in ran.stderr


def test_libpq_finds_service_and_password_file(tmp_path: Path, postgres_url: Url, run_cli: Run) -> None:
    """A URL without a place is filled by PGSERVICE; `config` shows what libpq will read, the password masked."""
    with psycopg.connect(postgres_url.reveal()) as connection:
        info = connection.info
        service = f"[clinic]\nhost={info.host}\nport={info.port}\ndbname={info.dbname}\nuser={info.user}\n"
    (tmp_path / "services").write_text(service)
    (tmp_path / "pgpass").write_text(f"*:*:*:*:{CANARY}\n")
    (tmp_path / "pgpass").chmod(0o600)
    root = tmp_path / "project"
    write(root, 'url = "postgresql://"')
    (root / "migrations" / "postgres").mkdir(parents=True)
    (root / "migrations" / "postgres" / "0001_a.sql").write_text("create table from_service (id int);\n")
    env = {
        "PGSERVICE": "clinic",
        "PGSERVICEFILE": str(tmp_path / "services"),
        "PGPASSFILE": str(tmp_path / "pgpass"),
    }
    run_cli("lock", cwd=root)
    ran = run_cli("migrate", "--yes", cwd=root, env=env)
    shown = run_cli("config", cwd=root, env={**env, "PGPASSWORD": CANARY})
    with psycopg.connect(postgres_url.reveal()) as connection:
        there = connection.execute("select to_regclass('from_service') is not null").fetchone()

    assert (ran.exit_code, there) == (0, (True,)), told(ran)
    assert "Zq" not in told(ran) + told(shown)
    for name in ("PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGPASSWORD"):
        assert name in shown.stdout


@pytest.fixture(scope="module")
def asking() -> Iterator[int]:
    """Give the port of a server that asks for passwords (scram-sha-256), and takes the canary from `worker`."""
    port = free_port()
    with embedded_postgres.temporary(port=port) as url, psycopg.connect(url.reveal(), autocommit=True) as admin:
        admin.execute("set password_encryption = 'scram-sha-256'")
        admin.execute(f"create role worker superuser login password '{CANARY}'".encode())
        yield port


def sources(folder: Path, port: int, password: str) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """Every way to come by a password, with the lines of the configuration and the environment for it."""
    place = f"127.0.0.1:{port}/schematool"
    url = f'url = "postgresql://worker@{place}"'
    whole = Url(f"postgresql://worker@{place}").with_password(password).reveal()
    # A colon or a backslash in a field of the password file is written with a backslash before it.
    (folder / "pgpass").write_text(f"127.0.0.1:{port}:*:worker:{password.replace(':', chr(92) + ':')}\n")
    (folder / "pgpass").chmod(0o600)
    (folder / "word").write_text(password + "\n")
    (folder / "url").write_text(whole + "\n")
    (folder / "services").write_text(
        f"[open]\nhost=127.0.0.1\nport={port}\ndbname=schematool\nuser=worker\n"
        f"[whole]\nhost=127.0.0.1\nport={port}\ndbname=schematool\nuser=worker\npassword={password}\n"
    )
    passfile = {"PGPASSFILE": str(folder / "pgpass")}
    services = {"PGSERVICEFILE": str(folder / "services")}
    return {
        "PGPASSFILE": ((url,), passfile),
        "PGPASSWORD": ((url,), {"PGPASSWORD": password}),
        "PGSERVICE with its password": (('url = "postgresql://"',), {**services, "PGSERVICE": "whole"}),
        "PGSERVICE and PGPASSFILE": (('url = "postgresql://?service=open"',), {**services, **passfile}),
        "password_file": ((url, f'password_file = "{folder / "word"}"'), {}),
        "password_command": ((url, f'password_command = ["cat", "{folder / "word"}"]'), {}),
        "url_file": ((f'url_file = "{folder / "url"}"',), {}),
        "url_command": ((f'url_command = ["cat", "{folder / "url"}"]',), {}),
        "a variable": (('url = "${CLINIC_URL}"',), {"CLINIC_URL": whole}),
        "SCHEMATOOL_POSTGRES_URL": ((url,), {"SCHEMATOOL_POSTGRES_URL": whole}),
    }


WAYS = (
    *("PGPASSFILE", "PGPASSWORD", "PGSERVICE with its password", "PGSERVICE and PGPASSFILE"),
    *("password_file", "password_command", "url_file", "url_command", "a variable", "SCHEMATOOL_POSTGRES_URL"),
)


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_asks_is_told_the_password(way: str, asking: int, tmp_path: Path, run_cli: Run) -> None:
    """By every source; a wrong one is refused with exit code 3, and neither is shown."""
    write(tmp_path / "project")
    folder = tmp_path / "project" / "migrations" / "postgres"
    folder.mkdir(parents=True)
    (folder / "0001_a.sql").write_text("select 1;\n")
    wrong = [(CANARY + "wrong", 3)] if way in {"PGPASSFILE", "url_command"} else []
    for password, code in [(CANARY, 0), *wrong]:
        lines, env = sources(tmp_path, asking, password)[way]
        write(tmp_path / "project", *lines)
        ran = run_cli("status", cwd=tmp_path / "project", env={"HOME": str(tmp_path), **env})

        assert (ran.exit_code, "Zq" in told(ran)) == (code, False), told(ran)
        assert ("password authentication failed" in ran.stderr) == (code == 3)


def test_a_server_that_asks_is_told_nothing(asking: int, tmp_path: Path, run_cli: Run) -> None:
    """Without any password the message says that one is missing, and where it can come from."""
    write(tmp_path / "project", f'url = "postgresql://worker@127.0.0.1:{asking}/schematool"')
    (tmp_path / "project" / "migrations" / "postgres").mkdir(parents=True)
    (tmp_path / "project" / "migrations" / "postgres" / "0001_a.sql").write_text("select 1;\n")
    ran = run_cli("status", cwd=tmp_path / "project", env={"HOME": str(tmp_path)})

    assert ran.exit_code == 3, told(ran)
    assert "no password supplied" in ran.stderr
    assert "PGPASSWORD or a password file" in ran.stderr
