"""Real schemas on a server of another major than the one that proves: read, built and compared without false drift.

Only where `SCHEMATOOL_TEST_POSTGRES_MAJOR` asks for an older server, as `make matrix` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
from schematool.engines import servers
from tests import databases
from tests.conftest import SHARED, Ran
from tests.corpora.rebuilding import major_of
from tests.live.test_verify import configure

FILES = sorted((SHARED / "corpora").glob("*.sql"))


@pytest.fixture(scope="module")
def both(postgres_server: Url) -> Iterator[tuple[Url, Url]]:
    """Run the wheel beside the server of the session, whose major must be another."""
    with servers.temporary("postgres") as url:
        if major_of(url.reveal()) == major_of(postgres_server.reveal()):
            pytest.skip("both servers are of one major; `make matrix` has others")
        yield postgres_server, url


@pytest.mark.parametrize("imported", [True, False], ids=["imported", "built"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_other_majors_spelling_is_no_drift(
    path: Path, imported: bool, tmp_path: Path, both: tuple[Url, Url], run_cli: Callable[..., Ran]
) -> None:
    """Imported from the one and proven on the other, either way round, then built on the one: nothing differs."""
    live, scratch = both if imported else both[::-1]
    with databases.fresh_postgres(live) as old, databases.fresh_postgres(live) as new:
        with psycopg.connect(old.reveal(), autocommit=True) as connection:
            connection.execute(path.read_text(encoding="utf-8").encode())
        configure(tmp_path, {"dev": {"postgres": old}, "new": {"postgres": new}}, {"postgres": scratch})
        for command in (
            ("import",),
            ("verify",),
            ("generate", "--check"),
            ("diff", "live", "schema", "--check"),
            ("migrate", "--env", "new", "--yes"),
            ("verify", "--env", "new"),
        ):
            ran = run_cli(*command, cwd=tmp_path)
            assert ran.exit_code == 0, f"{command}: {ran.stdout}{ran.stderr}"
