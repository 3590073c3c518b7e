"""A text of the YAML that goes into a clause of a statement cannot be more than that clause's expression."""

from __future__ import annotations

import pytest

from schematool.core.load import load
from schematool.core.lower.postgres.scope import collation_text
from schematool.core.sql.expression import complaint, enclosed


@pytest.mark.parametrize(
    "text",
    [
        "now()",
        "'a; b, c) --'",
        "E'it\\'s; )'",
        "$$; ) ,$$",
        "$t$ $$ ; $t$ || 'x'",
        "array[1, 2]",
        "coalesce(a, (b), 'x;')",
        'a > 0 and "odd; ""name)" is not null',
        "a > 0 -- because it's so\n and b",
        "a /* one /* two; ) */ , */ + 1",
        "x is json with unique keys",
        "(select max(id) from t where a in (1, 2))",
        "case when a then 'b' end",
        "lower(email) varchar_pattern_ops desc nulls first",
        "a ? 'b' or a @> '{\"a\": 1}'",
        "-1",
        "e'\\\\'",
        "B'01'::bit(2)",
    ],
)
def test_expressions_pass(text: str) -> None:
    """Whatever is in quotes, comments or parentheses is no concern."""
    assert complaint(text) is None


@pytest.mark.parametrize(
    ("text", "offset", "word"),
    [
        ("1); drop table x; --", 1, "parenthesis"),
        ("true) not valid; drop table z", 4, "parenthesis"),
        ("a > 0; drop table y", 5, "semicolon"),
        ("1;", 1, "semicolon"),
        ("1, add column evil int", 1, "comma"),
        ("1 check (d > 0)", 2, "`check`"),
        ("1 REFERENCES other (id)", 2, "`REFERENCES`"),
        ("1 --", 2, "comment"),
        ("(a", 0, "never closed"),
        ("'a", 0, "never ends"),
        ("a /* b", 2, "never ends"),
        ("$$ a", 0, "never ends"),
        ("'a'') ; drop table x --", 3, "never ends"),
        ("E'\\\\'; drop table x; --'", 5, "semicolon"),
        ("a]", 1, "parenthesis"),
        ("\\connect other", 0, "psql"),
    ],
)
def test_what_could_end_the_clause_is_refused(text: str, offset: int, word: str) -> None:
    """With its reason, and the place of the first character that is not as it must be."""
    found = complaint(text)

    assert found
    assert (word in found[0], found[1]) == (True, offset), found


@pytest.mark.parametrize(
    ("place", "column"),
    [
        ('a: { type: int, default: "1); drop table x; --" }', 30),
        ('a: { type: int, check: "a > 0), check (true" }', 32),
        ("a: { type: int, generated: 'b + 1) stored, evil int --' }", 36),
        ("a: { type: timestamptz, on_update: now() ; drop table x }", 44),
    ],
)
def test_the_yaml_is_refused_with_file_line_and_column(place: str, column: int) -> None:
    """The loader points at the very character."""
    text = f"entity: things\nstore: postgres\nfields:\n  id: int\n  {place}\nprimary_key: [id]\n"
    _, found = load({"schema/a.yaml": text})
    span = found[0].span

    assert [one.code for one in found] == ["ST123"]
    assert span
    assert (span.file, span.line, span.column) == ("schema/a.yaml", 5, column)


@pytest.mark.parametrize(
    "words",
    [
        "checks:\n  x: a > 0), add column evil int, add check (true",
        'indexes:\n  - { on: [a], where: "a > 0; drop table y" }',
        'indexes:\n  - { on: ["lower(a)), (b"] }',
        'indexes:\n  - { on: ["a, b"] }',
        'indexes:\n  - { on: ["a) where true; drop table z; --"] }',
    ],
)
def test_conditions_and_parts_of_indexes_are_held_to_it(words: str) -> None:
    """So are checks, partial indexes and what they are on."""
    text = f"entity: things\nstore: postgres\nfields:\n  id: int\n  a: text\nprimary_key: [id]\n{words}\n"
    _, found = load({"schema/a.yaml": text})

    assert "ST123" in [one.code for one in found]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C", '"C"'),
        ("en-x-icu", '"en-x-icu"'),
        ("de_DE.utf8-x", '"de_DE.utf8-x"'),
        ('pg_catalog."C"', None),
        ('"my "" one"."C"', '"my "" one"."C"'),
        ('C" desc; drop table x; --', '"C"" desc; drop table x; --"'),
        ('"C" desc; drop table x; --', '"""C"" desc; drop table x; --"'),
    ],
)
def test_a_collation_is_a_name_and_nothing_beside(given: str, shown: str | None) -> None:
    """Quoted as it must be; what is in quotes already stays only when it is whole."""
    found = collation_text(given)

    assert found
    assert complaint(found) is None
    assert shown is None or found == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gen_random_uuid()", "gen_random_uuid()"),
        ("'a b; c'::text", "'a b; c'::text"),
        ("coalesce(a, b || ' c')", "coalesce(a, b || ' c')"),
        ("1 unique", "(1 unique)"),
        ("1/**/unique", "(1/**/unique)"),
        ("now() - interval '1 day'", "(now() - interval '1 day')"),
    ],
)
def test_what_has_several_words_is_put_into_parentheses(text: str, shown: str) -> None:
    """There it is one expression, or the server refuses it; one word is shown as it was written."""
    assert enclosed(text) == shown
