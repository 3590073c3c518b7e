"""What can happen to migration files on disk: each is told in its own words, at its place, with what to do."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from schematool.app import locking
from schematool.app.history import read_history
from schematool.app.workspace import open_workspace, write_all
from schematool.core.errors import WorldError
from tests.cli.test_squash import write
from tests.conftest import Ran

Run = Callable[..., Ran]
FIRST, SECOND = "migrations/postgres/0001_a.sql", "migrations/postgres/0002_b.sql"
BACK = "migrations/postgres/0002_b.rollback.sql"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project of three migrations with its lock; no server is needed."""
    (tmp_path / "schematool.toml").write_text("[env.dev]\n")
    tables = {
        f"000{number}_{name}": (f"create table {name} (id int);", f"drop table {name};")
        for number, name in enumerate("abc", 1)
    }
    write(tmp_path, tables, {"0002_b": ('{"create": "b"}', '{"drop": "b"}')})
    workspace = open_workspace(tmp_path, {})
    history = read_history(workspace)
    units = {store: history.units(store) for store in ("postgres", "mongo")}
    (tmp_path / "migrations/schematool.lock").write_text(locking.lock_text(units, ""))
    return tmp_path


def edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Change the bytes of a file."""

    def go(root: Path) -> None:
        (root / name).write_bytes(change((root / name).read_bytes()))

    return go


def move(name: str, to: str, *, copy: bool = False) -> Callable[[Path], None]:
    """Rename or copy all files of a migration."""

    def go(root: Path) -> None:
        for path in (root / "migrations").glob(f"*/{name}.*"):
            target = path.with_name(path.name.replace(name, to))
            shutil.copy(path, target) if copy else path.rename(target)

    return go


def remove(pattern: str) -> Callable[[Path], None]:
    """Delete files."""

    def go(root: Path) -> None:
        for path in root.glob(pattern):
            path.unlink()

    return go


def swap(root: Path) -> None:
    """Let two files change places."""
    first, second = (root / FIRST).read_bytes(), (root / SECOND).read_bytes()
    (root / FIRST).write_bytes(second)
    (root / SECOND).write_bytes(first)


def put(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Put something that is no file under a name, in place of the file that may be there."""

    def go(root: Path) -> None:
        (root / name).unlink(missing_ok=True)
        make(root / name)

    return go


def rename(name: str, to: str) -> Callable[[Path], None]:
    """Rename one file."""

    def go(root: Path) -> None:
        (root / name).rename(root / to)

    return go


def listen(path: Path) -> None:
    """Leave a socket; its path must be short, so it is made from within its folder."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def fill_instead(name: str, text: str = "x") -> Callable[[Path], None]:
    """Put a file in place of a folder."""

    def go(root: Path) -> None:
        shutil.rmtree(root / name)
        (root / name).write_text(text)

    return go


NEW = "migrations/postgres/0004_d.sql"
INSTEAD = {
    "a folder": (put(NEW, Path.mkdir), f"{NEW} is a folder, not a file"),
    "a named pipe": (put(NEW, os.mkfifo), f"{NEW} is a named pipe, not a file"),
    "a socket": (put(NEW, listen), f"{NEW} is a socket, not a file"),
    "a device": (put(NEW, lambda path: path.symlink_to("/dev/zero")), "leads out of the project"),
    "a dangling link": (put(NEW, lambda path: path.symlink_to("gone.sql")), f"{NEW} is a link that leads nowhere"),
    "a link to itself": (put(NEW, lambda path: path.symlink_to(path.name)), f"{NEW}: Too many levels of symbolic"),
    "a rollback file that is a named pipe": (put(BACK, os.mkfifo), f"{BACK} is a named pipe, not a file"),
    "a command file that is a folder": (
        put("migrations/mongo/0004_d.json", Path.mkdir),
        "migrations/mongo/0004_d.json is a folder, not a file",
    ),
    "the lock a folder": (put("migrations/schematool.lock", Path.mkdir), "migrations/schematool.lock is a folder"),
    "the lock a named pipe": (put("migrations/schematool.lock", os.mkfifo), "schematool.lock is a named pipe"),
    "the snapshot a folder": (put("migrations/mongo/snapshot.json", Path.mkdir), "mongo/snapshot.json is a folder"),
    "the configuration a folder": (put("schematool.toml", Path.mkdir), "schematool.toml is a folder, not a file"),
    "the folder of a store a file": (fill_instead("migrations/mongo"), "migrations/mongo is a file, not a folder"),
    "the folder of migrations a file": (fill_instead("migrations"), "migrations is a file, not a folder"),
    "the ending in capitals": (rename(SECOND, SECOND[:-3] + "SQL"), "0002_b.SQL would be passed over"),
}


@pytest.mark.parametrize("fault", INSTEAD)
def test_what_is_no_file_is_told_and_never_waited_for(fault: str, root: Path, run_cli: Run) -> None:
    """A name that a migration, the lock or the configuration has is never passed over, whatever it belongs to."""
    change, message = INSTEAD[fault]
    change(root)

    ran = run_cli("lock", "--check", cwd=root)

    assert ran.exit_code == 2, ran.stderr
    assert message in ran.stderr


def test_a_schema_file_that_is_none_is_told_too(root: Path, run_cli: Run) -> None:
    """Otherwise its entity would be taken for one that was removed; all are told at once."""
    (root / "schema").mkdir()
    os.mkfifo(root / "schema/users.yaml")
    (root / "schema/notes.YAML").write_text("entity: notes\n")

    ran = run_cli("diff", cwd=root)

    assert ran.exit_code == 2
    assert "schema/users.yaml is a named pipe, not a file" in ran.stderr
    assert "schema/notes.YAML would be passed over: its ending is `.YAML`, not `.yaml`" in ran.stderr


STRAYS = {
    "of another tool, down": ("postgres/0002_b.down.sql", "call it 0002_b.rollback.sql"),
    "of another tool, up": ("postgres/0004_d.up.sql", "call it 0004_d.sql"),
    "of the other store": ("mongo/0004_d.sql", "`0004_d.sql` is in the folder of mongo"),
    "a program": ("postgres/0004_d.PY", "`0004_d.PY` is a program"),
}


@pytest.mark.parametrize("stray", STRAYS)
def test_a_file_that_is_meant_as_a_migration_is_not_passed_over(stray: str, root: Path, run_cli: Run) -> None:
    """The message says how to call it or where to put it."""
    name, message = STRAYS[stray]
    (root / "migrations" / name).write_text("select 1;")

    ran = run_cli("lock", "--check", cwd=root)

    assert ran.exit_code == 2, ran.stderr
    assert "error[ST409]" in ran.stderr
    assert message in ran.stderr


def test_lint_warns_of_what_nobody_reads(root: Path, run_cli: Run) -> None:
    """A copy that an editor left, a file in no store's folder; notes and hidden files are nobody's business."""
    for name in ("postgres/0002_b.sql.bak", "0004_d.sql", "postgresql/0004_d.sql"):
        (root / "migrations" / name).parent.mkdir(exist_ok=True)
        (root / "migrations" / name).write_text("select 1;")
    for name in ("README.md", "0002_notes.md", "postgres/.0002_b.sql.swp"):
        (root / "migrations" / name).write_text("")

    told = [line for line in run_cli("lint", "--format", "concise", cwd=root).stdout.splitlines() if "ST424" in line]

    assert [line.split(":")[0] for line in told] == [
        "migrations/0004_d.sql",
        "migrations/postgres/0002_b.sql.bak",
        "migrations/postgresql/0004_d.sql",
    ]


def test_lint_warns_of_a_migration_that_does_nothing(root: Path, run_cli: Run) -> None:
    """Empty, or comments only, up or down, in either store; not where the file says that it is meant so."""
    for name, text in {
        "postgres/0001_a.sql": "",
        "postgres/0001_a.rollback.sql": "",
        "postgres/0002_b.rollback.sql": "-- to be written\n",
        "postgres/0003_c.sql": "-- schematool: allow ST425 because it keeps the number free\n",
        "mongo/0002_b.json": '{"commands": []}',
    }.items():
        (root / "migrations" / name).write_text(text)

    told = [line for line in run_cli("lint", "--format", "concise", cwd=root).stdout.splitlines() if "ST425" in line]

    assert [(line.split(":")[0], line.partition("[ST425]: ")[2].split(" (")[0]) for line in told] == [
        ("migrations/mongo/0002_b.json", "`0002_b` has no command: it does nothing"),
        ("migrations/postgres/0001_a.sql", "`0001_a` has no statement: it does nothing"),
        (
            "migrations/postgres/0002_b.rollback.sql",
            "the rollback file of `0002_b` has no statement: it takes nothing back",
        ),
    ]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root reads everything")
def test_a_file_that_may_not_be_read_is_told(root: Path) -> None:
    """As nobody, whom root's own files are closed to: which file, and exit code 2; the same for a folder."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    # How deep it lies depends on whether the tests run side by side; what all temporary things lie in is no one's.
    mine = root.relative_to(tempfile.gettempdir()).parts
    for depth in range(1, len(mine) + 1):
        Path(tempfile.gettempdir(), *mine[:depth]).chmod(0o755)
    program = [*drop, sys.executable, "-m", "schematool", "lock", "--check"]
    for name, mode in ((SECOND, 0o644), ("migrations/mongo", 0o755)):
        (root / name).chmod(0)
        ran = subprocess.run(program, cwd=root, capture_output=True, text=True, check=False)
        (root / name).chmod(mode)

        assert ran.returncode == 2, ran.stderr
        assert "Permission denied" in ran.stderr
        assert name in ran.stderr


FAULTS = {
    "edited": (edit(SECOND, lambda b: b + b"-- more\n"), 1, "ST405", "`0002_b` was edited (postgres)", SECOND),
    "rollback edited": (
        edit(BACK, lambda b: b + b"-- more\n"),
        1,
        "ST405",
        "the rollback file of `0002_b` was edited (postgres)",
        BACK,
    ),
    "emptied": (edit(SECOND, lambda _: b""), 1, "ST405", "`0002_b` is empty now (postgres)", "schematool.lock:5"),
    "swapped": (swap, 1, "ST405", "`0001_a` has the content of `0002_b` now (postgres)", FIRST),
    "deleted": (remove("migrations/*/0002_b*"), 1, "ST405", "`0002_b` is in the lock, but its files are gone", ":5:1"),
    "half deleted": (
        remove("migrations/mongo/0002_b*"),
        1,
        "ST405",
        "the mongo half of `0002_b` is gone, but in the lock",
        ":5:1",
    ),
    "rollback deleted": (remove(BACK), 1, "ST405", "the rollback file of `0002_b` is gone (postgres)", SECOND),
    "up deleted": (remove(SECOND), 2, "ST409", "a rollback file without its migration", BACK),
    "renamed": (
        move("0002_b", "0002_bb"),
        1,
        "ST405",
        "`0002_b` was renamed to `0002_bb`",
        "give it its old name back",
    ),
    "inserted": (
        move("0001_a", "0001_z", copy=True),
        1,
        "ST405",
        "`0001_z` is a copy of `0001_a`, and was inserted before what the lock already has",
        "0001_z.sql:1:1",
    ),
    "duplicated": (
        move("0003_c", "0003_d", copy=True),
        1,
        "ST405",
        "`0003_d` has the same number as `0003_c`",
        "give the later one the next free number",
    ),
    "copied": (
        move("0003_c", "0004_d", copy=True),
        1,
        "ST405",
        "`0004_d` is a copy of `0003_c`, and is not in the lock yet",
        "schematool lock 0004_d",
    ),
    "cut off": (
        edit(SECOND, lambda b: b[:-6]),
        2,
        "ST405",
        "`0002_b` was edited, or cut off, since schematool.lock was written (postgres)",
        f"git checkout -- {SECOND}",
    ),
    "cut off, as SQL": (
        edit(SECOND, lambda b: b[:-6]),
        2,
        "ST409",
        "this parenthesis is never closed",
        f"{SECOND}:2:16",
    ),
    "cut off, as JSON": (
        edit("migrations/mongo/0002_b.json", lambda b: b[:20]),
        2,
        "ST409",
        "this is not JSON",
        "migrations/mongo/0002_b.json:1:",
    ),
    "Latin-1": (
        edit(SECOND, lambda b: b + "-- Émile\n".encode("latin-1")),
        2,
        "ST008",
        f"{SECOND} is not UTF-8: the byte 0xc9 is no character",
        f"{SECOND}:3:4",
    ),
    "UTF-16": (
        edit(SECOND, lambda b: b.decode().encode("utf-16")),
        2,
        "ST008",
        f"{SECOND} is UTF-16, not UTF-8",
        "save it as UTF-8",
    ),
    "misnamed": (move("0002_b", "2_b"), 2, "ST409", "`2_b` is not the name of a migration", "NNNN_words"),
    "lock emptied": (
        edit("migrations/schematool.lock", lambda _: b""),
        2,
        "ST405",
        "the lock is empty",
        "delete it and make it anew with `schematool lock`",
    ),
    "lock cut off": (
        edit("migrations/schematool.lock", lambda b: b[:400]),
        2,
        "ST405",
        "this line of the lock cannot be read",
        "schematool.lock:5",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_own_message(fault: str, root: Path, run_cli: Run) -> None:
    """Exit code, code, message, and the place or the way out."""
    change, exit_code, code, message, more = FAULTS[fault]
    change(root)

    ran = run_cli("lock", "--check", cwd=root)

    assert ran.exit_code == exit_code, ran.stderr
    assert f"error[{code}]: {message}" in ran.stderr
    assert more in ran.stderr


def test_flipped_line_endings_and_a_byte_order_mark_are_no_fault(root: Path, run_cli: Run) -> None:
    """Git and editors do that; the hash is of the text."""
    for path in [*(root / "migrations").rglob("*.sql"), *(root / "migrations").rglob("*.json")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    lock = root / "migrations/schematool.lock"
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))

    ran = run_cli("lock", "--check", cwd=root)

    assert (ran.exit_code, ran.stdout) == (0, "the lock agrees with the files\n")


def test_a_full_disk_leaves_every_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that did not fit is named, with what to do; those before it are not written either."""
    (tmp_path / "a.sql").write_text("before")
    asked: list[int] = []

    def full(handle: int) -> None:
        asked.append(handle)
        if len(asked) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorldError) as caught:
        write_all(tmp_path, {"a.sql": "after", "b.sql": "new"})
    (told,) = caught.value.diagnostics

    assert (told.code, told.message) == ("ST008", "cannot write b.sql: No space left on device")
    assert (told.hint, caught.value.state) == ("make room, then run the same command again", "no file was changed")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.sql", "before")]


def test_the_title_of_a_new_migration_is_one_line_of_comment(root: Path, run_cli: Run) -> None:
    """What came after a line break, as from a clipboard, was a statement of the migration."""
    run_cli("new", "first\nb; drop table users; --\x1b[31m", cwd=root)

    (made,) = (root / "migrations/postgres").glob("0004_*users_31m.sql")
    assert made.read_text().splitlines()[:2] == ["-- first b; drop table users; -- [31m", "-- depends: 0003_c"]
