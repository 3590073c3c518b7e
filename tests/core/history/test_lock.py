"""schematool.lock: every way in which files and lock can disagree is named."""

from __future__ import annotations

import dataclasses

import pytest

from schematool.core.diagnostic import Span
from schematool.core.errors import InputError
from schematool.core.history.lock import Lock, make, parse, render, verify
from schematool.core.history.names import pair
from schematool.core.history.unit import Command, Migration, Unit

FILE = "migrations/schematool.lock"


def unit(name: str, store: str = "postgres", up: str = "select 1;\n", down: str | None = "select 2;\n") -> Unit:
    """Make one store's half of a migration."""
    command = Command(up, Span(f"migrations/{store}/{name}.sql", 1, 1))
    return Unit(name, store, (command,), (), f"-- {name}\n{up}", down)


def history() -> tuple[Migration, ...]:
    """Three migrations: Postgres alone, both stores, Mongo without a way back."""
    return pair([unit("0001_a"), unit("0002_b"), unit("0002_b", "mongo"), unit("0003_c", "mongo", down=None)])


def locked() -> Lock:
    """Return the lock of `history()` as it is read from its file."""
    return parse(render(make(history(), "f" * 64)), FILE)


def messages(lock: Lock, migrations: tuple[Migration, ...]) -> list[str]:
    """Return what `verify` says."""
    return [found.message for found in verify(lock, migrations, FILE)]


def test_reads_what_it_writes() -> None:
    """The file holds everything, and files that did not change agree with it."""
    made = make(history(), "f" * 64)
    read = locked()

    assert [dataclasses.replace(entry, span=None) for entry in read.entries] == list(made.entries)
    assert (read.schema, read.head) == (made.schema, made.head)
    assert render(read) == render(made)
    assert messages(read, history()) == []


def test_an_empty_history_has_a_lock() -> None:
    """Before the first migration the file is valid too."""
    assert parse(render(make((), "")), FILE) == Lock((), "")


def test_line_endings_and_byte_order_mark_are_no_edit() -> None:
    """A checkout with CRLF is the same history, for the migrations and for the lock itself."""
    flipped = pair(
        dataclasses.replace(half, up_text="\ufeff" + half.up_text.replace("\n", "\r\n"))
        for migration in history()
        for half in (migration.postgres, migration.mongo)
        if half
    )
    lock = parse("\ufeff" + render(make(history(), "")).replace("\n", "\r\n"), FILE)

    assert messages(lock, flipped) == []


def test_edited_up_and_down_files_are_told_apart() -> None:
    """An edit names the migration, the store, and which of the two files."""
    first, *rest = history()
    up = pair([unit("0001_a", up="select 9;\n")])
    down = pair([unit("0001_a", down="select 9;\n")])
    gone = pair([unit("0001_a", down=None)])

    assert messages(locked(), (*up, *rest)) == ["`0001_a` was edited (postgres)"]
    assert messages(locked(), (*down, *rest)) == ["the rollback file of `0001_a` was edited (postgres)"]
    assert messages(locked(), (*gone, *rest)) == ["the rollback file of `0001_a` is gone (postgres)"]
    assert first.id == "0001_a"


def test_a_deleted_migration_is_named() -> None:
    """A line of the lock without files is a deletion, placed at that line."""
    first, _, last = history()

    (found,) = verify(locked(), (first, last), FILE)

    assert found.message == "`0002_b` is in the lock, but its files are gone"
    assert found.span
    assert (found.span.file, found.span.line) == (FILE, 5)


def test_a_deleted_half_is_named() -> None:
    """Taking away one store's files of a migration is seen."""
    first, second, last = history()

    assert messages(locked(), (first, dataclasses.replace(second, mongo=None), last)) == [
        "the mongo half of `0002_b` is gone, but in the lock"
    ]


def test_a_rename_is_told_as_one() -> None:
    """The same files under another id are one rename, not a deletion and an addition."""
    first, second, last = history()
    renamed = Migration("0004_z", postgres=None, mongo=dataclasses.replace(last.half("mongo") or unit(""), id="0004_z"))

    assert messages(locked(), (first, second, renamed)) == ["`0003_c` was renamed to `0004_z`"]


def test_an_insertion_differs_from_a_new_migration() -> None:
    """What stands before the last locked migration was inserted; what stands after it is new."""
    inserted = pair([*(h for m in history() for h in (m.postgres, m.mongo) if h), unit("0002_aa"), unit("0004_d")])

    said = messages(locked(), inserted)

    assert "`0002_aa` was inserted before what the lock already has" in said
    assert "`0004_d` is not in the lock yet" in said


def test_the_same_number_twice_is_named() -> None:
    """Two branches that each took the next number are found even before the lock is."""
    twice = (*history(), *pair([unit("0003_other")]))

    assert "`0003_other` has the same number as `0003_c`" in messages(make(twice, ""), twice)


def test_of_two_with_one_number_the_new_one_is_to_give_way() -> None:
    """Whatever they are called: the one that the lock has may be applied somewhere."""
    found = verify(locked(), (*pair([unit("0002_add", up="select 3;\n")]), *history()), FILE)
    (twice,) = [one for one in found if "same number" in one.message]

    assert (twice.message, twice.subject) == ("`0002_add` has the same number as `0002_b`", "0002_add")
    assert not any(one.subject == "0002_b" for one in found)


@pytest.mark.parametrize("line", [3, 4, 5])
def test_a_lock_changed_by_hand_breaks_its_chain(line: int) -> None:
    """Taking a line out, or giving it other hashes, does not add up any more."""
    lines = render(make(history(), "")).splitlines()
    removed = parse("\n".join(lines[:line] + lines[line + 1 :]), FILE)
    changed = parse("\n".join([*lines[:line], _other_hash(lines[line]), *lines[line + 1 :]]), FILE)

    assert any("the chain of the lock breaks" in said for said in messages(changed, history()))
    if line < 5:
        assert any("the chain of the lock breaks" in said for said in messages(removed, history()))
    assert messages(removed, history())


def test_git_conflict_markers_are_named() -> None:
    """A conflict that git left is said to be one, with its line, instead of a riddle about syntax."""
    text = render(make(history(), ""))
    conflict = f"{text}<<<<<<< ours\n0004_a chain=1\n=======\n0004_b chain=2\n>>>>>>> theirs\n"

    with pytest.raises(InputError) as raised:
        parse(conflict, FILE)

    (found,) = raised.value.diagnostics
    assert "conflict" in found.message
    assert found.span
    assert found.span.line == 7


@pytest.mark.parametrize(
    "line",
    [
        "0004_d",
        "0004_d chain=12 postgres=a/b",
        "0004_d chain=" + "a" * 64,
        "0004_d chain=" + "a" * 64 + " mysql=" + "a" * 64 + "/-",
        "0004_d chain=" + "a" * 64 + " mongo=" + "a" * 64 + "/- mongo=" + "a" * 64 + "/-",
        "what is this",
    ],
)
def test_every_line_that_cannot_be_read_is_reported(line: str) -> None:
    """Nothing in the lock is skipped in silence."""
    with pytest.raises(InputError) as raised:
        parse(f"{render(make(history(), ''))}{line}\n{line}\n", FILE)

    assert [found.span.line for found in raised.value.diagnostics if found.span] == [7, 8]


def test_a_later_format_is_refused() -> None:
    """A lock of a format to come is not guessed at."""
    with pytest.raises(InputError, match="another version"):
        parse("version 2\n0001_a whatever\n", FILE)


def _other_hash(line: str) -> str:
    head, _, last = line.rpartition("=")
    return f"{head}={'0' * 64}{last[64:]}"
