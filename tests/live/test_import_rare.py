"""Rare kinds of objects, read from a live database, written as YAML and built again."""

from __future__ import annotations

from pathlib import Path

from schematool.core.secret import Url
from tests import majors
from tests.corpora.pg_dump import pg_dump_for
from tests.corpora.rebuilding import major_of, rebuild

SCRIPT = Path(__file__).parent.parent / "cases" / "rare_kinds.sql"


def test_rare_kinds_survive_their_yaml(postgres_server: Url) -> None:
    """Operators, casts, foreign tables, publications and the like: the same catalog, and the same to pg_dump."""
    url = postgres_server.reveal()

    major = major_of(url)
    script = majors.sql_for(major, SCRIPT.read_text(encoding="utf-8"))

    result = rebuild("rare", [script], [], url, pg_dump_for(major))

    assert result.fault == "", result.detail
    assert result.tidy
