"""Real schemas, built from nothing by our plan and taken down again: pg_dump sees no difference."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
from tests.conftest import SHARED
from tests.corpora.pairs import judge
from tests.corpora.pg_dump import pg_dump_for

FILES = sorted((SHARED / "corpora").glob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_built_and_taken_down(path: Path, postgres_server: Url) -> None:
    """What the plan makes of the catalog is the schema itself, and nothing is left of it on the way back."""
    with psycopg.connect(postgres_server.reveal()) as connection:
        major = connection.info.server_version // 10000

    verdict = judge(
        {"suite": "corpus", "id": path.stem, "old": "", "new": path.read_text()},
        postgres_server.reveal(),
        pg_dump_for(major),
    )

    assert (verdict.fault, verdict.detail) == ("", "")
