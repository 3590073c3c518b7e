"""The migrations of the trials, in the words of each store."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.tools import Step
from tests.faults.trial import PATIENTS

# --- PostgreSQL -------------------------------------------------------------------------------------------------------

BEFORE = f"create table patients as select n as id from generate_series(1, {PATIENTS}) as n"
"""What is there before: rows that nobody may lose."""


def relation(name: str, owner: str = "") -> Any:
    """Ask whether a relation is there."""
    del owner
    return lambda database: bool(database.one("select to_regclass(%s) is not null", f"public.{name}"))


def column(table: str, name: str) -> Any:
    """Ask whether a column is there."""
    return lambda database: bool(
        database.one(
            "select count(*) from pg_attribute where attrelid = to_regclass(%s) and attname = %s and not attisdropped",
            f"public.{table}",
            name,
        )
    )


def index(name: str) -> Any:
    """Ask whether an index is there and valid."""
    return lambda database: bool(
        database.one(
            "select count(*) from pg_index where indexrelid = to_regclass(%s) and indisvalid", f"public.{name}"
        )
    )


BASE = Step(
    "0000_base",
    ("create table pace (seconds float8)", "insert into pace values (0)", "create table ran (id text)"),
    ("select 1", "drop table ran", "drop table pace"),
    relation("ran"),
)
"""The first migration of every trial: how long a slow statement takes, and who ran how often."""
PLAIN = Step("0001_plain", ("create table plain (id int)",), ("drop table plain",), relation("plain"))
USERS = Step(
    "0001_users",
    (
        "create table users (id int primary key, email text)",
        "insert into users select n, n || '@example.com' from generate_series(1, 2000) as n",
        "insert into ran values ('0001')",
    ),
    ("delete from ran", "drop table users", "select 1"),
    relation("users"),
)
EMAIL = Step(
    "0002_email",
    ("create unique index concurrently users_email on users (email)",),
    ("drop index concurrently users_email",),
    index("users_email"),
    transactional=False,
)
NOTE = Step(
    "0003_note",
    (
        "alter table users add note text",
        "update users set note = 'n' where id % 2 = 0",
        "insert into ran values ('0003')",
    ),
    ("select 1", "select 1", "alter table users drop note"),
    column("users", "note"),
)
SLOW = Step(
    "0003_slow",
    ("alter table users add slow text", "select pg_sleep(seconds) from pace", "insert into ran values ('0003')"),
    ("select 1", "select 1", "alter table users drop slow"),
    column("users", "slow"),
)

# --- MongoDB ----------------------------------------------------------------------------------------------------------


def collection(name: str) -> Any:
    """Ask whether a collection is there."""

    def ask(database: Any) -> bool:
        with database.open() as opened:
            return name in opened.list_collection_names()

    return ask


def mongo_index(where: str, name: str) -> Any:
    """Ask whether an index is there."""

    def ask(database: Any) -> bool:
        with database.open() as opened:
            return where in opened.list_collection_names() and name in opened[where].index_information()

    return ask


def validator(where: str) -> Any:
    """Ask whether a collection has a validator."""

    def ask(database: Any) -> bool:
        with database.open() as opened:
            infos = list(opened.list_collections(filter={"name": where}))
            return bool(infos and infos[0]["options"].get("validator"))

    return ask


def _texts(*commands: Any) -> tuple[str, ...]:
    return tuple(json.dumps(command) for command in commands)


M_USERS = Step(
    "0001_users",
    _texts(
        {"create": "users"},
        {"createIndexes": "users", "indexes": [{"key": {"name": 1}, "name": "name_1"}]},
        {"insert": "users", "documents": [{"_id": n, "name": f"n{n}", "email": f"{n}@example.com"} for n in range(50)]},
    ),
    _texts({"drop": "users"}),
    collection("users"),
)
M_EMAIL = Step(
    "0002_email",
    _texts({"createIndexes": "users", "indexes": [{"key": {"email": 1}, "name": "email_1", "unique": True}]}),
    _texts({"dropIndexes": "users", "index": "email_1"}),
    mongo_index("users", "email_1"),
)
M_NOTE = Step(
    "0003_note",
    _texts(
        {
            "update": "users",
            "updates": [{"q": {"note": {"$exists": False}}, "u": {"$set": {"note": "n"}}, "multi": True}],
        },
        {"collMod": "users", "validator": {"email": {"$type": "string"}}},
    ),
    _texts({"collMod": "users", "validator": {}}),
    validator("users"),
)
M_MADE = Step("0001_big", _texts({"create": "big"}), _texts({"drop": "big"}), collection("big"))
M_BIG = Step(
    "0003_big",
    _texts(
        {"createIndexes": "big", "indexes": [{"key": {"a": 1, "b": 1}, "name": "a_b"}, {"key": {"b": -1}, "name": "b"}]}
    ),
    _texts({"dropIndexes": "big", "index": ["a_b", "b"]}),
    mongo_index("big", "a_b"),
)


def fill_big(database: Any, documents: int = 150_000) -> None:
    """Fill a collection so that its indexes take a while; the server makes it by itself."""
    digits = {"$toString": "$n"}
    database.aggregate(
        [
            {"$documents": [{"n": {"$range": [0, documents]}}]},
            {"$unwind": "$n"},
            {"$project": {"_id": "$n", "a": {"$mod": [{"$multiply": ["$n", 7919]}, documents]},
                          "b": {"$concat": ["x" * 100, digits]}}},
            {"$merge": "big"},
        ]
    )  # fmt: skip
