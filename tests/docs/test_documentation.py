"""The documents say what the program does: commands exist, pages are fresh, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from schematool.cli.main import app

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAM: Any = typer.main.get_command(app)
VERBS: dict[str, Any] = {}
"""Every verb by its name; those of a group have two words."""
for _name, _verb in PROGRAM.commands.items():
    _inner = getattr(_verb, "commands", None)
    VERBS |= {f"{_name} {word}": one for word, one in _inner.items()} if _inner else {_name: _verb}


def maker() -> Any:
    """Load the program behind `make docs`."""
    specification = importlib.util.spec_from_file_location("docs_make", ROOT / "docs" / "make.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def made() -> dict[str, str]:
    """Return the reference pages as `make docs` would write them now."""
    return dict(maker().pages())


def commands() -> list[tuple[str, str]]:
    """Return every `$ schematool …` of the documents, with its file."""
    return [
        (path.name, line.removeprefix("$ schematool "))
        for path in DOCUMENTS
        for line in re.findall(r"^\$ schematool .*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("name", ["cli.md", "codes.md", "language.md"])
def test_the_reference_pages_are_fresh(name: str) -> None:
    """A page that was made from the program is what the program would make today."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made()[name], f"docs/{name} is stale: run `make docs`"


def test_the_diagrams_of_the_clinic_are_fresh() -> None:
    """The picture and the Mermaid text are those of the schema as it is."""
    stale = [report.path for report in maker().diagrams(check=True) if not report.ok]

    assert stale == [], "run `make docs`"


def test_the_readme_shows_commands() -> None:
    """The tour is there to be typed."""
    assert sum(name == "README.md" for name, _ in commands()) >= 10


@pytest.mark.parametrize(("document", "command"), commands())
def test_every_command_of_the_documents_exists(document: str, command: str) -> None:
    """Verb and flags of each example are the program's own."""
    words = shlex.split(command.partition(" #")[0].partition(" |")[0].partition(" >")[0].partition(" <")[0])
    if words[0].startswith("-"):
        return
    verb = next((name for name in (" ".join(words[:2]), words[0]) if name in VERBS), None)
    assert verb, f"{document}: no verb {words[0]}"
    known = {name for each in VERBS[verb].params for name in (*each.opts, *each.secondary_opts)}

    assert {word.partition("=")[0] for word in words[1:] if word.startswith("-")} <= known | {"--help", "-h"}


def test_the_readme_names_every_verb() -> None:
    """Whoever reads the README knows all that there is."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [verb for verb in PROGRAM.commands if f"`{verb}`" not in text] == []


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_a_sentence_and_examples(verb: str) -> None:
    """`--help` says what it does and shows how."""
    command = VERBS[verb]

    assert command.help
    assert f"$ schematool {verb}" in (command.epilog or "")


def test_every_make_target_is_explained() -> None:
    """CONTRIBUTING names the verbs of the Makefile, and no others."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))

    assert named <= targets
    assert targets - named <= {"ci", "help", "setup"}


def test_make_targets_are_sorted() -> None:
    """A verb is where one looks for it."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert targets == sorted(targets)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link is a file of the project."""
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text)

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_workflows_are_yaml_with_jobs() -> None:
    """A workflow that does not load would only be noticed by its absence."""
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
