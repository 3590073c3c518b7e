"""Access patterns proven on real servers: what holds, what breaks and where, and what proves nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient

from schematool.app.compile import compile_schema
from schematool.app.patterns import check_patterns, unused_indexes
from schematool.core.diagnostic import Diagnostic
from schematool.core.patterns import Proof, State
from schematool.core.secret import Url
from schematool.engines.contract import Engine, open_engine
from tests import databases
from tests.conftest import ROOT

ENTITIES = """\
entity: patients
store: postgres
fields: { id: uuid, name: text, born: date }
primary_key: [id]
indexes: [{ on: [name], name: by_name }]
---
entity: visits
store: postgres
fields:
  id: bigint
  patient_id: { type: uuid, references: patients.id }
  at: timestamptz
  room: integer
  state: text
primary_key: [id]
indexes:
  - { on: [patient_id, at desc], name: by_patient }
  - { on: [room], name: by_room }
---
entity: tiny
store: postgres
fields: { id: integer, word: text }
primary_key: [id]
---
entity: nothing
store: postgres
fields: { id: integer }
primary_key: [id]
---
entity: parted
store: postgres
fields: { id: integer, at: date }
primary_key: [id, at]
partition_by: { range: [at] }
indexes: [{ on: [at], name: parted_at }]
---
entity: notes
store: mongo
fields: { patientId: { type: string, format: uuid, references: patients.id }, text: string, at: date, kind: string }
indexes:
  - { on: { patientId: 1, at: -1 }, name: by_patient }
  - { on: { text: text }, name: words }
---
entity: people
store: mongo
fields: { name: string }
---
"""
TABLES = (
    "create table patients (id uuid primary key, name text, born date)",
    "create index by_name on patients (name)",
    "create table visits (id bigint primary key, patient_id uuid references patients, at timestamptz, room integer, "
    "state text)",
    "create index by_patient on visits (patient_id, at desc)",
    "create index by_room on visits (room)",
    "create table tiny (id integer primary key, word text)",
    "create table nothing (id integer primary key)",
    "create table parted (id integer, at date, primary key (id, at)) partition by range (at)",
    "create index parted_at on parted (at)",
    "create table parted_one partition of parted for values from ('2025-01-01') to ('2025-07-01')",
    "create table parted_two partition of parted for values from ('2025-07-01') to ('2026-01-01')",
    "insert into patients select md5(i::text)::uuid, 'n' || i % 700, date '1950-01-01' + i "
    "from generate_series(1, 2000) i",
    "insert into visits select i, md5((1 + i % 2000)::text)::uuid, timestamptz '2025-01-01' + i * interval '1 hour', "
    "i % 100, 'done' from generate_series(1, 8000) i",
    "insert into tiny select i, 'w' || i from generate_series(1, 20) i",
    "insert into parted select i, date '2025-01-01' + i % 360 from generate_series(1, 4000) i",
    "create sequence counter",
    "vacuum analyze",
)


@dataclass(frozen=True, slots=True)
class Clinic:
    """Both stores, filled; `url` of PostgreSQL."""

    engines: dict[str, Engine]
    url: Url

    def prove(self, pattern: str, *, measure: bool = True) -> tuple[Proof, tuple[Diagnostic, ...]]:
        """Prove one pattern; a text without `pattern:` is that of a PostgreSQL one."""
        head = "pattern: p\nstore: postgres\n" if "store:" not in pattern else "pattern: p\n"
        files = {"schema/s.yaml": ENTITIES + head + pattern}
        proofs, found = check_patterns(compile_schema(files), files, self.engines, measure=measure)

        assert len(proofs) == 1
        return proofs[0], found


@pytest.fixture(scope="module")
def clinic(postgres_server: Url, mongo_server: Url) -> Iterator[Clinic]:
    """Give both stores, filled with what the planner takes seriously."""
    with databases.fresh_postgres(postgres_server) as postgres, databases.fresh_mongo(mongo_server) as mongo:
        engines = {"postgres": open_engine(postgres), "mongo": open_engine(mongo)}
        engines["postgres"].run(TABLES)
        with MongoClient[dict[str, Any]](mongo.reveal()) as client:
            notes = client.get_default_database()["notes"]
            patients = [str(uuid.UUID(int=number)) for number in range(200)]
            notes.insert_many(
                {"patientId": patients[i % 200], "text": f"pain{i % 40} knee", "at": i, "kind": "a"}
                for i in range(2000)
            )
            notes.create_index({"patientId": 1, "at": -1}, name="by_patient")
            notes.create_index({"text": "text"}, name="words")
            client.get_default_database()["people"].insert_many({"name": patient} for patient in patients)
        yield Clinic(engines, postgres)
        for engine in engines.values():
            engine.close()


BY_PATIENT = (
    "query: select * from visits where patient_id = :patient order by at desc limit 5\nparameters: { patient: uuid }\n"
)


@pytest.mark.parametrize(
    "pattern",
    [
        BY_PATIENT + "expect: { uses_index: by_patient, no_seq_scan: true, no_sort: true, rows_read_per_row: 1 }",
        BY_PATIENT + "expect: { buffers: 20, cost_below: 100 }",
        # A join reads two rows for each that it returns.
        "query: select v.*, p.name from visits v join patients p on p.id = v.patient_id where v.patient_id = :patient\n"
        "parameters: { patient: uuid }\nexpect: { uses_index: [by_patient, patients_pkey], rows_read_per_row: 2 }",
        # Partitions and their indexes are known by their parent's names.
        "query: select * from parted where at = :day\nparameters: { day: date }\n"
        "expect: { uses_index: parted_at, no_seq_scan: [parted], rows_read_per_row: 1 }",
        # The bounds of a range come from one row, which is within them.
        "query: select * from parted where at >= :from and at < :to order by at limit 9\n"
        "parameters: { from: date, to: date }\nexpect: { uses_index: parted_at }",
        "query: select * from visits where room = any(:rooms) and state <> ':no'\nparameters: { rooms: 'integer[]' }\n"
        "expect: { uses_index: by_room }",
        "query: select * from patients where name = lower(:name)\n"
        "parameters: { name: { type: text, from: patients.name } }\nexpect: { uses_index: by_name }",
        "store: mongo\ncollection: notes\nfilter: { patientId: ':p' }\nsort: { at: -1 }\nparameters: { p: uuid }\n"
        "expect: { uses_index: by_patient, no_collection_scan: true, no_sort: true, keys: 10, documents: 10 }",
        "store: mongo\ncollection: notes\nfilter: { patientId: ':p', at: { $lt: ':at' } }\n"
        "parameters: { p: uuid, at: long }\nexpect: { uses_index: by_patient, rows_read_per_row: 1 }",
        "store: mongo\ncollection: notes\nfilter: { $text: { $search: ':words' } }\nparameters: { words: string }\n"
        "expect: { uses_index: words, no_collection_scan: true }",
        "store: mongo\ncollection: notes\npipeline:\n  - $match: { patientId: ':p' }\n"
        "  - $group: { _id: $kind, n: { $sum: 1 } }\n"
        "parameters: { p: uuid }\nexpect: { uses_index: by_patient, no_collection_scan: true }",
    ],
)
def test_what_holds(clinic: Clinic, pattern: str) -> None:
    """A plan that keeps to every expectation is called so, with its numbers."""
    proof, found = clinic.prove(pattern)

    assert (proof.state, found) == (State.HOLDS, ())
    assert proof.plan
    assert proof.plan.measured
    assert proof.plan.rows_returned


@pytest.mark.parametrize(
    ("pattern", "code", "marked", "node"),
    [
        (
            "query: select * from visits where state = :s\nparameters: { s: text }\n"
            "expect: { no_seq_scan: [tiny, visits] }",
            "ST621",
            "visits",
            "Seq Scan on visits",
        ),
        (
            "query: select * from visits where room + 0 = :r\nparameters: { r: { type: int, example: 7 } }\n"
            "expect: { uses_index: by_room }",
            "ST620",
            "by_room",
            "Seq Scan on visits",
        ),
        (
            "query: select * from visits where room = :r order by at\nparameters: { r: integer }\n"
            "expect: { no_sort: true }",
            "ST622",
            "true",
            "Sort; by visits.at",
        ),
        (
            "query: select * from visits where room = :r and state = 'none' or id = 1\nparameters: { r: integer }\n"
            "expect: { rows_read_per_row: 3 }",
            "ST623",
            "3",
            "visits",
        ),
        (BY_PATIENT + "expect: { buffers: 1 }", "ST623", "1", "by_patient"),
        (BY_PATIENT + "expect: { cost_below: 0.5 }", "ST623", "0.5", "by_patient"),
        (
            "store: mongo\ncollection: notes\nfilter: { kind: ':k' }\nparameters: { k: string }\n"
            "expect: { no_collection_scan: true }",
            "ST621",
            "true",
            "COLLSCAN on notes",
        ),
        (
            "store: mongo\ncollection: notes\nfilter: { patientId: ':p' }\nsort: { kind: 1 }\nparameters: { p: uuid }\n"
            "expect: { no_sort: true }",
            "ST622",
            "true",
            "SORT; by kind",
        ),
        (
            "store: mongo\ncollection: notes\nfilter: { patientId: ':p' }\nparameters: { p: uuid }\n"
            "expect: { keys: 9 }",
            "ST623",
            "9",
            "IXSCAN using by_patient",
        ),
        (
            "store: mongo\ncollection: notes\npipeline:\n  - $match: { patientId: ':p' }\n"
            "  - $lookup: { from: people, localField: patientId, foreignField: name, as: who }\n"
            "parameters: { p: uuid }\nexpect: { no_collection_scan: true }",
            "ST621",
            "true",
            "people",
        ),
    ],
)
def test_what_is_broken(clinic: Clinic, pattern: str, code: str, marked: str, node: str) -> None:
    """A broken expectation is found at its word in the YAML, with the plan that breaks it."""
    proof, found = clinic.prove(pattern)

    assert (proof.state, [finding.code for finding in found]) == (State.FAILS, [code])
    span = found[0].span
    assert span
    assert span.text[span.column - 1 : span.column - 1 + span.width] == marked
    assert any(node in note for note in found[0].notes)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("query: select * from nothing", "`nothing` is empty"),
        (
            "query: select * from tiny where id = :i\nparameters: { i: int }\nexpect: { no_seq_scan: true }",
            "`tiny` has only 20 rows",
        ),
        ("query: select * from visits where room = abs(:r)\nparameters: { r: integer }", "no value was found for `:r`"),
        ("query: select * from visits where room = :r\nparameters: { r: { type: int, example: -1 } }", "found no row"),
        ("store: mongo\ncollection: notes\nfilter: { kind: none }", "found no row"),
    ],
)
def test_what_proves_nothing(clinic: Clinic, pattern: str, reason: str) -> None:
    """A plan on nothing, or on next to nothing, is never called good."""
    proof, found = clinic.prove(pattern)

    assert proof.state is State.UNPROVEN
    assert reason in (proof.reason or "")
    assert [finding.code for finding in found] == ["ST624"]


def test_a_table_without_statistics_proves_nothing(clinic: Clinic) -> None:
    """Before the first ANALYZE the planner guesses."""
    clinic.engines["postgres"].run(
        [
            "create table tiny_again (like tiny) with (autovacuum_enabled = off)",
            "insert into tiny_again select i from generate_series(1, 5000) i",
            "alter table tiny rename to tiny_full",
            "alter table tiny_again rename to tiny",
        ]
    )
    proof, _ = clinic.prove("query: select * from tiny where id = 3\nexpect: { no_seq_scan: true }")
    clinic.engines["postgres"].run(["drop table tiny", "alter table tiny_full rename to tiny"])

    assert proof.state is State.UNPROVEN
    assert "run ANALYZE" in (proof.reason or "")


def test_a_query_that_the_server_refuses(clinic: Clinic) -> None:
    """What the server points at is pointed at in the YAML, on its own line of a block."""
    proof, found = clinic.prove(
        "query: |\n  select id\n  from visits v\n  where v.rom = :r\nparameters: { r: integer }"
    )

    assert proof.state is State.FAILS
    assert [finding.code for finding in found] == ["ST625"]
    span = found[0].span
    assert span
    assert (span.text, span.text[span.column - 1 :]) == ("  where v.rom = :r", "v.rom = :r")


@pytest.mark.parametrize(
    "query",
    [
        "delete from visits where room = 1 returning id",
        "select * from visits where room = 1 for update",
        "select nextval('counter')",
    ],
)
def test_nothing_is_changed(clinic: Clinic, query: str) -> None:
    """What would write is planned and not run, or refused by the server."""
    proof, _ = clinic.prove(f"query: {query}")

    with psycopg.connect(clinic.url.reveal()) as connection:
        left = connection.execute("select count(*) from visits").fetchone()
        called = connection.execute("select is_called from counter").fetchone()
    assert (left, called) == ((8000,), (False,))
    assert not (proof.plan and proof.plan.measured)


def test_without_measuring_the_plan_is_generic(clinic: Clinic) -> None:
    """On a protected environment nothing is run; what the plan alone shows still counts."""
    proof, _ = clinic.prove(BY_PATIENT + "expect: { uses_index: by_patient, rows_read_per_row: 1 }", measure=False)
    broken, found = clinic.prove(
        "query: select * from visits where state = 'x'\nexpect: { no_seq_scan: true }", measure=False
    )

    assert proof.state is State.HOLDS
    assert proof.plan
    assert (proof.plan.measured, proof.plan.generic, proof.plan.rows_read) == (False, True, None)
    assert broken.state is State.FAILS
    assert [finding.code for finding in found] == ["ST621"]


def test_no_value_is_told(clinic: Clinic) -> None:
    """Neither a plan nor a finding has a value of a row in it."""
    for pattern in (
        BY_PATIENT + "expect: { buffers: 1 }",
        "store: mongo\ncollection: notes\nfilter: { patientId: ':p' }\nparameters: { p: uuid }\nexpect: { keys: 1 }",
    ):
        told = repr(clinic.prove(pattern))

        assert "00000000-0000" not in told
        assert "::uuid" not in told


def test_a_role_that_can_only_read(clinic: Clinic) -> None:
    """SELECT is all that a proof needs."""
    clinic.engines["postgres"].run(
        ["create role proof_reader login", "grant select on all tables in schema public to proof_reader"]
    )
    url = Url(clinic.url.reveal().replace("postgres@", "proof_reader@").replace("schematool@", "proof_reader@"))
    engine = open_engine(url)
    try:
        files = {"s.yaml": f"{ENTITIES}pattern: p\nstore: postgres\n{BY_PATIENT}expect: {{ uses_index: by_patient }}"}
        proofs, _ = check_patterns(compile_schema(files), files, {"postgres": engine})
    finally:
        engine.close()
        clinic.engines["postgres"].run(["drop owned by proof_reader", "drop role proof_reader"])

    assert [proof.state for proof in proofs] == [State.HOLDS]


def test_indexes_that_no_plan_used(clinic: Clinic) -> None:
    """Of the entities that patterns read, what is neither used nor needed by a constraint is named."""
    files = {"s.yaml": f"{ENTITIES}pattern: p\nstore: postgres\n{BY_PATIENT}"}
    compiled = compile_schema(files)
    proofs, _ = check_patterns(compiled, files, clinic.engines)

    assert unused_indexes(compiled.model, proofs) == ("visits.by_room",)


@pytest.fixture
def clinic_files(project: Path) -> Path:
    """Give the clinic's schema, without a migration, on the servers of the tests."""
    shutil.copytree(ROOT / "schema", project / "schema", dirs_exist_ok=True)
    return project


def test_the_clinic_at_volume(clinic_files: Path) -> None:
    """Every pattern of the clinic holds on scratch databases that are made, filled and dropped in one go."""
    command = [sys.executable, "-m", "schematool", "verify", "--patterns", "--scale", "4k", "--format", "json"]
    done = subprocess.run(command, cwd=clinic_files, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)

    assert (done.returncode, told["diagnostics"]) == (0, []), done.stderr
    assert {proof["state"] for proof in told["data"]["patterns"]} == {"holds"}
    assert len(told["data"]["patterns"]) > 30
    assert told["data"]["stores"] == []
    assert told["data"]["unused"] == ["users.idx_users_role", "users.idx_users_email", "users.idx_users_status"]


def test_a_scale_without_patterns(clinic_files: Path) -> None:
    """A volume alone proves nothing."""
    command = [sys.executable, "-m", "schematool", "verify", "--scale", "4k"]
    done = subprocess.run(command, cwd=clinic_files, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "add --patterns" in done.stderr
