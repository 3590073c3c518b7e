"""Lowering to PostgreSQL: what the words compile to, and the names that PostgreSQL would choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from schematool.core.catalog import Id
from schematool.core.diagnostic import Findings
from schematool.core.load import load
from schematool.core.lower import Draft
from schematool.core.lower.postgres import lower
from schematool.core.lower.postgres.indexes import key_text
from schematool.core.model import postgres as pg
from schematool.core.sql.names import object_name

ROOT = Path(__file__).parents[2]
HEAD = "entity: t\nstore: postgres\nfields:\n  id: { type: uuid, default: gen_random_uuid() }\n"


def draft(text: str) -> Draft:
    """The draft of a text without mistakes."""
    model, found = load({"schema/t.yaml": text})
    made = lower(model, found)

    assert list(found) == []
    return made


def made(text: str, kind: str, *path: str) -> pg.PgObject:
    """One object of the draft."""
    thing = draft(text).catalog.objects[Id(kind, path)]

    assert isinstance(thing, pg.PgObject)
    return thing


def definition(text: str, kind: str, *path: str) -> str:
    """The definition of one object of the draft."""
    return str(getattr(made(text, kind, *path), "definition"))  # noqa: B009  # several classes have it


@pytest.mark.parametrize(
    ("field", "name", "expected"),
    [
        ("{ type: text, one_of: [a, it's] }", "t_x_check", "CHECK (x IN ('a', 'it''s'))"),
        ("{ type: smallint, one_of: [1, 2] }", "t_x_check", "CHECK (x IN (1, 2))"),
        ('{ type: "text[]", one_of: [a] }', "t_x_check", "CHECK (x <@ ARRAY['a']::text[])"),
        ("{ type: integer, check: x > 0 }", "t_x_check", "CHECK (x > 0)"),
        ("{ type: integer, one_of: [1], check: x > 0 }", "t_x_check1", "CHECK (x > 0)"),
        ("{ type: text, unique: true }", "t_x_key", "UNIQUE (x)"),
        ("{ type: text, unique: only_one }", "only_one", "UNIQUE (x)"),
        (
            "{ type: uuid, references: t.id, on_delete: set null, on_update_reference: cascade }",
            "t_x_fkey",
            "FOREIGN KEY (x) REFERENCES public.t(id) ON UPDATE CASCADE ON DELETE SET NULL",
        ),
        (
            "{ type: uuid, references: { field: t, deferrable: deferred, match: full, name: up } }",
            "up",
            "FOREIGN KEY (x) REFERENCES public.t(id) MATCH FULL DEFERRABLE INITIALLY DEFERRED",
        ),
    ],
)
def test_constraints_of_a_field(field: str, name: str, expected: str) -> None:
    """Words beside a type become constraints with PostgreSQL's own names."""
    text = HEAD + f"  x: {field}\nprimary_key: [id]\n"

    assert expected == definition(text, "constraint", "public", "t", name)


@pytest.mark.parametrize(
    ("words", "name", "expected"),
    [
        ("primary_key: id", "t_pkey", "PRIMARY KEY (id)"),
        ("primary_key: { on: [id, x], name: k, include: [y] }", "k", "PRIMARY KEY (id, x) INCLUDE (y)"),
        ("unique: [[x, y]]", "t_x_y_key", "UNIQUE (x, y)"),
        ("unique: { pair: { on: [x, y], nulls_not_distinct: true } }", "pair", "UNIQUE NULLS NOT DISTINCT (x, y)"),
        ("checks: { more: x > 1 }", "more", "CHECK (x > 1)"),
        ("checks: { more: { check: x > 1, no_inherit: true } }", "more", "CHECK (x > 1) NO INHERIT"),
        (
            "exclusions: { once: { elements: [x with =], where: y > 0, deferrable: true } }",
            "once",
            "EXCLUDE USING gist (x with =) WHERE (y > 0) DEFERRABLE",
        ),
        (
            "foreign_keys: [{ on: [x, y], references: t, fields: [x, y], on_delete: set null (x) }]",
            "t_x_y_fkey",
            "FOREIGN KEY (x, y) REFERENCES public.t(x, y) ON DELETE SET NULL (x)",
        ),
    ],
)
def test_constraints_of_a_table(words: str, name: str, expected: str) -> None:
    """Words of the entity become constraints of several fields."""
    text = HEAD + f"  x: integer\n  y: integer\n{words}\n"

    assert expected == definition(text, "constraint", "public", "t", name)


@pytest.mark.parametrize(
    ("index", "name", "expected"),
    [
        ("on: [x]", "t_x_idx", "USING btree (x)"),
        ("on: [x desc nulls last, y]", "t_x_y_idx", "USING btree (x desc nulls last, y)"),
        ("on: [lower(z)]", "t_lower_idx", "USING btree (lower(z))"),
        ("on: [x, DATE(d)]", "t_x_date_idx", "USING btree (x, DATE(d))"),
        ("on: [x + y desc]", "t_expr_idx", "USING btree ((x + y) desc)"),
        ("on: [(x) || (y)]", "t_expr_idx", "USING btree (((x) || (y)))"),
        ("on: [z text_pattern_ops], where: x > 0", "t_z_idx", "USING btree (z text_pattern_ops) WHERE (x > 0)"),
        ("on: [Odd], include: [x], method: gist", "t_Odd_x_idx", 'USING gist ("Odd") INCLUDE (x)'),
    ],
)
def test_indexes(index: str, name: str, expected: str) -> None:
    """Keys are quoted or put into parentheses as CREATE INDEX wants them."""
    text = HEAD + f"  x: integer\n  y: integer\n  z: text\n  d: timestamp\n  Odd: text\nindexes:\n  - {{ {index} }}\n"
    quoted = f'"{name}"' if name.lower() != name else name

    assert f"CREATE INDEX {quoted} ON public.t {expected}" == definition(text, "index", "public", name)


def test_names_are_cut_as_the_server_cuts_them() -> None:
    """The longer of table and column gives way until the whole has 63 bytes (makeObjectName)."""
    long = object_name("a" * 60, "b" * 30, "key")

    assert len(long) == 63
    assert long == "a" * 29 + "_" + "b" * 29 + "_key"
    assert object_name("ä" * 40, None, "pkey") == "ä" * 29 + "_pkey"


def test_two_indexes_on_the_same_keys_get_two_names() -> None:
    """The second is numbered, as the server does."""
    text = HEAD + "indexes: [{ on: [id] }, { on: [id], where: id is not null }]\n"

    assert {of.name for of in draft(text).catalog.objects if of.kind == "index"} == {"t_id_idx", "t_id_idx1"}


def test_columns_keep_their_order_and_words() -> None:
    """The table carries the order of its columns; a key is NOT NULL without being told."""
    text = HEAD + "  n: { type: integer, identity: { always: false, start: 5 } }\n  s: serial\nprimary_key: [id]\n"
    table, key = made(text, "table", "public", "t"), made(text, "column", "public", "t", "id")
    number, serial = made(text, "column", "public", "t", "n"), made(text, "column", "public", "t", "s")

    assert isinstance(table, pg.Table)
    assert table.columns == ("id", "n", "s")
    assert isinstance(key, pg.Column)
    assert key.not_null
    assert isinstance(number, pg.Column)
    assert number.identity == pg.Identity(always=False, start=5)
    assert isinstance(serial, pg.Column)
    assert (serial.type, serial.not_null) == ("integer", True)
    sequence = made(text, "sequence", "public", "t_s_seq")
    assert isinstance(sequence, pg.Sequence)
    assert sequence.owned_by == serial.id


def test_declared_types_are_written_in_full() -> None:
    """An enum of another schema is found without a search path."""
    text = "enum: Mood\nschema: app\nvalues: [a]\n---\n" + HEAD + '  m: "Mood[]"\n'
    column = made(text, "column", "public", "t", "m")

    assert isinstance(column, pg.Column)
    assert column.type == 'app."Mood"[]'


def test_on_update_makes_a_function_and_a_trigger() -> None:
    """`on_update: now()` is kept by the database itself."""
    text = HEAD + "  changed: { type: timestamptz, on_update: now() }\n"
    trigger = definition(text, "trigger", "public", "t", "t_changed_touch")

    assert trigger == (
        "CREATE TRIGGER t_changed_touch BEFORE UPDATE ON public.t FOR EACH ROW"
        " EXECUTE FUNCTION public.t_changed_touch()"
    )
    assert "NEW.changed := now();" in definition(text, "function", "public", "t_changed_touch", "")


def test_functions_are_whole_statements() -> None:
    """Body, attributes and settings are one CREATE OR REPLACE."""
    text = (
        "function: f\narguments: [a integer, b integer default 2]\nreturns: integer\nvolatility: stable\n"
        "security: definer\nset: { search_path: 'pg_catalog, public' }\nbody: select a + b\n"
    )

    assert definition(text, "function", "public", "f", "a integer, b integer") == (
        "CREATE OR REPLACE FUNCTION public.f(a integer, b integer default 2)\n RETURNS integer\n LANGUAGE sql\n"
        " STABLE SECURITY DEFINER\n SET search_path TO 'pg_catalog', 'public'\nAS $function$select a + b$function$"
    )


def test_renames_come_from_the_outside_in() -> None:
    """A column is renamed in the table's new name, after the table."""
    text = (
        "schema: app\nwas: old_app\n---\nenum: mood\nvalues: [{ value: glad, was: happy }]\n---\n"
        "entity: people\nwas: persons\nstore: postgres\nfields: { full_name: { type: text, was: name } }\n"
        "checks: { named: { check: full_name <> '', was: has_name } }\n"
        "indexes: [{ on: [full_name], name: i, was: j }]\n"
    )
    renames = [(str(change.before), str(change.after)) for change in draft(text).renames]

    assert renames == [
        ("schema old_app", "schema app"),
        ("enum value public.mood.happy", "enum value public.mood.glad"),
        ("table public.persons", "table public.people"),
        ("column public.people.name", "column public.people.full_name"),
        ("constraint public.people.has_name", "constraint public.people.named"),
        ("index public.j", "index public.i"),
    ]


def test_places_point_at_the_words() -> None:
    """A server's error about an object can be shown where it is declared."""
    text = HEAD + "  x: { type: integer, default: 3 }\nchecks:\n  more: x > 1\nindexes:\n  - { on: [x] }\n"
    places = draft(text).places
    lines = {str(of): span.line for of, span in places.items()}

    assert lines["column public.t.x"] == 5
    assert lines["default public.t.x"] == 5
    assert lines["constraint public.t.more"] == 7
    assert lines["index public.t_x_idx"] == 9


def test_partitions_have_the_columns_of_their_parent() -> None:
    """A partition is made by itself and attached, so it needs the same columns."""
    text = HEAD + "partition_by: { hash: [id] }\npartitions: { t_0: { modulus: 1, remainder: 0 } }\n"
    part, column = made(text, "table", "public", "t_0"), made(text, "column", "public", "t_0", "id")

    assert isinstance(part, pg.Table)
    assert part.partition_bound == "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
    assert isinstance(column, pg.Column)
    assert column.inherited


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a", "a"),
        ("a desc", "a desc"),
        ('a collate "C" text_pattern_ops desc nulls first', 'a collate "C" text_pattern_ops desc nulls first'),
        ("userName desc", '"userName" desc'),
        ("order", '"order"'),
        ("lower(a) desc", "lower(a) desc"),
        ("a->>'b'", "(a->>'b')"),
        ("(a->>'b') desc", "(a->>'b') desc"),
        ("coalesce(a, ')') || a", "(coalesce(a, ')') || a)"),
        ("a is null", "(a is null)"),
    ],
)
def test_index_keys(key: str, expected: str) -> None:
    """A field is quoted where it must be, an expression is put into parentheses where it must be."""
    assert expected == key_text(key, ["a", "userName", "order"])


def test_the_clinic_is_what_the_first_design_says() -> None:
    """Names and definitions that were given for users are exactly those."""
    files = {str(path): path.read_text() for path in (ROOT / "schema").rglob("*.yaml")}
    model, found = load(files)
    catalog = lower(model, Findings(found)).catalog
    names = {(of.kind, of.path[1:]) for of in catalog.objects if of.path[1:2] == ("users",)}

    assert ("constraint", ("users", "valid_role")) in names
    assert ("constraint", ("users", "users_username_key")) in names
    assert ("trigger", ("users", "update_users_timestamp")) in names
    for index in ("idx_users_role", "idx_users_specialty", "idx_users_email", "idx_users_status"):
        assert Id("index", ("public", index)) in catalog
    for thing in catalog:
        if isinstance(thing, pg.Table | pg.Column):
            assert thing.comment, f"{thing.id} has no comment"
