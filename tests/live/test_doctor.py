"""`doctor` on real servers: what it finds, and that the roles which it prints can do what they are for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from schematool.core.secret import Url
from schematool.engines.contract import Check, Health, open_engine
from schematool.engines.mongo import checkup as mongo_checkup
from schematool.engines.postgres import checkup
from schematool.engines.servers import embedded_postgres
from schematool.engines.servers.account import unprivileged
from schematool.engines.servers.process import free_port
from tests.conftest import DEBIAN, Ran
from tests.faults.proxy import before_postgres
from tests.live.test_verify import guarded

Run = Callable[..., Ran]
CANARY = "canary"
ROLES = ("schematool_reader", "schematool_migrator")


def checks(ran: Ran, store: str) -> list[dict[str, Any]]:
    """Every check of one store."""
    found = json.loads(ran.stdout)["data"]["stores"]
    return [check for one in found if one["store"] == store for check in one["checks"]]


def health(ran: Ran, store: str) -> dict[str, str]:
    """Health by subject; the worst where there are several."""
    order = ["ok", "note", "warning", "error"]
    found: dict[str, str] = {}
    for check in checks(ran, store):
        found[check["subject"]] = max(found.get(check["subject"], "ok"), check["health"], key=order.index)
    return found


def project(root: Path, store: str, url: str, scratch: Url) -> Path:
    """Write a project of one store with one migration."""
    folder = root / "migrations" / store
    folder.mkdir(parents=True)
    (root / "schema").mkdir()
    aim(root, store, url, scratch)
    if store == "postgres":
        (folder / "0001_first.sql").write_text(
            "create type mood as enum ('good');\ncreate table things (id int primary key, mood mood);\n"
            "create function twice(n int) returns int language sql as 'select n * 2';\n"
        )
        (folder / "0001_first.rollback.sql").write_text("drop function twice;\ndrop table things;\ndrop type mood;\n")
    else:
        (folder / "0001_first.json").write_text('{"commands": [{"create": "things"}]}\n')
    return root


def aim(root: Path, store: str, url: str, scratch: Url) -> None:
    """Point the project at a URL."""
    (root / "schematool.toml").write_text(
        f'[env.dev.{store}]\nurl = "{url}"\n[scratch]\n{store}_url = "{scratch.reveal()}"\n'
    )


def second(root: Path, store: str) -> None:
    """Add a migration that changes what the first one made."""
    if store == "postgres":
        (root / "migrations/postgres/0002_more.sql").write_text(
            "alter table things add note text;\ncreate schema more;\ncreate table more.things (id int);\n"
            "alter type mood add value 'bad';\ndrop function twice;\n"
        )
    else:
        (root / "migrations/mongo/0002_more.json").write_text(
            '{"commands": [{"createIndexes": "things", "indexes": [{"key": {"a": 1}, "name": "a_1"}]},\n'
            ' {"collMod": "things", "validator": {"$jsonSchema": {"required": ["a"]}}}]}\n'
        )


@pytest.fixture
def roles(postgres_server: Url) -> Iterator[None]:
    """Take away the roles that a test makes; they belong to the server."""
    yield
    with psycopg.connect(postgres_server.reveal(), autocommit=True) as admin:
        for role in ROLES:
            admin.execute(f"drop role if exists {role}".encode())


def as_role(url: Url, role: str) -> str:
    """Return the URL with another user."""
    with psycopg.connect(url.reveal()) as connection:
        info = connection.info
        return f"postgresql://{role}@/{info.dbname}?host={info.host}&port={info.port}"


@pytest.mark.usefixtures("roles")
def test_the_printed_roles_of_postgres_verify_and_migrate(
    tmp_path: Path, postgres_url: Url, postgres_server: Url, run_cli: Run
) -> None:
    """The reader verifies and cannot write; the migrator alters and drops what a superuser had made."""
    root = project(tmp_path / "project", "postgres", postgres_url.reveal(), postgres_server)
    for words in (("lock",), ("migrate", "--yes")):
        assert run_cli(*words, cwd=root).exit_code == 0
    printed = run_cli("doctor", "--roles", cwd=root)
    statements = re.findall(r"^(?:CREATE|GRANT|ALTER) .*;$", printed.stdout, re.MULTILINE)
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as admin:
        database = admin.info.dbname
        admin.execute(f"revoke all on database {database} from public".encode())
        for statement in statements:
            admin.execute(statement.encode())
        try:
            aim(root, "postgres", as_role(postgres_url, ROLES[0]), postgres_server)
            verified = [run_cli(*words, cwd=root) for words in (("verify",), ("status",))]
            examined = run_cli("doctor", "--format", "json", cwd=root)
            second(root, "postgres")
            run_cli("lock", cwd=root)
            refused = run_cli("migrate", "--yes", cwd=root)
            aim(root, "postgres", as_role(postgres_url, ROLES[1]), postgres_server)
            migrated = run_cli("migrate", "--yes", "--allow", "data-loss", cwd=root)
            again = run_cli("doctor", "--format", "json", cwd=root)
        finally:
            admin.execute(f"alter database {database} owner to current_user".encode())
            for role in ROLES:
                admin.execute(f"reassign owned by {role} to current_user".encode())
                admin.execute(f"drop owned by {role}".encode())

    assert [ran.exit_code for ran in verified] == [0, 0], [ran.stderr for ran in verified]
    assert (examined.exit_code, health(examined, "postgres")["verify"]) == (0, "ok")
    assert health(examined, "postgres")["migrate"] == "note"
    assert refused.exit_code == 3
    assert "permission denied" in refused.stderr or "must be owner" in refused.stderr
    assert migrated.exit_code == 0, migrated.stdout + migrated.stderr
    assert (health(again, "postgres")["migrate"], health(again, "postgres")["role"]) == ("ok", "ok")


def test_the_printed_roles_of_mongo_verify_and_migrate(tmp_path: Path, mongo_server: Url, run_cli: Run) -> None:
    """The reader verifies and sees no document; the migrator changes validators and indexes."""
    root = tmp_path / "project"
    with guarded(tmp_path / "server") as port:
        place = f"127.0.0.1:{port}/clinic?directConnection=true"
        project(root, "mongo", f"mongodb://root:{CANARY}@{place}&authSource=admin", mongo_server)
        for words in (("lock",), ("migrate", "--yes")):
            assert run_cli(*words, cwd=root).exit_code == 0
        printed = run_cli("doctor", "--roles", cwd=root)
        commands = re.findall(r"^db\.runCommand\((.*)\)$", printed.stdout, re.MULTILINE)
        with MongoClient[dict[str, Any]](f"mongodb://root:{CANARY}@127.0.0.1:{port}/?directConnection=true") as client:
            for command in commands:
                client["clinic"].command(json.loads(command.replace("passwordPrompt()", f'"{CANARY}"')))
        aim(root, "mongo", f"mongodb://{ROLES[0]}:{CANARY}@{place}", mongo_server)
        verified = [run_cli(*words, cwd=root) for words in (("verify",), ("status",))]
        examined = run_cli("doctor", "--format", "json", cwd=root)
        with (
            MongoClient[dict[str, Any]](f"mongodb://{ROLES[0]}:{CANARY}@{place}") as client,
            pytest.raises(OperationFailure, match="not authorized"),
        ):
            client["clinic"]["things"].find_one()
        second(root, "mongo")
        run_cli("lock", cwd=root)
        refused = run_cli("migrate", "--yes", cwd=root)
        aim(root, "mongo", f"mongodb://{ROLES[1]}:{CANARY}@{place}", mongo_server)
        migrated = run_cli("migrate", "--yes", cwd=root)
        again = run_cli("doctor", "--format", "json", cwd=root)
        said = "".join(ran.stdout + ran.stderr for ran in (printed, *verified, examined, refused, migrated, again))

    assert len(commands) == 4
    assert [ran.exit_code for ran in verified] == [0, 0], [ran.stdout + ran.stderr for ran in verified]
    assert (examined.exit_code, health(examined, "mongo")["verify"], health(examined, "mongo")["migrate"]) == (
        0,
        "ok",
        "note",
    ), examined.stdout
    assert refused.exit_code == 3
    assert migrated.exit_code == 0, migrated.stdout + migrated.stderr
    assert health(again, "mongo")["migrate"] == "ok"
    assert f":{CANARY}" not in said


def test_what_is_wrong_is_found(tmp_path: Path, postgres_url: Url, postgres_server: Url, run_cli: Run) -> None:
    """An INVALID index, a held lock, a read-only database and a role without rights, each with its code."""
    root = project(tmp_path / "project", "postgres", postgres_url.reveal(), postgres_server)
    for words in (("lock",), ("migrate", "--yes")):
        run_cli(*words, cwd=root)
    engine = open_engine(postgres_url)
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as admin, engine.lock(wait_seconds=5):
        admin.execute("insert into things values (1), (2)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            admin.execute("create unique index concurrently broken on things ((1))")
        admin.execute(f"alter database {admin.info.dbname} set default_transaction_read_only = on".encode())
        ran = run_cli("doctor", cwd=root)
        found = run_cli("doctor", "--format", "json", cwd=root)
    engine.close()

    assert ran.exit_code == 0
    assert {(check["health"], check["code"]) for check in checks(found, "postgres") if check["code"]} == {
        ("warning", "ST506"),
        ("note", "ST502"),
        ("warning", "ST535"),
    }
    assert re.search(r"warning\s+leftover\s+index public.broken is INVALID", ran.stdout)
    assert "drop index concurrently public.broken" in ran.stdout
    assert ran.stdout.rstrip().endswith("2 warnings")


def test_a_server_out_of_reach_is_a_finding_of_its_own(
    tmp_path: Path, mongo_url: Url, mongo_server: Url, run_cli: Run
) -> None:
    """One store that does not answer: exit code 1, its words, no password; the other store is examined all the same."""
    root = project(tmp_path / "project", "mongo", mongo_url.reveal(), mongo_server)
    with (root / "schematool.toml").open("a") as file:
        file.write(f'[env.dev.postgres]\nurl = "postgresql://me:{CANARY}@127.0.0.1:1/x"\n')
    formats = ["text", "concise", "json", "github", "sarif", "junit", "markdown"]
    runs = {name: run_cli("doctor", "--format", name, cwd=root) for name in formats}

    assert {ran.exit_code for ran in runs.values()} == {1}
    assert all(CANARY not in ran.stdout + ran.stderr for ran in runs.values())
    assert all("127.0.0.1" in ran.stdout + ran.stderr for ran in runs.values())
    assert health(runs["json"], "postgres") == {"connection": "error"}
    assert health(runs["json"], "mongo")["server"] == "ok"


def test_a_connection_that_leaves_the_machine_unprotected_is_warned_of(
    tmp_path: Path, postgres_url: Url, mongo_url: Url, postgres_server: Url, run_cli: Run
) -> None:
    """`doctor` and `verify` say so in both stores, and their answers stay yes."""
    # 0.0.0.0 is no loopback address by its number, though it leads here.
    proxy = before_postgres(postgres_url)
    root = project(tmp_path / "project", "postgres", proxy.url.reveal(), postgres_server)
    aim(root, "postgres", proxy.url.reveal().replace("127.0.0.1", "0.0.0.0"), postgres_server)  # noqa: S104  # as said
    (root / "migrations/mongo").mkdir()
    (root / "migrations/mongo/0001_first.json").write_text('{"commands": [{"create": "things"}]}\n')
    far = mongo_url.reveal().replace("127.0.0.1", "0.0.0.0")  # noqa: S104  # as said
    with (root / "schematool.toml").open("a") as file:
        file.write(f'mongo_url = "{mongo_url.reveal()}"\n[env.dev.mongo]\nurl = "{far}"\n')
    run_cli("lock", cwd=root)
    migrated = run_cli("migrate", "--yes", cwd=root)
    verified = run_cli("verify", cwd=root)
    examined = run_cli("doctor", "--format", "json", cwd=root)
    proxy.close()

    for ran in (migrated, verified):
        assert ran.exit_code == 0, ran.stderr
        assert "warning[ST533]: postgres: to 0.0.0.0 without encryption" in ran.stderr
        assert "warning[ST533]: mongo: to 0.0.0.0 without encryption" in ran.stderr
        assert "sslmode=verify-full" in ran.stderr
        assert "tls=true" in ran.stderr
    assert [health(examined, store)["connection"] for store in ("postgres", "mongo")] == ["warning", "warning"]


def seen(url: Url, subject: str) -> list[Check]:
    """What the checkup says of a subject."""
    engine = open_engine(url)
    try:
        return [check for check in engine.examine().checks if check.subject == subject]
    finally:
        engine.close()


def aside(url: Url, name: str) -> Url:
    """Return the URL of another database of the same server."""
    return Url(url.reveal().replace("/schematool?", f"/{name}?"))


def test_what_holds_a_database_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prepared transaction, a session that does nothing in one, and an encoding without most characters."""
    with embedded_postgres.temporary(settings={"max_prepared_transactions": "2"}) as server:
        assert seen(server, "in the way") == seen(server, "encoding") == []

        with psycopg.connect(server.reveal(), autocommit=True) as admin:
            admin.execute("create database plain encoding 'SQL_ASCII' locale 'C' template template0")
            admin.execute("create table things (id int)")
        with psycopg.connect(server.reveal(), application_name="nightly") as lazy:
            lazy.execute("select count(*) from things")
            with psycopg.connect(server.reveal()) as other:
                other.execute("insert into things values (1)")
                other.execute("prepare transaction 'half a transfer'")
            young = seen(server, "in the way")
            monkeypatch.setattr(checkup, "_LONG_SECONDS", 0)
            held_up = seen(server, "in the way")
            elsewhere = seen(aside(server, "plain"), "in the way")
        encoding = seen(aside(server, "plain"), "encoding")

    assert [(check.health, check.code) for check in held_up] == [(Health.WARNING, "ST537")] * 2
    assert re.match(r"prepared transaction 'half a transfer' of schematool has been open for \d+ s", held_up[0].text)
    assert re.match(
        r"session \d+ \(nightly of schematool, idle in transaction\) has a transaction open", held_up[1].text
    )
    assert [check.text.partition(" ")[0] for check in young] == ["prepared"]
    assert elsewhere == []
    assert [(check.health, check.code) for check in encoding] == [(Health.WARNING, "ST536")]
    assert "SQL_ASCII" in encoding[0].text


def test_clocks_and_versions(postgres_url: Url, mongo_url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is off by a minute and a major that nobody tested are named in both stores, and nothing else is."""
    good = [
        check.health for url in (postgres_url, mongo_url) for what in ("clock", "server") for check in seen(url, what)
    ]
    monkeypatch.setattr(checkup, "SUPPORTED", range(90, 92))
    monkeypatch.setattr(mongo_checkup, "SUPPORTED", range(90, 92))
    real = time.time
    found = []
    for off in (-60, 60):
        monkeypatch.setattr(time, "time", lambda off=off: real() + off)
        found += [
            check for url in (postgres_url, mongo_url) for what in ("clock", "server") for check in seen(url, what)
        ]

    assert good == [Health.OK] * 4
    assert [(check.health, check.code) for check in found] == [
        (Health.WARNING, "ST534"),
        (Health.ERROR, "ST531"),
    ] * 4
    assert all(re.search(r"differ by (59|60|61) s", check.text) for check in found[::2])
    assert all("tested with 90 to 91" in (check.hint or "") for check in found[1::2])


def certificate(folder: Path) -> Path:
    """Make a certificate for 0.0.0.0, which is no loopback address by its number, though it leads here."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=0.0.0.0",
         "-addext", "subjectAltName=IP:0.0.0.0", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    (folder / "both.pem").write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return folder / "cert.pem"


def test_a_certificate_that_was_asked_for_and_one_that_was_not(tmp_path: Path) -> None:
    """TLS alone is not enough: doctor says whether MongoDB had to show who it is."""
    own = certificate(tmp_path)
    with guarded(
        tmp_path / "server", "--tlsMode", "allowTLS", "--tlsCertificateKeyFile", tmp_path / "both.pem"
    ) as port:
        place = f"mongodb://root:{CANARY}@0.0.0.0:{port}/clinic?directConnection=true&authSource=admin"
        ways = {
            "": (Health.WARNING, "without encryption"),
            "&tls=true&tlsAllowInvalidCertificates=true": (Health.WARNING, "need not show a certificate"),
            f"&tls=true&tlsCAFile={own}": (Health.OK, "has shown its certificate"),
        }
        found = {way: seen(Url(place + way), "connection") for way in ways}

    assert {way: [(check.health, words in check.text) for check in found[way]] for way, (_, words) in ways.items()} == {
        way: [(health, True)] for way, (health, _) in ways.items()
    }


@pytest.mark.skipif(not (DEBIAN / "bin" / "postgres").exists(), reason="the wheel's server knows no TLS")
def test_the_same_for_postgres(request: pytest.FixtureRequest) -> None:
    """`require` encrypts and asks nobody who they are; `verify-full` does."""
    # The server must reach it, and is not who runs the tests.
    folder = Path(tempfile.mkdtemp(prefix="st-tls-", dir="/tmp"))
    request.addfinalizer(lambda: shutil.rmtree(folder))
    folder.chmod(0o755)
    own, port = certificate(folder), free_port()
    tls = {name: str(folder / f"{what}.pem") for name, what in (("ssl_cert_file", "cert"), ("ssl_key_file", "key"))}
    unprivileged().give(folder / "key.pem")
    with embedded_postgres.temporary(
        embedded_postgres.Programs(DEBIAN), settings={"ssl": "on", **tls}, port=port
    ) as server:
        with psycopg.connect(server.reveal(), autocommit=True) as admin:
            admin.execute(f"alter role schematool password '{CANARY}'".encode())
        place = f"postgresql://schematool:{CANARY}@0.0.0.0:{port}/schematool"
        ways = {
            "?sslmode=disable": (Health.WARNING, "without encryption"),
            "?sslmode=require": (Health.WARNING, "encrypted, but sslmode=require does not ask"),
            f"?sslmode=verify-full&sslrootcert={own}": (Health.OK, "has shown its certificate"),
        }
        found = {way: seen(Url(place + way), "connection") for way in ways}

    assert {way: [(check.health, words in check.text) for check in found[way]] for way, (_, words) in ways.items()} == {
        way: [(health, True)] for way, (health, _) in ways.items()
    }
