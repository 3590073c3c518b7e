"""A run with nothing to do costs a start and a look: what only other runs need is neither loaded nor read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schematool.app.workspace import read_folder
from schematool.core.errors import InputError
from schematool.core.secret import Url
from tests.conftest import Ran

_PROBE = """
import json, sys
from schematool.core.render import postgres
read = []
real = postgres.parse
postgres.parse = lambda id, *rest: read.append(id) or real(id, *rest)
from schematool.cli.main import run
try:
    run(sys.argv[1:])
except SystemExit as end:
    print(json.dumps([end.code, read, sorted(sys.modules)]))
"""


def probed(folder: Path, *arguments: str) -> tuple[int, list[str], set[str]]:
    """Run the program; return exit code, the migrations whose statements were read, the modules that were loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    code, read, modules = json.loads(done.stdout.splitlines()[-1])
    return code, read, set(modules)


@pytest.fixture
def applied(tmp_path: Path, postgres_url: Url) -> Path:
    """Give a project with two migrations, both applied."""
    folder = tmp_path / "migrations" / "postgres"
    folder.mkdir(parents=True)
    (tmp_path / "schematool.toml").write_text(f'[env.dev.postgres]\nurl = "{postgres_url.reveal()}"\n')
    for number in (1, 2):
        (folder / f"000{number}_t.sql").write_text(f"create table t{number} (id int);\n")
    for arguments in (["lock"], ["migrate", "--yes"]):
        subprocess.run([sys.executable, "-m", "schematool", *arguments], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.mark.parametrize("verb", ["migrate", "status"])
def test_nothing_to_do_loads_and_reads_little(applied: Path, verb: str) -> None:
    """No statement is read; YAML, the codec of catalogs, yoyo, pydantic and the other driver are left alone."""
    code, read, modules = probed(applied, verb)
    heavy = {
        "yaml",
        "pymongo",
        "yoyo",
        "pydantic",
        "schematool.core.load.documents",
        "schematool.core.codec",
        "schematool.core.plan",
        "schematool.engines.postgres.apply",
    }

    assert (code, read) == (0, [])
    assert modules & heavy == set()


def test_nothing_to_do_in_mongodb_loads_little(tmp_path: Path, mongo_url: Url) -> None:
    """The same for the other store; and the driver's threads, which sleep, do not hold up the end."""
    folder = tmp_path / "migrations" / "mongo"
    folder.mkdir(parents=True)
    (tmp_path / "schematool.toml").write_text(f'[env.dev.mongo]\nurl = "{mongo_url.reveal()}"\n')
    (folder / "0001_t.json").write_text('{"title": "t", "commands": [{"create": "t"}]}')
    for arguments in (["lock"], ["migrate", "--yes"]):
        subprocess.run([sys.executable, "-m", "schematool", *arguments], cwd=tmp_path, check=True, capture_output=True)
    heavy = {"yaml", "psycopg", "pydantic", "schematool.core.load", "schematool.core.plan", "schematool.core.author"}
    code, _, modules = probed(tmp_path, "migrate")

    assert code == 0
    assert {"pymongo.periodic_executor"} <= modules
    assert modules & heavy == set()
    probe = "import atexit; real = atexit.unregister; atexit.unregister = lambda f: print(f.__name__) or real(f)\n"
    ended = subprocess.run(
        [sys.executable, "-c", probe + "from schematool.cli.main import run; run(['migrate'])"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_shutdown_resources" in ended.stdout


def test_only_what_is_pending_is_read(applied: Path) -> None:
    """One new migration among others that are applied: its statements alone are looked at."""
    (applied / "migrations/postgres/0003_t.sql").write_text("create table t3 (id int);\n")
    probed(applied, "lock")
    code, read, _ = probed(applied, "migrate", "--dry-run")

    assert (code, read) == (0, ["0003_t"])


def test_links_are_followed_inside_of_the_project_only(tmp_path: Path) -> None:
    """A linked file and folder are read, a circle ends, and a link that leads out is refused by its name."""
    root = tmp_path / "project"
    (root / "schema").mkdir(parents=True)
    (root / "common").mkdir()
    (root / "common" / "a.yaml").write_text("a")
    (root / "schema" / "folder").symlink_to(root / "common")
    (root / "schema" / "b.yaml").symlink_to(root / "common" / "a.yaml")
    (root / "common" / "round").symlink_to(root / "common")
    (root / "schema" / ".hidden").mkdir()
    (root / "schema" / ".hidden" / "c.yaml").write_text("c")

    assert read_folder(root, root / "schema", (".yaml",)) == {"schema/b.yaml": "a", "schema/folder/a.yaml": "a"}

    (tmp_path / "outside.yaml").write_text("secret")
    (root / "schema" / "out.yaml").symlink_to(tmp_path / "outside.yaml")
    with pytest.raises(InputError, match="out of the project"):
        read_folder(root, root / "schema", (".yaml",))


def test_a_damaged_snapshot_is_told(applied: Path) -> None:
    """One that was cut short, anywhere, ends in a finding with the file's name and not in a traceback."""
    snapshot = applied / "migrations/postgres/snapshot.json"
    whole = snapshot.read_text()
    codes = []
    for size in (10, 60, len(whole) // 2, len(whole) - 4):
        snapshot.write_text(whole[:size])
        done = subprocess.run(
            [sys.executable, "-m", "schematool", "verify"], cwd=applied, capture_output=True, text=True, check=False
        )
        codes.append((done.returncode, "ST405" in done.stderr and "snapshot.json" in done.stderr))

    assert codes == [(2, True)] * 4


@pytest.mark.parametrize("name", ["0002_fill.py", "0002_fill.js", "0002_fill.sh"])
def test_a_migration_that_is_a_program_is_refused(tmp_path: Path, run_cli: Callable[..., Ran], name: str) -> None:
    """Stock yoyo would run it, so passing over it in silence would be a migration lost; other files are left alone."""
    folder = tmp_path / "migrations" / "postgres"
    folder.mkdir(parents=True)
    (tmp_path / "schematool.toml").write_text("")
    (folder / "helper.py").write_text("")
    (folder / "0001_a.sql").write_text("select 1;\n")
    accepted = run_cli("lock", cwd=tmp_path)
    (folder / name).write_text("raise SystemExit(99)\n")
    ran = run_cli("lint", cwd=tmp_path)

    assert accepted.exit_code == 0, accepted.stderr
    assert ran.exit_code == 1
    assert f"`{name}` is a program" in ran.stderr + ran.stdout
    assert f"migrations/postgres/{name}" in ran.stderr + ran.stdout


def test_without_a_word_it_tells_what_it_can() -> None:
    """`schematool` alone prints the help, as `schematool --help` does; the completion of a shell is answered too."""
    program = [sys.executable, "-m", "schematool"]
    alone, asked = (
        subprocess.run([*program, *words], capture_output=True, text=True, check=False) for words in ([], ["--help"])
    )
    completed = subprocess.run(
        program,
        env=os.environ | {"_SCHEMATOOL_COMPLETE": "complete_bash", "COMP_WORDS": "schematool mi", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "migrate" in alone.stdout
    assert alone.stdout.split() == asked.stdout.split()
    assert (alone.returncode, asked.returncode) == (2, 0)
    assert completed.stdout.split() == ["migrate"]


@pytest.mark.parametrize(("verb", "code"), [("config", 2), ("status", 2)])
def test_a_result_that_cannot_be_saved_is_shown(tmp_path: Path, verb: str, code: int) -> None:
    """On standard output, whole; why it is not in the file is said once. `status` here is an error of its own."""
    if verb == "config":
        (tmp_path / "schematool.toml").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "schematool", verb, "--format", "json", "--output", "nowhere/x.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert json.loads(done.stdout)["command"] == verb
    assert done.stderr.count("cannot write nowhere/x.json") == 1
    assert "Traceback" not in done.stderr
    assert done.returncode == code


def test_what_the_system_refuses_is_no_defect(tmp_path: Path) -> None:
    """A folder below a file: the path and the system's word for it, and no bug to report."""
    (tmp_path / "schematool.toml").write_text("")
    (tmp_path / "schema").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "schematool", "docs", "build", "/dev/null/x"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "error[ST008]: /dev/null/x: Not a directory\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_result_that_a_full_disk_does_not_take_is_shown(tmp_path: Path) -> None:
    """As one for which the path is wrong; a full disk is the world's, so the exit code is 3."""
    (tmp_path / "schematool.toml").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "schematool", "config", "--format", "json", "--output", "/dev/full"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert json.loads(done.stdout)["command"] == "config"
    assert done.stderr.count("cannot write /dev/full: No space left on device") == 1
    assert "Traceback" not in done.stderr
    assert done.returncode == 3
