"""Every kind of change of a PostgreSQL schema, there and back, judged by pg_dump where the server's own is at hand."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from schematool.core.secret import Url
from tests.corpora.own_pairs import own_pairs
from tests.corpora.pairs import judge
from tests.corpora.pg_dump import pg_dump_for

PAIRS = list(own_pairs())


def test_there_are_many() -> None:
    """A folder that is not found must not pass for a good one."""
    assert len(PAIRS) > 40


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_there_and_back(pair: dict[str, Any], postgres_server: Url) -> None:
    """The old schema becomes the new one and the old one again, with the rows that it holds."""
    with psycopg.connect(postgres_server.reveal()) as connection:
        version = connection.info.server_version
    if version < pair["min_number"]:
        pytest.skip(f"PostgreSQL {version} does not do it yet; {pair['min_number']} does")
    program = pg_dump_for(version // 10000)

    verdict = judge(pair, postgres_server.reveal(), program)

    assert (verdict.fault, verdict.detail) == ("", "")
