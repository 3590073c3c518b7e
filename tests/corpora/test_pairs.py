"""Pairs of schemas from other tools' tests: the old becomes the new by our plan, and the old again.

All of them hold. `python -m tests.corpora.pairs` prints the table.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from schematool.core.secret import Url
from tests.conftest import SHARED
from tests.corpora.pairs import judge, lacking, pairs
from tests.corpora.pg_dump import pg_dump_for

FILE = SHARED / "pairs" / "postgres.jsonl"
PAIRS = list(pairs(FILE)) if FILE.exists() else []


def test_there_are_many() -> None:
    """An empty file must not pass for a good one."""
    assert len(PAIRS) > 200


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['suite']}:{pair['id']}")
def test_there_and_back(pair: dict[str, Any], postgres_server: Url) -> None:
    """What pg_dump says of the migrated database is what it says of one that was built so."""
    with psycopg.connect(postgres_server.reveal()) as connection:
        major = connection.info.server_version // 10000

    verdict = judge(pair, postgres_server.reveal(), pg_dump_for(major))

    if verdict.fault == "unusable":
        # The pair needs what this server's build lacks: say what, and let only that pass.
        assert lacking(verdict.detail, major), verdict.detail
        pytest.skip(verdict.detail.splitlines()[0])
    assert verdict.fault == "", verdict.detail
