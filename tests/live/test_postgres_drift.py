"""What people do to a PostgreSQL by hand: the comparison names it, and nothing else.

`drift/postgres/base.sql` is the database; each case of the YAML files beside it has what is done to it (`sql`) and
exactly what must be found (`finds`): an object and `added`, `removed`, or the attributes that differ. `since`: the
first major that can do it. A case runs in a transaction that is rolled back, so that they all share one database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from schematool.core.catalog import Catalog
from schematool.core.change import Added, Altered, Change, Removed
from schematool.core.diff import diff
from schematool.core.secret import Url
from schematool.engines.postgres.inspect import inspect
from tests import databases

FOLDER = Path(__file__).parent / "drift" / "postgres"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['drift']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]

Database = tuple["psycopg.Connection[Any]", Catalog]


@pytest.fixture(scope="module")
def clinic(postgres_server: Url) -> Iterator[Database]:
    """Give the base database and its catalog."""
    with (
        databases.fresh_postgres(postgres_server) as url,
        psycopg.connect(url.reveal(), autocommit=True) as connection,
    ):
        connection.execute((FOLDER / "base.sql").read_bytes())
        yield connection, inspect(connection).catalog


def test_there_are_many() -> None:
    """A folder that was moved must not pass for a folder without drifts."""
    assert len(CASES) >= 150


def test_nothing_is_unmodelled(clinic: Database) -> None:
    """The base itself holds nothing that the model does not."""
    connection, before = clinic

    inspection = inspect(connection)

    assert inspection.unmodelled == ()
    assert inspection.catalog == before
    assert diff(before, inspection.catalog) == ()


@pytest.mark.parametrize("case", CASES)
def test_drift_is_named(clinic: Database, case: dict[str, Any]) -> None:
    """The comparison of before and after names what was done by hand, and nothing else."""
    connection, before = clinic
    if connection.info.server_version < case.get("since", 0) * 10000:
        pytest.skip(f"PostgreSQL {case['since']} and later")

    with connection.transaction(force_rollback=True):
        connection.execute(case["sql"].encode())
        after = inspect(connection)
        found = dict(_named(change) for change in diff(before, after.catalog))

    assert found == case["finds"]
    assert after.unmodelled == ()


def _named(change: Change) -> tuple[str, str]:
    match change:
        case Added():
            return str(change.id), "added"
        case Removed():
            return str(change.id), "removed"
        case Altered():
            return str(change.id), ", ".join(name for name, _, _ in change.attributes)
        case _:
            raise AssertionError(f"a comparison never finds {change}")
