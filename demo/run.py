"""The whole journey on real servers: compile, migrate, verify, change, drift, roll back.

It works on a copy of the clinic in a temporary folder, with servers of its own, and leaves nothing behind. Everything
that is printed is the real program's output; the demo stops when any command does not end as it should.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = [sys.executable, "-m", "schematool"]

EDITS = {
    "schema/postgres/tasks.yaml": [
        ("title:        { type: varchar(200)", "title:        { type: varchar(300)"),
        ("indexes:\n", "indexes:\n  - { on: [due_date], name: idx_tasks_due }\n"),
    ],
    "schema/mongo/clinical_notes.yaml": [
        ("socialHistory: string", "socialContext: { type: string, was: socialHistory }"),
    ],
}
"""What an engineer changes: a column's type, a new index, a field of a note by another name."""

ROWS = """
insert into users (id, username, email, full_name, role, password_hash)
  values ('00000000-0000-4000-8000-000000000001', 'mkoch', 'm.koch@clinic.example', 'Dr Martina Koch', 'doctor', '-');
insert into tasks (title, assigned_to) values ('Call Mr Novak back', '00000000-0000-4000-8000-000000000001'),
  ('Sign yesterday''s notes', '00000000-0000-4000-8000-000000000001');
"""

NOTE = {
    "encounterId": "00000000-0000-4000-8000-00000000000e",
    "patientId": "00000000-0000-4000-8000-00000000000a",
    "doctorId": "00000000-0000-4000-8000-000000000001",
    "content": {"subjective": {"chiefComplaint": "Cough for two weeks", "socialHistory": "Lives alone"}},
}


class StoppedError(Exception):
    """A command of the demo did not end as it should."""


def say(text: str) -> None:
    """Print what the next commands are about."""
    bold, plain = ("\033[1m", "\033[0m") if colored() else ("", "")
    sys.stdout.write(f"\n{bold}# {text}{plain}\n")
    sys.stdout.flush()


def colored() -> bool:
    """Tell whether colours are wanted."""
    return "NO_COLOR" not in os.environ and (sys.stdout.isatty() or "FORCE_COLOR" in os.environ)


def schematool(*arguments: str, expect: int = 0) -> None:
    """Print and run a command as it would be typed; its output goes where ours goes."""
    words = [f'"{word}"' if " " in word else word for word in arguments]
    sys.stdout.write(f"$ schematool {' '.join(words)}\n")
    sys.stdout.flush()
    code = subprocess.run([*PROGRAM, *arguments], check=False, stderr=subprocess.STDOUT).returncode
    if code != expect:
        raise StoppedError(f"`schematool {' '.join(words)}` ended with {code}, not {expect}")


def answer(*arguments: str) -> Any:
    """Run a command without showing it; return what it says as JSON."""
    done = subprocess.run([*PROGRAM, *arguments, "--format", "json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["data"]


def show(path: Path, lines: int) -> None:
    """Print the beginning of a file that was written."""
    text = path.read_text().splitlines()
    sys.stdout.write(f"$ head -{lines} {path.relative_to(Path.cwd())}\n" + "\n".join(text[:lines]) + "\n")


def by_hand(note: str, sql: str, command: dict[str, Any], urls: dict[str, str]) -> None:
    """Change both databases behind the tool's back, and print how."""
    import psycopg  # noqa: PLC0415  # the demo says what it does before it loads drivers
    from pymongo import MongoClient  # noqa: PLC0415

    say(note)
    sys.stdout.write(f"$ psql -c {sql!r}\n$ mongosh --eval 'db.runCommand({json.dumps(command)})'\n")
    with psycopg.connect(urls["postgres"]) as connection:
        connection.execute(sql.encode())
    with MongoClient[dict[str, Any]](urls["mongo"]) as client:
        client.get_default_database().command(command)


def put_rows(urls: dict[str, str]) -> None:
    """Put in what a migration must not lose."""
    import psycopg  # noqa: PLC0415
    from pymongo import MongoClient  # noqa: PLC0415

    with psycopg.connect(urls["postgres"]) as connection:
        connection.execute(ROWS.encode())
    with MongoClient[dict[str, Any]](urls["mongo"]) as client:
        client.get_default_database().clinicalNotes.insert_one(dict(NOTE))


def read_rows(urls: dict[str, str]) -> dict[str, Any]:
    """Read them back."""
    import psycopg  # noqa: PLC0415
    from pymongo import MongoClient  # noqa: PLC0415

    with psycopg.connect(urls["postgres"]) as connection:
        titles = [row[0] for row in connection.execute("select title from tasks order by title")]
    with MongoClient[dict[str, Any]](urls["mongo"]) as client:
        note = client.get_default_database().clinicalNotes.find_one({}, {"_id": 0})
    return {"tasks": titles, "note": note and note["content"]["subjective"]}


def edit(root: Path) -> None:
    """Make the engineer's changes in the YAML, and print them as a diff."""
    for name, changes in EDITS.items():
        path = root / name
        text = path.read_text()
        for old, new in changes:
            if text.count(old) != 1:
                raise StoppedError(f"{name} has `{old.strip()}` {text.count(old)} times, not once")
            text = text.replace(old, new)
            for line in new.strip().splitlines():
                if line != "indexes:":
                    sys.stdout.write(f"  {name}: {re.sub(' +', ' ', line.strip())}\n")
        path.write_text(text)


@contextmanager
def clinic() -> Iterator[Path]:
    """Give a copy of the clinic in a folder of its own, and clean up whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="schematool-demo-"))
    folder.chmod(0o755)  # run by root, the server runs as another account and must be able to come in
    root = folder / "clinic"
    root.mkdir()
    for name in ("schema", "migrations"):
        shutil.copytree(ROOT / name, root / name)
    (root / "schematool.toml").write_text('default_env = "dev"\n')
    before = Path.cwd()
    os.chdir(root)
    try:
        yield root
    finally:
        subprocess.run([*PROGRAM, "down"], check=False, capture_output=True)
        os.chdir(before)
        for kept in (root / ".schematool").glob("*"):
            shutil.rmtree(kept.resolve(), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def journey(root: Path) -> None:
    """Go the whole way."""
    say("a PostgreSQL and a MongoDB, without installing either")
    schematool("up")
    urls = {server["store"]: server["url"] for server in answer("up")["servers"]}

    say("the committed migrations are what the YAML compiles to")
    schematool("generate", "--check")

    say("one command migrates both databases, and checks them afterwards")
    schematool("migrate", "--yes")
    schematool("verify")
    first = answer("status")["lines"][-1]["id"]
    put_rows(urls)
    before = read_rows(urls)

    say("change the schema: a wider column, a new index, a field of a note by another name")
    edit(root)
    schematool("diff")

    say("compile it: written only after it was proven, up and down, on scratch databases with rows in them")
    schematool("generate", "-m", "due dates and social context")
    for path in written("postgres", first):
        show(path, 8)
    for path in written("mongo", first):
        show(path, 18)
    schematool("migrate", "--yes")

    by_hand(
        "now someone changes the live databases by hand",
        "drop index idx_tasks_due; alter table tasks alter column priority set default 3",
        {"dropIndexes": "clinicalNotes", "index": "createdAt_1"},
        urls,
    )
    say("verify names exactly that, and exits with 1")
    schematool("verify", expect=1)

    say("what puts it right again? This, so we run it as it is")
    schematool("diff", "live", "migrations", "--sql")
    repair(urls)
    schematool("verify")

    say("and back: both databases are as they were, rows included")
    schematool("rollback", "--to", first, "--yes")
    schematool("status")
    after = read_rows(urls)
    sys.stdout.write(f"\ntasks  {after['tasks']}\nnote   {after['note']}\n")
    if after != before:
        raise StoppedError(f"the rows are not what they were: {before} became {after}")
    say("done: the same rows as before, in the same shape")


def written(store: str, after: str) -> list[Path]:
    """Return the forward files of a store that are newer than a migration."""
    files = Path.cwd().joinpath("migrations", store).glob("0*.*")
    return sorted(path for path in files if "rollback" not in path.name and path.stem > after)


def repair(urls: dict[str, str]) -> None:
    """Run what `diff live migrations --sql` prints, line by line."""
    import psycopg  # noqa: PLC0415
    from bson import json_util  # noqa: PLC0415
    from pymongo import MongoClient  # noqa: PLC0415

    command = [*PROGRAM, "diff", "live", "migrations", "--sql"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    with (
        psycopg.connect(urls["postgres"], autocommit=True) as connection,
        MongoClient[dict[str, Any]](urls["mongo"]) as client,
    ):
        for line in lines:
            if line.startswith("{"):
                client.get_default_database().command(json_util.loads(line))
            elif line:
                connection.execute(line.encode())


def main() -> int:
    """Run it; the exit code is 0 only when everything went as it should."""
    for name in [name for name in os.environ if name.startswith("SCHEMATOOL_")]:
        del os.environ[name]
    if colored():
        os.environ["FORCE_COLOR"] = "1"
    try:
        with clinic() as root:
            journey(root)
    except StoppedError as stopped:
        sys.stderr.write(f"\nthe demo stopped: {stopped}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
