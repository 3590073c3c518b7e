"""How much slower `seed` is than loading rows that are there already: COPY of the same rows, insert_many of the same.

python -m bench.seed POSTGRES_URL MONGO_URL ROWS
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from time import perf_counter, process_time

import psycopg
from pymongo import MongoClient, WriteConcern

from schematool.app import seed
from schematool.app.compile import compile_schema
from schematool.core.plan import mongo as mongo_plan
from schematool.core.plan import postgres as postgres_plan
from schematool.core.secret import Url
from schematool.engines.contract import open_engine

ROOT = Path(__file__).parent.parent
TABLES = ("users", "patients", "appointments", "encounters", "tasks")


def main(postgres_url: str, mongo_url: str, rows: int) -> None:
    compiled = compile_schema({str(path): path.read_text() for path in (ROOT / "schema").rglob("*.yaml")})
    postgres, mongo = open_engine(Url(postgres_url)), open_engine(Url(mongo_url))
    with postgres.scratch() as one, mongo.scratch() as other:
        assert one.build(postgres_plan.build(compiled.drafts["postgres"].catalog)) == ()
        assert other.build(mongo_plan.build(compiled.drafts["mongo"].catalog)) == ()
        ready = seed.prepare({"postgres": one, "mongo": other}, compiled.model, seed.Wanted(rows, partial=True))
        _measure_postgres(one.url.reveal(), lambda: ready["postgres"].fill(lambda _: None))
        _measure_mongo(mongo_url, other, lambda: ready["mongo"].fill(lambda _: None))
    print(f"memory of the client  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    postgres.close()
    mongo.close()


def _measure_postgres(url: str, fill) -> None:  # type: ignore[no-untyped-def]
    began, used = perf_counter(), process_time()
    fill()
    took, work = perf_counter() - began, process_time() - used
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")]  # fmt: skip
        total = sum(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names)
        texts = {}
        for name in names:
            with connection.cursor().copy(f"COPY {name} TO STDOUT") as copy:
                texts[name] = b"".join(bytes(part) for part in copy)
        connection.execute(f"TRUNCATE {', '.join(names)}")
        connection.commit()
        ordered = sorted(names, key=lambda name: (TABLES.index(name) if name in TABLES else 9, name))
        ordered.sort(key=lambda name: name.endswith("_items"))
        began = perf_counter()
        for name in ordered:
            with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                copy.write(texts[name])
        connection.commit()
        connection.autocommit = True
        for name in names:
            connection.execute(f"VACUUM (ANALYZE) {name}")
        raw = perf_counter() - began
    _print("PostgreSQL", total, took, work, "COPY", raw)


def _measure_mongo(url: str, engine, fill) -> None:  # type: ignore[no-untyped-def]
    began, used = perf_counter(), process_time()
    fill()
    took, work = perf_counter() - began, process_time() - used
    with MongoClient(url) as client:
        database = client[engine._server.name]  # noqa: SLF001, RUF100  # the name of a scratch database
        held = {
            name: list(database[name].find()) for name in database.list_collection_names() if "schematool" not in name
        }
        for name in held:
            database[name].delete_many({})
        began = perf_counter()
        for name, documents in held.items():
            target = database[name].with_options(write_concern=WriteConcern(w=1))
            for start in range(0, len(documents), 500):
                target.insert_many(documents[start : start + 500], ordered=False)
        raw = perf_counter() - began
    _print("MongoDB", sum(map(len, held.values())), took, work, "insert_many", raw)


def _print(  # noqa: PLR0913, PLR0917  # one line of a table
    store: str, rows: int, took: float, work: float, peer: str, raw: float
) -> None:
    print(
        f"{store:10}  {rows:>9,} rows  seed {took:6.2f} s ({rows / took:>8,.0f} a second, {work:.2f} s of it ours)"
        f"  {peer} {raw:6.2f} s  ratio {took / raw:.2f}"
    )


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
