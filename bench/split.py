"""Splitting SQL: megabytes a second on files of every kind, beside the limit. Needs no server.

`python -m bench.split [MEGABYTES]`
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from schematool.core.render.postgres import parse
from schematool.core.sql.split import split

LIMIT = 20.0
ROUNDS = 3


def dump(number: int) -> str:
    """What pg_dump writes of a table with data."""
    rows = "".join(f'{number * 40 + n}\tname {n}\t\\N\t{{"a": {n}}}\n' for n in range(40))
    return (
        f"--\n-- Name: orders_{number}; Type: TABLE; Schema: public; Owner: -\n--\n\n"
        f"CREATE TABLE public.orders_{number} (\n    id bigint NOT NULL,\n    name character varying(200),\n"
        "    at timestamp with time zone DEFAULT now() NOT NULL,\n    data jsonb DEFAULT '{}'::jsonb,\n"
        f"    CONSTRAINT orders_{number}_check CHECK (((id > 0) AND ((name)::text <> ''::text)))\n);\n\n\n"
        f"ALTER TABLE ONLY public.orders_{number}\n    ADD CONSTRAINT orders_{number}_pkey PRIMARY KEY (id);\n\n"
        f"COPY public.orders_{number} (id, name, at, data) FROM stdin;\n{rows}\\.\n\n\n"
    )


def inserts(number: int) -> str:
    """Rows, with quotes and escapes in them."""
    values = ",\n  ".join(f"({n}, 'it''s number {n}', E'tab\\t{n}', NULL, {n}.5)" for n in range(20))
    return f"INSERT INTO items_{number} (id, name, note, gone, price) VALUES\n  {values};\n"


def routines(number: int) -> str:
    """Functions: dollar quotes, and BEGIN ATOMIC."""
    return (
        f"CREATE OR REPLACE FUNCTION f{number}(a int) RETURNS int LANGUAGE plpgsql AS $body$\nDECLARE n int := 0;\n"
        "BEGIN\n  -- it's fine; really\n  FOR i IN 1..a LOOP n := n + i; END LOOP;\n  RETURN n;\nEND;\n$body$;\n"
        f"CREATE FUNCTION g{number}(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC\n"
        f"  SELECT CASE WHEN a > {number} THEN 1 ELSE 2 END;\n  SELECT a;\nEND;\n"
    )


def comments(number: int) -> str:
    """Comments, some within each other, and quoted names."""
    return (
        f'/* part {number} /* within; */ \' " $$ */\nCOMMENT ON TABLE "Odd; name" IS $c$text {number}; more$c$;\n'
        f"-- one line; 'more\nALTER TABLE a ADD b{number} text DEFAULT 'x;y' /* here */ NOT NULL;\n"
    )


KINDS: dict[str, Callable[[int], str]] = {
    "pg_dump": dump,
    "inserts": inserts,
    "routines": routines,
    "comments": comments,
    "mixed": lambda number: "".join(make(number) for make in (dump, inserts, routines, comments)),
}


def main(megabytes: float) -> None:
    for label, make in KINDS.items():
        text = "".join(make(number) for number in range(int(megabytes * 1_000_000 / len(make(1000))) + 1))
        size = len(text.encode()) / 1_000_000
        best, statements = float("inf"), 0
        for _ in range(ROUNDS):
            began = time.process_time()
            statements = len(split(text))
            best = min(best, time.process_time() - began)
        began = time.process_time()
        parse("0001_a", "a.sql", text, "", None)
        whole = time.process_time() - began
        verdict = "holds " if size / best >= LIMIT else "MISSED"
        print(
            f"  {verdict} {label:9} {size / best:6.1f} MB/s, limit {LIMIT:g}"
            f"   ({size:.1f} MB, {statements:,} statements; as a migration, with places: {size / whole:.1f} MB/s)"
        )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)
