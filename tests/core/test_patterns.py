"""Patterns without a server: what their text tells, what is wrong in them, what lint says of caches and indexes."""

from __future__ import annotations

import doctest

import pytest

from schematool.core.lint import lint
from schematool.core.load import load
from schematool.core.patterns import mongo, read_patterns, sql
from schematool.core.patterns.check import prove
from schematool.core.patterns.model import Plan, PlanNode, Size, State

ENTITIES = """\
entity: users
store: postgres
description: d
fields: { id: { type: uuid, description: d }, name: { type: text, description: d } }
primary_key: [id]
---
entity: notes
store: mongo
fields: { userId: { type: string, format: uuid, references: users.id }, kind: string }
indexes: [{ on: { userId: 1 } }]
---
"""
SQL = "pattern: p\nstore: postgres\nquery: select * from users where id = :id\nparameters: { id: uuid }\n"
FIND = "pattern: p\nstore: mongo\ncollection: notes\nfilter: { userId: ':id' }\nparameters: { id: uuid }\n"


def test_the_examples_of_the_lexer() -> None:
    """What the docstrings show is so."""
    assert doctest.testmod(sql).failed == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select 1 from a, b where a.x = 'from c'", ("a", "b")),
        ("with a as (select * from b) select a, c from d left join a on true", ("b", "a")),
        ('select * from "a" -- from b\n', ("a",)),
        ("select (select max(x) from a), b from c where x in (select y from b)", ("a", "c", "b")),
        ("select f(a, b) from c /* join a */", ("c",)),
        ("select * from public.a x join b y on x.a = y.b, c", ("a", "b", "c")),
    ],
)
def test_the_tables_of_a_query(query: str, expected: tuple[str, ...]) -> None:
    """Names count where a table stands, and nowhere else."""
    assert sql.relations_of(query, {"a", "b", "c"}) == expected


@pytest.mark.parametrize(
    ("query", "compared"),
    [
        ("select * from t where a = :a and b >= :b", {"a": ("a", 0), "b": ("b", 0)}),
        ("select * from t where x.a < :a and date(x.b) > :b", {"a": ("x.a", 1), "b": ("date(x.b)", -1)}),
        ("select * from t where a between :a and :b", {"a": ("a", 0), "b": ("a", 1)}),
        ("select * from t where a = any(:a) group by b", {"a": ("a", 0)}),
        ("select * from t where a >= :d and a < :d + interval '1 day' limit 4", {"d": ("a", 0)}),
        ("select * from t where a = lower(:a)", None),
        ("select * from t where a = :a union select * from u", None),
        ("with t as (select 1) select * from t where a = :a", None),
    ],
)
def test_what_a_parameter_is_compared_with(query: str, compared: dict[str, tuple[str, int]] | None) -> None:
    """A value is taken from what it is compared with, on the side of it that finds the row again."""
    found = sql.sampling(query)

    assert (found and {name: (one.expression, one.shift) for name, one in found[1].items()}) == compared


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        (SQL.replace("= :id", "= :ids"), "the parameter `:ids` has no type", None),
        (SQL.replace("{ id: uuid }", "{ id: uuid, day: date }"), "nothing uses the parameter `day`", "date"),
        (SQL.replace("= :id", "= :id; delete from users"), "a pattern is one statement, this is 2", None),
        (SQL.replace("= :id", "= :id and name = 'x"), "this string never ends", None),
        (SQL + "cache: { key: 'u:{di}:{id}', ttl: 1m }", "`{di}` is no parameter of `p`", "'u:{di}:{id}'"),
        (SQL + "cache: { key: 'u:{id}', invalidated_by: [user] }", "there is no entity `user`", "user"),
        (SQL + "expect: { no_seq_scan: [user] }", "there is no entity `user`", "user"),
        (
            SQL.replace("{ id: uuid }", "{ id: { type: uuid, from: user.id } }"),
            "names no entity of postgres",
            "user.id",
        ),
        (SQL.replace("{ id: uuid }", "{ id: { type: uuid, from: users.no } }"), "has no field `no`", "users.no"),
        (FIND.replace("':id'", "':ids'"), "the parameter `:ids` has no type", None),
        (
            "pattern: p\nstore: mongo\ncollection: notes\npipeline: [{ $match: { kind: a } }, { $out: other }]\n",
            "`$out` writes, and a pattern only reads",
            "other",
        ),
    ],
)
def test_mistakes_are_found_when_loading(text: str, message: str, marked: str | None) -> None:
    """What a pattern names must be there; the finding stands at the word."""
    _, found = load({"s.yaml": ENTITIES + text})
    wrong = [finding for finding in found if finding.code == "ST133"]

    assert any(message in finding.message for finding in wrong)
    if marked is not None:
        spans = [finding.span for finding in wrong if finding.span]
        assert marked in [span.text[span.column - 1 : span.column - 1 + span.width] for span in spans]


def advice(text: str) -> list[tuple[str, str]]:
    """The codes and messages of lint on a text without mistakes."""
    model, found = load({"s.yaml": ENTITIES + text})

    assert list(found) == []
    return [(finding.code, finding.message) for finding in lint(model)]


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        ("{ key: 'u:{id}', ttl: 1h, invalidated_by: [users] }", []),
        ("{ key: 'u:{id}', ttl: 1h }", []),
        ("{ key: 'u', ttl: 1h, invalidated_by: [users] }", ["answers for different `id` would share one key"]),
        ("{ key: 'u:{id}' }", ["`p` reads `users`, whose changes would not be seen"]),
        (
            "{ key: 'u:{id}', invalidated_by: [notes] }",
            [
                "`p` reads `users`, whose changes would not be seen",
                "`p` does not read `notes`, which would empty its cache",
            ],
        ),
    ],
)
def test_caches_that_lie(cache: str, expected: list[str]) -> None:
    """A key holds every parameter; every entity that is read makes the answer stale."""
    assert [message for code, message in advice(f"{SQL}cache: {cache}") if code == "ST162"] == expected


INDEXED = (
    "entity: t\nstore: postgres\nfields: { id: uuid, a: text, b: text, u: { type: uuid, references: users.id } }\n"
    "primary_key: [id]\nindexes:\n"
)


@pytest.mark.parametrize(
    ("index", "pattern", "found"),
    [
        ("{ on: [a], name: x }", "query: select * from t where a = 'a'\nexpect: { uses_index: x }", False),
        ("{ on: [a], name: x }", "query: select * from t where a = 'a'", False),
        ("{ on: [a], name: x }", "query: select * from t where b = 'a'", True),
        ("{ on: [a], name: x }", "query: select * from t where a = b\nexpect: { uses_index: t_pkey }", True),
        ("{ on: [a], name: x, unique: true }", "query: select * from t where b = 'a'", False),
        ("{ on: [u desc], name: x }", "query: select * from t where b = 'a'", False),
        ("{ on: [a], name: x }  # schematool: allow ST161 because it will be", "query: select b from t", False),
        # Nobody said how the entity is read.
        ("{ on: [a], name: x }", "query: select * from users where id is null", False),
    ],
)
def test_an_index_without_purpose(index: str, pattern: str, found: bool) -> None:  # the answer
    """It is one where patterns read the entity, none uses it and no constraint needs it."""
    told = advice(f"{INDEXED}  - {index}\n  - {{ on: [u] }}\n---\npattern: p\nstore: postgres\n{pattern}\n")

    assert ("ST161" in [code for code, _ in told]) is found


def test_a_reference_of_a_document_needs_an_index() -> None:
    """Nested fields and lists count; a partial index does not answer who refers to something."""
    text = (
        "entity: more\nstore: mongo\nfields:\n  a: { type: object, fields: { userId: { type: string, format: uuid, "
        "references: users.id } } }\n"
        "  many: { type: array, items: { type: string, format: uuid, references: users.id } }\n"
        "indexes: [{ on: { many: 1 }, where: { many: { $exists: true } } }]\n"
    )

    assert [message for code, message in advice(text) if code == "ST150"] == [
        "no index begins with `a.userId`, which refers to another entity",
        "no index begins with `many`, which refers to another entity",
    ]


def test_what_a_pattern_of_documents_reads() -> None:
    """Collections that an aggregation looks up belong to it."""
    stages = "[{ $lookup: { from: users2, pipeline: [{ $unionWith: { coll: users3 } }] } }, { $unionWith: users4 }]"
    model, _ = load({"s.yaml": f"{ENTITIES}pattern: p\nstore: mongo\ncollection: notes\npipeline: {stages}\n"})

    assert read_patterns(model)[0].entities == ("notes", "users2", "users3", "users4")


def test_a_plan_of_several_shards() -> None:
    """A router's answer is read shard by shard."""
    scan = {"stage": "COLLSCAN"}
    one = {
        "queryPlanner": {
            "namespace": "d.notes",
            "winningPlan": {"stage": "SHARD_MERGE", "shards": [{"winningPlan": scan}]},
        }
    }
    each = {"shards": {"a": {"queryPlanner": {"namespace": "d.notes", "winningPlan": scan}}}}

    assert [node.whole for node in mongo.plan(one, "notes").nodes] == [False, True]
    assert [node.whole for node in mongo.plan(each, "notes").nodes] == [True]


@pytest.mark.parametrize(
    ("rows", "whole", "state"),
    [(200, True, State.UNPROVEN), (200, False, State.FAILS), (5000, True, State.FAILS)],
)
def test_a_small_table_proves_nothing(rows: int, whole: bool, state: State) -> None:
    """Rows that were thrown away count where the table is so large that an index would have been better."""
    model, _ = load({"s.yaml": f"{ENTITIES}{SQL}expect: {{ rows_read_per_row: 2 }}\n"})
    (pattern,) = read_patterns(model)
    node = PlanNode("Seq Scan", "Seq Scan on users", entity="users", whole=whole, rows=rows)
    plan = Plan((node,), measured=True, rows_returned=3, rows_read=rows, sizes={"users": Size(rows, 10)})

    assert prove(pattern, plan, {})[0].state is state
