"""Reading, comparing and planning large schemas, beside the bare catalog queries and pg_dump --schema-only.

`python -m bench.catalogs [TABLES …]` makes databases of that many tables on a throwaway embedded server.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg
from tests.corpora.pg_dump import pg_dump_for

from schematool.cli.main import collect_seldom
from schematool.core.catalog import Catalog
from schematool.core.codec import decode, encode
from schematool.core.plan.postgres import plan
from schematool.engines.postgres.inspect import read_catalog
from schematool.engines.postgres.inspect.snapshot import snapshot
from schematool.engines.postgres.observe import observe
from schematool.engines.servers import temporary

USER = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
BARE = (
    "SELECT * FROM pg_namespace",
    f"SELECT c.*, pg_get_partkeydef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER}",
    f"""SELECT a.*, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE {USER} AND a.attnum > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    f"""SELECT i.*, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER}""",
    f"""SELECT o.*, pg_get_constraintdef(o.oid) FROM pg_constraint o
          JOIN pg_namespace n ON n.oid = o.connamespace WHERE {USER}""",
    "SELECT *, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT * FROM pg_description WHERE objoid >= 16384",
    "SELECT * FROM pg_depend WHERE objid >= 16384 AND refobjid >= 16384",
    f"SELECT t.* FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {USER}",
    f"SELECT p.* FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {USER}",
    "SELECT * FROM pg_sequence",
    "SELECT * FROM pg_inherits",
    "SELECT * FROM pg_policy",
    "SELECT * FROM pg_statistic_ext",
)


def tables(count: int) -> str:
    """A schema of this many tables: ten columns, a key, an index, a check, a comment, a reference to the one before."""
    parts: list[str] = []
    for number in range(count):
        reference = f", p integer REFERENCES t{number - 1} (id)" if number else ""
        columns = ", ".join(f"c{n} varchar({n + 10}) DEFAULT 'x' NOT NULL" for n in range(8))
        parts.append(
            f"CREATE TABLE t{number} (id integer PRIMARY KEY, {columns}{reference}, CHECK (c0 <> c1));"
            f"CREATE INDEX ON t{number} (c2, c3); COMMENT ON TABLE t{number} IS 'table {number}';"
        )
    return "".join(parts)


def seconds(run: Callable[[], object], rounds: int = 3) -> float:
    """The median of some runs."""
    taken: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure(count: int) -> None:
    """Print one line of the table."""
    with temporary("postgres") as url, psycopg.connect(url.reveal(), autocommit=True) as connection:
        connection.execute(tables(count).encode())
        major = connection.info.server_version // 10000
        program = pg_dump_for(major)

        def bare() -> None:
            with connection.transaction():
                for query in BARE:
                    connection.execute(query.encode()).fetchall()

        def read() -> Catalog:
            with snapshot(connection) as cursor:
                return read_catalog(cursor, connection.info.server_version)

        catalog = read()
        again = decode(encode(catalog))
        figures = {
            "bare queries": seconds(bare),
            "inspect": seconds(read),
            "second reader": seconds(lambda: observe(connection, catalog)),
            "plan, nothing to do": seconds(lambda: plan(catalog, again)),
            "plan, all of it": seconds(lambda: plan(Catalog.of("postgres", (), (), catalog.version), catalog), 1),
            "snapshot read": seconds(lambda: decode(encode(catalog)), 1),
        }
        if program:
            command = [program, "--schema-only", "-d", url.reveal()]
            figures["pg_dump"] = seconds(lambda: subprocess.run(command, capture_output=True, check=True))
    base = figures["bare queries"]
    print(f"{count} tables, {len(catalog)} objects")
    for name, figure in figures.items():
        print(f"  {name:20} {figure:8.3f} s  {figure / base:6.2f} x bare")


if __name__ == "__main__":
    collect_seldom()  # as the program itself does
    for number in [int(text) for text in sys.argv[1:]] or [100, 1000, 5000]:
        measure(number)
