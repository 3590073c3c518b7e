"""Real schemas that no one here wrote are filled: every table that can be, and what cannot be is named."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
from schematool.engines.contract import Request, open_engine
from tests import databases
from tests.conftest import SHARED

FILES = sorted((SHARED / "corpora").glob("*.sql"))
# Partitions of these are made by the application itself.
BARE = (
    *("alarm_comment", "audit_log", "cf_debug_event", "edge_event", "error_event", "lc_event", "notification"),
    *("rule_chain_debug_event", "rule_node_debug_event", "stats_event", "ts_kv"),
)
UNFILLED = {"thingsboard": dict.fromkeys(BARE, "it has no partition yet")}
CAPPED = {"temporal": {"temporal.nexus_endpoints_partition_status": 1}}
ROWS = 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_real_schema_is_filled(path: Path, postgres_server: Url) -> None:
    """All rows that were asked for are there, in every table but those that are named with the reason."""
    with databases.fresh_postgres(postgres_server) as url:
        with psycopg.connect(url.reveal(), autocommit=True) as connection:
            connection.execute(path.read_text(encoding="utf-8").encode())
        engine = open_engine(url)
        try:
            there = {name for name, many in engine.counts().items() if many}
            ready = engine.prepare(Request(1, {}, lambda name: 0 if name in there else ROWS, lambda _: None))
            ready.fill(lambda _: None)
            counts = engine.counts()
        finally:
            engine.close()
    refused = {one.name.removeprefix("public."): one.refused for one in ready.outlook if one.refused}
    fewer = {name: many for name, many in counts.items() if many < ROWS and name not in there}

    assert refused == UNFILLED.get(path.stem, {})
    assert fewer == {f"public.{name}": 0 for name in refused} | CAPPED.get(path.stem, {})
