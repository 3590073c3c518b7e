"""Real schemas that no one here wrote, and every pair's databases: to YAML, and the same database again.

`python -m tests.corpora.rebuilding` prints the table, with the YAML where it is asked to.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from schematool.core.secret import Url
from tests.conftest import SHARED
from tests.corpora.own_pairs import FOLDER
from tests.corpora.pairs import NEWEST, lacking
from tests.corpora.pg_dump import pg_dump_for
from tests.corpora.rebuilding import major_of, rebuild, scripts

FILES = sorted((SHARED / "corpora").glob("*.sql"))
MAJOR = int(os.environ.get("SCHEMATOOL_TEST_POSTGRES_MAJOR") or NEWEST)
OWN = [script for script in scripts(FOLDER, MAJOR) if script[0].endswith(":new")]
FOREIGN = list(scripts(SHARED / "pairs" / "postgres.jsonl", MAJOR)) if (SHARED / "pairs").is_dir() else []
Script = tuple[str, Sequence[str], Sequence[str]]

KNOWN = {
    # A password is never written down.
    "order:server and wrapper altered under their tables and mappings:new",
    # The owner of most objects is left to whoever runs the migrations, who is somebody else here.
    "order:a sequence gets the owner of its table:new",
    "order:the new owner had a privilege on a column:new",
    "order:the owner is granted a column:new",
    "types:what the server makes again with a column's type keeps its targets and owner:new",
}
EVERY = 40
"""One of so many foreign databases is tried on each run; all of them are by hand, and at night."""


def test_there_are_many() -> None:
    """An empty folder must not pass for a good one."""
    assert len(FILES) >= 6
    assert len(OWN) > 20
    assert len(FOREIGN) > 400


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_real_schema_survives_its_yaml(path: Path, postgres_server: Url) -> None:
    """Nothing is left over, the catalogs are equal, and pg_dump says the same of both."""
    url = postgres_server.reveal()

    result = rebuild(path.stem, [path.read_text(encoding="utf-8")], [], url, pg_dump_for(major_of(url)))

    assert result.fault == "", result.detail
    assert result.tidy, "a short form was read otherwise by the server"


@pytest.mark.parametrize("script", [*OWN, *FOREIGN[::EVERY]], ids=lambda script: script[0])
def test_a_small_database_survives_its_yaml(
    script: tuple[str, Sequence[str], Sequence[str]], postgres_server: Url
) -> None:
    """The same of databases that are strange on purpose."""
    url = postgres_server.reveal()

    major = major_of(url)

    result = rebuild(*script, url, pg_dump_for(major))

    if result.fault == "unusable":
        assert lacking(result.detail, major), result.detail
        pytest.skip(result.detail.splitlines()[0])
    assert not result.fault or result.name in KNOWN, result.detail
