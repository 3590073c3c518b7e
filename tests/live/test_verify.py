"""`verify` and `status` on the migrated clinic: every drift on a line of its own, and roles that can only read."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from pymongo import MongoClient

from schematool.core.secret import Url
from schematool.engines.contract import open_engine
from schematool.engines.servers import embedded_mongo, process
from tests import databases
from tests.conftest import ROOT, Ran

DRIFTS: dict[str, list[dict[str, str]]] = yaml.safe_load((Path(__file__).parent / "drift" / "clinic.yaml").read_text())
PASSWORD = "canary"  # noqa: S105  # of servers that live for one test


@dataclass(frozen=True, slots=True)
class Clinic:
    """The clinic's project, migrated to both stores."""

    root: Path
    urls: dict[str, Url]

    def run(self, *arguments: str, env: str = "dev") -> Ran:
        """Run the program in the project."""
        command = [sys.executable, "-m", "schematool", *arguments, "--env", env]
        done = subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def change(self, store: str, statements: Sequence[str]) -> None:
        """Do something by hand."""
        engine = open_engine(self.urls[store])
        engine.run(statements)
        engine.close()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, postgres_server: Url, mongo_server: Url) -> Iterator[Clinic]:
    """Give the clinic as its migrations make it."""
    with databases.fresh_postgres(postgres_server) as postgres, databases.fresh_mongo(mongo_server) as mongo:
        urls = {"postgres": postgres, "mongo": mongo}
        yield migrated(tmp_path_factory.mktemp("clinic"), urls, {"postgres": postgres_server, "mongo": mongo_server})


def migrated(root: Path, urls: dict[str, Url], scratch: dict[str, Url]) -> Clinic:
    """Make the project and migrate."""
    shutil.copytree(ROOT / "schema", root / "schema")
    shutil.copytree(ROOT / "migrations", root / "migrations")
    configure(root, {"dev": urls}, scratch)
    clinic = Clinic(root, urls)
    ran = clinic.run("migrate", "--yes")
    assert ran.exit_code == 0, ran.stderr
    return clinic


def configure(root: Path, environments: dict[str, dict[str, Url]], scratch: dict[str, Url]) -> None:
    """Write the configuration."""
    lines = [
        f'[env.{name}.{store}]\nurl = "{url.reveal()}"'
        for name, urls in environments.items()
        for store, url in urls.items()
    ]
    lines += ["[scratch]", *(f'{store}_url = "{url.reveal()}"' for store, url in scratch.items())]
    (root / "schematool.toml").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("store", ["postgres", "mongo"])
def test_every_drift_has_its_line(store: str, clinic: Clinic) -> None:
    """Eight things done by hand are eight lines, and nothing else is; undone, there is no drift."""
    cases = DRIFTS[store]
    clinic.change(store, [statement for case in cases for statement in case["make"]])
    text = clinic.run("verify")
    found = json.loads(clinic.run("verify", "--format", "json").stdout)
    clinic.change(store, [statement for case in reversed(cases) for statement in case["undo"]])
    lines = [" ".join(line.split()) for line in text.stdout.splitlines()[1:-1]]

    assert len(cases) >= 8
    assert [line.split()[1] for line in lines] == sorted(line.split()[1] for line in lines)
    assert set(lines) == {case["line"] for case in cases}
    assert (text.exit_code, found["exit_code"]) == (1, 1)
    drift = {(one["change"]["symbol"], one["change"]["kind"], one["change"]["name"]) for one in found["data"]["drift"]}
    assert {tuple(case["line"].split()[2:5]) for case in cases} <= drift
    assert clinic.run("verify").exit_code == 0


def test_a_postgres_role_that_can_only_read_verifies(clinic: Clinic, postgres_server: Url) -> None:
    """CONNECT, and SELECT on the two tables of the ledger, are enough; nothing less is."""
    role, database = f"reader_{os.getpid()}", urlsplit(clinic.urls["postgres"].reveal()).path[1:]
    grants = [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT CONNECT ON DATABASE {database} TO {role}",
    ]
    ledger = f"GRANT SELECT ON public.schematool_ledger, public._yoyo_migration TO {role}"
    with psycopg.connect(clinic.urls["postgres"].reveal(), autocommit=True) as admin:
        try:
            for statement in grants:
                admin.execute(statement.encode())
            as_reader(clinic, "postgres", role, postgres_server)
            denied = clinic.run("verify", "--store", "postgres", env="reader")
            admin.execute(ledger.encode())
            reads_only(clinic, "postgres", ["CREATE INDEX tmp ON users (phone)"], ["DROP INDEX tmp"], "+ index tmp")
        finally:
            admin.execute(f"DROP OWNED BY {role}".encode())
            admin.execute(f"DROP ROLE {role}".encode())
            admin.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO PUBLIC".encode())

    assert denied.exit_code == 3
    assert "permission denied for table" in denied.stderr


def test_a_mongo_user_that_can_only_read_verifies(tmp_path: Path, postgres_url: Url, mongo_server: Url) -> None:
    """The role `read` of the database is enough; it refuses to migrate."""
    with guarded(tmp_path / "server") as port:
        url = Url(f"mongodb://root:{PASSWORD}@127.0.0.1:{port}/clinic?authSource=admin&directConnection=true")
        clinic = migrated(tmp_path / "project", {"postgres": postgres_url, "mongo": url}, {"mongo": mongo_server})
        with MongoClient[dict[str, Any]](url.reveal()) as client:
            roles = [{"role": "read", "db": "clinic"}]
            client["clinic"].command("createUser", "reader", pwd=PASSWORD, roles=roles)
        as_reader(clinic, "mongo", "reader", mongo_server, "?directConnection=true")
        make = ['{"createIndexes": "fs.files", "indexes": [{"key": {"length": 1}, "name": "tmp"}]}']
        reads_only(clinic, "mongo", make, ['{"dropIndexes": "fs.files", "index": "tmp"}'], "+ index tmp")
        rolled_back = clinic.run("rollback", "--yes", env="reader")

    assert rolled_back.exit_code == 3
    assert PASSWORD not in rolled_back.stderr


def as_reader(clinic: Clinic, store: str, user: str, scratch: Url, query: str = "") -> None:
    """Configure an environment `reader` with the one store and another user."""
    old = clinic.urls[store].reveal()
    scheme, _, rest = old.partition("://")
    place = rest.rpartition("@")[2]
    place = place.partition("?")[0] + query if query else place
    reader = {**clinic.urls, store: Url(f"{scheme}://{user}:{PASSWORD}@{place}")}
    configure(clinic.root, {"dev": clinic.urls, "reader": reader}, {store: scratch})


def reads_only(clinic: Clinic, store: str, make: Sequence[str], undo: Sequence[str], named: str) -> None:
    """`verify` and `status` answer yes; after a drift, `verify` names it."""
    clean = [clinic.run(verb, "--store", store, env="reader") for verb in ("verify",)]
    clean.append(clinic.run("status", env="reader"))
    clinic.change(store, make)
    drifted = clinic.run("verify", "--store", store, env="reader")
    clinic.change(store, undo)

    assert [(ran.exit_code, ran.stderr) for ran in clean] == [(0, ""), (0, "")]
    assert (drifted.exit_code, named in " ".join(drifted.stdout.split())) == (1, True), drifted.stdout + drifted.stderr


@contextmanager
def guarded(home: Path, *words: str | Path) -> Iterator[int]:
    """Run a replica set of one with access control, whose root is `root`; gives its port."""
    home.mkdir()
    key, port = home / "key", process.free_port()
    key.write_text(secrets.token_hex(32))
    key.chmod(0o400)
    server = subprocess.Popen(
        [embedded_mongo.find_runnable(home), "--auth", "--keyFile", key, "--replSet", "rs", "--dbpath", home,
         "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", *words],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        options: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 60_000}
        with MongoClient[dict[str, Any]]("127.0.0.1", port, **options) as client:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            client.admin.command("replSetInitiate", {"_id": "rs", "members": members})
            while not client.admin.command("hello")["isWritablePrimary"]:
                pass
            client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
        yield port
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
