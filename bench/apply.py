"""1,000 small migrations: this runner, psql in one process, stock yoyo. Prints seconds and ratios to psql.

`python bench/apply.py URL [COUNT]`: URL of a server on which databases may be made. The runs take turns, and the
quickest of three counts, so that what else the machine does weighs less.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from schematool.core.render.postgres import parse
from schematool.core.secret import Url
from schematool.engines.postgres import connect
from schematool.engines.postgres.session import other_database

ROUNDS = 3
DATABASE = "schematool_bench"


def write(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"{number:04}_t.sql").write_text(
            f"create table t{number} (id bigint primary key, name text not null, at timestamptz default now());\n"
            f"create index t{number}_name on t{number} (name);\n"
            f"comment on table t{number} is 'number {number}';\n"
        )
        (folder / f"{number:04}_t.rollback.sql").write_text(f"drop table t{number};\n")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.sql") if ".rollback." not in path.name)


def with_schematool(url: Url, folder: Path) -> None:
    units = [
        parse(path.stem, path.name, path.read_text(), "", path.with_suffix(".rollback.sql").read_text())
        for path in files(folder)
    ]
    engine = connect(url)
    with engine.lock(wait_seconds=1):
        applied = {row.id for row in engine.ledger()}
        for unit in units:
            if unit.id not in applied:
                engine.apply(unit, lambda _: None)
    engine.close()


def with_psql(url: Url, folder: Path) -> None:
    program = shutil.which("psql")
    assert program, "psql is not installed"
    arguments = [word for path in files(folder) for word in ("-f", str(path))]
    subprocess.run([program, "-Xq", "-v", "ON_ERROR_STOP=1", *arguments, url.reveal()], check=True)


def with_yoyo(url: Url, folder: Path) -> None:
    program = str(Path(sys.executable).with_name("yoyo"))
    database = url.reveal().replace("postgresql://", "postgresql+psycopg://", 1)
    subprocess.run(
        [program, "apply", "--batch", "--no-config-file", "--database", database, str(folder)],
        check=True,
        capture_output=True,
    )


def seconds(run: Callable[[Url, Path], None], admin: Url, folder: Path) -> tuple[float, float]:
    """Time a run on an empty database, and again when nothing is left to do."""
    with psycopg.connect(admin.reveal(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE} with (force)".encode())
        connection.execute(f"create database {DATABASE} template template0".encode())
    url = other_database(admin, DATABASE)
    began = time.perf_counter()
    run(url, folder)
    first = time.perf_counter() - began
    if run is with_psql:
        return first, 0.0
    began = time.perf_counter()
    run(url, folder)
    return first, time.perf_counter() - began


def main(admin: Url, count: int) -> None:
    runs = {"psql": with_psql, "schematool": with_schematool, "yoyo": with_yoyo}
    best: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, count)
        for turn in range(ROUNDS):
            for label, run in runs.items():
                if label == "yoyo" and turn:
                    continue  # it is slow enough for one round to tell
                found = seconds(run, admin, folder)
                best[label] = min(best.get(label, found), found)
    for label, (first, again) in best.items():
        print(f"{label:12} {first:7.2f} s   {first / best['psql'][0]:5.2f} x psql   nothing to do: {again:5.2f} s")


if __name__ == "__main__":
    main(Url(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
