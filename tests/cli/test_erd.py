"""`erd` with files: written, compared, put into a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_offline import SCHEMA, write
from tests.conftest import Ran


@pytest.mark.parametrize("name", ["schema.svg", "schema.png", "schema.mmd", "README.md"])
def test_a_file_is_fresh_until_the_schema_changes(name: str, tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """Written, then `--check` says yes; after a change it says no, names the command, and touches nothing."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": SCHEMA})
    if name == "README.md":
        (tmp_path / name).write_text("before\n<!-- schematool erd -->\n<!-- /schematool erd -->\nafter\n")

    assert run_cli("erd", "-o", name).exit_code == 0
    assert run_cli("erd", "-o", name, "--check").exit_code == 0
    before = (tmp_path / name).read_bytes()
    write(tmp_path, {"schema/users.yaml": SCHEMA.replace("email", "mail")})
    stale = run_cli("erd", "-o", name, "--check", "--format", "json")

    assert (stale.exit_code, json.loads(stale.stdout)["data"]["stale"]) == (1, True)
    assert json.loads(stale.stdout)["hint"] == f"run `schematool erd --output {name}`"
    assert (tmp_path / name).read_bytes() == before
    if name == "README.md":
        assert before.decode().startswith("before\n<!-- schematool erd -->\n```mermaid\nerDiagram\n")
        assert before.decode().endswith("```\n<!-- /schematool erd -->\nafter\n")


def test_a_page_without_a_place_is_left_alone(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """A README is somebody's text: the diagram goes between its marks or nowhere."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": SCHEMA, "README.md": "mine\n"})
    ran = run_cli("erd", "-o", "README.md")

    assert ran.exit_code == 2
    assert "<!-- schematool erd -->" in ran.stderr
    assert (tmp_path / "README.md").read_text() == "mine\n"
