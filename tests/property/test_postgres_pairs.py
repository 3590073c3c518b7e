"""Invented PostgreSQL schemas, in pairs: from one to the other with rows in the tables, and back."""

from __future__ import annotations

import os
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schematool.core.catalog import Catalog
from schematool.core.codec import decode, encode
from schematool.core.diagnostic import Findings
from schematool.core.diff import diff
from schematool.core.load import load
from schematool.core.lower.postgres import lower
from schematool.core.plan import Style
from schematool.core.plan.postgres import align, build, plan
from schematool.core.step import segments
from schematool.engines.contract import Engine

REAL = settings(
    max_examples=int(os.environ.get("SCHEMATOOL_TEST_SOAK", "0")) // 10 or 20,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)

# Types whose values can be carried into each other, so that rows survive every step of an invented journey.
TYPES = {
    "integer": ["0", "7"],
    "bigint": ["0", "7"],
    "numeric(10,2)": ["0", "7"],
    "text": ["'0'", "'7'"],
    "varchar(20)": ["'0'", "'7'"],
}
COLUMNS = ["a", "b", "c", "d"]
LABELS = ["red", "green", "blue", "grey"]


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    """Invent the columns of a table beside its key."""
    found: dict[str, Any] = {"id": {"type": "integer", "required": True}}
    for name in draw(st.lists(st.sampled_from(COLUMNS), unique=True, max_size=4)):
        kind = draw(st.sampled_from(sorted(TYPES)))
        field: dict[str, Any] = {"type": kind}
        if draw(st.booleans()):
            field["default"] = draw(st.sampled_from(TYPES[kind]))
        if draw(st.booleans()):
            field["description"] = draw(st.sampled_from(["one", "it's two"]))
        found[name] = field
    return found


@st.composite
def tables(draw: st.DrawFn, name: str, others: list[str], enums: list[str]) -> dict[str, Any]:
    """Invent a table with keys, checks, indexes and references to tables before it."""
    columns = draw(fields())
    for other in draw(st.lists(st.sampled_from(others), unique=True, max_size=2)) if others else []:
        columns[f"{other}_id"] = {
            "type": "integer",
            "references": f"{other}.id",
            "on_delete": draw(st.sampled_from(["cascade", "restrict", "set null"])),
        }
    for enum in draw(st.lists(st.sampled_from(enums), unique=True, max_size=1)) if enums else []:
        columns["state"] = {"type": enum, "default": f"'{LABELS[0]}'"}
    plain = [column for column in columns if column in COLUMNS]
    entity: dict[str, Any] = {"entity": name, "store": "postgres", "fields": columns, "primary_key": ["id"]}
    if plain:
        keys = st.lists(st.sampled_from(plain), min_size=1, max_size=2, unique=True)
        chosen = draw(st.lists(keys, max_size=2, unique_by=tuple))
        options = st.fixed_dictionaries(
            {}, optional={"where": st.just("id > 0"), "description": st.just("serves"), "unique": st.just(False)}
        )
        if chosen:
            entity["indexes"] = [{"on": key} | draw(options) for key in chosen]
        if draw(st.booleans()):
            entity["checks"] = {"kept": f"{plain[0]} is null or id is not null or id > {draw(st.integers(0, 5))}"}
    if draw(st.booleans()):
        entity["description"] = draw(st.sampled_from(["A table.", "Ein Tisch."]))
    return entity


@st.composite
def schemas(draw: st.DrawFn) -> str:
    """Invent a small schema as YAML."""
    documents: list[dict[str, Any]] = []
    enums: list[str] = ["mood"] if draw(st.booleans()) else []
    for enum in enums:
        # A label that rows hold cannot go; any other order of the labels must be reached with the rows in place.
        labels = draw(st.permutations(LABELS))
        documents.append({"enum": enum, "values": labels})
    names: list[str] = []
    for name in ("one", "two", "three"):
        if draw(st.booleans()):
            documents.append(draw(tables(name, names, enums)))
            names.append(name)
    if draw(st.booleans()) and names:
        documents.append({"view": "glance", "store": "postgres", "query": f"select id from {names[0]}"})
    if draw(st.booleans()):
        body = f"select {draw(st.integers(1, 2))}"
        documents.append({"function": "pick", "returns": "integer", "language": "sql", "body": body})
    return yaml.safe_dump_all(documents, sort_keys=False) if documents else "{}"


def desired(engine: Engine, text: str) -> Catalog:
    """What the server makes of a schema."""
    model, found = load({"schema/all.yaml": text} if text != "{}" else {})
    findings = Findings(found)
    draft = lower(model, findings)
    assert not findings.errors, findings.errors
    with engine.scratch() as scratch:
        assert scratch.build(build(draft.catalog)) == ()
        return scratch.inspect().catalog


def go(engine: Engine, before: Catalog, after: Catalog, style: Style) -> None:
    """Take the database from one catalog to the other, one segment at a time."""
    for segment in segments(plan(before, after, style)):
        statements = [step.statement for step in segment.steps]
        engine.run([f"BEGIN;{';'.join(statements)};COMMIT"] if segment.transactional else statements)
    assert diff(*align(engine.inspect().catalog, after)) == ()
    assert plan(engine.inspect().catalog, after, style) == ()


@REAL
@given(first=schemas(), second=schemas(), online=st.booleans())
def test_there_and_back(postgres_engine: Engine, first: str, second: str, online: bool) -> None:
    """Any schema becomes any other and itself again, and rows of tables that stay are still there."""
    style = Style(online=online)
    before, after = desired(postgres_engine, first), desired(postgres_engine, second)

    with postgres_engine.scratch() as place:
        go(place, place.inspect().catalog, before, Style(online=False))
        place.seed()
        rows = place.counts()
        go(place, before, after, style)
        kept = {table: count for table, count in rows.items() if table in place.counts()}
        assert {table: place.counts()[table] for table in kept} == kept
        go(place, after, before, style)


@REAL
@given(text=schemas())
def test_a_catalog_survives_its_file(postgres_engine: Engine, text: str) -> None:
    """A snapshot that is written and read again is the same catalog."""
    catalog = desired(postgres_engine, text)

    assert decode(encode(catalog)) == catalog
    assert encode(decode(encode(catalog))) == encode(catalog)
