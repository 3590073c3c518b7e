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
]


@pytest.mark.parametrize(("store", "statement", "expected"), CASES, ids=[case[1] for case in CASES])
def test_losses(store: str, statement: str, expected: list[Loss]) -> None:
    """Tables, columns and collections that go are found; constraints, defaults and indexes hold no rows."""
    assert list(losses(store, statement)) == expected
