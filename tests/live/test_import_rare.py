"""Rare kinds of objects, read from a live database, written as YAML and built again."""

from __future__ import annotations

from pathlib import Path

from schematool.core.secret import Url
from tests.corpora.pg_dump import pg_dump_for
from tests.corpora.rebuilding import major_of, rebuild

SCRIPT = Path(__file__).parent.parent / "cases" / "rare_kinds.sql"


def test_rare_kinds_survive_their_yaml(postgres_server: Url) -> None:
    """Operators, casts, foreign tables, publications and the like: the same catalog, and the same to pg_dump."""
    url = postgres_server.reveal()

    result = rebuild("rare", [SCRIPT.read_text(encoding="utf-8")], [], url, pg_dump_for(major_of(url)))

    assert result.fault == "", result.detail
    assert result.tidy
