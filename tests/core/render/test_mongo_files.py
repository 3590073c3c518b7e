"""Migration files of MongoDB: what is written reads back, and what cannot be read is shown where it stands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schematool.core.errors import InputError
from schematool.core.extended_json import plain, text
from schematool.core.history.unit import Consent
from schematool.core.render.mongo import FILE_SUFFIXES, WIDTH, parse, pretty, render
from schematool.core.step import Segment, Step

UP = Segment((Step('{"create":"notes"}'), Step('{"createIndexes":"notes","indexes":[{"key":{"a":1},"name":"a_1"}]}')))
DOWN = (Step('{"drop":"notes"}'),)


def test_a_file_that_a_person_reads() -> None:
    """Header first, each command on a line of its own."""
    up, down = render(
        "0002_notes",
        UP,
        DOWN,
        consents=[Consent("ST201", "nobody reads it")],
        depends=["0001_start"],
        title="notes of a visit",
    )

    assert up == (
        "{\n"
        '  "title": "notes of a visit",\n'
        '  "depends": ["0001_start"],\n'
        '  "allow": [{"code": "ST201", "because": "nobody reads it"}],\n'
        '  "commands": [\n'
        '    {"create": "notes"},\n'
        '    {"createIndexes": "notes", "indexes": [{"key": {"a": 1}, "name": "a_1"}]}\n'
        "  ]\n"
        "}\n"
    )
    assert down == '{\n  "title": "rollback of 0002_notes",\n  "commands": [\n    {"drop": "notes"}\n  ]\n}\n'
    assert FILE_SUFFIXES == (".json", ".rollback.json")


def test_what_is_written_reads_back() -> None:
    """Commands, their places, consents and dependencies."""
    up, down = render(
        "0002_n", UP, DOWN, consents=[Consent("ST302", "at night")], depends=["0001_a", "0001_b"], title="n"
    )
    unit = parse("0002_n", "m/0002_n.json", up, "m/0002_n.rollback.json", down)

    assert [command.text for command in unit.up] == [step.statement for step in UP.steps]
    assert [(command.span.line, command.span.column) for command in unit.up] == [(6, 5), (7, 5)]
    assert unit.down is not None
    assert [(command.text, command.span.file) for command in unit.down] == [
        ('{"drop":"notes"}', "m/0002_n.rollback.json")
    ]
    assert [(one.code, one.because) for one in unit.consents] == [("ST302", "at night")]
    assert unit.depends == ("0001_a", "0001_b")
    assert (unit.store, unit.transactional, unit.up_text, unit.down_text) == ("mongo", False, up, down)


def test_nothing_to_undo_and_no_rollback_file_differ() -> None:
    """An empty list is a way back; a missing file is none."""
    up, down = render("0002_n", UP, (), consents=[], depends=[], title="n")

    assert parse("0002_n", "u", up, "d", down).down == ()
    assert parse("0002_n", "u", up, "d", None).down is None


def test_types_survive() -> None:
    """A long stays a long, and a double a double."""
    statement = '{"insert":"n","documents":[{"l":{"$numberLong":"1"},"d":1.0,"i":1,"m":{"$numberDecimal":"0.10"}}]}'
    up, down = render("1", Segment((Step(statement),)), (), consents=[], depends=[], title="n")

    assert [command.text for command in parse("1", "u", up, "d", down).up] == [statement]


def test_canonical_and_windows_files_are_read() -> None:
    """What an editor or another tool makes of a file changes nothing."""
    written = '\ufeff{\r\n  "commands": [\r\n    {"create": "n", "size": {"$numberInt": "5"}}\r\n  ]\r\n}\r\n'
    (command,) = parse("1", "u", written, "d", None).up

    assert command.text == '{"create":"n","size":5}'
    assert (command.span.line, command.span.column) == (3, 5)


@pytest.mark.parametrize(
    ("content", "line", "column", "said"),
    [
        ("[]", 1, 1, "a migration is an object"),
        ("", 1, 1, "a migration is an object"),
        ('{\n  "commands": [\n    {"create": "a",}\n  ]\n}', 3, 20, "this is not JSON"),
        ('{"commands": [{"create": "a"} {"drop": "b"}]}', 1, 31, "expected `,`"),
        ('{"commands": [{"create": "a", "create": "b"}]}', 1, 15, "`create` is written twice"),
        ('{"commands": [],\n "commands": []}', 2, 2, "`commands` is written twice"),
        ('{"command": []}', 1, 2, "unknown key `command`"),
        ('{"title": "x"}', 1, 1, "`commands` is missing"),
        ('{"commands": {}}', 1, 14, "expected a list"),
        ('{"commands": ["drop"]}', 1, 15, "not a database command"),
        ('{"commands": [{}]}', 1, 15, "not a database command"),
        ('{"commands": [{"find": NaN}]}', 1, 15, "`NaN` is no JSON"),
        ('{"commands": [{"insert": {"$numberInt": "x"}}]}', 1, 15, "not Extended JSON"),
        ('{"commands": []} more', 1, 18, "after the end"),
        ('{"commands": [], "allow": [{"code": "ST201"}]}', 1, 28, "does not understand this consent"),
        ('{"commands": [], "allow": [{"code": "x", "because": "y"}]}', 1, 28, "does not understand this consent"),
        ('{"commands": [], "depends": [1]}', 1, 30, "ids of migrations"),
        ('{"commands": [], "title": 1}', 1, 27, "expected text"),
        ('{"commands"', 1, 12, "expected `:`"),
        ("{" + '"commands": ' + "[" * 100_000, 1, 15, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_shown(content: str, line: int, column: int, said: str) -> None:
    """Each finding has its file, line and column."""
    with pytest.raises(InputError) as caught:
        parse("1", "m/1.json", content, "m/1.rollback.json", None)
    first = caught.value.diagnostics[0]
    assert first.span is not None

    assert said in first.message
    assert (first.code, first.span.file, first.span.line, first.span.column) == ("ST409", "m/1.json", line, column)


def test_both_files_are_reported_together() -> None:
    """One run shows all that is wrong."""
    with pytest.raises(InputError) as caught:
        parse("1", "a.json", '{"commands": 1}', "b.json", '{"commands": 2, "x": 3}')

    assert [one.span.file for one in caught.value.diagnostics if one.span] == ["a.json", "b.json", "b.json"]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), VALUES, min_size=1, max_size=3))
def test_any_command_reads_back(command: dict[str, object]) -> None:
    """Whatever a command holds, the file gives it back."""
    statement = text(plain(command))
    if statement.startswith('{"$'):
        return
    up, down = render("1", Segment((Step(statement),)), (), consents=[], depends=[], title="x")

    assert [one.text for one in parse("1", "u", up, "d", down).up] == [statement]


@given(VALUES)
def test_layout_changes_no_value(value: object) -> None:
    """Laid out or not, it is the same JSON; and no line is longer than it must be."""
    laid_out = pretty(plain(value))

    assert json.loads(laid_out) == json.loads(text(plain(value)))
    assert all(len(line) <= WIDTH + 40 or not line.rstrip(",").endswith(("]", "}")) for line in laid_out.splitlines())


@pytest.mark.parametrize(
    ("command", "operator"),
    [
        ('{"update": "a", "updates": [{"q": {"$where": "sleep(1)"}, "u": {"$set": {"b": 1}}}]}', "$where"),
        ('{"aggregate": "a", "pipeline": [{"$set": {"b": {"$function": {"body": "f"}}}}], "cursor": {}}', "$function"),
        ('{"delete": "a", "deletes": [{"q": {"$expr": {"$function": {"body": "f"}}}, "limit": 0}]}', "$function"),
        ('{"insert": "a", "documents": [{"_id": 1, "b": {"$code": "f"}}]}', "$code"),
        ('{"mapReduce": "a", "map": "f", "reduce": "g", "out": "b"}', "mapReduce"),
    ],
)
def test_javascript_is_refused(command: str, operator: str) -> None:
    """A command that would run a program on every document is found, at any depth, with its place."""
    with pytest.raises(InputError) as caught:
        parse("0001_a", "a.json", f'{{"commands": [\n  {command}\n]}}', "b.json", None)
    found = caught.value.diagnostics[0]

    assert (found.code, f"`{operator}` runs JavaScript" in found.message) == ("ST409", True)
    assert found.span
    assert (found.span.line, found.span.column) == (2, 3)


def test_a_word_in_a_value_is_no_javascript() -> None:
    """Only names of operators count."""
    unit = parse("0001_a", "a.json", '{"commands": [{"insert": "a", "documents": [{"b": "$where"}]}]}', "b.json", None)

    assert len(unit.up) == 1
