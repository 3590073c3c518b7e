"""Which statements are given little time, which as much as they need."""

from __future__ import annotations

import pytest

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.history.unit import Unit
from schematool.core.render.postgres import parse
from schematool.core.sql.pace import paces
from schematool.core.timeouts import LONGEST_TIMEOUT, Pace, Said, duration

BRIEF = """
alter table a add b int
alter table only "a b"."C" alter column x type bigint
alter table a add constraint c check (b > 0) not valid, validate constraint d
alter type mood add value 'x'
drop table a
truncate a, b
lock table a
create trigger t after insert on a execute function f()
create or replace view v as select 1
create table b (id int references a)
create table b partition of a for values in (1)
"""
BUILD = """
create index on a (b)
create unique index concurrently i on a (b)
drop index concurrently i
drop schema if exists old cascade
reindex table a
alter table s."a" validate constraint c
alter domain d validate constraint c
alter table a attach partition b default
alter table a detach partition b concurrently
create table b as select * from a
create unlogged table if not exists b (x, y) with (fillfactor = 70) as select 1
refresh materialized view m
vacuum full a
create extension postgis
drop database d
"""
ROWS = """
insert into a values ('alter table a')
update a set b = 1
with x as (select 1) delete from a
copy a from stdin
do $$ begin execute 'drop table a'; end $$
call p()
"""
FREE = """
create table b (id int, note text default 'partition')
create view v as select 1
create function f() returns int language sql as 'select 1'
comment on table a is 'b'
grant select on a to b
set local work_mem = '1MB'
"""


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        pytest.param(text, pace, id=text)
        for block, pace in ((BRIEF, Pace.BRIEF), (BUILD, Pace.BUILD), (ROWS, Pace.ROWS), (FREE, None))
        for text in block.strip().splitlines()
    ],
)
def test_the_pace_of_a_statement(text: str, pace: Pace | None) -> None:
    """It is told from its words, in capitals and over lines as well."""
    assert list(paces([text, text.upper() if "'" not in text else text, text.replace(" ", "\n\t")])) == [pace] * 3


def test_what_a_migration_makes_itself_nobody_stands_behind() -> None:
    """A table of the same file can be altered for as long as it takes, unless that reaches into another one."""
    made = ['create table S."new" (id int)', "insert into s.new select 1", 'alter table s."new" add primary key (id)']

    assert list(paces([*made, "alter table s.old add primary key (id)"])) == [None, Pace.ROWS, None, Pace.BRIEF]
    assert list(paces([*made, 'alter table s."new" add foreign key (id) references old']))[-1] is Pace.BRIEF


def test_a_time_has_a_unit() -> None:
    """As PostgreSQL's settings have it, up to what the server can count; a bare number could be read as two things."""
    assert [duration(text) for text in ("0", "500ms", "90 s", "10min", "2h", "1d")] == [0, 0.5, 90, 600, 7200, 86400]
    assert [duration(text) for text in ("10", "1.5s", "-1s", "10 minutes", "25d", "")] == [None] * 6
    assert duration("2147483s") == LONGEST_TIMEOUT


def read(up: str, down: str = "select 1;\n") -> Unit:
    """Read a migration."""
    return parse("0001_a", "a.sql", up, "a.rollback.sql", down)


def findings(up: str, down: str = "select 1;\n") -> tuple[Diagnostic, ...]:
    """What is wrong with a migration."""
    with pytest.raises(InputError) as caught:
        read(up, down)
    return caught.value.diagnostics


def test_a_file_says_its_own_timeouts() -> None:
    """In its head; the rollback file says its own."""
    unit = read(
        "-- title\n-- schematool: statement_timeout 10min\n-- schematool: lock_timeout 3s\nselect 1;\n",
        "-- schematool: statement_timeout 0\nselect 1;\n",
    )

    assert (unit.up_said, unit.down_said) == (Said(3.0, 600.0), Said(None, 0.0))


@pytest.mark.parametrize(
    ("up", "message", "line", "column"),
    [
        ("-- schematool: statement_timeout soon\nselect 1;", "`soon` is no time for statement_timeout", 1, 16),
        ("-- schematool: statement_timeout 10\nselect 1;", "`10` is no time for statement_timeout", 1, 16),
        ("-- schematool: lock_timeout 0\nselect 1;", "`0` is no time for lock_timeout", 1, 16),
        ("select 1;\n-- schematool: lock_timeout 1s\n", "`lock_timeout` counts only above the first statement", 2, 16),
        (
            "-- schematool: lock_timeout 1s\n-- schematool: lock_timeout 1s\nselect 1;",
            "`lock_timeout` is said twice",
            2,
            16,
        ),
    ],
)
def test_a_timeout_that_cannot_be_meant_is_told_with_its_place(up: str, message: str, line: int, column: int) -> None:
    """No time, nowhere, or twice: a finding at the words."""
    (found,) = findings(up)

    assert (found.code, found.message) == ("ST409", message)
    assert found.span
    assert (found.span.line, found.span.column) == (line, column)


def test_what_is_said_to_take_long_is_announced() -> None:
    """The lock that the compiler writes above a statement counts; what is merely brief is none."""
    unit = read(
        "-- lock: ACCESS EXCLUSIVE, rewrites table\nalter table a alter b type bigint;\n"
        "-- lock: ACCESS EXCLUSIVE, briefly\nalter table a add c int;\n"
        "-- lock: SHARE, scans table\ncreate index on a (b);\n"
    )

    assert [command.announced for command in unit.up] == [True, False, True]
