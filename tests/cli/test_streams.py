"""What a run does when nobody can read what it says: the work goes on, and its exit code tells what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schematool.app import locking
from schematool.app.history import read_history
from schematool.app.workspace import Workspace, open_workspace
from tests.cli.test_squash import MONGO, POSTGRES, write
from tests.conftest import Ran

Run = Callable[..., Ran]

REDIRECTIONS = {
    "nobody reads": "2>&1 | true",
    "head takes one line": "2>&1 | head -n 1 >/dev/null",
    "all are closed": "<&- >&- 2>&-",
    "errors are closed": "2>&-",
    "no room for errors": "2>/dev/full",
}


def locked_project(root: Path, postgres: dict[str, tuple[str, str]], mongo: dict[str, tuple[str, str]]) -> Workspace:
    """Write migrations by hand with their lock, as `lock` does, but without a server."""
    write(root, postgres, mongo)
    workspace = open_workspace(root, {})
    history = read_history(workspace)
    text = locking.lock_text({store: history.units(store) for store in ("postgres", "mongo")}, "")
    (root / "migrations/schematool.lock").write_text(text)
    return workspace


@pytest.fixture
def pending(project: Path) -> Path:
    """Give a project whose migrations of both stores are still to be run."""
    return locked_project(project, POSTGRES, MONGO).root


def shell(words: str, redirection: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run schematool as a shell would, with its own exit code also where its output goes into a pipe."""
    program = f'{{ "$0" -m schematool {words}; echo "rc=$?" >&9; }} {redirection}'
    return subprocess.run(
        ["/bin/bash", "-c", f"exec 9>code; {program}", sys.executable],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )


@pytest.mark.parametrize("case", REDIRECTIONS)
def test_a_migration_goes_on_when_nobody_hears_of_it(case: str, pending: Path, run_cli: Run) -> None:
    """Progress that cannot be written stops nothing half-way; the exit code says that it was done."""
    ran = shell("migrate --yes", REDIRECTIONS[case], pending)
    code = (pending / "code").read_text()
    status = run_cli("status", cwd=pending)

    assert code == "rc=0\n"
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "all applied" in status.stdout, status.stdout + status.stderr


def test_a_result_that_no_disk_takes_is_told(pending: Path, run_cli: Run) -> None:
    """A full disk under standard output is no success; what was done is shown where it can be."""
    ran = shell("migrate --yes", ">/dev/full", pending)

    assert (pending / "code").read_text() == "rc=3\n"
    assert "4 migrations applied" in ran.stderr
    assert "error[ST008]: cannot write to standard output: No space left on device" in ran.stderr
    assert "all applied" in run_cli("status", cwd=pending).stdout


@pytest.mark.parametrize("words", ["status", "status --format json", "lint", "--help", "migrate --help", "--version"])
def test_a_reader_that_goes_away_is_no_failure(words: str, pending: Path) -> None:
    """`… | head -1` under `pipefail` fails only where the answer is no."""
    ran = shell(words, "| true", pending)

    assert ran.stderr.count("rror") == 0, ran.stderr
    assert (pending / "code").read_text() in {"rc=0\n", "rc=1\n" if words == "lint" else ""}


def test_a_closed_stream_is_no_connection(pending: Path) -> None:
    """The number of a closed stream would go to the next socket, and what is said would go to the server."""
    ran = shell("status --format json --color never", "2>&- <&-", pending)

    assert (ran.stdout[:1], (pending / "code").read_text()) == ("{", "rc=0\n")


def test_an_argument_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Its bytes would end up in the name of a file, or nowhere."""
    ran = subprocess.run(
        [sys.executable, "-m", "schematool", "new", b"caf\xe9"], cwd=tmp_path, capture_output=True, check=False
    )

    assert ran.returncode == 2
    assert b"error[ST009]: the argument `caf?` is no text in UTF-8" in ran.stderr


def test_a_locale_that_lacks_a_letter_is_told(tmp_path: Path) -> None:
    """Python then writes names in ASCII; the page of an entity could have no name."""
    (tmp_path / "schematool.toml").write_text("[env.dev]\n")
    (tmp_path / "schema").mkdir()
    entity = "entity: größe\nstore: postgres\nfields: { id: uuid }\nprimary_key: [id]\n"
    (tmp_path / "schema/one.yaml").write_text(entity, "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "schematool", "docs", "build"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )

    assert ran.returncode == 2, ran.stderr
    assert "error[ST009]: the locale of this run (ascii) lacks a letter of a name" in ran.stderr
    assert "LC_ALL=C.UTF-8" in ran.stderr
