"""70 pairs of indexes, each built on a real server: 30 that mean the same, 40 that do not. None may be misjudged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schematool.core.model.mongo import Index
from schematool.core.model.mongo_normal import normal_index
from schematool.core.secret import Url
from schematool.engines.contract import Engine
from schematool.engines.mongo.extended import encode
from tests.conftest import SHARED
from tests.live.raw import database_of

FILE = SHARED / "mongo" / "index_equivalence.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text()) if FILE.exists() else []


def test_all_are_here() -> None:
    """The bar is 70 cases; fewer would be another bar."""
    assert len(CASES) == 70


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_equivalence(case: dict[str, Any], mongo_url: Url, mongo_engine: Engine) -> None:
    """What is declared equals what is live exactly when the case says so."""
    with database_of(mongo_url) as database:
        database.command("create", "c")
        database.command("createIndexes", "c", indexes=[case["live"]])
    (live,) = [thing for thing in mongo_engine.inspect().catalog if isinstance(thing, Index)]

    assert (normal_index("c", encode(case["declared"])) == live) is case["equal"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_what_is_inspected_makes_the_same_index(case: dict[str, Any], mongo_url: Url, mongo_engine: Engine) -> None:
    """The command that a live index carries makes that index: what is recorded for a rollback is true."""
    with database_of(mongo_url) as database:
        database.command("create", "c")
        database.command("createIndexes", "c", indexes=[case["live"]])
        (before,) = [thing for thing in mongo_engine.inspect().catalog if isinstance(thing, Index)]
        database.command("dropIndexes", "c", index=before.id.name)
        mongo_engine.run([f'{{"createIndexes": "c", "indexes": [{before.command}]}}'])
        (after,) = [thing for thing in mongo_engine.inspect().catalog if isinstance(thing, Index)]

    assert after == before
