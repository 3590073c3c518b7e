"""`diff OLD_URL NEW_URL --sql` on real pairs: what it prints makes the first database the second, run by psql."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from schematool.core.diff import diff
from schematool.core.plan.postgres import align
from schematool.core.secret import Url
from tests.conftest import SHARED, Ran
from tests.corpora.pairs import catalog, database, dump, pairs
from tests.corpora.pg_dump import pg_dump_for

CHOSEN = (
    "create_table/add_table_composite_keys",
    "create_table/issue_382_drop_table_cascade_constraint",
    "create_aggregate/add_aggregate_options",
    "create_domain/domain_function_check_dependency",
    "dependency/issue_480_view_function_recreate",
    "dependency/issue_439_unique_to_pk_fk_dependent",
    "create_policy/issue_377_nested_function_in_policy",
    "dependency/table_to_view",
    "create_table/alter_column_types",
    "create_sequence/alter_sequence",
    "privilege/revoke_default_privilege",
    "create_function/issue_326_param_type_change",
    "migrate/v4",
    "inherit2",
    "dependencies",
)
PAIRS = [pair for pair in pairs(SHARED / "pairs" / "postgres.jsonl") if pair["id"] in CHOSEN]


def test_all_are_there() -> None:
    """A pair that was renamed must not be left out without a word."""
    assert {pair["id"] for pair in PAIRS} == set(CHOSEN)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_printed_statements_do_it(
    pair: dict[str, Any], postgres_server: Url, run_cli: Callable[..., Ran], tmp_path: Path
) -> None:
    """They run in psql as they are; pg_dump then sees no difference, and neither do we."""
    admin = postgres_server.reveal()
    with psycopg.connect(admin, autocommit=True) as connection:
        major = connection.info.server_version // 10000
        for role in (*(pair.get("roles") or ()), "testuser", "postgres"):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                connection.execute(f'CREATE ROLE "{role}"'.encode())
    with database(admin) as old, database(admin) as new:
        for target, script in ((old, pair.get("old")), (new, pair.get("new"))):
            with psycopg.connect(target, autocommit=True) as connection:
                for text in (pair.get("setup"), script):
                    if text and text.strip():
                        connection.execute(text.encode())
        printed = run_cli("diff", url(old), url(new), "--sql")

        assert printed.exit_code == 0, printed.stderr
        assert printed.stderr == ""
        file = tmp_path / "statements.sql"
        file.write_text(printed.stdout)
        psql(file, old)
        if pg_dump := pg_dump_for(major):
            assert dump(pg_dump, old) == dump(pg_dump, new)
        assert diff(*align(catalog(old), catalog(new))) == ()


def url(conninfo: str) -> str:
    """Write a connection string as a URL, as the command line wants it."""
    parts = conninfo_to_dict(conninfo)
    user = f"{parts['user']}:{parts['password']}" if "password" in parts else str(parts["user"])
    return f"postgresql://{user}@/{parts['dbname']}?host={parts['host']}&port={parts['port']}"


def psql(file: Path, conninfo: str) -> None:
    """Run a file as a user would."""
    program = shutil.which("psql")
    if program is None:
        pytest.skip("there is no psql")
    command = [program, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(file), conninfo]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{file.read_text()}"
