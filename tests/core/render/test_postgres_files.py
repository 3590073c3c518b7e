"""Migration files of PostgreSQL: what is written is read back, and what yoyo would misread is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schematool.core.errors import InputError
from schematool.core.history.unit import Consent, Unit
from schematool.core.render.postgres import FILE_SUFFIXES, parse, render
from schematool.core.step import Lock, Segment, Step, Work

ID = "0007_add_email"


def read(up: str, down: str | None = "") -> Unit:
    """Parse texts under the names that they would have."""
    return parse(ID, f"m/{ID}{FILE_SUFFIXES[0]}", up, f"m/{ID}{FILE_SUFFIXES[1]}", down)


def messages(up: str, down: str | None = "") -> list[str]:
    """Return what is wrong with the texts, as line:column message."""
    with pytest.raises(InputError) as caught:
        read(up, down)
    return [f"{d.span.line}:{d.span.column} {d.message}" for d in caught.value.diagnostics if d.span]


def test_a_file_is_what_a_person_would_write() -> None:
    """The text of a whole migration, word for word."""
    up, down = render(
        ID,
        Segment(
            (
                Step("alter table users add column email text;", lock=Lock.ACCESS_EXCLUSIVE),
                Step("create table notes (id int)"),
            )
        ),
        [Step("drop table notes", lock=Lock.ACCESS_EXCLUSIVE, work=Work.REWRITE)],
        consents=[Consent("ST201", "moved\nto profiles")],
        depends=["0006_a", "0005_b"],
        title="add email",
    )

    assert up == (
        "-- add email\n-- depends: 0006_a 0005_b\n-- schematool: allow ST201 because moved to profiles\n\n"
        "-- lock: ACCESS EXCLUSIVE, briefly\nalter table users add column email text;\n\n"
        "create table notes (id int);\n"
    )
    assert down == (f"-- rollback of {ID}\n\n-- lock: ACCESS EXCLUSIVE, rewrites table\ndrop table notes;\n")


statements = st.sampled_from(["select 1", "select ';'", "do $$ begin end $$", "comment on table a is E'\\\\'"])


@given(st.lists(statements, min_size=1, max_size=4), st.lists(statements, max_size=3), st.text(max_size=20))
def test_what_is_written_is_read_back(up: list[str], down: list[str], title: str) -> None:
    """Whatever the title, parse() returns the statements, consents and dependencies that render() was given."""
    consents = [Consent("ST203", "it is small"), Consent("ST201", "nobody reads it")]
    texts = render(
        ID,
        Segment(tuple(map(Step, up))),
        list(map(Step, down)),
        consents=consents,
        depends=["0006_a"],
        title=title.replace("\0", ""),
    )
    unit = read(*texts)

    assert [command.text for command in unit.up] == up
    assert unit.down is not None
    assert [command.text for command in unit.down] == down
    assert [(given.code, given.because) for given in unit.consents] == [(c.code, c.because) for c in consents]
    assert (unit.depends, unit.transactional) == (("0006_a",), True)


def test_a_unit_outside_of_a_transaction_says_so() -> None:
    """The directive is written where yoyo reads it, and read back."""
    texts = render(
        ID,
        Segment((Step("create index concurrently a on b (c)"),), transactional=False),
        [Step("drop index concurrently a")],
        consents=[],
        depends=[],
        title="an index",
    )

    assert texts[0].splitlines()[1] == "-- transactional: false"
    assert read(*texts).transactional is False


def test_two_statements_outside_of_a_transaction_are_never_written() -> None:
    """Stock yoyo pairs them with rollback statements by position, and could drop what it did not make."""
    with pytest.raises(ValueError, match="exactly one statement"):
        render(
            ID,
            Segment((Step("select 1"), Step("select 2")), transactional=False),
            [],
            consents=[],
            depends=[],
            title="",
        )


def test_every_line_ending_and_mark_reads_the_same() -> None:
    """CRLF and a byte order mark change neither the statements nor the hash."""
    plain = "-- x\n-- transactional: false\n\nselect 1;\n"
    other = "\ufeff" + plain.replace("\n", "\r\n")

    assert read(plain).up_sha256 == read(other).up_sha256
    assert read(other).transactional is False
    assert read(other).up[0].span == read(plain).up[0].span


def test_no_rollback_file_is_no_rollback() -> None:
    """A missing file is told apart from an empty one."""
    assert read("select 1", None).down is None
    assert read("select 1", "-- nothing to undo\n").down == ()


def test_consents_may_stand_above_their_statement() -> None:
    """A consent counts wherever it stands between statements, in both files; in a text it is no consent."""
    unit = read(
        "select 1;\n-- schematool: allow ST201, ST203 because agreed\n"
        "select '\n-- schematool: allow ST299 because no\n';",
        "-- schematool: allow ST202 because known\nselect 1",
    )

    assert [(c.code, c.span.line if c.span else 0) for c in unit.consents] == [
        ("ST201", 2),
        ("ST203", 2),
        ("ST202", 1),
    ]


@pytest.mark.parametrize(
    ("up", "expected"),
    [
        ("begin;\ncreate table a ();\ncommit;", ["1:1 `begin` in a migration", "3:1 `commit` in a migration"]),
        ("start  transaction; select 1", ["1:1 `start transaction` in a migration"]),
        ("rollback", ["1:1 `rollback` in a migration"]),
        ("-- transactional: maybe\nselect 1", ["1:19 `transactional` is true or false, not `maybe`"]),
        (
            "-- transactional: false\n-- transactional: false\nselect 1",
            ["2:4 `transactional` is said twice"],
        ),
        ("select 1;\n-- depends: 0001_a\nselect 2", ["2:4 `depends` counts only above the first statement"]),
        ("/* x */\n-- transactional: false\nselect 1", ["2:4 `transactional` counts only above the first statement"]),
        ("\ncreate index concurrently a on b (c)", ["2:1 PostgreSQL refuses this inside a transaction"]),
        ("vacuum a", ["1:1 PostgreSQL refuses this inside a transaction"]),
        (
            "-- transactional: false\nselect 1;\nselect 2",
            ["3:1 a file outside of a transaction must hold exactly one statement, not 2"],
        ),
        (
            "-- transactional: false\n",
            ["1:1 a file outside of a transaction must hold exactly one statement, not 0"],
        ),
        ("select 1;\n  \\i other.sql", ["2:3 `\\i` is a command of psql, not SQL"]),
        ("select 'x", ["1:8 this string never ends"]),
        ("select 1\0", ["1:9 a NUL character cannot be in SQL"]),
        ("-- schematool: allow ST201\nselect 1", ["1:16 schematool does not understand `allow ST201`"]),
        ("-- schematool: ignore\nselect 1", ["1:16 schematool does not understand `ignore`"]),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_place(up: str, expected: list[str]) -> None:
    """Each mistake is a finding of its own, with line and column."""
    assert messages(up) == expected


def test_mistakes_of_both_files_are_told_together() -> None:
    """One run reports all of it, the rollback file's directive that yoyo ignores among it."""
    found = messages("commit", "-- transactional: false\nselect '")

    assert sorted(found) == [
        "1:1 `commit` in a migration",
        "1:1 the forward file decides whether both run in a transaction",
        "2:8 this string never ends",
    ]


def test_savepoints_are_allowed() -> None:
    """Going back to a savepoint does not end the runner's transaction."""
    assert len(read("savepoint a; rollback to savepoint a; rollback work to a; release a").up) == 4
