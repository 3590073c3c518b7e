"""Partitions by time on a real server: the clinic's appointments, full, divided, put together again, and kept up."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schematool.core.partitions import begin
from schematool.core.secret import Url
from tests import databases
from tests.conftest import ROOT, Ran

ROWS = 4000
DIVIDED = "partition_by: { range: [start_time], every: month, ahead: 2 }\n"
FILL = f"""
    insert into users (username, email, full_name, role, password_hash)
      select 'u' || i, 'u' || i || '@x', 'U', 'doctor', 'x' from generate_series(1, 5) i;
    insert into patients (medical_record_number, first_name, last_name, date_of_birth, gender)
      select 'm' || i, 'F', 'L', '1980-01-01', 'other' from generate_series(1, 20) i;
    insert into appointments (patient_id, patient_name, doctor_id, start_time, end_time, updated_at)
      select (select id from patients offset i % 20 limit 1), 'F L', (select id from users offset i % 5 limit 1), t,
             t + interval '20 min', timestamp '2020-01-01'
      from (select i, date_trunc('month', now()::timestamp) - interval '10 months' + i * interval '2 hours' t
            from generate_series(1, {ROWS}) i) s;
"""
CHECKSUM = "select count(*), md5(string_agg(md5(a::text), '' order by id)) from appointments a"


@dataclass(frozen=True, slots=True)
class Clinic:
    """A project with the clinic's appointments, and a connection to its database."""

    root: Path
    connection: psycopg.Connection[Any]

    def tool(self, *arguments: str, expect: int = 0) -> str:
        """Run the program in the project; what it says, both streams."""
        command = [sys.executable, "-m", "schematool", *arguments]
        done = subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def edit(self, *pairs: tuple[str, str]) -> None:
        """Change words of the appointments."""
        file = self.root / "schema" / "appointments.yaml"
        text = file.read_text()
        for before, after in pairs:
            assert before in text
            text = text.replace(before, after)
        file.write_text(text)

    def rows(self, query: str) -> list[Any]:
        """The rows of a query."""
        return self.connection.execute(query.encode()).fetchall()

    def parts(self) -> dict[str, int]:
        """Rows by partition."""
        return {
            name: self.rows(f"select count(*) from only {name}")[0][0]
            for (name,) in self.rows(
                "select inhrelid::regclass::text from pg_inherits where inhparent = 'appointments'::regclass order by 1"
            )
        }


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, postgres_server: Url) -> Iterator[Clinic]:
    """Give the appointments as they are, with the tables they refer to, migrated and full."""
    root = tmp_path_factory.mktemp("clinic")
    (root / "schema").mkdir()
    for name in ("users", "patients", "appointments", "types", "update_timestamp"):
        shutil.copy(ROOT / "schema" / "postgres" / f"{name}.yaml", root / "schema")
    with (
        databases.fresh_postgres(postgres_server) as url,
        psycopg.connect(url.reveal(), autocommit=True) as connection,
    ):
        (root / "schematool.toml").write_text(
            f'[env.dev.postgres]\nurl = "{url.reveal()}"\n[scratch]\npostgres_url = "{url.reveal()}"\n'
        )
        made = Clinic(root, connection)
        made.tool("generate", "-m", "clinic")
        made.tool("migrate", "--yes")
        connection.execute(FILL.encode())
        yield made


def test_a_full_table_is_divided_and_put_together_again(clinic: Clinic) -> None:
    """Every row, to the last bit, is there at each stage: whole, divided, spread over months, whole again."""
    before = clinic.rows(CHECKSUM)
    clinic.edit(("primary_key: [id]\n", "primary_key: [id, start_time]\n" + DIVIDED))
    clinic.tool("generate", "-m", "divide", expect=4)
    clinic.tool("generate", "-m", "divide", "--allow", "table-rewrite")
    clinic.tool("migrate", "--yes")

    assert clinic.rows(CHECKSUM) == before
    assert clinic.parts() == {"appointments_default": ROWS}

    clinic.tool("partitions", "--check", expect=1)
    assert clinic.parts() == {"appointments_default": ROWS}
    clinic.tool("partitions", expect=4)
    clinic.tool("partitions", "--yes")

    parts = clinic.parts()
    assert clinic.rows(CHECKSUM) == before
    assert parts.pop("appointments_default") == 0
    assert sum(parts.values()) == ROWS
    assert len(parts) == 13  # ten months back, this one, two ahead; the rows end within
    assert "nothing to do" in clinic.tool("partitions", "--check")
    assert "no drift" in clinic.tool("verify")
    month = begin("month", clinic.rows("select now() at time zone 'utc'")[0][0])
    inside = f"start_time >= '{month:%Y-%m-%d}' and start_time < '{month:%Y-%m-%d}'::date + 9"
    plan = "\n".join(line for (line,) in clinic.rows(f"explain select * from appointments where {inside}"))
    assert set(re.findall(r"on (appointments_\w+)", plan)) == {f"appointments_p{month:%Y%m}"}

    clinic.tool("rollback", "--yes")

    assert clinic.rows(CHECKSUM) == before
    assert clinic.rows("select relkind from pg_class where oid = 'appointments'::regclass") == [("r",)]
    assert clinic.rows("select relname from pg_class where relname like 'appointments_p20%'") == []
    assert "no drift" in clinic.tool("verify", expect=0)


def test_the_life_of_a_divided_table(clinic: Clinic) -> None:
    """Triggers and keys hold in each part, a later index reaches them, and what is over is detached by consent."""
    if "partition_by" not in (clinic.root / "schema" / "appointments.yaml").read_text():
        clinic.edit(("primary_key: [id]\n", "primary_key: [id, start_time]\n" + DIVIDED))
        clinic.tool("generate", "-m", "divide", "--allow", "table-rewrite")
    clinic.tool("migrate", "--yes")
    clinic.tool("partitions", "--yes")
    _promises_hold(clinic)
    _a_later_index(clinic)
    _retention(clinic)


def _promises_hold(clinic: Clinic) -> None:
    """What the table promises, every partition keeps, those that were made ahead too."""
    insert = (
        "insert into appointments (patient_id, patient_name, doctor_id, start_time, end_time, updated_at) select"
        " {patient}, 'x', (select id from users limit 1), now() + interval '1 month', now() + interval '2 months',"
        " timestamp '2020-01-01'"
    )
    clinic.connection.execute(insert.format(patient="(select id from patients limit 1)").encode())
    clinic.connection.execute(
        b"update appointments set location = 'here' where start_time > now() + interval '20 days'"
    )

    changed = "select count(*) from appointments where location = 'here' and updated_at = timestamp '2020-01-01'"
    assert clinic.rows(changed) == [(0,)]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        clinic.connection.execute(insert.format(patient="gen_random_uuid()").encode())


def _a_later_index(clinic: Clinic) -> None:
    """A migration knows nothing of partitions that were made since: they get index and key without blocking writers."""
    key = "unique:\n  one_slot: { on: [doctor_id, id, start_time], deferrable: deferred }\n"
    clinic.edit(("indexes:\n", f"{key}indexes:\n  - {{ on: [status, start_time], name: by_status }}\n"))
    clinic.tool("generate", "-m", "index", "--allow", "all")
    clinic.tool("migrate", "--yes", "--allow", "all")

    valid = "select indisvalid from pg_index where indexrelid = 'by_status'::regclass"
    parts = clinic.parts()
    assert clinic.rows(valid) == [(True,)]
    assert clinic.rows("select count(*) from pg_inherits where inhparent = 'by_status'::regclass") == [(len(parts),)]
    keys = "select count(*) from pg_constraint where contype = 'u' and condeferred and conparentid <> 0"
    assert clinic.rows(keys) == [(len(parts),)]
    assert "no drift" in clinic.tool("verify")


def _retention(clinic: Clinic) -> None:
    """Detaching needs its permit; what is detached keeps its rows, and is no drift."""
    clinic.edit(("ahead: 2 }", "ahead: 3, keep: 6 }"))
    before = clinic.parts()

    assert "--allow detach" in clinic.tool("partitions", "--yes", expect=4)
    told = clinic.tool("partitions", "--dry-run")
    assert clinic.parts() == before
    clinic.tool("partitions", "--yes", "--allow", "detach")

    after = clinic.parts()
    gone = sorted(set(before) - set(after))
    assert len(gone) == 4
    assert all(name in told for name in gone)
    assert "everybody waits for a moment" in told
    assert len(set(after) - set(before)) == 1
    kept = {name: clinic.rows(f"select count(*) from {name}")[0][0] for name in gone}
    assert kept == {name: before[name] for name in gone}
    assert f"4 tables kept that were partitions: {', '.join(gone)}" in clinic.tool("partitions", "--check")
    assert "no drift" in clinic.tool("verify")
    assert "nothing to do" in clinic.tool("partitions", "--check")


def small(project: Path, text: str) -> None:
    """Write a schema of one table."""
    (project / "schema" / "s.yaml").write_text(text)


SMALL = """\
entity: events
store: postgres
fields: { id: { type: bigint, identity: always }, at: { type: timestamptz, required: true }, text: text }
primary_key: [id, at]
"""


def test_rows_that_others_refer_to_are_not_moved(project: Path, postgres_url: Url) -> None:
    """Moving deletes and inserts, and ON DELETE CASCADE would take along what refers to the row: it is refused."""
    small(project, SMALL + "partition_by: { range: [at], every: week }\n")
    clinic = Clinic(project, psycopg.connect(postgres_url.reveal(), autocommit=True))
    clinic.tool("generate", "-m", "one")
    clinic.tool("migrate", "--yes")
    clinic.connection.execute("insert into events (at) select now() from generate_series(1, 3)")
    clinic.connection.execute(
        "create table seen (id bigint, at timestamptz, foreign key (id, at) references events on delete cascade)"
    )
    clinic.connection.execute("insert into seen select id, at from events")

    told = clinic.tool("partitions", "--yes", expect=4)
    assert "ST635" in told
    assert clinic.rows("select (select count(*) from events), (select count(*) from seen)") == [(3, 3)]
    clinic.connection.execute("drop table seen")
    clinic.tool("partitions", "--yes")
    assert clinic.rows("select count(*) from events_default union all select count(*) from events") == [(0,), (3,)]
    assert clinic.rows("insert into events (at) values (now()) returning id") == [(4,)]
    assert "no drift" in clinic.tool("verify")
    clinic.connection.close()


def test_without_a_default_partition_it_is_detached_concurrently(project: Path, postgres_url: Url) -> None:
    """Days of one partition each; what overlaps a declared one is told and left alone."""
    small(
        project,
        SMALL
        + "partition_by: { range: [at], every: day, ahead: 2, keep: 2, default: false }\n"
        + "partitions:\n  old: { from: [minvalue], to: [\"'2020-01-01 12:00+00'\"] }\n",
    )
    clinic = Clinic(project, psycopg.connect(postgres_url.reveal(), autocommit=True))
    clinic.tool("generate", "-m", "one")
    clinic.tool("migrate", "--yes")
    clinic.tool("partitions", "--yes")
    assert len(clinic.rows("select from pg_inherits where inhparent = 'events'::regclass")) == 4
    clinic.connection.execute(
        "create table events_p20200101 partition of events for values from ('2020-01-02') to ('2020-01-03')"
    )
    clinic.connection.execute("comment on table events_p20200101 is 'schematool partitions: day of public.events'")
    clinic.connection.execute("insert into events (at) values ('2020-01-02 10:00+00')")

    clinic.tool("partitions", "--yes", "--allow", "detach")

    assert clinic.rows("select count(*) from events union all select count(*) from events_p20200101") == [(0,), (1,)]
    assert "no drift" in clinic.tool("verify")
    clinic.connection.close()


def test_a_project_without_such_a_table(project: Path, run_cli: Callable[..., Ran]) -> None:
    """Then the verb says how to declare one."""
    small(project, SMALL)
    done = run_cli("partitions", cwd=project)

    assert done.exit_code == 2
    assert "every: month" in done.stderr


SERIES = """
    create table visits (id bigint, at timestamptz not null, primary key (id, at)) partition by range (at);
    create index on visits (at desc);
    create table visits_old partition of visits for values from (minvalue) to ('2026-01-01 00:00+00');
    create table visits_p202601 partition of visits for values from ('2026-01-01 00:00+00') to ('2026-02-01 00:00+00');
    create table visits_p202602 partition of visits for values from ('2026-02-01 00:00+00') to ('2026-03-01 00:00+00');
    create table bills (day date not null) partition by range (day);
    create table bills_p2025q1 partition of bills for values from ('2025-01-01') to ('2025-04-01');
    create table bills_p2025q2 partition of bills for values from ('2025-04-01') to ('2025-07-01');
    create table notes (day date not null) partition by range (day);
    create table notes_2025_01 partition of notes for values from ('2025-01-01') to ('2025-02-01');
    create table notes_2025_02 partition of notes for values from ('2025-02-01') to ('2025-03-01');
"""


def test_a_series_is_imported_as_one_word(project: Path, postgres_url: Url, run_cli: Callable[..., Ran]) -> None:
    """Months and quarters of the usual names become `every`, others stay; nothing is left to do or wrong."""
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(SERIES.encode())

    done = run_cli("import", cwd=project)

    assert done.exit_code == 0, done.stdout + done.stderr
    assert "4 partitions that `schematool partitions` looks after" in done.stdout
    assert "live is what the YAML says" in done.stdout
    yaml = {file.stem: file.read_text() for file in (project / "schema").rglob("*.yaml")}
    assert "partition_by: { range: [at], every: month, default: false }" in yaml["visits"]
    assert "visits_old: {" in yaml["visits"]
    assert "visits_p2026" not in yaml["visits"]
    assert "partition_by: { range: [day], every: quarter, default: false }" in yaml["bills"]
    assert "partition_by: { range: [day] }" in yaml["notes"]
    assert "notes_2025_02: {" in yaml["notes"]

    assert run_cli("verify", cwd=project).exit_code == 0
    assert run_cli("generate", "--check", cwd=project).exit_code == 0
    due = run_cli("partitions", "--check", cwd=project)

    assert due.exit_code == 1
    assert "looked after" not in due.stdout
