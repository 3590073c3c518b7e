"""1,000 small migrations: the program, its runner, psql in one process, stock yoyo, each beside the limits of speed.

`python bench/apply.py URL [COUNT]`: URL of a server on which databases may be made, on this machine. The runs take
turns, and the quickest of each counts, so that what else the machine does weighs less. Beside the wall is the time of
processors, client and server together: the server's is that of its ended processes, as its first process has it.

Each run has a database of its own, and none is dropped before the last run is over: ext4 makes new files several times
slower for minutes after many were deleted (fs/ext4/ialloc.c, recently_deleted), and the first run would win.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from pathlib import Path

import psycopg

from schematool.core.secret import Url
from schematool.engines.postgres.session import other_database

ROUNDS = int(os.environ.get("SCHEMATOOL_BENCH_ROUNDS", "3"))
LIMIT_TO_PSQL = 1.1
LIMIT_NOTHING_TO_DO = 0.3

# What `migrate` does after its question and before its comparison. It prints how long applying took, from connecting
# to hanging up, without the start of Python and without the reading of files.
RUNNER = """
import sys, time
from pathlib import Path
from schematool.core.render.postgres import parse
from schematool.core.secret import Url
from schematool.engines.postgres import connect
files = sorted(p for p in Path(sys.argv[2]).glob("*.sql") if ".rollback." not in p.name)
units = [parse(p.stem, p.name, p.read_text(), "", p.with_suffix(".rollback.sql").read_text()) for p in files]
began = time.perf_counter()
engine = connect(Url(sys.argv[1]))
with engine.lock(wait_seconds=5):
    for unit in units:
        engine.apply(unit, lambda _: None)
engine.close()
print(time.perf_counter() - began)
"""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds: on the clock, of our processor, of the server's."""

    wall: float
    client: float
    server: float
    inner: float
    """On the clock, without what comes before the first and after the last migration; as `wall` where not known."""

    def best(self, other: Took | None) -> Took:
        """The smaller of each."""
        if other is None:
            return self
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Took(*(min(pair) for pair in pairs))


@dataclass(frozen=True, slots=True)
class Bench:
    """A server, a project and its first process."""

    admin: Url
    root: Path
    postmaster: int
    databases: list[str] = field(default_factory=list)

    @property
    def url(self) -> Url:
        """The database that is filled."""
        return other_database(self.admin, self.databases[-1])

    @property
    def folder(self) -> Path:
        """The migrations."""
        return self.root / "migrations" / "postgres"

    def empty(self) -> None:
        """Go on with a new database, which the project means from here on."""
        self.databases.append(f"schematool_bench_{os.getpid()}_{len(self.databases)}")
        with psycopg.connect(self.admin.reveal(), autocommit=True) as connection:
            connection.execute(f"create database {self.databases[-1]} template template0".encode())
        (self.root / "schematool.toml").write_text(f'[env.dev.postgres]\nurl = "{self.url.reveal()}"\n')

    def drop(self) -> None:
        """Drop every database that was made."""
        with psycopg.connect(self.admin.reveal(), autocommit=True) as connection:
            for name in self.databases:
                connection.execute(f"drop database if exists {name} with (force)".encode())

    def timed(self, run: Callable[[Bench], float | None]) -> Took:
        """Time a run with all that it makes the server do."""
        before, wall = self._processors(), time.perf_counter()
        inner = run(self)
        wall = time.perf_counter() - wall
        time.sleep(0.2)  # the server's process ends a moment after its client
        after = self._processors()
        return Took(wall, after[0] - before[0], after[1] - before[1], inner or wall)

    def _processors(self) -> tuple[float, float]:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            fields = Path(f"/proc/{self.postmaster}/stat").read_text().rpartition(")")[2].split()
            server = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        except OSError:  # not on Linux
            server = 0.0
        return used.ru_utime + used.ru_stime, server


def write(root: Path, count: int) -> None:
    """Make a project of `count` migrations of three statements each."""
    folder = root / "migrations" / "postgres"
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:04}_t.sql").write_text(
            f"create table t{number} (id bigint primary key, name text not null, at timestamptz default now());\n"
            f"create index t{number}_name on t{number} (name);\n"
            f"comment on table t{number} is 'number {number}';\n"
        )
        (folder / f"{number:04}_t.rollback.sql").write_text(f"drop table t{number};\n")


def with_program(bench: Bench) -> None:
    subprocess.run([sys.executable, "-m", "schematool", "migrate", "--yes"], cwd=bench.root, check=True, **_QUIET)


def with_status(bench: Bench) -> None:
    subprocess.run([sys.executable, "-m", "schematool", "status"], cwd=bench.root, check=True, **_QUIET)


def with_runner(bench: Bench) -> float:
    words = [sys.executable, "-c", RUNNER, bench.url.reveal(), str(bench.folder)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def with_psql(bench: Bench) -> None:
    program = shutil.which("psql")
    assert program, "psql is not installed"
    files = sorted(path for path in bench.folder.glob("*.sql") if ".rollback." not in path.name)
    arguments = [word for path in files for word in ("-f", str(path))]
    subprocess.run([program, "-Xq", "-v", "ON_ERROR_STOP=1", *arguments, bench.url.reveal()], check=True)


def with_yoyo(bench: Bench) -> None:
    database = bench.url.reveal().replace("postgresql://", "postgresql+psycopg://", 1)
    words = ["apply", "--batch", "--no-config-file", "--database", database, str(bench.folder)]
    subprocess.run([str(Path(sys.executable).with_name("yoyo")), *words], check=True, **_QUIET)


_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def measured(bench: Bench) -> tuple[dict[str, Took], dict[str, Took]]:
    """Return what each took on an empty database, and again with nothing left to do."""
    first: dict[str, Took] = {}
    again: dict[str, Took] = {}
    runs = {"psql": with_psql, "runner": with_runner, "migrate": with_program, "yoyo": with_yoyo}
    for turn in range(ROUNDS):
        for label, run in runs.items():
            if label == "yoyo" and turn:
                continue  # it is slow enough for one round to tell
            bench.empty()
            first[label] = bench.timed(run).best(first.get(label))
            if label == "migrate":
                again["migrate"] = bench.timed(with_program).best(again.get("migrate"))
                again["status"] = bench.timed(with_status).best(again.get("status"))
    return first, again


def main(admin: Url, count: int) -> None:
    with psycopg.connect(admin.reveal()) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row
    postmaster = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(admin, Path(name), postmaster)
        write(bench.root, count)
        try:
            bench.empty()
            subprocess.run([sys.executable, "-m", "schematool", "lock"], cwd=bench.root, check=True, **_QUIET)
            first, again = measured(bench)
        finally:
            bench.drop()
    psql = first["psql"]
    whole = psql.client + psql.server
    print(f"{count} migrations of 3 statements; runner: connect, apply, record; migrate: the command with all it does")
    for label, took in first.items():
        ratio = f"{took.inner / psql.inner:5.2f} x psql"
        server = f"{took.server:6.2f} s server ({took.server / psql.server:4.2f} x)" if psql.server else ""
        total = f"{(took.client + took.server) / whole:5.2f} x"
        print(f"  {label:8} {took.inner:6.2f} s {ratio}   processors: {took.client:5.2f} s client {server} {total}")
    for label, took in again.items():
        print(f"  {label:8} with nothing to do: {took.client:5.2f} s of process time, {took.wall:.2f} s")
    _judge("runner to psql", first["runner"].inner / psql.inner, LIMIT_TO_PSQL)
    for label, took in again.items():
        _judge(f"{label} with nothing to do, process time", took.client, LIMIT_NOTHING_TO_DO)


def _judge(what: str, found: float, limit: float) -> None:
    print(f"  {'holds ' if found <= limit else 'MISSED'} {what}: {found:.2f}, limit {limit}")


if __name__ == "__main__":
    main(Url(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
