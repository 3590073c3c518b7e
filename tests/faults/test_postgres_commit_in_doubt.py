"""The connection is cut after COMMIT was sent and before its answer came: the ledger is read, and believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schematool.core.errors import WorldError
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.engines.contract import Event, Waiting
from schematool.engines.postgres import connect
from tests.faults.proxy import Proxy, before_postgres
from tests.live.postgres_runner import unit_of

UNIT = unit_of("0001_users", "create table users (id int);", "drop table users;")


@pytest.fixture
def proxy(postgres_url: Url) -> Iterator[Proxy]:
    """Give a proxy before a fresh database."""
    proxy = before_postgres(postgres_url)
    proxy.cut_at = b"COMMIT"
    yield proxy
    proxy.close()


@pytest.fixture(params=["step by step", "in one go"])
def before(request: pytest.FixtureRequest) -> tuple[Unit, ...]:
    """Give what is applied before: the first migration of a database goes step by step, later ones in one go."""
    return () if request.param == "step by step" else (unit_of("0000_first", "create table first (id int);"),)


def test_a_commit_that_arrived_is_believed(proxy: Proxy, postgres_url: Url, before: tuple[Unit, ...]) -> None:
    """The answer is lost and the ledger has the migration: it is applied, and was not run twice."""
    heard: list[Event] = []
    engine = connect(proxy.url)
    with engine.lock(wait_seconds=5):
        for unit in before:
            engine.apply(unit, heard.append)
        proxy.cut = "after"
        engine.apply(UNIT, heard.append)

        assert any("the ledger has it" in event.what for event in heard if isinstance(event, Waiting))

        engine.apply(unit_of("0002_more", "alter table users add a int;"), heard.append)
    engine.close()
    direct = connect(postgres_url)

    assert [(row.id, row.state) for row in direct.ledger()] == [
        *((unit.id, "applied") for unit in before),
        ("0001_users", "applied"),
        ("0002_more", "applied"),
    ]
    direct.close()


def test_a_commit_that_never_arrived_is_told(proxy: Proxy, postgres_url: Url, before: tuple[Unit, ...]) -> None:
    """The server never saw COMMIT: the error says that nothing is applied, and another try works."""
    engine = connect(proxy.url)
    with engine.lock(wait_seconds=5):
        for unit in before:
            engine.apply(unit, lambda _: None)
        proxy.cut = "before"
        with pytest.raises(WorldError) as caught:
            engine.apply(UNIT, lambda _: None)

        assert caught.value.state == "0001_users is not applied"

        engine.apply(UNIT, lambda _: None)

    assert [row.state for row in engine.ledger()] == ["applied"] * (len(before) + 1)
    engine.close()
