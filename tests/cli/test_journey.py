"""The program on real servers: from YAML to both databases, a drift, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from schematool.core.secret import Url
from schematool.engines.contract import open_engine
from tests.cli.test_offline import drivers_after, write
from tests.conftest import Ran
from tests.live.raw import database_of

USERS = """\
entity: users
store: postgres
fields:
  id:    { type: uuid, default: gen_random_uuid() }
  email: { type: text, required: true }
  phone: { type: varchar(20) }
primary_key: [id]
indexes:
  - { on: [email], unique: true }
"""
EVENTS = """\
entity: events
store: mongo
fields:
  userId: { type: string, required: true, references: users.email }
  kind:   { type: string, required: true, one_of: [in, out] }
indexes:
  - { on: { userId: 1 } }
"""


def test_from_yaml_to_both_databases_and_back(project: Path, run_cli: Callable[..., Ran], postgres_url: Url) -> None:
    """Generate, migrate, verify, see a drift that was made by hand, undo it, roll back: each says what it did."""
    write(project, {"schema/users.yaml": USERS, "schema/events.yaml": EVENTS})

    def run(*arguments: str, code: int = 0) -> Ran:
        ran = run_cli(*arguments, cwd=project)
        assert ran.exit_code == code, f"{arguments}: {ran.exit_code}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def data(*arguments: str, code: int = 0) -> dict[str, object]:
        return dict(json.loads(run(*arguments, "--format", "json", code=code).stdout)["data"])

    run("generate", "--check", code=1)
    run("generate", "-m", "users and events")
    run("generate", "--check")
    assert (project / "migrations/postgres/0001_users_and_events.sql").is_file()
    assert (project / "migrations/mongo/0001_users_and_events.rollback.json").is_file()
    assert drivers_after(("generate", "--check"), project) == "[]"
    assert drivers_after(("diff", "migrations", "schema"), project) == "[]"

    refused = run("migrate", code=4)
    assert "schematool migrate --env dev --yes" in refused.stderr
    assert data("status", "--check", code=1)["counts"] == {"pending": 1}

    assert data("migrate", "--yes")["done"] is True
    assert data("status", "--check")["counts"] == {"applied": 1}
    run("verify")
    assert "nothing to do" in run("migrate", "--yes").stdout

    engine = open_engine(postgres_url)
    engine.run(["drop index users_email_idx", "alter table users alter column phone type varchar(30)"])
    drift = data("verify", code=1)["drift"]
    assert isinstance(drift, list)
    assert sorted((d["change"]["symbol"], d["change"]["name"]) for d in drift) == [
        ("-", "users_email_idx"),
        ("~", "phone"),
    ]
    undo = run("diff", "live", "migrations", "--sql", "--store", "postgres", "--offline").stdout
    engine.run([s for s in undo.split(";\n") if s not in {"begin", "commit", ""}])
    run("verify")

    engine.run(["insert into users (email) values ('a@b.c')"])
    lost = run("rollback", "--yes", code=4)
    assert "public.users: deletes data (1 row)" in lost.stderr
    assert "--allow data-loss" in lost.stderr
    run("rollback", "--yes", "--allow", "data-loss")
    run("verify")
    assert not engine.counts()
    engine.close()


def test_a_suspected_rename_stops_with_the_two_ways_out(project: Path, run_cli: Callable[..., Ran]) -> None:
    """A column that goes while one of the same shape comes is never dropped by guessing; `was:` keeps its values."""
    write(project, {"schema/users.yaml": USERS})
    assert run_cli("generate", cwd=project).exit_code == 0
    write(project, {"schema/users.yaml": USERS.replace("phone:", "mobile:")})
    stopped = run_cli("generate", cwd=project)

    assert stopped.exit_code == 4
    assert "was: phone" in stopped.stderr
    assert "--allow data-loss" in stopped.stderr
    assert len(list((project / "migrations/postgres").glob("*.sql"))) == 2

    write(project, {"schema/users.yaml": USERS.replace("phone: {", "mobile: { was: phone,")})
    assert run_cli("generate", cwd=project).exit_code == 0
    text = (project / "migrations/postgres/0002_rename_users_mobile.sql").read_text()
    assert "RENAME COLUMN phone TO mobile" in text


def test_consent_is_asked_for_once_and_written_down(project: Path, run_cli: Callable[..., Ran]) -> None:
    """A dropped column is refused with the exact flag; the flag and the reason end up in the file."""
    write(project, {"schema/users.yaml": USERS})
    assert run_cli("generate", cwd=project).exit_code == 0
    write(project, {"schema/users.yaml": USERS.replace("  phone: { type: varchar(20) }\n", "")})
    refused = run_cli("generate", cwd=project)
    allowed = run_cli("generate", "--allow", "data-loss", "--because", "nobody calls any more", cwd=project)

    assert refused.exit_code == 4
    assert "schematool generate --allow data-loss" in refused.stderr
    assert allowed.exit_code == 0, allowed.stderr
    (file,) = (f for f in (project / "migrations/postgres").glob("0002*.sql") if "rollback" not in f.name)
    assert "-- schematool: allow ST201 because nobody calls any more" in file.read_text()


def test_edited_file_is_refused_and_can_be_accepted(project: Path, run_cli: Callable[..., Ran]) -> None:
    """An edit after the fact stops `migrate` with both ways out; `lock` accepts it."""
    write(project, {"schema/users.yaml": USERS})
    assert run_cli("generate", "-m", "users", cwd=project).exit_code == 0
    file = project / "migrations/postgres/0001_users.sql"
    file.write_text("-- an afterthought\n" + file.read_text())
    stopped = run_cli("migrate", "--yes", cwd=project)

    assert stopped.exit_code == 2
    assert "ST405" in stopped.stderr
    assert "schematool lock" in stopped.stderr
    assert run_cli("lock", "0001_users", cwd=project).exit_code == 0
    assert run_cli("migrate", "--yes", cwd=project).exit_code == 0

    file.write_text("-- another\n" + file.read_text())
    assert run_cli("lock", cwd=project).exit_code == 0
    assert "ST401" in run_cli("migrate", "--yes", cwd=project).stderr
    assert run_cli("lock", "0001_users", "--env", "dev", cwd=project).exit_code == 0
    assert run_cli("migrate", "--yes", cwd=project).exit_code == 0


def test_two_urls_are_made_equal(
    run_cli: Callable[..., Ran], tmp_path: Path, postgres_url: Url, postgres_server: Url
) -> None:
    """`diff OLD NEW --sql` prints nothing but statements, and they turn the first database into the second."""
    one = open_engine(postgres_url)
    one.run(["create table a (id int primary key, gone text)", "create type mood as enum ('sad', 'ok')"])
    with one.scratch() as other:
        other.run(
            [
                "create table a (id bigint primary key, mood text not null default 'x')",
                "create type mood as enum ('sad', 'ok', 'happy')",
                "create view v as select id from a",
            ]
        )
        sql = run_cli("diff", postgres_url.reveal(), other.url.reveal(), "--sql", cwd=tmp_path)
        assert sql.exit_code == 0, sql.stderr
        one.run([sql.stdout])
        again = run_cli("diff", postgres_url.reveal(), other.url.reveal(), "--check", cwd=tmp_path)
        assert again.exit_code == 0, again.stdout + again.stderr
    one.close()


def test_a_dropped_collection_comes_back_until_it_is_purged(
    project: Path, run_cli: Callable[..., Ran], mongo_url: Url
) -> None:
    """The drop asks for consent, its rollback loses nothing and needs none; only `purge` deletes, and asks."""
    write(project, {"schema/rooms.yaml": "entity: rooms\nstore: mongo\n"})

    def run(*arguments: str, code: int = 0) -> Ran:
        ran = run_cli(*arguments, cwd=project)
        assert ran.exit_code == code, f"{arguments}: {ran.exit_code}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def rooms() -> list[object]:
        with database_of(mongo_url) as database:
            return [one["_id"] for one in database["rooms"].find().sort("_id", 1)]

    run("generate", "-m", "all")
    run("migrate", "--yes")
    with database_of(mongo_url) as database:
        database["rooms"].insert_many([{"_id": 1}, {"_id": 2}])
    (project / "schema/rooms.yaml").unlink()
    assert "ST304" in run("generate", "-m", "drop rooms", code=4).stderr
    run("generate", "-m", "drop rooms", "--allow", "data-loss")
    file = json.loads((project / "migrations/mongo/0002_drop_rooms.json").read_text())
    assert file["commands"] == [{"renameCollection": "rooms", "to": "_schematool_trash.0002_drop_rooms.rooms"}]
    assert [one["code"] for one in file["allow"]] == ["ST304"]
    run("migrate", "--yes")
    told = run("verify")
    assert "2 documents" in told.stdout + told.stderr
    assert rooms() == []

    assert "brings back rooms" in run("rollback", "--dry-run").stdout
    run("rollback", "--yes")
    assert rooms() == [1, 2]

    run("migrate", "--yes")
    assert "schematool purge --env dev --yes" in run("purge", code=4).stderr
    assert "nothing to purge" in run("purge", "--older-than", "1d", "--yes").stdout
    assert "1 collection to delete" in run("purge", "--dry-run").stdout
    assert "deleted for good" in run("purge", "--yes").stdout
    told = run("verify")
    assert "put aside" not in told.stdout + told.stderr
    run("purge", "--older-than", "soon", code=2)


def test_a_field_gets_another_type(project: Path, run_cli: Callable[..., Ran], mongo_url: Url) -> None:
    """The migration is written though documents of the old type do not satisfy it; migrating waits until they do."""
    write(project, {"schema/notes.yaml": "entity: notes\nstore: mongo\nfields: { a: string }\n"})
    assert run_cli("generate", cwd=project).exit_code == 0
    assert run_cli("migrate", "--yes", cwd=project).exit_code == 0
    write(project, {"schema/notes.yaml": "entity: notes\nstore: mongo\nfields: { a: int }\n"})
    with database_of(mongo_url) as database:
        database["notes"].insert_one({"_id": 7, "a": "x"})

        assert "validator-tightening" in run_cli("generate", cwd=project).stderr

        ran = run_cli("generate", "--allow", "validator-tightening", cwd=project)

        assert ran.exit_code == 0, ran.stderr

        stopped = run_cli("migrate", "--yes", cwd=project)

        assert stopped.exit_code == 3
        assert "ST521" in stopped.stderr
        assert "_id: 7" in stopped.stderr

        database["notes"].update_one({"_id": 7}, {"$set": {"a": 1}})

        assert run_cli("migrate", "--yes", cwd=project).exit_code == 0
        assert run_cli("verify", cwd=project).exit_code == 0
