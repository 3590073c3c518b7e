"""The splitter and psql, side by side: psql prints each statement that it sends, and they must be the same ones."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from schematool.core.secret import Url
from schematool.core.sql.split import split
from schematool.engines.servers import embedded_postgres

# Whole tokens, none of which ends a line, so that only the end of a statement does in what psql prints.
TOKENS = [
    "select", "create", "or", "replace", "function", "procedure", "begin", "atomic", "case", "end",
    "END", "x", "E", "e",
    "'a;b'", "E'a\\';b'", "e'\\\\'", "'C:\\'", "U&'\\0061;'", "n';'", "B'0'", "'it''s'",
    '";"', '"a"";b"', "$$;$$", "$a$ $$ ; $a$", "a$$b", "a$1$b", "$1", "1$$;$$", "1e'\\'", "$é$;$é$", "é", "_$a$",
    "(", ")", "(;)", ",", "::", "->", "-", "/", "*", "+", "/* ; */", "/* /* ; */ ' */", "1.5", ";", "; ", "[1]", "=",
]  # fmt: skip


SEED = int(os.environ.get("SCHEMATOOL_TEST_SEED", "20260"))
SCRIPTS = 200


def _psql() -> str:
    programs = embedded_postgres.programs()
    for found in (shutil.which("psql"), programs and str(programs.path("psql"))):
        if found and Path(found).exists():
            return found
    pytest.fail("psql is needed for this test: install postgresql-client")


def _script(chance: random.Random) -> str:
    """Put tokens together at random, and close what is open, since what never ends is sent by nobody."""
    tokens = chance.choices(TOKENS, k=chance.randint(1, 14))
    source = chance.choice(["", " "]).join(tokens)
    return source + ")" * source.count("(") + " end" * source.lower().count("begin") * 2 + " x;"


def _sent_by_psql(url: Url, scripts: list[str], folder: Path) -> list[list[str]]:
    """Run every script in one psql, and return what it says that it sent, script by script."""
    arguments = []
    for number, script in enumerate(scripts):
        file = folder / f"{number}.sql"
        file.write_text(script, encoding="utf-8")
        arguments += ["-f", str(file), "-c", "\\echo @@@"]
    ran = subprocess.run(
        [_psql(), "-X", "-q", "-e", "-o", os.devnull, *arguments, url.reveal()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PGCLIENTENCODING": "UTF8", "PGOPTIONS": "-c statement_timeout=2s"},
        check=False,
    )
    parts = ran.stdout.split("@@@\n")[:-1]
    return [[line for line in part.split(";\n") if line.strip()] for part in parts]


def test_psql_sends_the_same_statements(postgres_url: Url, tmp_path: Path) -> None:
    """Sequences of tokens at random are cut by psql in the same places."""
    chance = random.Random(SEED)  # noqa: S311  # no secret
    scripts = [_script(chance) for _ in range(SCRIPTS)]
    sent = _sent_by_psql(postgres_url, scripts, tmp_path)

    assert len(sent) == SCRIPTS

    compared = 0
    for script, theirs in zip(scripts, sent, strict=True):
        try:
            ours = [part.text for part in split(script)]
        except ValueError:
            continue  # a quote that never ends, made by chance
        compared += 1

        assert [flat for text in theirs if (flat := _flat(text))] == [_flat(text) for text in ours], (
            f"seed {SEED}: {script}"
        )

    assert compared > SCRIPTS // 2


def _flat(text: str) -> str:
    """Leave out comments, which some versions of psql send along and others do not, and spaces."""
    return text.replace("/* /* ; */ ' */", "").replace("/* ; */", "").replace(" ", "").rstrip(";")
