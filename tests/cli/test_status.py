"""`status` where files, lock and ledgers do not agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_offline import write
from tests.conftest import Ran

UP = "CREATE TABLE {name} (id integer PRIMARY KEY);\n"
DOWN = "DROP TABLE {name};\n"
CREATE = '{{"commands": [{{"create": "{name}"}}]}}\n'
DROP = '{{"commands": [{{"drop": "{name}"}}]}}\n'


@pytest.fixture
def two(project: Path, run_cli: Callable[..., Ran]) -> Path:
    """Give a project with two locked migrations, each with both halves; nothing is applied."""
    for number, name in (("0001", "a"), ("0002", "b")):
        write(
            project,
            {
                f"migrations/postgres/{number}_{name}.sql": UP.format(name=name),
                f"migrations/postgres/{number}_{name}.rollback.sql": DOWN.format(name=name),
                f"migrations/mongo/{number}_{name}.json": CREATE.format(name=name),
                f"migrations/mongo/{number}_{name}.rollback.json": DROP.format(name=name),
            },
        )
    locked = run_cli("lock", cwd=project)
    assert locked.exit_code == 0, locked.stderr
    return project


def remove(root: Path, name: str, store: str = "*") -> None:
    """Delete the files of a migration."""
    for path in (root / "migrations").glob(f"{store}/{name}*"):
        path.unlink()


def test_migrations_are_counted_and_not_their_halves(two: Path, run_cli: Callable[..., Ran]) -> None:
    """Two migrations in two stores are two pending, not four."""
    ran = run_cli("status", cwd=two)

    assert ran.stdout.splitlines()[-1].startswith("2 pending")


def test_lost_files_are_shown_though_nothing_was_applied(two: Path, run_cli: Callable[..., Ran]) -> None:
    """The lock knows a migration that has no files: a row `missing`, the finding with both ways out, exit 1."""
    remove(two, "0002_b")
    shown = run_cli("status", cwd=two)
    checked = run_cli("status", "--check", cwd=two)

    assert shown.exit_code == 0
    assert "  0002_b  missing   missing  in schematool.lock, no file" in shown.stdout
    assert "1 missing, 1 pending" in shown.stdout
    assert "ST405" in shown.stderr
    assert "version control" in shown.stderr
    assert "`schematool lock`" in shown.stderr
    assert checked.exit_code == 1


def test_all_files_lost_is_no_empty_project(two: Path, run_cli: Callable[..., Ran]) -> None:
    """With every file gone the lock still says which migrations there must be; applied ones are told as such."""
    assert run_cli("migrate", "--yes", cwd=two).exit_code == 0
    remove(two, "0")
    ran = run_cli("status", "--check", "--format", "json", cwd=two)
    data: dict[str, Any] = json.loads(ran.stdout)
    verified = run_cli("verify", cwd=two)

    assert ran.exit_code == 1
    assert data["data"]["counts"] == {"missing": 2}
    assert [found["code"] for found in data["diagnostics"]][:2] == ["ST402", "ST402"]
    assert verified.exit_code == 1
    assert "! dev is as 0002_b says: 2 stores, 4 entities, no drift" in verified.stdout


def test_half_a_migration_that_is_lost_is_missing_in_its_store(two: Path, run_cli: Callable[..., Ran]) -> None:
    """A half is as good as a whole: the store that lost its file says so, the other goes on."""
    remove(two, "0002_b", "mongo")

    assert "  0002_b  pending   missing  mongo: in schematool.lock, no file" in run_cli("status", cwd=two).stdout


def test_edited_and_new_files_are_told(two: Path, run_cli: Callable[..., Ran]) -> None:
    """A pending file that was edited, and one that the lock has not heard of, are noted in their rows."""
    path = two / "migrations/postgres/0002_b.sql"
    path.write_text("-- edited\n" + path.read_text())
    write(two, {"migrations/mongo/0003_c.json": CREATE.format(name="c")})
    ran = run_cli("status", "--check", cwd=two)

    assert ran.exit_code == 1
    assert "  0002_b  pending   pending  edited since schematool.lock was written" in ran.stdout
    assert "  0003_c  \N{EN DASH}         pending  not in schematool.lock" in ran.stdout
    assert "`0002_b` was edited (postgres)" in ran.stderr
    assert "accept it with `schematool lock 0002_b`" in ran.stderr
    assert "take it in with `schematool lock 0003_c`" in ran.stderr


def test_frame_of_the_lock_marks_the_id_alone(two: Path, run_cli: Callable[..., Ran]) -> None:
    """A line of 300 characters is cut where the terminal would wrap it, and only the id is underlined."""
    remove(two, "0002_b")
    lines = run_cli("status", cwd=two).stderr.splitlines()
    (row,) = (number for number, line in enumerate(lines) if line.startswith("5 | 0002_b"))

    assert lines[row + 1] == "  | ^^^^^^"
    assert lines[row].endswith("…")
    assert max(map(len, lines[row - 3 : row + 2])) <= 120
