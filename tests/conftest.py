"""Fixtures that every test may use: real servers, fresh databases, a project on disk, the program itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines.contract import Engine, open_engine
from schematool.engines.servers import embedded_postgres
from tests import databases

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = Path("/usr/lib/postgresql/15")
SHARED = Path(os.environ.get("SCHEMATOOL_SHARED") or ROOT.parent / "shared")

# The real schemas are not part of the project; a clone without them tests everything else.
collect_ignore = [] if (SHARED / "corpora").is_dir() else ["corpora"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `--accept` rewrite golden files; the review is the diff of git."""
    parser.addoption("--accept", action="store_true", help="rewrite golden files with what was found")


def pytest_configure() -> None:
    """Hear signals also where a shell lets them be ignored, as it does for what it runs in the background."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_report_header() -> list[str]:
    """Say which servers are meant, and what is left out."""
    lines = [f"servers: {databases.versions()}"]
    if collect_ignore:
        if os.environ.get("SCHEMATOOL_CORPORA") == "required":
            raise pytest.UsageError(f"SCHEMATOOL_CORPORA=required, but {SHARED / 'corpora'} is not there")
        lines.append("left out: tests/corpora, whose real schemas are not part of the project")
    return lines


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what would make a test depend on who runs it."""
    for name in list(os.environ):
        if (name.startswith("SCHEMATOOL_") and not name.startswith("SCHEMATOOL_TEST_")) or name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Url]:
    """One PostgreSQL for the session (for each worker, with xdist): a superuser's URL."""
    yield from _server("postgres")


@pytest.fixture(scope="session")
def mongo_server() -> Iterator[Url]:
    """One MongoDB for the session (for each worker, with xdist), a replica set."""
    yield from _server("mongo")


@pytest.fixture(scope="session")
def debian_server() -> Iterator[Url]:
    """Run Debian's PostgreSQL 15, with its contrib: another major, and extensions that the wheel lacks."""
    if not (DEBIAN / "bin" / "postgres").exists():
        pytest.skip(f"{DEBIAN} is not there")
    with embedded_postgres.temporary(embedded_postgres.Programs(DEBIAN)) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: Url) -> Iterator[Url]:
    """Give a fresh, empty PostgreSQL database."""
    with databases.fresh_postgres(postgres_server) as url:
        yield url


@pytest.fixture
def mongo_url(mongo_server: Url) -> Iterator[Url]:
    """Give a fresh, empty MongoDB database."""
    with databases.fresh_mongo(mongo_server) as url:
        yield url


@pytest.fixture
def postgres_engine(postgres_url: Url) -> Iterator[Engine]:
    """Give an engine on a fresh PostgreSQL database."""
    engine = open_engine(postgres_url)
    yield engine
    engine.close()


@pytest.fixture
def mongo_engine(mongo_url: Url) -> Iterator[Engine]:
    """Give an engine on a fresh MongoDB database."""
    engine = open_engine(mongo_url)
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def no_server_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stop the servers that a project of this test started for itself; by design they outlive the program."""
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    for kept in (*folder.glob(".schematool"), *folder.glob("*/.schematool")) if folder else ():
        subprocess.run(
            [sys.executable, "-m", "schematool", "down", "--project", str(kept.parent)],
            capture_output=True,
            check=False,
        )
        for data in kept.iterdir():
            if data.is_symlink():  # to where the server's own account may go
                shutil.rmtree(data.resolve(), ignore_errors=True)


@pytest.fixture
def project(tmp_path: Path, postgres_url: Url, mongo_url: Url) -> Path:
    """Give a project with an empty schema, whose `dev` environment and scratch are fresh databases."""
    root = tmp_path / "project"
    (root / "schema").mkdir(parents=True)
    (root / "schematool.toml").write_text(
        f'[env.dev.postgres]\nurl = "{postgres_url.reveal()}"\n'
        f'[env.dev.mongo]\nurl = "{mongo_url.reveal()}"\n'
        f'[scratch]\npostgres_url = "{postgres_url.reveal()}"\nmongo_url = "{mongo_url.reveal()}"\n'
    )
    return root


@pytest.fixture
def clinic(project: Path) -> Path:
    """Give the same project with the clinic's schema and its migrations, as they are in the repository."""
    shutil.copytree(ROOT / "schema", project / "schema", dirs_exist_ok=True)
    shutil.copytree(ROOT / "migrations", project / "migrations")
    return project


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the program left: exit code, both streams."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def run_cli(tmp_path: Path) -> Callable[..., Ran]:
    """Run `schematool ARGUMENTS` as a user does: a process of its own, in `cwd`, without a terminal."""

    def run(*arguments: str, cwd: Path | None = None, stdin: str = "", env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "schematool", *arguments],
            cwd=cwd or tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a golden file; `--accept` writes the file instead."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--accept"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return
        if not path.exists():
            pytest.fail(f"{path} is not there: run `make accept`, then review it with git")

        assert text == path.read_text(), f"{path} differs: `make accept` rewrites it, git shows what changed"

    return compare


def _server(store: str) -> Iterator[Url]:
    try:
        running = databases.server(store)
        url = running.__enter__()
    except (WorldError, LookupError) as error:
        # An error and never a skip: a suite that passes without its servers has proven nothing.
        pytest.fail(databases.explain(error), pytrace=False)
    try:
        yield url
    finally:
        running.__exit__(None, None, None)
