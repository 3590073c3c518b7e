"""What people do to a MongoDB by hand: the comparison names it, and nothing else.

Each file of `drift/mongo` holds a database (`base`), what is done to it (`by_hand`, one command or several), and what
must be named: (object, attribute), or (object, "missing") and (object, "extra").
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schematool.core.change import Added, Altered, Change, Removed
from schematool.core.diff import diff
from schematool.core.secret import Url
from schematool.engines.contract import Engine
from schematool.engines.mongo.extended import decode
from tests.live.raw import database_of

CASES = sorted((Path(__file__).parent / "drift" / "mongo").glob("*.json"))


def test_there_are_many() -> None:
    """A folder that was moved must not pass for a folder without drifts."""
    assert len(CASES) >= 90


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_drift_is_named(path: Path, mongo_url: Url, mongo_engine: Engine) -> None:
    """The comparison of before and after names what was done by hand, and nothing else."""
    case = json.loads(path.read_text())
    mongo_engine.run([json.dumps(command) for command in case["base"]])
    before = mongo_engine.inspect()

    assert before.unmodelled == ()

    with database_of(mongo_url) as database:
        for command in case["by_hand"] if isinstance(case["by_hand"], list) else [case["by_hand"]]:
            _run(database, decode(command))

    after = mongo_engine.inspect()
    named = [one for change in diff(before.catalog, after.catalog) for one in _named(change)]

    assert sorted(named) == sorted(tuple(one) for one in case["expect"])
    assert after.unmodelled == ()


def test_what_is_inspected_is_inspected_again_the_same(mongo_engine: Engine) -> None:
    """All bases together, read twice, differ in nothing; and nothing is created by reading."""
    seen: set[str] = set()
    for path in CASES:
        for command in json.loads(path.read_text())["base"]:
            if "create" in command and command["create"] not in seen:
                seen.add(command["create"])
                mongo_engine.run([json.dumps(command)])

    assert diff(mongo_engine.inspect().catalog, mongo_engine.inspect().catalog) == ()
    assert {thing.id.name for thing in mongo_engine.inspect().catalog} == seen


def _run(database: Any, command: dict[str, Any]) -> None:
    if "renameCollection" in command:
        names = {key: f"{database.name}.{command[key]}" for key in ("renameCollection", "to")}
        database.client.admin.command(names)
    else:
        database.command(command)


def _named(change: Change) -> list[tuple[str, str]]:
    match change:
        case Added():
            return [(str(change.id), "extra")]
        case Removed():
            return [(str(change.id), "missing")]
        case Altered():
            return [(str(change.id), name) for name, _, _ in change.attributes]
        case _:
            return [(str(change.id), "renamed")]
