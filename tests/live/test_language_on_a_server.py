"""What the YAML compiles to, on a real PostgreSQL: the server takes every word, and reads back what was meant."""

from __future__ import annotations

from pathlib import Path

from schematool.core.catalog import Id
from schematool.core.load import load
from schematool.core.lower.postgres import lower
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres import build
from schematool.core.secret import Url
from schematool.engines.contract import Engine, Inspection, open_engine
from tests import databases, majors

ROOT = Path(__file__).parents[2]
EVERY_WORD = ROOT / "tests" / "cases" / "every_postgres_word" / "after.yaml"
UUID_OSSP = ROOT / "tests" / "cases" / "uuid_ossp" / "after.yaml"


def built(engine: Engine, *paths: Path) -> Inspection:
    """Build the files on a scratch database and read it back."""
    with engine.scratch() as empty:
        files = {path.name: path.read_text() for path in paths}
        major = int(empty.inspect().catalog.version.partition(".")[0])
        files = {name: majors.yaml_for(major, text) for name, text in files.items()}
        model, found = load(files)
        draft = lower(model, found)
        assert list(found) == []
        empty.run(
            [
                f'DO $$ BEGIN CREATE ROLE "{role}"; EXCEPTION WHEN duplicate_object THEN NULL; END $$'
                for role in draft.roles
            ]
        )
        failed = empty.build((*build(draft.catalog), *draft.extra))
        assert [(key, str(error)) for key, error in failed] == []
        return empty.inspect()


def test_the_server_takes_every_word(postgres_engine: Engine) -> None:
    """Nothing of the language is refused, and everything that was declared is there under its name."""
    model, found = load({EVERY_WORD.name: EVERY_WORD.read_text()})
    wanted = lower(model, found).catalog
    catalog = built(postgres_engine, EVERY_WORD).catalog
    kinds = {
        "table",
        "column",
        "constraint",
        "index",
        "trigger",
        "policy",
        "rule",
        "type",
        "view",
        "materialized view",
        "sequence",
        "statistics",
        "schema",
        "extension",
        "default",
        "event trigger",
    }
    missing = [str(of) for of in wanted.objects if of.kind in kinds and of not in catalog]

    assert missing == []


def test_the_clinic_is_read_back_as_declared(postgres_engine: Engine) -> None:
    """Every table, column, key, index and trigger of the clinic is there, with its comment."""
    files = list((ROOT / "schema").rglob("*.yaml"))
    model, found = load({str(path): path.read_text() for path in files})
    wanted = lower(model, found).catalog
    catalog = built(postgres_engine, *files).catalog

    assert [str(of) for of in wanted.objects if of.kind != "function" and of not in catalog] == []
    for thing in wanted:
        if isinstance(thing, pg.Table | pg.Column):
            assert getattr(catalog.objects[thing.id], "comment") == thing.comment  # noqa: B009  # of either class
    index = catalog.objects[Id("index", ("public", "idx_appointments_doctor_date"))]
    assert isinstance(index, pg.Index)
    assert "(doctor_id, date(start_time))" in index.definition


def test_names_are_those_of_the_server(postgres_engine: Engine) -> None:
    """What we call a key, index or check is what PostgreSQL itself calls it when it is not told."""
    long = "a_table_with_quite_a_long_name_that_takes_space"
    other = "a_column_with_a_long_name_as_well_that_takes_more"
    text = (
        f"entity: {long}\nstore: postgres\nfields:\n  id: uuid\n  ä: {{ type: integer, unique: true }}\n"
        f"  {other}: {{ type: text, unique: true }}\n  up: {{ type: uuid, references: {long}.id }}\n"
        f"primary_key: [id]\nunique: [[up, {other}]]\n"
        f"indexes:\n  - on: [{other}, up]\n  - on: [lower({other})]\n  - {{ on: [up, (id is null)], include: [id] }}\n"
    )
    model, found = load({"t.yaml": text})
    ours = {of.path[-1] for of in lower(model, found).catalog.objects if of.kind in {"constraint", "index"}}
    assert list(found) == []
    with postgres_engine.scratch() as empty:
        empty.run(
            [
                f'CREATE TABLE {long} (id uuid, "ä" integer UNIQUE, {other} text UNIQUE,'
                f" up uuid REFERENCES {long} (id),"
                f" PRIMARY KEY (id), UNIQUE (up, {other}))",
                f"CREATE INDEX ON {long} ({other}, up)",
                f"CREATE INDEX ON {long} (lower({other}))",
                f"CREATE INDEX ON {long} (up, (id IS NULL)) INCLUDE (id)",
            ]
        )
        theirs = {of.path[-1] for of in empty.inspect().catalog.objects if of.kind in {"constraint", "index"}}

    assert ours == theirs


def test_the_extension_of_the_first_design(postgres_engine: Engine) -> None:
    """`uuid_generate_v4()` builds where the server has uuid-ossp; where not, the refusal names the extension."""
    model, found = load({UUID_OSSP.name: UUID_OSSP.read_text()})
    draft = lower(model, found)
    assert list(found) == []
    with postgres_engine.scratch() as empty:
        failed = empty.build(build(draft.catalog))
        if not failed:
            default = empty.inspect().catalog.objects[Id("default", ("public", "users", "id"))]
            assert isinstance(default, pg.Default)
            assert default.expression == "public.uuid_generate_v4()"
            return
    assert any("uuid-ossp" in str(error) for _, error in failed)


def test_the_extension_of_the_first_design_on_a_server_that_has_it(debian_server: Url) -> None:
    """PostgreSQL 15 with contrib builds the first design, and its key's default is the extension's function."""
    model, found = load({UUID_OSSP.name: UUID_OSSP.read_text()})
    draft = lower(model, found)
    with databases.fresh_postgres(debian_server) as url:
        engine = open_engine(url)
        failed = engine.build(build(draft.catalog))
        catalog = engine.inspect().catalog
        engine.run(
            ["INSERT INTO users (username, email, full_name, role, password_hash) VALUES ('a', 'b', 'c', 'nurse', 'd')"]
        )
        rows = engine.counts()
        engine.close()

    default = catalog.objects[Id("default", ("public", "users", "id"))]
    assert [(key, str(error)) for key, error in failed] == []
    assert isinstance(default, pg.Default)
    assert default.expression == "public.uuid_generate_v4()"
    assert rows["public.users"] == 1


def test_what_is_no_sql_is_said_at_its_place(postgres_engine: Engine) -> None:
    """A syntax error in an expression is the server's word about that expression, and all else is built."""
    text = (
        "entity: a\nstore: postgres\nfields:\n  id: { type: integer, check: id > }\n  name: text\nprimary_key: [id]\n"
    )
    model, found = load({"a.yaml": text})
    with postgres_engine.scratch() as empty:
        failed = empty.build((*build(lower(model, found).catalog),))
        assert [(key, str(error)) for key, error in failed] == [
            ("constraint public.a.a_id_check", 'PostgreSQL 42601: syntax error at or near ")"')
        ]
        assert Id("constraint", ("public", "a", "a_pkey")) in empty.inspect().catalog
