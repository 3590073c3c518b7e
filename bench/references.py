"""References across databases at 10 million: seconds and memory of a check, with orphans planted in between.

`python -m bench.references [COUNT]`: on throwaway embedded servers. Memory is the greatest of this process, before and
after; it must not grow with the number of references. Measured once at 10 million, on two busy cores: 189 s, 52 MB
before and 55 MB at most.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from schematool.app.compile import compile_schema
from schematool.app.references import check_references
from schematool.engines.contract import open_engine
from schematool.engines.servers import temporary

EACH = 2
ORPHANS = 30
STEP = 100_000
SCHEMA = (
    "entity: parents\nstore: postgres\nfields: { id: uuid }\nprimary_key: [id]\n---\nentity: notes\nstore: mongo\n"
    "fields: { parentId: { type: string, format: uuid, references: parents.id } }\nindexes: [{ on: { parentId: 1 } }]\n"
)


KEY = "00000000-0000-4000-8000-"
"""How each key begins; twelve digits of its number follow. The servers make their rows themselves: this is no test
of how quickly they can be handed over."""


def fill(postgres: str, mongo: MongoClient[Any], count: int) -> None:
    import psycopg  # noqa: PLC0415  # this script measures memory: nothing is loaded before it is needed

    many = count // EACH
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("create table parents (id uuid primary key)")
        connection.execute(
            f"insert into parents select ('{KEY}' || lpad(i::text, 12, '0'))::uuid"
            f" from generate_series(0, {many - 1}) i"
            f" where i % {many // ORPHANS} > 0 or i / {many // ORPHANS} >= {ORPHANS}"
        )
        connection.execute("vacuum analyze parents")
    database = mongo.get_default_database()
    database["notes"].create_index("parentId")
    digits = {"$substrCP": [{"$toString": {"$add": [10**12, "$number"]}}, 1, 12]}
    for start in range(0, many, STEP):
        numbers = {"$range": [start, min(start + STEP, many)]}
        for _ in range(EACH):
            database.aggregate(
                [
                    {"$documents": [{"number": numbers}]},
                    {"$unwind": "$number"},
                    {"$project": {"_id": 0, "parentId": {"$concat": [KEY, digits]}}},
                    {"$merge": {"into": "notes", "whenMatched": "fail"}},
                ]
            )


def memory() -> float:
    """Megabytes at most so far; Linux counts in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count: int) -> None:
    with temporary("postgres") as postgres, temporary("mongo") as mongo:
        with MongoClient[Any](mongo.reveal()) as client:
            began = time.perf_counter()
            fill(postgres.reveal(), client, count)
            print(f"{count:,} references made in {time.perf_counter() - began:.0f} s", flush=True)
        engines = {"postgres": open_engine(postgres), "mongo": open_engine(mongo)}
        model = compile_schema({"s.yaml": SCHEMA}).model
        before, began = memory(), time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            (check,), _ = check_references(model, engines, Path(folder) / "state", lambda _: None, grace_seconds=0)
        took = time.perf_counter() - began
        for engine in engines.values():
            engine.close()
    print(f"{check.strategy}: {took:.0f} s, {count / took:,.0f}/s")
    print(f"memory: {before:.0f} MB before, {memory():.0f} MB at most")
    print(f"{check.orphans} orphans, {check.values}")
    assert check.orphans == ORPHANS * EACH


main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
