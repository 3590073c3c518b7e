"""Rules about schemas and migration files: each finds what it is for, and nothing in what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from schematool.core.codes import CODES
from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.history.unit import Command, Consent, Unit
from schematool.core.lint import OFF_BY_DEFAULT, lint, lint_units
from schematool.core.load import load

ROOT = Path(__file__).parents[2]
USERS = (
    "entity: users\nstore: postgres\ndescription: d\nfields: { id: { type: uuid, description: d } }\n"
    "primary_key: [id]\n---\n"
)
HEAD = USERS + "entity: t\nstore: postgres\nfields:\n  id: uuid\n"
MONGO = "entity: notes\nstore: mongo\nfields: { a: string, b: string }\n"

SHARDED = (
    "entity: notes\nstore: mongo\nfields: { a: %s, b: { type: string, required: true } }\nshard_key: { on: { %s } }\n"
)
SERIES = (
    "entity: notes\nstore: mongo\ntime_series: { time_field: t, meta_field: m }\n"
    "indexes: [{ on: { m.x: 1, t: 1 } }]\nshard_key: { on: { %s } }\n"
)


def findings(text: str, *also: str) -> list[Diagnostic]:
    """The advice on a text without mistakes."""
    model, found = load({"schema/t.yaml": text})

    assert list(found) == []
    return list(lint(model, also=also))


def codes(text: str, *also: str) -> list[str]:
    """The codes of the advice."""
    return [finding.code for finding in findings(text, *also)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "  u: { type: uuid, references: users.id }\nprimary_key: [id]\n", ["ST150"]),
        (HEAD + "  u: { type: uuid, references: users.id }\nprimary_key: [id]\nindexes: [{ on: [u] }]\n", []),
        (HEAD + "  u: { type: uuid, references: users.id }\nprimary_key: [u, id]\n", []),
        (HEAD + "  u: { type: uuid, references: users.id, unique: true }\nprimary_key: [id]\n", []),
        (
            HEAD + "  u: { type: uuid, references: users.id }\nprimary_key: [id]\n"
            "indexes: [{ on: [u], where: u is not null }]\n",
            [],
        ),
        (
            HEAD
            + "  u: { type: uuid, references: users.id }\nprimary_key: [id]\nindexes: [{ on: [u], where: id = id }]\n",
            ["ST150"],
        ),
        (HEAD + "  e: { type: text, unique: true }\nprimary_key: [id]\nindexes: [{ on: [e] }]\n", ["ST151"]),
        (HEAD + "  e: text\nprimary_key: [id]\nindexes: [{ on: [e] }, { on: [e, id] }]\n", ["ST151"]),
        (HEAD + "  e: text\nprimary_key: [id]\nindexes: [{ on: [e] }, { on: [id, e] }]\n", []),
        (HEAD + "  e: text\nprimary_key: [id]\nindexes: [{ on: [e desc] }, { on: [e, id] }]\n", []),
        (HEAD + "  e: text\nprimary_key: [id]\nindexes: [{ on: [e], where: e <> '' }, { on: [e, id] }]\n", []),
        (HEAD + "  at: timestamp\nprimary_key: [id]\n", ["ST152"]),
        (HEAD + "  at: timestamptz\nprimary_key: [id]\n", []),
        (HEAD + "  price: money\n  s: serial\n  c: char(3)\n  j: json\nprimary_key: [id]\n", ["ST153"] * 4),
        (HEAD, ["ST154"]),
        (MONGO + "sensitive: true\nvalidation: { action: warn }\n", ["ST157"]),
        (MONGO + "sensitive: true\nvalidation: { action: error }\n", []),
        (MONGO + "validation: { action: warn }\n", []),
        (MONGO + "indexes: [{ on: { a: text } }, { on: { b: text } }]\n", ["ST158"]),
        (MONGO + "indexes: [{ on: { a: 1 } }, { on: { a: 1, b: -1 } }]\n", ["ST151"]),
        (MONGO + "indexes: [{ on: { a: 1 }, sparse: true }, { on: { a: 1, b: -1 } }]\n", []),
        (SHARDED % ("{ type: bool, required: true }", "a: 1"), ["ST166"]),
        (SHARDED % ("{ one_of: [x, y, z], required: true }", "a: hashed"), ["ST166"]),
        (SHARDED % ("{ one_of: [x, y, z], required: true }", "a: 1, b: 1"), []),
        (SHARDED % ("{ type: date, required: true }", "a: 1"), ["ST166"]),
        (SERIES % "m.x: 1", []),
        (SERIES % "m.x: 1, t: 1", ["ST166"]),
        (SHARDED % ("{ type: date, required: true }", "a: hashed"), []),
        (SHARDED % ("{ type: date, required: true }", "b: 1, a: 1"), []),
        (SHARDED % ("string", "a: 1"), ["ST166"]),
        (SHARDED % ("string", "_id: 1"), ["ST166"]),
    ],
)
def test_rules_about_the_schema(text: str, expected: list[str]) -> None:
    """Each rule speaks where it should and is silent where it should be."""
    assert expected == codes(text)


def test_rules_of_taste_are_off_until_asked_for() -> None:
    """Descriptions and lengths are only looked at on request."""
    text = USERS + "entity: t\nstore: postgres\nfields: { id: varchar(3) }\nprimary_key: [id]\n"

    assert codes(text) == []
    assert set(codes(text, *OFF_BY_DEFAULT)) == OFF_BY_DEFAULT


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# schematool: allow ST152 because clocks agree", []),
        ("# schematool: allow ST152, ST154 because clocks agree", ["ST160"]),
        ("# schematool: allow ST152", ["ST159", "ST152"]),
        ("# schematool: allow ST151 because of habit", ["ST160", "ST152"]),
        ("# something else", ["ST152"]),
    ],
)
def test_allowances_need_a_reason_and_a_finding(comment: str, expected: list[str]) -> None:
    """A comment on the entity's line covers all of it, says why, and is itself a finding when it covers nothing."""
    text = f"entity: t  {comment}\nstore: postgres\nfields:\n  id: uuid\n  at: timestamp\nprimary_key: [id]\n"

    assert sorted(expected) == sorted(codes(text))


def test_an_allowance_stands_on_the_line_of_the_finding() -> None:
    """The line of the field or index itself is the other place for it."""
    text = HEAD + "  price: money  # schematool: allow ST153 because an old program reads it\nprimary_key: [id]\n"

    assert codes(text) == []


def test_the_clinic_has_no_advice_to_follow() -> None:
    """The schema that users copy from is clean, every exception with its reason."""
    files = {str(path): path.read_text() for path in (ROOT / "schema").rglob("*.yaml")}

    assert lint(load(files)[0]) == ()


def test_a_view_of_what_is_not_declared_is_named_where_it_stands() -> None:
    """MongoDB takes such a view, and it finds nothing; what is declared in any way is no finding."""
    view = (
        "---\nview: v\nstore: mongo\nfrom: notes\npipeline:\n"
        "  - $lookup: { from: %s, as: x, pipeline: [{ $unionWith: fs.files }] }\n"
    )
    bucket = "---\nbucket: fs\n"

    assert codes(MONGO + view % "notes" + bucket) == []
    assert codes(MONGO + view % "v" + bucket) == []
    wrong, missing = findings(MONGO + view % "notez")
    assert (wrong.code, wrong.hint) == ("ST111", "did you mean `notes`?")
    assert wrong.span
    assert wrong.span.text[wrong.span.column - 1 :].startswith("notez")
    assert "`v` reads `fs.files`, which is not declared" in missing.message


def unit(*statements: str, store: str = "postgres", allow: str | None = None, transactional: bool = True) -> Unit:
    """A migration half made of statements."""
    span = Span("migrations/postgres/0001_x.sql", 3, 1)
    return Unit(
        id="0001_x",
        store=store,
        up=tuple(Command(text, span) for text in statements),
        down=(),
        up_text="",
        down_text="",
        transactional=transactional,
        consents=(Consent(allow, "it is time", span),) if allow else (),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (unit("ALTER TABLE public.users DROP COLUMN nickname"), ["ST201"]),
        (unit("ALTER TABLE public.users DROP COLUMN nickname", allow="ST201"), []),
        (unit('{"drop": "notes"}', store="mongo"), ["ST201"]),
        (unit('{"create": "v", "viewOn": "notes"}', '{"drop": "v"}', store="mongo"), []),
        (unit('{"create": "v", "viewOn": "n"}', '{"create": "v"}', '{"drop": "v"}', store="mongo"), ["ST201"]),
        (unit('{"collMod": "n", "index": {"name": "t", "expireAfterSeconds": 5}}', store="mongo"), []),
        (unit("CREATE INDEX i ON public.users USING btree (a)"), ["ST204"]),
        (unit("CREATE INDEX i ON public.users USING btree (a)", allow="ST204"), []),
        (unit("CREATE TABLE public.users (a integer)", "CREATE INDEX i ON public.users USING btree (a)"), []),
        (unit("CREATE INDEX CONCURRENTLY i ON public.users (a)", transactional=False), []),
        (unit("CREATE INDEX CONCURRENTLY i ON public.users (a)"), ["ST122"]),
        (unit("BEGIN"), ["ST122"]),
        (unit("ALTER TABLE public.users ADD CONSTRAINT c CHECK (a > 0)"), ["ST204"]),
        (unit("ALTER TABLE public.users ADD CONSTRAINT c CHECK (a > 0) NOT VALID"), []),
        (unit("ALTER TABLE public.users ALTER COLUMN a SET NOT NULL"), ["ST204"]),
        (unit("SELECT 1", allow="ST999"), ["ST160"]),
    ],
)
def test_rules_about_migration_files(given: Unit, expected: list[str]) -> None:
    """Dangers without consent, and statements that cannot run where they stand."""
    assert expected == [finding.code for finding in lint_units([given])]


def test_every_code_is_in_the_catalogue() -> None:
    """`explain` knows every code of the rules."""
    assert {f"ST{number}" for number in (*range(150, 163), 166, 122)} <= set(CODES)
