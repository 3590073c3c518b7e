"""Real schemas that no one here wrote are read whole: nothing of them is left over."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import psycopg
import pytest

from schematool.core.catalog import Id
from schematool.core.secret import Url
from schematool.engines.postgres.inspect import inspect
from tests.conftest import SHARED

FILES = sorted((SHARED / "corpora").glob("*.sql"))


def test_there_are_some() -> None:
    """An empty folder must not pass for a good one."""
    assert len(FILES) >= 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_left_over(path: Path, postgres_url: Url) -> None:
    """Every object and attribute is modelled, tables of the file are there, and dependencies have no cycle."""
    script = path.read_text()
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(script.encode())
        inspection = inspect(connection)

    tables = [key for key in inspection.catalog.objects if key.kind == "table"]
    sorter: TopologicalSorter[Id] = TopologicalSorter()
    for dependent, needed in inspection.catalog.needs:
        sorter.add(dependent, needed)
    sorter.prepare()

    assert inspection.unmodelled == ()
    assert len(tables) == script.count("\nCREATE TABLE ") + script.startswith("CREATE TABLE ")
