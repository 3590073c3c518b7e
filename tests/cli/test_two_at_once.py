"""Two runs in one project, or somebody else at work in it: neither writes over what the other has made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schematool.app import migrate, rollback
from schematool.app.history import read_history, write_history
from schematool.app.journal import Journal
from schematool.app.manner import Manner
from schematool.app.verify import verify
from schematool.core.errors import Refused, WorldError
from schematool.engines.contract import open_engine
from tests.cli.test_squash import POSTGRES
from tests.cli.test_streams import locked_project

NEW = {"migrations/postgres/0005_e.sql": "create table e (a int);\n"}


@pytest.mark.parametrize("change", ["a new file", "an edit", "the lock", "all of it gone"])
def test_what_was_made_on_old_files_is_not_written_beside_new_ones(change: str, project: Path) -> None:
    """A second `generate`, an editor, a `git checkout`: the first run is refused, and nothing of it is on disk."""
    workspace = locked_project(project, POSTGRES, {})
    history = read_history(workspace)
    folder = project / "migrations"
    match change:
        case "a new file":
            (folder / "postgres/0005_other.sql").write_text("create table other (a int);\n")
        case "an edit":
            (folder / "postgres/0002_born.rollback.sql").write_text("select 1;\n")
        case "the lock":
            (folder / "schematool.lock").unlink()
        case _:
            folder.rename(project / "elsewhere")

    with pytest.raises(Refused) as refused:
        write_history(workspace, history, NEW)

    (told,) = refused.value.diagnostics
    assert (told.code, refused.value.state) == ("ST502", "nothing was written")
    assert "have changed while this run was at work" in told.message
    assert not (project / "migrations/postgres/0005_e.sql").exists()


def test_what_nobody_has_touched_is_written(project: Path) -> None:
    """The same with the files as they were; a file that is replaced goes."""
    workspace = locked_project(project, POSTGRES, {})

    write_history(workspace, read_history(workspace), NEW, without=["migrations/postgres/0004_by_name.rollback.sql"])

    assert [m.id for m in read_history(workspace).migrations][-1] == "0005_e"
    assert not (project / "migrations/postgres/0004_by_name.rollback.sql").exists()


def test_a_run_looks_at_what_it_did_before_it_lets_the_next_one_in(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another run does meanwhile would be taken for a difference."""
    workspace = locked_project(project, POSTGRES, {})
    kept_out: list[str] = []

    def looking(*arguments: Any) -> Any:
        other = open_engine(workspace.place("postgres").url)  # type: ignore[arg-type]  # it has one
        with pytest.raises(WorldError) as raised, other.lock(wait_seconds=0):
            pass
        other.close()
        kept_out.append(raised.value.diagnostics[0].code)
        return verify(*arguments)

    monkeypatch.setattr("schematool.app.verify.verify", looking)
    monkeypatch.setattr("schematool.app.rollback.verify", looking)
    manner = Manner(lambda *_: None, lambda _: None, allowed=frozenset({"data-loss"}))

    assert migrate.run(workspace, None, manner).ok
    assert rollback.run(workspace, manner, count=4, to=None).ok
    assert kept_out == ["ST502", "ST502"]


def test_two_long_readings_of_one_environment_do_not_disturb_each_other(tmp_path: Path) -> None:
    """The second keeps its state in a file of its own; the first can still be resumed."""
    file = tmp_path / "state" / "verify.sqlite"
    first, second = Journal(file, resume=False), Journal(file, resume=False)
    first.passed("a", "10", 10)
    second.passed("a", "99", 99)

    assert (first.position("a"), second.position("a")) == ("10", "99")
    second.close()
    first.stop()
    resumed = Journal(file, resume=True)
    assert (resumed.position("a"), resumed.seen("a")) == ("10", 10)
    resumed.close()
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("half", ["", "no database at all", "SQLite format 3\0 cut off"])
def test_a_state_that_a_crash_has_cut_off_is_made_anew(half: str, tmp_path: Path) -> None:
    """An empty file is resumed as nothing; one that is no database is refused to resume, in words, and replaced."""
    file = tmp_path / "verify.sqlite"
    file.write_text(half)
    if half:
        with pytest.raises(WorldError, match="cannot be read to go on from"):
            Journal(file, resume=True)

    journal = Journal(file, resume=not half)

    assert journal.position("a") is None
    journal.passed("a", "1", 1)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_nobody_may_write_to_can_be_verified(tmp_path: Path) -> None:
    """The state of a long reading is then in a file of SQLite's own."""
    (tmp_path / "state").write_text("not a folder")

    journal = Journal(tmp_path / "state" / "verify.sqlite", resume=False)
    journal.missing("a", ["1", "2"])

    assert list(journal.candidates("a", 10)) == [("1", "2")]
    journal.close()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """The shell still stands in it; the system's word for that says nothing."""
    program = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -m schematool status'
    ran = subprocess.run(
        ["/bin/sh", "-c", program, sys.executable], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 2
    assert ran.stderr == "error[ST008]: the folder that you are in is not there any more\n"
