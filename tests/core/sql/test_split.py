"""Where statements end. That psql agrees is shown in tests/live/test_split_like_psql.py."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schematool.core.sql.place import Places, within
from schematool.core.sql.split import SplitError, split

WHOLE = [
    "select 'a;b'",
    "select 'it''s; fine'",
    "select E'a\\';b'",
    "select e'\\\\'",
    "select 'C:\\'",
    "select E'a'\n  -- on and on\n  'b\\';c'",
    "select U&'\\0061;' , B'01', N'x;'",
    'select ";" as "a;""b"',
    "select $$;$$",
    "select $a$ $b$ ; $$ ; $a$",
    "select $é$;$é$",
    "select a$$b, $1 from t",
    "select 1 /* ; /* ; */ ; */ + 1",
    "select 1 -- ;\n + 1",
    "select (1 ; 2)",
    "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))",
    "create function f() returns int language sql begin atomic select 1; select case when true then 2 end; end",
    "create or replace procedure p(a int default (1)) begin atomic insert into t values (';'); end",
    "create function f() returns int language plpgsql as $$ begin return 1; end $$",
    "create /* odd */ function f() returns text begin atomic select 'end;'; end",
    "create function \"begin\"() returns int language sql as 'select 1'",
    "do $do$ begin raise notice ';'; end $do$",
    "select 1 - -1, 4 / 2, a->'b', '{}'::jsonb #>> '{a}'",
    "select ((((((1;2))))))",
    "select '\n;\r\n;'",
    "begin",
    "end",
    "select case when 1 = 1 then 2 end",
]
GAPS = ["", " ", "\n", "\r\n", " -- a; 'comment\n", "/* a ; ' comment */", "/* nested /* ; */ ; */\n", ";;\n"]


@pytest.mark.parametrize("statement", WHOLE)
def test_one_statement_stays_whole(statement: str) -> None:
    """Nothing inside of these ends them, and the semicolon after them does."""
    found = split(f"{statement};\nselect 2")

    assert [part.text for part in found] == [statement, "select 2"]


@given(st.lists(st.tuples(st.sampled_from(GAPS), st.sampled_from(WHOLE)), max_size=8), st.booleans())
def test_every_statement_is_found_where_it_is(parts: list[tuple[str, str]], byte_order_mark: bool) -> None:
    """Any sequence of statements and comments comes apart into the same statements, each at its own place."""
    source = "\ufeff" * byte_order_mark + "".join(f"{gap}{statement};" for gap, statement in parts)
    found = split(source)

    assert [part.text for part in found] == [statement for _, statement in parts]
    assert all(source[part.start : part.end].rstrip() == part.text for part in found)


@given(st.text(st.sampled_from(list("eE'\"$a1;()/*-\\\n \u00e9begincraftuo")), max_size=60))
@settings(max_examples=400)
def test_any_text_is_split_or_refused(source: str) -> None:
    """Any text at all ends in statements that cover everything but semicolons and comments, or in one refusal."""
    try:
        found = split(source)
    except SplitError as error:
        assert 0 <= error.offset <= len(source)  # noqa: PT017  # most texts are no SQL; both ends are right
        return
    places = [edge for part in found for edge in (part.start, part.end)]

    assert places == sorted(places)
    assert (
        "".join(_bare(source)) == "".join("".join(_bare(part.text)) for part in found)
        or "--" in source
        or "/" in source
    )


def _bare(text: str) -> list[str]:
    return [character for character in text if character not in "; \n"]


@pytest.mark.parametrize(
    ("source", "reason", "offset"),
    [
        ("select 'a", "string never ends", 7),
        ("select E'a\\'", "string never ends", 8),
        ('select "a', "quoted name never ends", 7),
        ("select $a$ $b$", "text never ends", 7),
        ("select 1; /* /* */", "comment never ends", 10),
        ("select (1", "parenthesis is never closed", 7),
        ("create function f() returns int begin atomic select 1;", "no END", 32),
        ("select 1;\n\\connect other", "`\\connect` is a command of psql", 10),
        ("\\copy t from 'x'", "`\\copy` is a command of psql", 0),
        ("select 1 \\gset", "`\\gset` is a command of psql", 9),
        ("copy t from stdin;\n1\n", "no `\\.` at its end", 0),
        ("copy t from stdin; select 1;\n\\.\n", "line of its own", 18),
    ],
)
def test_what_cannot_be_split_says_where(source: str, reason: str, offset: int) -> None:
    """A refusal says what is wrong, and where that begins."""
    with pytest.raises(SplitError) as caught:
        split(source)

    assert reason in caught.value.reason
    assert caught.value.offset == offset


def test_copy_takes_its_data_along() -> None:
    """The lines after COPY … FROM stdin are data, whatever they look like."""
    found = split("copy t (a) from stdin with (format csv); -- data\r\n;'\r\n\\\\.\r\n\\.\r\nselect 1;")

    assert [(part.text, part.data) for part in found] == [
        ("copy t (a) from stdin with (format csv)", ";'\r\n\\\\.\r\n"),
        ("select 1", None),
    ]


def test_copy_out_has_no_data() -> None:
    """Only FROM stdin is followed by lines of data."""
    found = split("copy (select 'from stdin') to stdout;\nselect 1;copy t from '/x';")

    assert [part.data for part in found] == [None, None, None]


def test_places_are_those_of_an_editor() -> None:
    """Lines and columns count from 1, with any of the three line endings."""
    source = "a\r\nbb\rccc\ndddd"
    places = Places("x.sql", source)

    assert [(places.span(o).line, places.span(o).column) for o in (0, 3, 6, 12)] == [(1, 1), (2, 1), (3, 1), (4, 3)]
    assert places.span(6, 9).text == "ccc"
    assert places.span(6, 99).width == 3


@given(st.lists(st.sampled_from(["a", "é", "\n", "\r\n", "  "]), max_size=20), st.data())
def test_a_place_in_a_statement_is_the_place_in_the_file(parts: list[str], data: st.DataObject) -> None:
    """The server's offset in a statement leads to the same line and column as the offset in the file."""
    statement = "select " + "".join(parts) + "x"
    source = f"-- one\n  {statement};"
    offset = data.draw(st.integers(0, len(statement) - 1).filter(lambda o: statement[o] not in "\r\n"))
    places = Places("x.sql", source)
    start = source.index(statement)
    expected = places.span(start + offset)
    actual = within(places.span(start), statement, offset)

    assert (actual.line, actual.column) == (expected.line, expected.column)


def test_splitting_is_linear() -> None:
    """A text that is four times as long takes about four times as long, in the simple case and in the odd ones."""
    for piece in ("insert into t values (1, 'a;b');\n", "select ((((((1))))));", "select $$ $ a $ $$, 'x';", "(", "e'"):
        small = _seconds(piece * 5000)
        large = _seconds(piece * 20000)

        assert large < max(small, 0.002) * 12


def _seconds(source: str) -> float:
    best = 9.9
    for _ in range(3):
        began = time.process_time()
        with suppress(SplitError):
            split(source)
        best = min(best, time.process_time() - began)
    return best
