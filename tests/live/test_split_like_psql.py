"""The splitter and psql, side by side: psql prints each statement that it sends, and they must be the same ones.

Then whole scripts, of what people and pg_dump write, with line breaks, COPY data, comments that nest and a byte order
mark: psql runs them, and we run them, and both databases are the same.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schematool.core.errors import InputError
from schematool.core.secret import Url
from schematool.core.sql.split import split
from schematool.engines.postgres import connect
from schematool.engines.postgres.engine import PostgresEngine
from schematool.engines.servers import embedded_postgres
from tests.databases import fresh_postgres
from tests.live.postgres_runner import unit_of

# Whole tokens, none of which ends a line, so that only the end of a statement does in what psql prints.
TOKENS = [
    "select", "create", "or", "replace", "function", "procedure", "begin", "atomic", "case", "end",
    "END", "x", "E", "e",
    "'a;b'", "E'a\\';b'", "e'\\\\'", "'C:\\'", "U&'\\0061;'", "n';'", "B'0'", "'it''s'",
    '";"', '"a"";b"', "$$;$$", "$a$ $$ ; $a$", "a$$b", "a$1$b", "$1", "1$$;$$", "1e'\\'", "$é$;$é$", "é", "_$a$",
    "(", ")", "(;)", ",", "::", "->", "-", "/", "*", "+", "/* ; */", "/* /* ; */ ' */", "1.5", ";", "; ", "[1]", "=",
]  # fmt: skip


# The same with line breaks, for what is only said on a line of its own: comments, strings that go on, copied data.
# Each is a whole statement or the space between two. Not among them: an E'…' string that goes on after a line break
# with a backslash in it. psql reads line by line and takes the second part for a plain string; the server does not,
# and we cut as the server does.
PARTS = [
    "insert into t values (1, 'one; two');\n",
    "insert into t values (2, E'it\\'s; \\\\') -- a comment; with 'a quote\n;\n",
    "insert into t values (3, 'C:\\');",
    "insert into t values (4, 'goes'\n  ' on;'\n\t' and on');\n",
    "insert into t values (5, E'goes\\\\'\n -- so;\n 'on;');\n",
    "insert into t values (6, $$ ; ' -- /* $$ || $x$ $$ ; $x$);",
    "insert into t select 7, u&'d\\0061t\\+000061;';\n",
    "copy t from stdin;\n8\tcopied; 'text\n9\t\\\\.\n\\.\n",
    "copy t (id, x) from stdin (delimiter ','); -- a comment\r\n10,a;b\n\\.\n",
    "COPY t FROM\n  STDIN\n;\n\\.\n",
    "create or replace function f(a int) returns int language sql begin atomic\n select case when a > 1 then 1 end;\n"
    " select a; -- end;\n end;\n",
    "create or replace function g() returns text language plpgsql as $f$\nbegin\n  return ';'; -- it's\nend $f$;\n",
    "create or replace procedure p() language sql as $$ insert into t values (11, ';') $$; call p();\n",
    "do $do$ begin insert into t values (12, $i$;$i$); end $do$;\n",
    "create rule r as on delete to t do also (insert into u values (1); insert into u values (2)); drop rule r on t;\n",
    "/* one /* two; */ ' */ insert into t values (13, null) /* ; */;\n",
    "-- nothing; here\n",
    "\n\r\n ;;\n",
    'create table if not exists "odd; ""name" (a int); drop table "odd; ""name";\n',
    "insert into t values (14, e'\\x41;\\u00e9'), (15, b'01'::text), (16, 'é;ü');\n",
    "comment on table t is 'a\n;b'\n;\n",
    "select 1\n ;\n",
]


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


@settings(max_examples=int(os.environ.get("SCHEMATOOL_TEST_EXAMPLES", "25")), deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_whole_scripts_do_what_psql_does(
    two_databases: tuple[psycopg.Connection[Any], Url, PostgresEngine], parts: list[str], line: str, mark: bool
) -> None:
    """Any order of them, LF or CRLF, with a byte order mark or not: the same rows, routines and comments."""
    theirs, psql_url, engine = two_databases
    script = "".join(parts).replace("\r\n", "\n").replace("\n", line)
    ran = subprocess.run(
        [_psql(), "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-1", psql_url.reveal()],
        input=(("\ufeff" if mark else "") + script).encode(),
        capture_output=True,
        env={**os.environ, "PGCLIENTENCODING": "UTF8"},
        check=False,
    )

    assert ran.returncode == 0, ran.stderr.decode()

    unit = unit_of(f"{next(_NUMBERS):04}_a", ("\ufeff" if mark else "") + script)
    with engine.lock(wait_seconds=5):
        engine.apply(unit, lambda _: None)
    with psycopg.connect(engine.url.reveal(), autocommit=True) as ours:
        assert _state(ours) == _state(theirs), script
        for connection in (ours, theirs):
            connection.execute(RESET.encode())


_NUMBERS = itertools.count(1)
RESET = """
drop table if exists t, u; drop function if exists f, g; drop procedure if exists p;
create table t (id int, x text); create table u (id int);
"""


def _state(connection: psycopg.Connection[Any]) -> list[Any]:
    """Rows with their line breaks as LF, sources of routines and comments: all that a script of the parts can leave."""
    return [
        connection.execute(query.encode()).fetchall()
        for query in (
            "select id, replace(x, e'\\r\\n', e'\\n'), x from t order by 1, 2",
            "select id from u order by 1",
            "select proname, replace(pg_get_functiondef(oid), e'\\r', '') from pg_proc"
            " where pronamespace = 'public'::regnamespace order by 1",
            "select obj_description('t'::regclass)",
        )
    ]


@pytest.fixture(scope="module")
def two_databases(postgres_server: Url) -> Iterator[tuple[psycopg.Connection[Any], Url, PostgresEngine]]:
    """Give a database for psql and one for us, both with the same two tables."""
    with fresh_postgres(postgres_server) as psql_url, fresh_postgres(postgres_server) as our_url:
        engine = connect(our_url)
        with psycopg.connect(psql_url.reveal(), autocommit=True) as theirs:
            theirs.execute(RESET.encode())
            engine.run([RESET])
            yield theirs, psql_url, engine
        engine.close()


@pytest.mark.parametrize("command", [r"\connect other", r"\i file.sql", r"\set x 1", r"\gexec", r"\if true", r"\."])
def test_a_command_of_psql_is_refused_by_name_and_place(command: str) -> None:
    """File, line and column of the backslash, and the name of the command."""
    with pytest.raises(InputError) as caught:
        unit_of("0001_a", f"select 1;\n  select 2 {command}\n;")
    found = caught.value.diagnostics[0]

    assert f"`{command.split(maxsplit=1)[0]}` is a command of psql" in found.message
    assert found.span
    assert (found.code, found.span.file, found.span.line, found.span.column) == ("ST409", "0001_a.sql", 2, 12)
