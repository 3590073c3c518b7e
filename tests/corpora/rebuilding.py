"""Databases to YAML and back: what is built of the YAML must be the database that it was read from.

Run by itself it prints a table: `python -m tests.corpora.rebuilding POSTGRES_URL PG_DUMP FILE…`, where a file is a
script of SQL, one of pairs, or a folder of our own pairs; `--show` prints the YAML of what does not hold.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from schematool.app.authoring import show
from schematool.app.catalogs import build_draft
from schematool.app.compile import compile_schema
from schematool.core.author import Authored
from schematool.core.author.postgres import author
from schematool.core.catalog import Catalog
from schematool.core.diff import diff
from schematool.core.errors import SchematoolError
from schematool.core.plan.postgres import align
from schematool.core.secret import Url
from schematool.engines.contract import open_engine
from schematool.engines.postgres.inspect import inspect
from tests.corpora.pairs import NEWEST, database, dump, pairs
from tests.databases import with_database


@dataclass
class Result:
    """What happened to one database; `fault` is empty when the law holds."""

    name: str
    fault: str = ""
    detail: str = ""
    files: dict[str, str] = field(default_factory=dict)
    tidy: bool = True
    """Whether the short forms held at the first try."""


def major_of(url: str) -> int:
    """The server's major version."""
    with psycopg.connect(url) as connection:
        return connection.info.server_version // 10000


def scripts(file: Path, major: int = NEWEST) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Names, scripts to run in order, and roles that they need; of pairs those that a server of this major knows."""
    if file.suffix == ".sql":
        yield file.stem, [file.read_text(encoding="utf-8")], []
        return
    for pair in pairs(file):
        if int(pair.get("min_version") or 0) > major:
            continue
        for side in ("old", "new"):
            texts = [text for text in (pair.get("setup"), pair.get(side)) if text and text.strip()]
            yield f"{pair['suite']}:{pair['id']}:{side}", texts, [*(pair.get("roles") or ()), "testuser", "postgres"]


def rebuild(name: str, texts: Sequence[str], roles: Sequence[str], url: str, pg_dump: str | None) -> Result:
    """Make a database, write it as YAML, build that on an empty one, and compare the two.

    Without a pg_dump our own reading is the judge.
    """
    result = Result(name)
    with psycopg.connect(url, autocommit=True) as admin:
        for role in roles:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                admin.execute(f'CREATE ROLE "{role}"')
    with database(url) as old:
        try:
            with psycopg.connect(old, autocommit=True) as connection:
                for text in texts:
                    connection.execute(text.encode())
        except psycopg.Error as error:
            return Result(name, "unusable", str(error))
        with psycopg.connect(old, autocommit=True) as connection:
            reading = inspect(connection)
        if reading.unmodelled:
            return Result(name, "unmodelled", repr(reading.unmodelled))
        with database(url) as new:
            _build(result, author(reading.catalog), reading.catalog, _url(url, new))
            _compare(result, old, new, pg_dump)
        if result.fault:
            # The short forms did not hold: `import` tries again with some of them in full.
            result.fault, result.tidy = "", False
            with database(url) as new:
                _build(result, _shown(reading.catalog, _url(url, new)), reading.catalog, _url(url, new))
                _compare(result, old, new, pg_dump)
    return result


def _url(server: str, database_: str) -> Url:
    return with_database(Url(server), str(conninfo_to_dict(database_)["dbname"]))


def _shown(catalog: Catalog, url: Url) -> Authored:
    server = open_engine(url)
    try:
        return show(server, catalog).authored
    except SchematoolError:
        return author(catalog)
    finally:
        server.close()


def _build(result: Result, authored: Authored, catalog: Catalog, url: Url) -> None:
    """Build what was written on an empty database; the catalogs must be equal."""
    result.files = dict(authored.files)
    server = open_engine(url)
    try:
        failed = build_draft(server, compile_schema(authored.files).drafts["postgres"])
        changes = diff(*align(server.inspect().catalog, catalog))
    except SchematoolError as error:
        result.fault = "refused"
        result.detail = "\n".join(f"{one.span} {one.message}" for one in error.diagnostics)
        return
    finally:
        server.close()
    if failed or changes or authored.left:
        result.fault, result.detail = "differs", "\n".join(map(repr, (*failed, *changes, *authored.left)))


def _compare(result: Result, old: str, new: str, pg_dump: str | None) -> None:
    """Let pg_dump judge; without one our own reading has."""
    if result.fault or not pg_dump:
        return
    got, wanted = dump(pg_dump, new), dump(pg_dump, old)
    if got != wanted:
        extra, missing = [s for s in got if s not in wanted], [s for s in wanted if s not in got]
        result.fault, result.detail = "dump differs", f"extra {extra}\nmissing {missing}"


def main(url: str, pg_dump: str, *arguments: str) -> int:
    """Print the table of results."""
    chosen = [word.removeprefix("--only=") for word in arguments if word.startswith("--only=")]
    results = []
    for file in (Path(word) for word in arguments if not word.startswith("--")):
        for name, texts, roles in scripts(file):
            if chosen and not any(word in name for word in chosen):
                continue
            try:
                result = rebuild(name, texts, roles, url, pg_dump)
            except Exception as error:  # a table of results shows every kind of failure
                traceback.print_exc()
                result = Result(name, f"crash {type(error).__name__}", str(error))
            results.append(result)
            if result.fault or not result.tidy:
                print(f"{name}: {result.fault or 'not tidy'}\n    {result.detail[:1500]}")
            if "--show" in arguments:
                for path, text in result.files.items():
                    print(f"=== {path}\n{text}")
    bad = [result for result in results if result.fault and result.fault != "unusable"]
    unusable = [result.name for result in results if result.fault == "unusable"]
    untidy = [result.name for result in results if not result.tidy]
    print(f"{len(results)} databases, {len(bad)} fail, not tidy {untidy}, unusable {unusable}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
