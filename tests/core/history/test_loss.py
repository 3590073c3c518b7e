"""What a statement deletes, read from its text."""

from __future__ import annotations

import pytest

from schematool.core.history.loss import Loss, losses

CASES = [
    ("postgres", 'drop table "public"."users"', [Loss("public.users")]),
    ("postgres", "DROP TABLE IF EXISTS a, app.b CASCADE", [Loss("public.a"), Loss("app.b")]),
    ("postgres", 'alter table users drop column "e mail"', [Loss("public.users", "e mail")]),
    (
        "postgres",
        "ALTER TABLE ONLY app.users DROP age, DROP COLUMN IF EXISTS name",
        [Loss("app.users", "age"), Loss("app.users", "name")],
    ),
    ("postgres", "-- drop table x\ntruncate table t", [Loss("public.t")]),
    ("postgres", "delete from t where a = 1", [Loss("public.t")]),
    ("postgres", "alter table t drop constraint c", []),
    ("postgres", "alter table t alter column c drop default, alter column c drop not null", []),
    ("postgres", "drop index i", []),
    ("postgres", "create table t (a int)", []),
    ("mongo", '{"drop": "notes"}', [Loss("notes")]),
    ("mongo", '{"delete": "notes", "deletes": []}', [Loss("notes")]),
    ("mongo", '{"dropIndexes": "notes", "index": "a_1"}', []),
    (
        "mongo",
        '{"collMod": "n", "index": {"name": "t_1", "expireAfterSeconds": 5}}',
        [Loss("n", index="t_1", seconds=5)],
    ),
    ("mongo", '{"collMod": "n", "expireAfterSeconds": {"$numberLong": "7"}}', [Loss("n", seconds=7)]),
    ("mongo", '{"collMod": "n", "expireAfterSeconds": "off"}', []),
    ("mongo", '{"collMod": "n", "cappedSize": 4096, "cappedMax": 9}', [Loss("n", size=4096, most=9)]),
    ("mongo", '{"create": "n__rebuilt", "capped": true, "size": 4096}', [Loss("n", size=4096)]),
    ("mongo", '{"create": "n", "capped": true, "size": 4096}', []),
    (
        "mongo",
        '{"createIndexes": "n", "indexes": [{"key": {"a.t": 1}, "name": "x", "expireAfterSeconds": 0,'
        ' "partialFilterExpression": {"b": 1}}, {"key": {"a": 1}, "name": "y"}]}',
        [Loss("n", "a.t", seconds=0, where='{"b": 1}')],
    ),
]


@pytest.mark.parametrize(("store", "statement", "expected"), CASES, ids=[case[1] for case in CASES])
def test_losses(store: str, statement: str, expected: list[Loss]) -> None:
    """What goes is found, at once or as it grows old; constraints, defaults and most indexes hold no rows."""
    assert list(losses(store, statement)) == expected
