"""What is written is read by Mermaid itself, from npm. 154 MB are too many for every run: `make mermaid` does it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.core.erd.inventing import invented

from schematool.core.erd.diagram import diagram, with_rows
from schematool.core.erd.mermaid import mermaid
from schematool.core.erd.words import Rows
from schematool.core.load import load

FOLDER = os.environ.get("SCHEMATOOL_TEST_MERMAID", "")
WORDS = (
    *("style", "class", "classDef", "title", "one", "to", "only", "many", "zero", "u", "accTitle", "accDescr"),
    *("erDiagram", "end", "End", "subgraph", "optionally", "end-x", "to_x", "PK", "fk", "UK"),
)
"""Names of tables and columns that are, or begin with, words of Mermaid's own."""

ODD = """
entity: ασθενείς
store: postgres
fields:
  { "%番号": bigint, "a b": "numeric(10,2)[]", order: text, "--x": text, "1st": text, ñ: "timestamp(3)" }
---
entity: direction TB
store: postgres
fields: { id: uuid }
primary_key: [id]
---
entity: classDef
store: postgres
fields: { id: uuid, "пациент": { type: uuid, references: direction TB.id } }
primary_key: [id]
---
entity: 患者 "x" \\y
store: mongo
fields:
  a: { type: array, items: { type: object, fields: { b: { type: string, format: uuid, references: classDef.id } } } }
"""


@pytest.mark.skipif(not FOLDER, reason="`make mermaid` installs it from npm and runs this")
def test_mermaid_reads_it() -> None:
    """The clinic, names of all scripts and words of Mermaid's own, 200 entities: all boxes and lines are there."""
    clinic, _ = load({str(file): file.read_text() for file in (ROOT / "schema").rglob("*.yaml")})
    own = "---".join(f"\nentity: {word}\nstore: postgres\nfields: {{ {word}: {word}.t }}\n" for word in WORDS)
    odd, found = load({"s.yaml": ODD})
    words, _ = load({"s.yaml": own})
    drawn = [diagram(clinic), diagram(odd), diagram(words), with_rows(diagram(invented(200)), Rows.KEYS)]
    drawn.append(with_rows(drawn[0], Rows.NONE))

    assert not found.errors
    assert len(words.entities) == len(WORDS)
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("mermaid.mjs")), str(Path(FOLDER).resolve())],
        input=json.dumps([mermaid(one) for one in drawn]),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    for one, answer in zip(drawn, json.loads(done.stdout), strict=True):
        assert len(answer["entities"]) == len(one.boxes)
        assert answer["relations"] == len(one.links)
