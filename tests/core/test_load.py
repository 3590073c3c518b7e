"""The loader: strict YAML, every mistake with its place, all of them together, and never an exception."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schematool.core.codes import CODES
from schematool.core.diagnostic import Severity
from schematool.core.load import load, tree
from schematool.core.load.language import DOCUMENTS
from schematool.core.load.shapes import Document
from schematool.core.model.entity import Entity, Model

ROOT = Path(__file__).parents[2]
BAD = sorted((ROOT / "tests" / "cases_bad").glob("*.yaml"))
RELATIONAL = (
    "alerts",
    "appointments",
    "encounters",
    "order_items",
    "orders",
    "patients",
    "prescription_items",
    "prescriptions",
    "tasks",
    "users",
)
_EXPECTED = re.compile(r"# expect: (ST\d{3}) (\d+):(\d+) (.*)")


def one(text: str) -> Entity:
    """The only entity of a text without mistakes."""
    model, found = load({"schema/one.yaml": text})

    assert not found
    return model.entities[0]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_mistake_is_found_with_its_place(path: Path) -> None:
    """A bad file gives exactly the findings that its first lines list: code, line, column and message."""
    text = path.read_text()
    expected = [(code, int(line), int(column), said) for code, line, column, said in _EXPECTED.findall(text)]
    _, found = load({path.name: text})

    assert expected
    assert expected == [(d.code, d.span.line, d.span.column, d.message) for d in found if d.span]
    assert len(expected) == len(found)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_finding_carries_its_line_and_a_known_code(path: Path) -> None:
    """A frame can be drawn without reading the file again, and `explain` knows the code."""
    text = path.read_text()
    _, found = load({path.name: text})
    lines = text.split("\n")

    for finding in found:
        assert finding.code in CODES
        assert finding.span is not None
        assert finding.span.text == lines[finding.span.line - 1]
        assert finding.span.width >= 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document.kind}-{document.store}")
def test_every_document_of_the_table_has_an_example_that_loads(document: Document) -> None:
    """The examples that editors and the reference show are right, but for the entities that they refer to."""
    _, found = load({"example.yaml": document.example})

    assert [d for d in found if d.code != "ST111"] == []


def test_the_clinic_loads_without_a_finding() -> None:
    """The schema that users copy from has no mistake."""
    files = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "schema").rglob("*.yaml")}
    model, found = load(files)

    assert list(found) == []
    stores = sorted((entity.store, entity.name) for entity in model.entities)
    assert stores == [
        ("mongo", "clinicalNotes"),
        ("mongo", "voiceRecordings"),
        *(
            ("postgres", name)
            for name in [
                "alerts",
                "appointments",
                "encounters",
                "order_items",
                "orders",
                "patients",
                "prescription_items",
                "prescriptions",
                "tasks",
                "users",
            ]
        ),
    ]


def test_the_findings_of_several_files_come_together_in_order() -> None:
    """One run reports all that is wrong, sorted by file and place."""
    bad = "entity: x\nstore: postgres\nfields: { id: uuidd, b: intt }\n"
    _, found = load({"b.yaml": bad, "a.yaml": bad.replace("x", "y")})

    places = [(d.span.file, d.span.column) for d in found if d.span]
    assert places == [("a.yaml", 15), ("a.yaml", 25), ("b.yaml", 15), ("b.yaml", 25)]


def test_what_is_declared_twice_is_in_the_model_once() -> None:
    """The second is a finding, and does not make more of them in what follows."""
    model, found = load({"t.yaml": "entity: t\nstore: postgres\n---\nentity: t\nstore: postgres\n"})

    assert [finding.code for finding in found] == ["ST110"]
    assert len(model.entities) == 1


def test_short_and_long_forms_mean_the_same() -> None:
    """`name: type` is `name: { type: type }`; actions beside `references` belong to it."""
    head = "entity: t\nstore: postgres\nprimary_key: [id]\nfields:\n  id: uuid\n"
    short = one(head + "  parent: { type: uuid, references: t.id, on_delete: cascade }\n")
    long = one(head + "  parent: { type: uuid, references: { field: t, on_delete: cascade } }\n")

    mine, other = short.fields[1].references, long.fields[1].references
    assert mine is not None
    assert other is not None
    assert (mine.entity, mine.field, dict(mine.options)) == ("t", "id", {"on_delete": "cascade"})
    assert (other.entity, other.field, dict(other.options)) == ("t", "id", {"on_delete": "cascade"})
    assert short.fields[0].type == "uuid"
    assert not short.fields[0].options


def test_a_key_on_is_a_word_and_not_a_truth() -> None:
    """YAML 1.1 reads the key `on` as true; here it is what it says."""
    made = one('entity: t\nstore: postgres\nfields: { no: integer }\nindexes: [{ on: ["no"] }]\n')

    assert [key.text for key in made.indexes[0].keys] == ["no"]


def test_expressions_keep_their_text() -> None:
    """A number or truth as an expression stays as it is written: 1.10 does not become 1.1."""
    head = "entity: t\nstore: postgres\nfields:\n"
    made = one(head + "  a: { type: numeric, default: 1.10 }\n  b: { type: boolean, default: TRUE }\n")

    assert [field.default for field in made.fields] == ["1.10", "true"]


def test_the_schema_key_may_stand_above_the_kind() -> None:
    """`schema: app` before `entity: t` does not make the document a schema."""
    made = one("schema: app\nentity: t\nstore: postgres\nfields: { id: uuid }\n")

    assert (made.schema, made.name) == ("app", "t")


def test_places_of_words_inside_of_options() -> None:
    """`span` finds the place of a nested word, or of the nearest one around it."""
    made = one("entity: t\nstore: postgres\nfields:\n  a: text\nchecks:\n  full: a <> ''\n")
    exact, around = made.options.span("checks.full"), made.options.span("checks.full.deeper")

    assert exact is not None
    assert (exact.line, exact.column, exact.width) == (6, 9, 7)
    assert around == exact


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(150)), "ST107"),
        ("&a [x, *a]", "ST109"),
        ("[" * 1000, "ST107"),
        ("- " * 1000, "ST107"),
        ("a: " + "x" * (tree.MAX_CHARACTERS + 1), "ST107"),
    ],
    ids=["many aliases", "an alias of itself", "deep flow", "deep block", "a large file"],
)
def test_hostile_files_end_in_a_finding(text: str, code: str) -> None:
    """Bombs are refused before they grow."""
    _, found = load({"bomb.yaml": text})

    assert code in {finding.code for finding in found}


def test_an_alias_bomb_counts_for_all_that_it_stands_for() -> None:
    """Nine levels of ten aliases are a thousand million nodes; the cap is on what they stand for."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    _, found = load({"bomb.yaml": "\n".join(lines)})

    assert [finding.code for finding in found] == ["ST107"]


def test_an_empty_file_is_a_warning() -> None:
    """Nothing is wrong with the rest, but something may have been forgotten."""
    _, found = load({"empty.yaml": "# nothing\n"})

    assert [(finding.code, finding.severity) for finding in found] == [("ST120", Severity.WARNING)]


def test_windows_line_ends_and_byte_order_marks_change_no_place() -> None:
    """The same file from another system gives the same model."""
    text = "entity: t\nstore: postgres\nfields:\n  id: uuid\n"
    unix, _ = load({"t.yaml": text})
    windows, found = load({"t.yaml": "\ufeff" + text.replace("\n", "\r\n")})

    assert not found
    assert unix.entities[0].fields[0].type_span == windows.entities[0].fields[0].type_span


_WORD = st.sampled_from(
    sorted(
        {key.name for document in DOCUMENTS for key in document.record.keys} | {"id", "users", "on", "no", "~", "1.10"}
    )
)
_LEAF = st.one_of(_WORD, st.text(max_size=12), st.integers(), st.booleans(), st.none(), st.floats())
_YAML = st.recursive(
    _LEAF,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_WORD, inner, max_size=5)),
    max_leaves=25,
)


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_the_loader_raise(text: str) -> None:
    """Whatever the file holds, the answer is findings and a model."""
    model, _ = load({"any.yaml": text})

    assert isinstance(model, Model)


@given(st.dictionaries(_WORD, _YAML, max_size=8), st.sampled_from(DOCUMENTS))
@settings(max_examples=300, deadline=None)
def test_no_yaml_makes_the_loader_or_lowering_raise(value: dict[str, object], document: Document) -> None:
    """Known words in the wrong places are findings too, and what is left can still be lowered."""
    import yaml  # noqa: PLC0415  # only to write what is then read

    from schematool.core.lower import mongo, postgres  # noqa: PLC0415

    example = dict(next(yaml.safe_load_all(document.example)))
    text = yaml.safe_dump({**example, **value, document.kind: "x"}, allow_unicode=True)
    model, found = load({"any.yaml": text})
    postgres.lower(model, found)
    mongo.lower(model, found)

    assert all(finding.code in CODES for finding in found)
