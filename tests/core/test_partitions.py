"""Partitions by time as values: when each begins, what it is called, which are due, and what cannot be declared."""

from __future__ import annotations

import doctest
from datetime import datetime as Moment  # noqa: N812  # as the module has it

import pytest

from schematool.core import partitions
from schematool.core.load import load
from schematool.core.partitions import Part, begin, bounds, name, schedules, step, wanted

TABLE = (
    "entity: t\nstore: postgres\nfields: { id: uuid, at: timestamptz, day: date, n: integer }\n"
    "primary_key: [id, at, day, n]\n"
)


def test_the_examples() -> None:
    """What the docstrings show is so."""
    assert doctest.testmod(partitions).failed == 0


@pytest.mark.parametrize("every", ["day", "week", "month", "quarter", "year"])
def test_periods_meet_end_to_end(every: str) -> None:
    """Over many years, each begins where the one before ends, and no two have one name."""
    now = begin(every, Moment(2023, 12, 31, 23, 59, 59))
    names = set()
    for number in range(500):
        first, last = step(every, now, number), step(every, now, number + 1)

        assert begin(every, first) == first == step(every, last, -1)
        assert begin(every, last.replace() - (last - first) / 2) == first
        names.add(name("t" * 70, every, first))
    assert len(names) == 500
    assert all(len(one) <= 63 for one in names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')", (Moment(2026, 1, 1), Moment(2026, 2, 1))),
        ("FOR VALUES FROM (MINVALUE) TO ('2026-02-01 00:00:00')", (None, Moment(2026, 2, 1))),
        ("FOR VALUES FROM ('a') TO ('b')", None),
        ("FOR VALUES IN ('2026-01-01')", None),
    ],
)
def test_bounds_are_read(text: str, expected: object) -> None:
    """As the server prints them, where they are moments."""
    assert bounds(text) == expected


def due(words: str, parts: list[Part], waiting: dict[Moment, int] | None = None) -> list[str]:
    """What is to be done on 17 May 2026, in short."""
    model, found = load({"s.yaml": f"{TABLE}partition_by: {words}\n"})
    assert list(found) == []
    (habit,) = schedules(model)
    actions, problems = wanted(habit, parts, Moment(2026, 5, 17), waiting or {})
    return [f"{one.kind} {one.partition}" for one in actions] + [problem.code for problem in problems]


MONTH = "{ range: [at], every: month, ahead: 1 }"


def test_what_is_due() -> None:
    """The present, those ahead, those that rows wait for; never what is there."""
    here = [Part("public", "mine", Moment(2026, 5, 1), Moment(2026, 6, 1))]

    assert due(MONTH, []) == ["create t_p202605", "create t_p202606"]
    assert due(MONTH, here) == ["create t_p202606"]
    assert due(MONTH, [Part("public", "all", None, None)]) == []
    assert due(MONTH, here, {Moment(2024, 2, 1): 5}) == ["create t_p202402", "create t_p202606"]
    assert due("{ range: [at], every: month }", here) == [f"create t_p2026{n:02}" for n in (6, 7, 8)]


def test_what_is_taken_over() -> None:
    """A partition with the name and the bounds that it would have been given; none declared or commented."""
    may = (Moment(2026, 5, 1), Moment(2026, 6, 1))
    words = "{ range: [at], every: month, ahead: 0 }"

    assert due(words, [Part("public", "t_p202605", *may)]) == ["adopt t_p202605"]
    assert due(words, [Part("public", "t_p202605", *may, commented=True)]) == []
    assert due(words, [Part("public", "t_p202605", *may, made=True, commented=True)]) == []
    assert due(words, [Part("public", "t_p2026_05", *may)]) == []
    assert due(words, [Part("public", "t_p202605", Moment(2026, 5, 1), Moment(2026, 7, 1))]) == []
    declared = f"{words}\npartitions: {{ t_p202605: {{ from: [\"'2026-05-01'\"], to: [\"'2026-06-01'\"] }} }}"
    assert due(declared, [Part("public", "t_p202605", *may)]) == []


def test_an_overlap_is_told() -> None:
    """A partition of half a month stands in the way of the whole one."""
    half = [Part("public", "half", Moment(2026, 5, 1), Moment(2026, 5, 16))]

    assert due(MONTH, half) == ["create t_p202606", "ST634"]


def test_what_is_over() -> None:
    """Only what was made ahead is detached, only when all of it is past what is kept, and rows of then make nothing."""
    parts = [
        Part("public", "t_p202602", Moment(2026, 2, 1), Moment(2026, 3, 1), made=True),
        Part("public", "t_p202603", Moment(2026, 3, 1), Moment(2026, 4, 1), made=True),
        Part("public", "mine", Moment(2026, 1, 1), Moment(2026, 2, 1)),
        Part("public", "t_default", default=True),
        Part("public", "t_p202605", Moment(2026, 5, 1), Moment(2026, 7, 1), made=True),
    ]
    words = "{ range: [at], every: month, ahead: 1, keep: 2 }"

    assert due(words, parts, {Moment(2025, 1, 1): 1}) == ["detach t_p202602"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("{ range: [n], every: month }", "`every` needs `range` with one field that is a date"),
        ("{ range: [at, day], every: month }", "`every` needs `range` with one field"),
        ("{ hash: [id], every: month }", "`every` needs `range` with one field"),
        ("{ range: [at], ahead: 3 }", "`ahead` without `every`"),
        ("{ range: [date(at)], keep: 3 }", "`keep` without `every`"),
    ],
)
def test_what_cannot_be_declared(words: str, message: str) -> None:
    """A habit that cannot be kept is found when loading."""
    _, found = load({"s.yaml": f"{TABLE}partition_by: {words}\n"})

    assert any(message in finding.message for finding in found if finding.code == "ST134")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("fields: { t_id: { type: uuid, references: t.id } }", "`t` is divided and has no key (id) to refer to"),
        (
            "fields: { t_id: uuid, at: timestamptz }\nforeign_keys: { f: { on: [t_id, at], references: t } }",
            None,
        ),
    ],
)
def test_what_refers_to_a_divided_table(key: str, message: str | None) -> None:
    """A foreign key needs a key to point at, and that holds what divides the table."""
    divided = "entity: t\nstore: postgres\nfields: { id: uuid, at: timestamptz }\nprimary_key: [id, at]\n"
    other = f"partition_by: {{ range: [at] }}\n---\nentity: o\nstore: postgres\n{key}\n"
    _, found = load({"s.yaml": divided + other})
    told = [finding.message for finding in found if finding.code == "ST134"]

    assert told == ([message] if message else [])


@pytest.mark.parametrize(
    ("words", "lacks"),
    [
        ("primary_key: [id]\npartition_by: { range: [at] }", "at"),
        ("primary_key: [id, at]\nunique: { one: [id] }\npartition_by: { range: [at] }", "at"),
        ("primary_key: [id, at]\nindexes: [{ on: [id], unique: true }]\npartition_by: { list: [at] }", "at"),
        ("primary_key: [id, at]\npartition_by: { hash: [id] }", None),
        ("primary_key: [id, at]\nindexes: [{ on: [at desc, id], unique: true }]\npartition_by: { range: [at] }", None),
    ],
)
def test_keys_hold_what_divides_the_table(words: str, lacks: str | None) -> None:
    """PostgreSQL keeps a key within each partition only, so it must hold the partition key."""
    fields = "fields: { id: { type: uuid, required: true }, at: { type: timestamptz, required: true } }\n"
    _, found = load({"s.yaml": f"entity: t\nstore: postgres\n{fields}{words}\n"})
    told = [finding.message for finding in found if finding.code == "ST134"]

    assert bool(told) is (lacks is not None)
    assert all(f"lacks `{lacks}`" in message for message in told)
