"""Each generated file is loaded by its real library, and holds against live databases and the rows that `seed` makes.

TypeScript and Mongoose come from npm, once into the user's cache. Without npm this fails where CI is set, and is left
out elsewhere with the reason; a registry out of reach is no failure of ours.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pydantic
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from bson import Decimal128, ObjectId
from jsonschema import Draft202012Validator
from psycopg.rows import dict_row
from psycopg.types.composite import CompositeInfo, register_composite
from sqlalchemy import orm

from schematool.app import seed
from schematool.app.compile import Compiled, compile_schema
from schematool.core.catalog import Catalog
from schematool.core.models import FILES
from schematool.core.models.render import render
from schematool.core.models.shape import describe
from schematool.core.plan import mongo as mongo_plan
from schematool.core.plan import postgres as postgres_plan
from schematool.core.secret import Url
from schematool.engines.contract import Engine, open_engine
from tests import databases, majors
from tests.conftest import ROOT, Ran
from tests.live.raw import database_of

NAMES = ROOT / "tests" / "cases" / "models" / "names.yaml"
EVERY_WORD = ROOT / "tests" / "cases" / "every_postgres_word" / "after.yaml"
HERE = Path(__file__).parent / "models"
PACKAGES = ("mongoose@8.24.10", "typescript@5.9.3")
# SQLAlchemy reads back no collation of an index's column, so that Alembic sees a difference where there is none.
UNREFLECTED = "odd_index"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "schematool-tests" / "models-1"


@dataclass(frozen=True, slots=True)
class Live:
    """A schema on live, seeded databases, and its generated files in a folder."""

    compiled: Compiled
    folder: Path
    postgres: Url
    mongo: Url

    @property
    def catalogs(self) -> dict[str, Catalog]:
        """The drafts of both stores."""
        return {store: draft.catalog for store, draft in self.compiled.drafts.items()}

    def module(self, target: str) -> ModuleType:
        """Import a generated module."""
        path = self.folder / FILES[target]
        name = f"generated_{self.folder.name}_{target}"
        specification = importlib.util.spec_from_file_location(name, path)
        assert specification
        assert specification.loader
        module = importlib.util.module_from_spec(specification)
        sys.modules[name] = module
        specification.loader.exec_module(module)
        return module


def live_of(paths: list[Path], folder: Path, postgres: Engine, mongo: Engine) -> Live:
    """Build a schema, fill it, and write all models."""
    major = int(postgres.inspect().catalog.version.partition(".")[0])
    compiled = compile_schema({str(path): majors.yaml_for(major, path.read_text()) for path in paths})
    drafts = compiled.drafts
    roles = drafts["postgres"].roles
    postgres.run([f'DO $$ BEGIN CREATE ROLE "{r}"; EXCEPTION WHEN duplicate_object THEN NULL; END $$' for r in roles])
    assert postgres.build((*postgres_plan.build(drafts["postgres"].catalog), *drafts["postgres"].extra)) == ()
    assert mongo.build((*mongo_plan.build(drafts["mongo"].catalog), *drafts["mongo"].extra)) == ()
    engines = {"postgres": postgres, "mongo": mongo}
    seed.fill(seed.prepare(engines, compiled.model, seed.Wanted(scale=60, partial=True)), lambda _: None)
    live = Live(compiled, folder, postgres.url, mongo.url)
    for target, name in FILES.items():
        (folder / name).write_text(render(target, compiled.model, live.catalogs))
    return live


@pytest.fixture(scope="module")
def lives(
    postgres_server: Url, mongo_server: Url, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Live]]:
    """The clinic, and names that are hard on other languages, each built once."""
    schemas = {"clinic": sorted((ROOT / "schema").rglob("*.yaml")), "names": [NAMES], "words": [EVERY_WORD]}
    made: dict[str, Live] = {}
    opened: list[Any] = []

    def get(name: str) -> Live:
        if name not in made:
            one, other = databases.fresh_postgres(postgres_server), databases.fresh_mongo(mongo_server)
            urls = one.__enter__(), other.__enter__()
            engines = tuple(open_engine(url) for url in urls)
            opened.extend((*(engine.close for engine in engines), lambda: one.__exit__(None, None, None),
                           lambda: other.__exit__(None, None, None)))  # fmt: skip
            made[name] = live_of(schemas[name], tmp_path_factory.mktemp(name), *engines)
        return made[name]

    yield get
    for close in opened:
        close()


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """Fetch Mongoose and TypeScript, once for all sessions."""
    if not (CACHE / "node_modules" / "typescript" / "package.json").exists():
        npm = shutil.which("npm")
        if npm is None and os.environ.get("CI"):
            pytest.fail("npm is not there, and CI must try the models of TypeScript and Mongoose", pytrace=False)
        reason = "npm is not there" if npm is None else _installed(npm)
        if reason:
            pytest.skip(f"{', '.join(PACKAGES)}: {reason}")
    return CACHE / "node_modules"


def _installed(npm: str) -> str | None:
    part = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
    part.mkdir(parents=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", str(part)]
    try:
        ran = subprocess.run([*command, *PACKAGES], capture_output=True, check=False, timeout=120, cwd=part)
        reason = ran.stderr.decode(errors="replace").strip()[-300:] if ran.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = type(error).__name__
    if reason or CACHE.exists():
        shutil.rmtree(part)
    else:
        part.rename(CACHE)
    return f"npm: {reason}" if reason else None


def _composite(names: Sequence[str]) -> Callable[..., dict[str, Any]]:
    """A namedtuple cannot have a keyword as a name."""
    return lambda *values: dict(zip(names, values, strict=True))


def rows(url: Url, entity: str) -> list[dict[str, Any]]:
    """Some rows of a table, as an application reads them."""
    with psycopg.connect(url.reveal(), row_factory=dict_row) as connection:
        for name in ("postal_address", '"import"'):
            if info := CompositeInfo.fetch(connection, name):
                register_composite(info, connection, factory=_composite(info.field_names))
        schema, _, table = entity.partition(".")
        return connection.execute(f'SELECT * FROM "{schema}"."{table}" LIMIT 40').fetchall()


def entities(live: Live) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The class of each entity, with some of its rows or documents."""
    for record in describe(live.compiled.model, live.catalogs).entities:
        assert record.entity
        if record.store == "postgres":
            yield record.name, rows(live.postgres, record.entity)
        else:
            with database_of(live.mongo) as database:
                yield record.name, list(database[record.entity].find().limit(40))


@pytest.mark.parametrize("name", ["clinic", "names"])
def test_pydantic_takes_what_the_databases_hold(lives: Callable[[str], Live], name: str) -> None:
    """Every row and document validates and keeps its names; what the database would refuse is refused."""
    live = lives(name)
    module = live.module("pydantic")
    read = 0
    for entity, found in entities(live):
        model: type[pydantic.BaseModel] = getattr(module, entity)
        for row in found:
            made = model.model_validate(_decimals(row)).model_dump(by_alias=True)
            assert set(row) <= set(made)
            read += 1
    assert read > 100
    if name == "clinic":
        row = rows(live.postgres, "public.orders")[0]
        assert module.Orders.model_validate(row).urgency in set(module.Urgency)
        for wrong in ({"urgency": "soon"}, {"id": "no uuid"}, {"patient_id": None}):
            with pytest.raises(pydantic.ValidationError):
                module.Orders.model_validate({**row, **wrong})


def _decimals(value: Any) -> Any:
    match value:
        case Decimal128():
            return value.to_decimal()
        case dict():
            return {key: _decimals(inner) for key, inner in value.items()}
        case list():
            return [_decimals(inner) for inner in value]
        case _:
            return value


@pytest.mark.parametrize("name", ["clinic", "names", "words"])
def test_sqlalchemy_metadata_is_the_database(lives: Callable[[str], Live], name: str) -> None:
    """The mapper is content, and Alembic finds nothing to migrate: tables, columns, types, keys, indexes, comments."""
    live = lives(name)
    module = live.module("sqlalchemy")
    orm.configure_mappers()
    engine = sa.create_engine(live.postgres.reveal().replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            ours = {(table.schema, table.name) for table in module.Base.metadata.tables.values()}
            context = MigrationContext.configure(
                connection,
                opts={
                    "compare_type": True,
                    "include_schemas": True,
                    "include_object": lambda thing, name, kind, _r, _c: (
                        (kind != "table" or (thing.schema, thing.name) in ours) and name != UNREFLECTED
                    ),
                },
            )
            assert compare_metadata(context, module.Base.metadata) == []
            checks = {one["name"] for table in ours for one in sa.inspect(connection).get_check_constraints(
                table[1], table[0])}  # fmt: skip
            declared = {one.name for table in module.Base.metadata.tables.values() for one in table.constraints
                        if isinstance(one, sa.CheckConstraint)}  # fmt: skip
            assert declared == checks
    finally:
        engine.dispose()


def test_sqlalchemy_reads_and_writes(lives: Callable[[str], Live]) -> None:
    """Rows come through every class; relations lead both ways; a new row comes back with the database's own values."""
    live = lives("clinic")
    module = live.module("sqlalchemy")
    engine = sa.create_engine(live.postgres.reveal().replace("postgresql://", "postgresql+psycopg://"))
    try:
        with orm.Session(engine) as session:
            for mapper in module.Base.registry.mappers:
                assert len(session.scalars(sa.select(mapper.class_).limit(5)).all()) == 5
            visit = next(iter(session.scalars(sa.select(module.Appointments).limit(1))))
            assert visit in visit.patient.appointments
            user = module.Users(username="someone new", email="new@example.com", full_name="New", role="nurse")
            user.password_hash = "-"  # noqa: S105  # of nobody
            task = module.Tasks(title="Call back", assigned_to_users=user, priority=3, created_at=datetime(2024, 1, 1))
            session.add(task)
            session.flush()
            session.refresh(task)
            assert (task.status, task.assigned_to) == ("pending", user.id)
            assert isinstance(task.id, uuid.UUID)
            session.rollback()
    finally:
        engine.dispose()


@pytest.mark.parametrize("name", ["clinic", "names"])
def test_json_schema_takes_what_the_databases_hold(lives: Callable[[str], Live], name: str) -> None:
    """The schema is valid (draft 2020-12), and so is every row and document in its JSON form."""
    live = lives(name)
    schema = json.loads((live.folder / FILES["jsonschema"]).read_text())
    Draft202012Validator.check_schema(schema)
    read = 0
    for definition, found in entities(live):
        one = Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]})
        for row in found:
            one.validate(json.loads(json.dumps(_decimals(row), default=_json)))
            read += 1
    assert read > 100
    if name == "clinic":
        users = Draft202012Validator({"$ref": "#/$defs/Users", "$defs": schema["$defs"]})
        assert not users.is_valid({"username": 5})
        assert not users.is_valid({})


def _json(value: Any) -> Any:
    match value:
        case Decimal():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case uuid.UUID() | ObjectId() | timedelta():
            return str(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)


@pytest.mark.parametrize("name", ["clinic", "names", "words"])
def test_typescript_compiles_strictly(lives: Callable[[str], Live], node_modules: Path, name: str) -> None:
    """`tsc --strict` takes the file, and an application that uses it rightly; wrong uses are errors."""
    live = lives(name)
    sources = ["models.ts"]
    if name == "clinic":
        shutil.copy(HERE / "test.ts", live.folder / "test.ts")
        sources.append("test.ts")
    ran = subprocess.run(
        [
            "node",
            str(node_modules / "typescript" / "bin" / "tsc"),
            "--strict",
            "--noEmit",
            "--target",
            "es2020",
            *sources,
        ],
        cwd=live.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.parametrize("name", ["clinic", "names"])
def test_mongoose_agrees_with_the_live_database(lives: Callable[[str], Live], node_modules: Path, name: str) -> None:
    """No index to drop or to create; seeded documents validate and are read; an empty one lacks what is required."""
    live = lives(name)
    ran = subprocess.run(
        ["node", str(HERE / "check.cjs"), str(live.folder / FILES["mongoose"])],
        env={**os.environ, "URL": live.mongo.reveal(), "NODE_PATH": str(node_modules)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)

    assert {model: (one["toDrop"], one["toCreate"], one["errors"]) for model, one in told.items()} == {
        model: ([], [], []) for model in told
    }
    assert all(one["documents"] == 50 and one["found"] == 3 for one in told.values())
    if name == "clinic":
        assert "encounterId" in told["ClinicalNotes"]["missing"]


def test_files_are_formatted_and_the_same_every_time(lives: Callable[[str], Live]) -> None:
    """Python as ruff leaves it; and nothing depends on the run."""
    for name in ("clinic", "names", "words"):
        live = lives(name)
        python = [str(live.folder / FILES[target]) for target in ("pydantic", "sqlalchemy")]
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", "format", "--isolated", "--check", *python], capture_output=True, check=False
        )
        assert ran.returncode == 0, ran.stdout.decode()
        for target, file in FILES.items():
            assert render(target, live.compiled.model, live.catalogs) == (live.folder / file).read_text()


def test_the_command_writes_and_checks(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """Shown, written below a folder, written where the configuration says, found stale, and refused when misspelt."""
    shutil.copytree(ROOT / "schema", tmp_path / "schema")
    (tmp_path / "schematool.toml").write_text('[models]\npydantic = "app/models.py"\ntypescript = "web/models.ts"\n')
    shown = run_cli("models", "--target", "jsonschema")
    first, written, fresh = (run_cli("models", *more) for more in (("--check",), (), ("--check",)))
    (tmp_path / "app" / "models.py").write_text("# mine\n")
    stale = run_cli("models", "--check", "--format", "json")
    below = run_cli("models", "-t", "mongoose", "-o", "gen")

    assert json.loads(shown.stdout)["$schema"].endswith("2020-12/schema")
    assert [ran.exit_code for ran in (first, written, fresh, stale, below)] == [1, 0, 0, 1, 0]
    assert [one["state"] for one in json.loads(stale.stdout)["data"]["files"]] == ["stale", "fresh"]
    assert (tmp_path / "gen" / "models_mongoose.cjs").exists()
    assert run_cli("models", "-t", "java").exit_code == 2
    assert run_cli("models", "-t", "pydantic", "-o", "../away").exit_code == 2
