"""`docs` with files: built, compared, tidied; what changed between revisions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_offline import BROKEN, SCHEMA, write
from tests.conftest import Ran

TAGS = "entity: tags\nstore: mongo\nfields: { name: string }\n"


@pytest.mark.parametrize(
    ("flag", "folder", "page"),
    [((), "site", "entities/tags.html"), (("--markdown",), "docs/schema", "entities/tags.md")],
)
def test_a_book_is_fresh_until_the_schema_changes(
    flag: tuple[str, ...], folder: str, page: str, tmp_path: Path, run_cli: Callable[..., Ran]
) -> None:
    """Built, then `--check` says yes; after a change it names the files; built again, pages of what is gone go too."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": SCHEMA, "schema/tags.yaml": TAGS})
    assert run_cli("docs", "build", *flag).exit_code == 0
    assert (tmp_path / folder / page).exists()
    (tmp_path / folder / "mine.txt").write_text("not of the book\n")
    assert run_cli("docs", "build", *flag, "--check").exit_code == 0

    (tmp_path / "schema/tags.yaml").unlink()
    stale = run_cli("docs", "build", *flag, "--check", "--format", "json")
    assert stale.exit_code == 1
    assert page in json.loads(stale.stdout)["data"]["stale"]
    assert (tmp_path / folder / page).exists()
    assert run_cli("docs", "build", *flag).exit_code == 0
    assert not (tmp_path / folder / page).exists()
    assert (tmp_path / folder / "mine.txt").exists()


def test_a_book_writes_over_nothing(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """A folder with somebody's index.html or README.md is refused as it is."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": SCHEMA, "public/index.html": "mine\n"})
    ran = run_cli("docs", "build", "public")

    assert ran.exit_code == 2
    assert "public/index.html is there already" in ran.stderr
    assert [path.name for path in (tmp_path / "public").iterdir()] == ["index.html"]
    assert (tmp_path / "public/index.html").read_text() == "mine\n"


def test_a_book_of_wrong_yaml_is_not_built(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """The findings are told with their places, as by every verb."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": BROKEN})
    ran = run_cli("docs", "build")

    assert ran.exit_code == 2
    assert "schema/users.yaml:4:18" in ran.stderr
    assert not (tmp_path / "site").exists()


def test_changes_since_a_revision(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """Between two revisions, between one and the files as they are, and as a page of the book."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": SCHEMA})
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        git(*command)
    write(tmp_path, {"schema/users.yaml": SCHEMA.replace("{ type: text,", "{ type: varchar(90),")})
    git("commit", "-qam", "two")
    write(tmp_path, {"schema/tags.yaml": TAGS})

    between = run_cli("docs", "diff", "HEAD~1", "HEAD")
    assert between.exit_code == 0
    assert between.stdout == (
        "  users  (postgres) changed\n    ~  field  email  text, required → varchar(90), required\n"
    )
    now = json.loads(run_cli("docs", "diff", "HEAD", "--format", "json").stdout)["data"]["changes"]["entities"]
    assert [(one["key"], one["what"]) for one in now] == [("tags", "added")]
    assert run_cli("docs", "build", "--since", "HEAD~1").exit_code == 0
    page = (tmp_path / "site/changes.html").read_text()
    assert "Changes from HEAD~1 to now" in page
    assert "varchar(90), required" in page
    assert run_cli("docs", "diff", "nowhere").exit_code == 2


def test_a_port_that_is_taken(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """The world is not as it must be: exit code 3, with the way out."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": SCHEMA})
    ran = run_cli("docs", "serve", "--host", "203.0.113.1", "--port", "0")

    assert ran.exit_code == 3
    assert "cannot listen on 203.0.113.1:0" in ran.stderr
