"""What a long run tells while it runs, in both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from schematool.core.render import mongo as mongo_files
from schematool.core.render import postgres as postgres_files
from schematool.core.secret import Url
from schematool.engines.contract import Ended, Engine, Event, Waiting
from tests.live.raw import database_of

if TYPE_CHECKING:
    import pytest

SLOW = """
create table items (id int);
insert into items select generate_series(1, 60);
create function slowly(id int) returns int immutable language plpgsql as
  $$ begin perform pg_sleep(0.02); return id; end $$;
"""


def heard(engine: Engine, *texts: str, transactional: bool = True) -> list[Event]:
    """Apply one migration and return what was told."""
    head = "" if transactional else "-- transactional: false\n"
    events: list[Event] = []
    unit = postgres_files.parse("0001_a", "0001_a.sql", head + "\n".join(texts), "", None)
    with engine.lock(wait_seconds=5):
        engine.apply(unit, events.append)
    return events


def test_a_long_statement_tells_what_it_does_and_how_far_it_is(
    postgres_engine: Engine, postgres_url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phase of an index build and how far it is; of a statement without either, that it still runs."""
    monkeypatch.setattr("schematool.engines.postgres.watch._REPEAT_SECONDS", 0.6)
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(SLOW)

    told = [
        event
        for event in heard(
            postgres_engine, "create index on items (slowly(id));", "do $$ begin perform pg_sleep(1.5); end $$;"
        )
        if isinstance(event, Waiting)
    ]

    assert any(event.what.startswith("index build: building index") for event in told), told
    assert any(event.what == "still running" for event in told), told
    assert all(event.seconds and event.seconds > 0.3 for event in told)


def test_rows_that_a_statement_wrote_are_counted(postgres_engine: Engine, mongo_engine: Engine, mongo_url: Url) -> None:
    """Backfills say how many rows or documents they wrote, statements on the schema nothing; also in one go."""
    texts = ("create table a (id int);", "insert into a values (1), (2);", "update a set id = 3 where id = 2;")
    first = heard(postgres_engine, *texts)
    second = postgres_files.parse("0002_b", "0002_b.sql", "update a set id = id;\nalter table a add b int;", "", None)
    with postgres_engine.lock(wait_seconds=5):
        postgres_engine.apply(second, first.append)
    with database_of(mongo_url) as database:
        database["a"].insert_many({"n": number} for number in range(3))
    update = '{"update": "a", "updates": [{"q": {}, "u": {"$set": {"m": 1}}, "multi": true}]}'
    unit = mongo_files.parse("0001_a", "0001_a.json", f'{{"commands": [{update}]}}', "", None)
    documents: list[Event] = []
    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.apply(unit, documents.append)

    assert [event.rows for event in first if isinstance(event, Ended)] == [None, 2, 1, 2, None]
    assert [event.rows for event in documents if isinstance(event, Ended)] == [3]
