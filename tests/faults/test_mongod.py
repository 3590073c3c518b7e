"""kill -9 of mongod itself in the middle of an index build: a plain run joins what the server goes on with."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from schematool.core.catalog import Id
from schematool.core.errors import WorldError
from schematool.engines import servers
from schematool.engines.contract import Event, Waiting, open_engine
from schematool.engines.mongo import answer, execute
from tests.faults.steps import fill_big
from tests.live.mongo_runner import unit_of
from tests.live.raw import database_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schematool.core.secret import Url

pytestmark = pytest.mark.skipif(
    os.environ.get("SCHEMATOOL_TEST_SERVERS", "") in {"docker", "url"},
    reason="a mongod of our own is needed to kill it",
)
DOCUMENTS = 200_000
INDEXES: list[dict[str, Any]] = [{"key": {"a": 1, "b": 1}, "name": "a_b"}, {"key": {"b": -1}, "name": "b"}]
UNIT = unit_of(
    "0002_indexes",
    [{"createIndexes": "big", "indexes": INDEXES}, {"collMod": "big", "validator": {"a": {"$exists": True}}}],
    [{"collMod": "big", "validator": {}}, {"dropIndexes": "big", "index": ["a_b", "b"]}],
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give the folder of a mongod that nobody else uses."""
    yield tmp_path / "mongod"
    servers.stop("mongo", tmp_path / "mongod")


def test_mongod_is_killed_in_the_middle_of_a_build(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends with the state; the server builds again by itself; the same run again joins that and ends."""
    monkeypatch.setattr(execute, "LOST_SECONDS", 3.0)
    url = servers.start("mongo", home)
    with database_of(url) as database:
        database.command("create", "big")
        fill_big(database, DOCUMENTS)
        process = int(database.client.admin.command("serverStatus")["pid"])
    failed: list[BaseException] = []
    runner = threading.Thread(target=_apply, args=(url, [], failed), daemon=True)
    runner.start()
    _kill_while_building(url, process)
    runner.join(60)

    assert [type(one) for one in failed] == [WorldError]

    url = servers.start("mongo", home)
    told: list[Event] = []
    again: list[BaseException] = []
    _apply(url, told, again)
    engine = open_engine(url)

    assert again == []
    assert [(row.state, row.done, row.in_doubt) for row in engine.ledger()] == [("applied", 2, None)]
    catalog = engine.inspect().catalog
    assert {"a_b", "b"} == {thing.id.name for thing in catalog if thing.id.kind == "index"}
    assert not any(getattr(thing, "building", False) for thing in catalog)
    assert Id("index", ("big", "a_b")) in catalog
    with engine.lock(wait_seconds=10):
        engine.roll_back(UNIT, lambda _: None)
    assert len(engine.inspect().catalog) == 1
    engine.close()


def test_the_progress_of_a_build_is_told(mongo_url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who waits hears how far it is, and of which collection."""
    monkeypatch.setattr(answer, "_EVERY_SECONDS", 0.02)  # a quick machine builds in less than a second
    told: list[Event] = []
    failed: list[BaseException] = []
    with database_of(mongo_url) as database:
        database.command("create", "big")
        fill_big(database)
        _apply(mongo_url, told, failed)

    assert failed == []
    assert any(isinstance(event, Waiting) and "building on `big`: " in event.what for event in told)


def _apply(url: Url, told: list[Event], failed: list[BaseException]) -> None:
    try:
        engine = open_engine(url)
        with engine.lock(wait_seconds=60):
            engine.apply(UNIT, told.append)
        engine.close()
    except BaseException as error:  # noqa: BLE001, RUF100  # handed to the test
        failed.append(error)


def _kill_while_building(url: Url, process: int) -> None:
    """Kill the server as soon as it says that it builds."""
    stages: list[dict[str, Any]] = [{"$currentOp": {"allUsers": True}}, {"$match": {"msg": {"$regex": "^Index Build"}}}]
    deadline = time.monotonic() + 60
    with database_of(url) as database:
        while not list(database.client.admin.aggregate(stages)):
            assert time.monotonic() < deadline, "no build was seen"
            time.sleep(0.01)
        os.kill(process, signal.SIGKILL)
