"""The published JSON Schema: a valid draft-07, of one mind with the loader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schematool.core.diagnostic import Findings
from schematool.core.jsonschema import schema, schema_text
from schematool.core.load import load
from schematool.core.load.documents import plain
from schematool.core.load.language import DOCUMENTS
from schematool.core.load.tree import Mapping, Node, Sequence, parse

ROOT = Path(__file__).parents[2]
CHECKER = jsonschema.Draft7Validator(schema())
GOOD = sorted((ROOT / "schema").rglob("*.yaml")) + sorted((ROOT / "tests" / "cases").rglob("*.yaml"))
# Files whose mistakes are of shape: those about names, types and YAML itself are beyond what a JSON Schema can say.
SHAPES = ("unknown_keys", "shapes", "missing")
SAID_BY_BOTH = {"ST101", "ST104", "ST105"}


def values(node: Node) -> Any:
    """The plain values with lists, as a JSON reader has them."""

    def listed(value: Any) -> Any:
        if isinstance(value, tuple):
            return [listed(item) for item in value]
        return {key: listed(inner) for key, inner in value.items()} if isinstance(value, dict) else value

    return listed(plain(node))


def lines(node: Node, errors: Iterator[jsonschema.ValidationError]) -> set[int]:
    """The lines that errors are about."""
    found: set[int] = set()
    for error in errors:
        place, line = node, node.span.line
        for step in error.absolute_path:
            if isinstance(place, Mapping):
                key = place.key(str(step))
                place = place.by_key[str(step)]
                line = key.span.line if key and isinstance(place, Mapping) else place.span.line
            elif isinstance(place, Sequence):
                place = place.items[int(step)]
                line = place.span.line
        if error.validator == "additionalProperties" and isinstance(place, Mapping):
            known = error.schema["properties"]
            found |= {key.span.line for key, _ in place.entries if key.text not in known}
        else:
            found.add(line)
    return found


def test_it_is_a_valid_draft_07() -> None:
    """Editors read it: it says draft-07 and keeps to it."""
    made = json.loads(schema_text())
    jsonschema.Draft7Validator.check_schema(made)

    assert made["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: "/".join(path.parts[-2:]))
def test_good_files_pass(path: Path) -> None:
    """The clinic and the cases are right for editors too."""
    for node in parse(path.name, path.read_text(), Findings()):
        assert [error.message for error in CHECKER.iter_errors(values(node))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document.kind}-{document.store}")
def test_the_examples_in_it_pass(document: Any) -> None:
    """What an editor offers as an example is accepted."""
    for node in parse("example.yaml", document.example, Findings()):
        assert [error.message for error in CHECKER.iter_errors(values(node))] == []


@pytest.mark.parametrize("name", SHAPES)
def test_bad_files_fail_on_the_same_lines(name: str) -> None:
    """Every line that the loader finds wrong in its shape, the JSON Schema finds wrong, and no other."""
    text = (ROOT / "tests" / "cases_bad" / f"{name}.yaml").read_text()
    _, found = load({name: text})
    loader = {finding.span.line for finding in found if finding.span and finding.code in SAID_BY_BOTH}
    nodes = parse(name, text, Findings())
    editor = {line for node in nodes for line in lines(node, CHECKER.iter_errors(values(node)))}

    assert loader == editor


def test_every_key_is_explained() -> None:
    """Completion shows a sentence for each word."""
    for record in schema()["definitions"].values():
        assert record["description"]
        assert all(key["description"] for key in record["properties"].values())
