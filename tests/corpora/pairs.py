"""Pairs of real schemas: the old made into the new by our plan, and back, judged by pg_dump.

Run by itself it prints a table: `python -m tests.corpora.pairs PAIRS.jsonl POSTGRES_URL PG_DUMP [id …]`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from schematool.core.catalog import Catalog
from schematool.core.diff import diff
from schematool.core.plan import Style
from schematool.core.plan.postgres import align, plan
from schematool.core.step import Step
from schematool.engines.postgres.inspect import inspect
from tests.corpora.own_pairs import own_pairs


@dataclass
class Verdict:
    """What happened to one pair; `fault` is empty when everything held."""

    id: str
    fault: str = ""
    detail: str = ""
    statements: tuple[str, ...] = field(default=())


def pairs(file: Path) -> Iterator[dict[str, Any]]:
    """The pairs of a file, in order; of a folder, our own."""
    if file.is_dir():
        yield from own_pairs(file)
        return
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


NEWEST = 18
_BUILD = ("is not available", "could not open extension control file", "ICU is not supported")
_NEWER = ("syntax error", "unrecognized parameter")


def lacking(detail: str, major: int) -> bool:
    """Whether a script is refused for want of an extension or a library, or of what only a newer major knows."""
    return any(word in detail for word in (_BUILD if major >= NEWEST else (*_BUILD, *_NEWER)))


@contextmanager
def database(url: str) -> Iterator[str]:
    """A fresh database on the server, dropped at the end."""
    name = f"pair_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield make_conninfo(url, dbname=name)
    finally:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


_TABLE = re.compile(r"^CREATE (?:UNLOGGED |FOREIGN )?TABLE .*?\n\)[^;]*;$", re.DOTALL | re.MULTILINE)


def dump(pg_dump: str, url: str) -> list[str]:
    """The statements of pg_dump --schema-only, sorted, the columns of a table too."""
    done = subprocess.run(
        [pg_dump, "--schema-only", "--restrict-key=x", "-d", url], capture_output=True, text=True, check=False
    )
    if done.returncode:
        done = subprocess.run([pg_dump, "--schema-only", "-d", url], capture_output=True, text=True, check=True)
    lines = [
        line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\", "SET ", "SELECT pg_"))
    ]
    text = _TABLE.sub(_sorted_columns, "\n".join(lines))
    return sorted(_by_name(part.strip()) for part in re.split(r";\n", text + "\n") if part.strip())


def _by_name(statement: str) -> str:
    """CREATE STATISTICS prints its columns as they stand in the table, whose order nothing can change."""
    if not statement.startswith("CREATE STATISTICS "):
        return statement
    head, on, rest = statement.partition(" ON ")
    columns, of, table = rest.rpartition(" FROM ")
    return head + on + ", ".join(sorted(columns.split(", "))) + of + table


def _sorted_columns(match: re.Match[str]) -> str:
    lines = match[0].splitlines()
    inner = sorted(line.strip().rstrip(",") for line in lines[1:-1])
    return "\n".join([lines[0], *inner, lines[-1]])


def catalog(url: str) -> Catalog:
    """What our inspection makes of a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        return inspect(connection).catalog


def run(url: str, steps: tuple[Step, ...]) -> None:
    """Run the statements as one script with the commits that the plan asks for."""
    with psycopg.connect(url) as connection:
        for step in steps:
            connection.execute(step.statement.encode())
            if step.commit_after:
                connection.commit()


_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""


def counted(url: str) -> int:
    """How many rows there are in all tables."""
    with psycopg.connect(url, autocommit=True, options="-c search_path=") as connection:
        tables = [name for (name,) in connection.execute(_TABLES)]
        counts = [f"SELECT count(*) FROM ONLY {name}" for name in tables]
        return sum(number for (number,) in connection.execute(" UNION ALL ".join(counts or ["SELECT 0"]).encode()))


def _drops_a_table(step: Step) -> bool:
    """Whether rows go, and the step says so."""
    return any(hazard.code == "ST201" and hazard.subject.startswith("table ") for hazard in step.hazards)


def judge(pair: dict[str, Any], url: str, pg_dump: str | None) -> Verdict:
    """Try one pair, there and back; without a pg_dump our own reading is the judge."""
    verdict = Verdict(f"{pair['suite']}:{pair['id']}")
    with psycopg.connect(url, autocommit=True) as admin:
        for role in (*(pair.get("roles") or ()), "testuser", "postgres"):
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                admin.execute(f'CREATE ROLE "{role}"')
    with database(url) as old, database(url) as new:
        for target, script in ((old, pair.get("old")), (new, pair.get("new"))):
            try:
                with psycopg.connect(target, autocommit=True) as connection:
                    for text in (pair.get("setup"), script):
                        if text and text.strip():
                            connection.execute(text.encode())
            except psycopg.Error as error:
                verdict.fault, verdict.detail = "unusable", str(error)
                return verdict
        before, after = catalog(old), catalog(new)
        wanted, start = (dump(pg_dump, new), dump(pg_dump, old)) if pg_dump else ([], [])
        for label, goal, source, aim in (("forward", wanted, before, after), ("back", start, after, before)):
            fault = _one_way(verdict, label, goal, (source, aim), old, pg_dump)
            if fault:
                return verdict
    return verdict


def _one_way(
    verdict: Verdict, label: str, goal: list[str], catalogs: tuple[Catalog, Catalog], url: str, pg_dump: str | None
) -> bool:
    steps = plan(*catalogs, Style(online=False))
    verdict.statements = tuple(step.statement for step in steps)
    had = counted(url)
    try:
        run(url, steps)
    except psycopg.Error as error:
        verdict.fault, verdict.detail = f"{label}: statement failed", str(error)
        return True
    got = dump(pg_dump, url) if pg_dump else goal
    if got != goal:
        extra, missing = [s for s in got if s not in goal], [s for s in goal if s not in got]
        verdict.fault, verdict.detail = f"{label}: dump differs", f"extra {extra}\nmissing {missing}"
        return True
    has = counted(url)
    if had != has and not any(_drops_a_table(step) for step in steps):
        verdict.fault, verdict.detail = f"{label}: rows are lost", f"{had} before, {has} after"
        return True
    again = diff(*align(catalog(url), catalogs[1]))
    if again:
        verdict.fault, verdict.detail = f"{label}: second plan not empty", repr(again)[:2000]
        return True
    return False


def main(file: str, url: str, pg_dump: str, *chosen: str) -> int:
    """Print the table of results."""
    verdicts = []
    for pair in pairs(Path(file)):
        if chosen and not any(text in f"{pair['suite']}:{pair['id']}" for text in chosen):
            continue
        try:
            verdict = judge(pair, url, pg_dump)
        except Exception as error:  # a table of results shows every kind of failure
            verdict = Verdict(f"{pair['suite']}:{pair['id']}", f"crash {type(error).__name__}", str(error))
        verdicts.append(verdict)
        if verdict.fault:
            print(f"{verdict.id}: {verdict.fault}\n    {verdict.detail[:1500]}")
            if chosen:
                print("\n".join("    > " + text for text in verdict.statements))
    bad = [verdict for verdict in verdicts if verdict.fault and verdict.fault != "unusable"]
    unusable = [verdict.id for verdict in verdicts if verdict.fault == "unusable"]
    print(
        f"{len(verdicts)} pairs, {len(verdicts) - len(bad) - len(unusable)} hold, {len(bad)} fail, unusable {unusable}"
    )
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
