"""References from documents to rows and to documents, checked on real servers: nothing missed, nothing invented."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from bson import Binary, ObjectId
from pymongo import MongoClient

from schematool.app import references as app
from schematool.app.catalogs import quiet
from schematool.app.compile import compile_schema
from schematool.app.references import ReferenceCheck, check_references
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.secret import Url
from schematool.engines.contract import Counted, Engine, Event, open_engine

if TYPE_CHECKING:
    from pymongo.database import Database

ENTITIES = """\
entity: parents
store: postgres
fields: { id: uuid, code: { type: text, unique: true }, number: { type: bigint, unique: true } }
primary_key: [id]
---
entity: notes
store: mongo
fields:
"""


@dataclass(frozen=True, slots=True)
class Stores:
    """Both stores, and the driver's own handle on the second."""

    engines: dict[str, Engine]
    mongo: Database[dict[str, Any]]
    file: Path

    def check(self, fields: str, **options: Any) -> tuple[ReferenceCheck, tuple[Diagnostic, ...]]:
        """Check the one reference that `fields` declare."""
        options = {"grace_seconds": 0, "listen": quiet, **options}
        model = compile_schema({"s.yaml": ENTITIES + fields}).model
        checks, found = check_references(model, self.engines, self.file, **options)

        assert len(checks) == 1
        return checks[0], found


@pytest.fixture
def stores(postgres_url: Url, mongo_url: Url, tmp_path: Path) -> Iterator[Stores]:
    """Give a thousand parents and no notes yet."""
    engines = {"postgres": open_engine(postgres_url), "mongo": open_engine(mongo_url)}
    engines["postgres"].run(
        [
            "create table parents (id uuid primary key, code text unique, number bigint unique)",
            "insert into parents select md5(i::text)::uuid, 'c' || i, i from generate_series(1, 1000) i",
            "analyze parents",
        ]
    )
    with MongoClient[dict[str, Any]](mongo_url.reveal()) as client:
        yield Stores(engines, client.get_default_database(), tmp_path / "state" / "references.sqlite")
    for engine in engines.values():
        engine.close()


def parents(stores: Stores) -> list[str]:
    """The keys of the parents."""
    with psycopg.connect(stores.engines["postgres"].url.reveal()) as connection:
        return [str(key) for (key,) in connection.execute("select id from parents order by id")]


UUID = "  p: { type: string, format: uuid, references: parents.id }\n"


@pytest.mark.parametrize(
    ("index", "each", "strategy"),
    [({}, 1, "batches"), ({"p": 1}, 3, "merge"), ({"p": -1, "x": 1}, 3, "merge"), ({"p": 1}, 100, "distinct")],
)
def test_every_orphan_is_found(stores: Stores, index: dict[str, int], each: int, strategy: str) -> None:
    """Whatever the way, exactly the documents that were planted are counted, and their ids are named."""
    if index:
        stores.mongo["notes"].create_index(list(index.items()))
    stores.mongo["notes"].insert_many({"p": key} for key in parents(stores)[: 3000 // each] for _ in range(each))
    first, last = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
    planted = [first, last, *(str(uuid.uuid4()) for _ in range(5)), first]
    ids = [{"_id": f"orphan {number}", "p": key} for number, key in enumerate(planted)]
    stores.mongo["notes"].insert_many(ids)

    check, found = stores.check(UUID)

    assert (check.strategy, check.orphans) == (strategy, len(planted))
    assert sorted(check.ids) == sorted(f'"{one["_id"]}"' for one in ids)
    assert [(finding.code, finding.severity) for finding in found] == [("ST630", Severity.ERROR)]
    assert found[0].span
    assert not any(key in repr(found) for key in planted)
    assert not stores.file.exists()


def test_a_list_of_orphans_is_one_document(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its values lie in what is asked for at once, a document is counted once."""
    monkeypatch.setattr(app, "CHUNK", 2)
    orphans = [str(uuid.uuid4()) for _ in range(7)]
    stores.mongo["notes"].insert_many(
        [{"_id": "all", "p": orphans}, {"_id": "one", "p": orphans[-1:]}, {"_id": "none", "p": parents(stores)[:3]}]
    )

    check, _ = stores.check("  p: { type: array, items: { type: string, format: uuid, references: parents.id } }\n")

    assert check.orphans == 2
    assert sorted(check.ids) == ['"all"', '"one"']


def test_parents_that_went(stores: Stores) -> None:
    """A row that is deleted leaves its documents behind, in the middle of both streams as well as at the ends."""
    keys = parents(stores)
    stores.mongo["notes"].create_index("p")
    stores.mongo["notes"].insert_many({"p": key} for key in keys)
    stores.engines["postgres"].run([f"delete from parents where id in ('{keys[0]}', '{keys[500]}', '{keys[-1]}')"])

    check, _ = stores.check(UUID)

    assert (check.strategy, check.orphans) == ("merge", 3)


@pytest.mark.parametrize("index", [False, True])
def test_values_are_told_apart_before_they_are_compared(stores: Stores, index: bool) -> None:  # a case
    """What PostgreSQL would take in a cast is still found by no query, so it is no reference."""
    key = parents(stores)[0]
    if index:
        stores.mongo["notes"].create_index("p")
    stores.mongo["notes"].insert_many(
        [
            {"p": key},
            {"p": key.upper()},
            {"p": f"{{{key}}}"},
            {"p": key.replace("-", "")},
            {"p": key + "\n"},
            {"p": "soon"},
            {"p": 7},
            {"p": None},
            {},
            {"p": Binary(uuid.UUID(key).bytes, 4)},
        ]
    )

    check, found = stores.check(UUID)

    assert check.values == {
        "canonical": 1,
        "malformed": 1,
        "missing": 1,
        "null": 1,
        "other spelling": 4,
        "wrong type": 2,
    }
    assert check.orphans == 0
    assert [finding.code for finding in found] == ["ST631"]
    assert "4 spelled otherwise" in found[0].message


@pytest.mark.parametrize(
    ("fields", "good", "bad"),
    [
        ("  p: { type: string, references: parents.code }\n", {"p": "c7"}, {"p": "it's \\ no\tcode"}),
        ("  p: { type: long, references: parents.number }\n", {"p": 7}, {"p": 7000}),
        (
            "  p: { type: array, items: { type: string, references: parents.code } }\n",
            {"p": ["c7", "c8"]},
            {"p": ["c9", "none"]},
        ),
        (
            "  a: { type: array, items: { type: object, fields: { p: { type: string, references: parents.code } } } }\n",  # noqa: E501  # one line of YAML
            {"a": [{"p": "c7"}, {"p": "c8"}, {}]},
            {"a": [{"p": "c7"}, {"p": "none"}]},
        ),
        ("  p: { type: objectId, references: people }\n---\nentity: people\nstore: mongo\n", None, {"p": ObjectId()}),
    ],
)
def test_other_kinds_of_keys(stores: Stores, fields: str, good: dict[str, Any] | None, bad: dict[str, Any]) -> None:
    """Texts, numbers, lists, lists of objects, and references to documents."""
    stores.mongo["people"].insert_one({"_id": ObjectId("6b071c69a0a2cc3fbb3881bd")})
    stores.mongo["notes"].insert_many([good or {"p": ObjectId("6b071c69a0a2cc3fbb3881bd")}, {"_id": 1, **bad}, {}])

    check, found = stores.check(fields)

    assert (check.orphans, check.ids) == (1, ("1",))
    assert [finding.code for finding in found] == ["ST630"]


def test_a_transfer_under_way_is_no_orphan(stores: Stores) -> None:
    """A candidate whose row comes, or whose document goes, before the second look is not told."""
    late, gone, lost = (str(uuid.uuid4()) for _ in range(3))
    stores.mongo["notes"].insert_many([{"p": late}, {"p": gone}, {"p": lost}])

    def arrive() -> None:
        time.sleep(0.3)
        with psycopg.connect(stores.engines["postgres"].url.reveal()) as connection:
            connection.execute("insert into parents values (%s)", [late])
        stores.mongo["notes"].delete_one({"p": gone})

    writer = threading.Thread(target=arrive)
    writer.start()
    check, _ = stores.check(UUID, grace_seconds=1.5)
    writer.join()

    assert check.orphans == 1


@pytest.mark.parametrize("index", [False, True])
def test_a_stopped_run_goes_on(stores: Stores, index: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # a case
    """What was read is not read again, and no orphan is counted twice or forgotten."""
    monkeypatch.setattr("schematool.engines.mongo.links.BATCH", 100)
    monkeypatch.setattr("schematool.app.journal.EVERY_SECONDS", 0)
    if index:
        stores.mongo["notes"].create_index("p")
    stores.mongo["notes"].insert_many({"p": key} for key in parents(stores))
    stores.mongo["notes"].insert_many({"p": str(uuid.uuid4())} for _ in range(50))
    told: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, Counted):
            told.append(event.done)
            if len(told) == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stores.check(UUID, listen=listen)

    assert stores.file.exists()
    assert stores.file.stat().st_mode & 0o077 == 0
    stopped = told[-1]
    told.clear()
    check, _ = stores.check(UUID, listen=lambda event: told.append(getattr(event, "done", 0)), resume=True)

    assert check.orphans == 50
    assert told[0] > stopped
    assert not stores.file.exists()


def test_without_resume_it_begins_anew(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an old run left is not taken for true."""
    stores.mongo["notes"].insert_one({"p": str(uuid.uuid4())})
    monkeypatch.setattr(app, "_to_json", _stop)
    with pytest.raises(KeyboardInterrupt):
        stores.check(UUID)
    monkeypatch.undo()
    stores.mongo["notes"].delete_many({})

    assert stores.check(UUID)[0].orphans == 0


def _stop(check: ReferenceCheck) -> str:
    raise KeyboardInterrupt


def test_a_role_that_can_only_read(stores: Stores) -> None:
    """SELECT on the key is enough, also for the stream of COPY."""
    stores.mongo["notes"].create_index("p")
    stores.mongo["notes"].insert_many({"p": key} for key in parents(stores))
    stores.engines["postgres"].run(["create role seer login", "grant select (id) on parents to seer"])
    url = stores.engines["postgres"].url.reveal()
    reader = open_engine(Url(url.replace("schematool@", "seer@").replace("postgres@", "seer@")))
    try:
        check, _ = Stores({**stores.engines, "postgres": reader}, stores.mongo, stores.file).check(UUID)
    finally:
        reader.close()
        stores.engines["postgres"].run(["drop owned by seer", "drop role seer"])

    assert (check.strategy, check.orphans) == ("merge", 0)


def test_constraints_that_were_never_validated(postgres_engine: Engine) -> None:
    """Their failing rows are counted as VALIDATE would find them: checks, keys of several columns, NULLs."""
    postgres_engine.run(
        [
            "create table p (a int, b int, primary key (a, b))",
            "create table c (id int, a int, b int, x int, y text)",
            "insert into p values (1, 1)",
            "insert into c values (1, 1, 1, 1, 'a'), (2, 1, 2, -1, 'a'), (3, 1, null, null, 'a'), (4, 2, 2, -2, null)",
            "alter table c add constraint positive check (x > 0) not valid",
            "alter table c add constraint named check (y is not null) not valid",
            "alter table c add constraint simple foreign key (a, b) references p not valid",
            "alter table c add constraint whole foreign key (a, b) references p match full not valid",
            "alter table c add constraint fine check (id > 0) not valid",
            "alter table c add constraint valid check (id < 9)",
        ]
    )
    surveyed = {d.subject: d for d in postgres_engine.survey(data=True)}  # type: ignore[attr-defined]  # a Surveyor
    told = {str(name).rsplit(".", 1)[-1]: d.message.split(" ")[0] for name, d in surveyed.items()}

    assert told == {"positive": "2", "named": "1", "simple": "2", "whole": "3", "fine": "`fine`"}
    assert {d.code for d in surveyed.values()} == {"ST632"}
    for name in ("positive", "named", "simple", "whole"):
        with psycopg.connect(postgres_engine.url.reveal()) as connection, pytest.raises(psycopg.IntegrityError):
            connection.execute(f"alter table c validate constraint {name}")
    postgres_engine.run(["alter table c validate constraint fine"])
