"""What text says: whole tables on one line, a line of progress for each half, scripts that say what they leave out."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from schematool.app.diff import Block, DiffReport
from schematool.app.report import StepLine
from schematool.core.catalog import Id
from schematool.core.describe import Described
from schematool.core.diagnostic import Diagnostic
from schematool.core.secret import Url
from schematool.engines.contract import Announced, Began, Ended, Event, Filling, Waiting
from schematool.views.progress import Progress
from schematool.views.show import Look
from schematool.views.text.diff import lines
from schematool.views.text.folding import folded
from schematool.views.text.words import place


def told(symbol: str, kind: str, name: str, entity: str = "users") -> Described:
    """Make a change in words."""
    return Described(entity, symbol, kind, name, "", Id(kind, ("public", name)))


def test_parts_of_a_new_table_are_counted_and_those_of_an_old_one_told() -> None:
    """Columns of a table that comes or goes whole are no news; a default belongs to its column."""
    changes = [
        told("+", "column", "id"),
        told("+", "column", "email"),
        told("+", "default", "id"),
        told("+", "index", "users_email"),
        told("+", "table", "users"),
        told("-", "column", "name", "orders"),
    ]

    assert [(one.kind, one.name, parts) for one, parts in folded(changes, lambda one: ("postgres", one))] == [
        ("column", "name", ""),
        ("table", "users", "2 columns, 1 index"),
    ]


def progress(*, verbose: bool = False, live: bool = False) -> Progress:
    """Make a narrow progress that masks one word."""
    return Progress("+", verbose, live, 40, lambda text: text.replace("hunter2", "***"))


def run_of(store: str, seconds: tuple[float, ...]) -> list[Event]:
    """Make the events of a unit of statements that took so long."""
    events: list[Event] = []
    for index, took in enumerate(seconds):
        text = f"SELECT '{index} hunter2 and more that does not fit into forty columns'"
        events += [Began("0001_a", store, index, len(seconds), text)]
        events += [Ended("0001_a", store, index, len(seconds), text, took)]
    return events


def test_progress_is_one_line_for_each_half() -> None:
    """Two hundred statements are a line with their number and time; what was slow is told by itself."""
    quiet = progress()
    written = "".join(quiet.told(event) for event in run_of("postgres", (0.001,) * 199 + (0.6,)))
    again = "".join(quiet.told(event) for event in run_of("mongo", (0.002,)))

    assert len(written.splitlines()) == 2
    assert written.splitlines()[0].startswith("    0001_a  postgres  200/200 SELECT")
    assert written.splitlines()[1] == "  + 0001_a  postgres  200 statements  799 ms"
    assert again == "  + 0001_a  mongo     1 command  2 ms\n"
    assert "hunter2" not in written


def test_filling_is_a_bar_for_a_person_and_a_line_for_a_log() -> None:
    """Who watches sees how far each table is and how fast; a log has one line for each that is done."""
    half, whole = (Filling("postgres", "public.users", rows, 2000, 0.5) for rows in (1000, 2000))
    documents = Filling("mongo", "notes", 10, 10, 0.1)
    quiet, watched = progress(), Progress("+", False, True, 200, str)

    assert quiet.told(half) == ""
    assert quiet.told(whole) == "  + users  postgres  2,000 rows           500 ms       4,000/s\n"
    assert quiet.told(documents) == "  + notes  mongo     10 documents         100 ms       100/s\n"
    assert "━" * 12 + "┄" * 12 + "  50%  1,000 rows  2,000/s" in watched.told(half)
    assert len(Progress("+", False, True, 40, str).told(half)) < 40 + len("\r\x1b[2K")


def test_what_is_filled_stands_in_columns_however_long_the_names_are() -> None:
    """The lines of a run are as wide as the longest name that was announced; one that is far too long is cut."""
    names = ("public.users", "prescription_items_of_long_standing", "患者", "x" * 120)
    told = progress()
    told.told(Announced(names))
    lines = [told.told(Filling("mongo", name, 1_000_000, 1_000_000, 500.0)) for name in names]

    assert {cell_len(line[: line.index("mongo")]) for line in lines} == {len("  + ") + 48 + len("  ")}
    assert lines[3].startswith(f"  + {'x' * 47}…  mongo  ")
    assert {line[line.index("mongo") :] for line in lines} == {"mongo     1,000,000 documents  8 min 20 s   2,000/s\n"}


def test_a_long_statement_tells_which_it_is_and_how_long_it_has_run() -> None:
    """Who has no terminal sees it too: number, what it is doing, the time; at its end the rows that it wrote."""
    began = Began("0001_a", "postgres", 1, 3, "update a set b = 1")
    ended = Ended("0001_a", "postgres", 1, 3, "update a set b = 1", 63.0, 1200)
    told = progress()
    written = [told.told(one) for one in (began, Waiting("0001_a", "postgres", "still running", 61.0), ended)]

    assert written == [
        "",
        "  · 0001_a  postgres  2/3 still running  1 min 1 s\n",
        "    0001_a  postgres  2/3 update a set b = 1  1,200 rows  1 min 3 s\n",
    ]


def test_verbose_progress_tells_every_statement() -> None:
    """With -v each has its line, before that of the half."""
    written = "".join(progress(verbose=True).told(event) for event in run_of("postgres", (0.001, 0.001)))

    assert len(written.splitlines()) == 3


def test_live_progress_never_wraps() -> None:
    """A line that the next one clears must fit the terminal, and the last one is cleared."""
    shown = progress(live=True)
    began, ended = (shown.told(event) for event in run_of("postgres", (0.001, 0.001))[:2])

    assert len(began.removeprefix("\r\x1b[2K")) < 40
    assert "hunter2" not in began
    assert ended == "\r\x1b[2K"


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("postgresql://me:hunter2@db.internal/app?sslmode=require", "db.internal/app"),
        ("mongodb://me:hunter2@a:1,b:2/app?replicaSet=x", "a:1,b:2/app"),
        ("postgresql://me@/app?host=/home/me/shop/.schematool/postgres&port=5", ".schematool/postgres"),
        ("postgresql://me@/app?host=/run/postgresql", "/run/postgresql/app"),
    ],
)
def test_place_is_short_and_has_no_password(url: str, short: str) -> None:
    """Host and database are what tells two environments apart."""
    assert place(Url(url)) == short


def test_printed_statements_say_what_they_leave_out() -> None:
    """What one side has and the model cannot hold is a comment of the script, which stays valid SQL."""
    step = StepLine("postgres", "DROP TABLE a")
    report = DiffReport(
        ok=False,
        diagnostics=(Diagnostic("ST602", "thing x\nis not modelled"),),
        before="one",
        after="other",
        blocks=(Block("postgres", True, (step,)),),
        sql=True,
    )

    assert [str(line) for line in lines(report, Look())] == [
        "-- not in these statements: thing x is not modelled",
        "begin;",
        "DROP TABLE a;",
        "commit;",
    ]
