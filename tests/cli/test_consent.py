"""Refusals on real servers: what would be lost is counted, and the command that they tell can be run as it stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schematool.core.secret import Url
from schematool.engines.contract import open_engine
from tests.cli.test_journey import USERS
from tests.cli.test_offline import write
from tests.conftest import Ran
from tests.live.raw import database_of


def told(ran: Ran) -> list[str]:
    """Return the arguments of the command that a refusal tells to run."""
    assert ran.exit_code == 4, ran.stderr
    match = re.search(r"`schematool (.*)`", ran.stderr)
    assert match, ran.stderr
    return shlex.split(match[1])


def test_refusal_of_generate_can_be_run_as_it_is_told(project: Path, run_cli: Callable[..., Ran]) -> None:
    """One line with the message that was given and every permit that is needed; it works when it is pasted."""
    write(project, {"schema/users.yaml": USERS})
    assert run_cli("generate", cwd=project).exit_code == 0
    lean = USERS.replace("  phone: { type: varchar(20) }\n", "").replace("type: text, required", "type: uuid, required")
    write(project, {"schema/users.yaml": lean})
    refused = run_cli("generate", "-m", 'no "phone"', cwd=project)
    command = told(refused)

    assert command[:3] == ["generate", "-m", 'no "phone"']
    assert "data-loss,table-rewrite" in command[-1]
    assert refused.stderr.count("hint:") == 1
    ran = run_cli(*command, cwd=project)
    while ran.exit_code == 4:  # what only the proof finds out is asked for after it
        command = told(ran)
        ran = run_cli(*command, cwd=project)
    assert ran.exit_code == 0, ran.stderr
    assert (project / "migrations/postgres/0002_no_phone.sql").is_file()


def test_rollback_counts_the_values_of_a_column(project: Path, run_cli: Callable[..., Ran], postgres_url: Url) -> None:
    """A column that was added and is empty goes without a word; with values in it, their number is told."""
    write(project, {"schema/users.yaml": USERS.replace("  phone: { type: varchar(20) }\n", "")})
    assert run_cli("generate", "-m", "users", cwd=project).exit_code == 0
    write(project, {"schema/users.yaml": USERS})
    assert run_cli("generate", "-m", "phone", cwd=project).exit_code == 0
    assert run_cli("migrate", "--yes", cwd=project).exit_code == 0
    engine = open_engine(postgres_url)
    engine.run(["insert into users (email, phone) values ('a', '1'), ('b', null), ('c', '3')"])

    asked = run_cli("rollback", "--to", "0001_users", "--yes", cwd=project)
    assert "public.users.phone: deletes data (2 non-null values)" in asked.stderr
    assert told(asked) == ["rollback", "--to", "0001_users", "--env", "dev", "--allow", "data-loss"]

    engine.run(["update users set phone = null"])
    assert run_cli("rollback", "--yes", cwd=project).exit_code == 0
    engine.close()


SERIES = """
entity: readings
store: mongo
time_series: {{ time_field: at, granularity: {granularity} }}
---
entity: visits
store: mongo
indexes:
  - {{ on: at, expire_after: {life} }}
"""


def test_rollback_counts_documents_that_get_too_old_or_have_no_way_back(
    project: Path, run_cli: Callable[..., Ran], mongo_url: Url
) -> None:
    """A time series only gets coarser, which is told and proven; a longer life was harmless until it ends again."""
    write(project, {"schema/visits.yaml": SERIES.format(granularity="seconds", life="1h")})
    assert run_cli("generate", "-m", "visits", cwd=project).exit_code == 0
    write(project, {"schema/visits.yaml": SERIES.format(granularity="hours", life="1000d")})
    generated = run_cli("generate", "-m", "longer", cwd=project)
    assert generated.exit_code == 0, generated.stderr
    assert run_cli("migrate", "--yes", cwd=project).exit_code == 0
    with database_of(mongo_url) as database:
        database["visits"].insert_many([{"at": datetime.now(UTC) - timedelta(days=day)} for day in range(5)])
        database["readings"].insert_one({"at": datetime(2090, 1, 1, tzinfo=UTC)})

    asked = run_cli("rollback", "--yes", cwd=project)

    assert told(asked)[-1] == "data-loss"
    assert "visits.at_1: deletes data (4 documents older than the 3,600 s that they may live then)" in asked.stderr
    assert "readings: deletes data (1 document)" in asked.stderr


def test_a_hazard_stands_beside_what_it_is_about_alone(project: Path, run_cli: Callable[..., Ran]) -> None:
    """One command builds two indexes, and only one of them deletes documents."""
    write(project, {"schema/visits.yaml": "entity: visits\nstore: mongo\n"})
    assert run_cli("generate", "-m", "visits", cwd=project).exit_code == 0
    indexes = "indexes: [{ on: at, expire_after: 1h, where: { a: 1 } }, { on: b }]\n"
    write(project, {"schema/visits.yaml": f"entity: visits\nstore: mongo\n{indexes}"})

    told = [line.split() for line in run_cli("diff", cwd=project).stdout.splitlines() if "index" in line]

    assert told[0] == ["+", "index", "at_1", "{", "at:", "1", "}", "partial", "ttl", "3600", "s", "online", "ST201"]
    assert told[1] == ["+", "index", "b_1", "{", "b:", "1", "}", "online"]


def test_migrate_tells_what_an_unmarked_file_would_delete(
    project: Path, run_cli: Callable[..., Ran], postgres_url: Url
) -> None:
    """A file written by hand that drops a column: counted, refused, and the id that was given stays in the hint."""
    write(project, {"schema/users.yaml": USERS})
    assert run_cli("generate", "-m", "users", cwd=project).exit_code == 0
    assert run_cli("migrate", "--yes", cwd=project).exit_code == 0
    write(project, {"migrations/postgres/0002_drop.sql": "ALTER TABLE users DROP COLUMN phone;\n"})
    assert run_cli("lock", "0002_drop", cwd=project).exit_code == 0
    engine = open_engine(postgres_url)
    engine.run(["insert into users (email, phone) values ('a', '1'), ('b', null)"])
    engine.close()
    asked = run_cli("migrate", "0002_drop", "--yes", cwd=project)

    assert "public.users.phone: deletes data (1 non-null value)" in asked.stderr
    assert told(asked) == ["migrate", "0002_drop", "--env", "dev", "--allow", "data-loss"]
    assert told(run_cli("migrate", "0002_drop", "--allow", "data-loss", cwd=project)) == [
        "migrate",
        "0002_drop",
        "--env",
        "dev",
        "--allow",
        "data-loss",
        "--yes",
    ]


def test_lint_reads_migration_files_too(project: Path, run_cli: Callable[..., Ran]) -> None:
    """A file written by hand that deletes, or scans under a lock, is told at its lines, without a server."""
    write(
        project,
        {
            "migrations/postgres/0001_a.sql": "CREATE TABLE a (id integer PRIMARY KEY);\n",
            "migrations/postgres/0002_b.sql": "DROP TABLE b;\nCREATE INDEX i ON c (x);\n",
            "migrations/mongo/0002_b.json": '{"commands": [{"drop": "b"}]}\n',
        },
    )
    lines = run_cli("lint", "--format", "concise", cwd=project).stdout.splitlines()
    found = {line.split(": ")[0] + " " + line[line.index("[") + 1 : line.index("]")] for line in lines}

    assert {
        "migrations/postgres/0002_b.sql:1:1 ST201",
        "migrations/postgres/0002_b.sql:2:1 ST204",
    } <= found
    assert any(each.startswith("migrations/mongo/0002_b.json:1:") and each.endswith("ST201") for each in found)
