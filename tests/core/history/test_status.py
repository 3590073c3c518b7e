"""Files, lock and ledgers put together: every state that a migration can be in."""

from __future__ import annotations

from schematool.core.history.names import pair
from schematool.core.history.status import State, pending, problems, status
from schematool.core.history.unit import LedgerRow, Unit

UNITS = [
    Unit(name, store, (), (), f"-- {name} {store}\n", "")
    for name, store in [
        ("0001_a", "postgres"),
        ("0001_a", "mongo"),
        ("0002_b", "postgres"),
        ("0003_c", "mongo"),
        ("9999_y", "postgres"),
        ("10000_z", "postgres"),
    ]
]
MIGRATIONS = pair(UNITS)


def row(name: str, store: str = "postgres", **changes: object) -> LedgerRow:
    """Make the ledger row of a unit that was applied as it is in the files."""
    known = [unit.up_sha256 for unit in UNITS if (unit.id, unit.store) == (name, store)]
    facts: dict[str, object] = {"sha256": known[0] if known else "0" * 64, "state": "applied", **changes}
    return LedgerRow(id=name, applied_at="2026-01-01T00:00:00Z", **facts)  # type: ignore[arg-type]  # made of parts


def states(
    postgres: list[LedgerRow], mongo: list[LedgerRow], locked: dict[str, tuple[str, ...]] | None = None
) -> dict[str, str]:
    """Return `id store` -> state."""
    table = status(MIGRATIONS, {"postgres": postgres, "mongo": mongo}, locked=locked)
    return {f"{line.id} {store}": cell.state.value for line in table for store, cell in line.cells.items()}


def test_on_an_empty_database_everything_is_pending_in_order() -> None:
    """One list over both stores, by number; a store without a half has no cell."""
    assert states([], []) == dict.fromkeys(
        [
            "0001_a postgres",
            "0001_a mongo",
            "0002_b postgres",
            "0003_c mongo",
            "9999_y postgres",
            "10000_z postgres",
        ],
        "pending",
    )
    assert list(states([], []))[-1] == "10000_z postgres"


def test_applied_edited_and_partial() -> None:
    """The hash tells an edit; a row that was not finished is partial whatever its hash."""
    got = states([row("0001_a"), row("0002_b", sha256="0" * 64), row("9999_y", state="partial", done=1, total=3)], [])

    assert got["0001_a postgres"] == "applied"
    assert got["0002_b postgres"] == "edited"
    assert got["9999_y postgres"] == "partial"
    assert got["10000_z postgres"] == "pending"


def test_a_migration_applied_by_stock_yoyo_is_applied_but_not_verified() -> None:
    """Its ledger has no hash, so that an edit cannot be told; the cell says so."""
    table = status(MIGRATIONS, {"postgres": [row("0001_a", sha256=None)]})

    assert table[0].cells["postgres"].state is State.APPLIED
    assert not table[0].cells["postgres"].verified


def test_out_of_order_is_within_a_store() -> None:
    """A gap before what is applied is out of order; a database of the other store that is only now made is not."""
    got = states([row("0001_a"), row("9999_y")], [])

    assert got["0002_b postgres"] == "out of order"
    assert got["10000_z postgres"] == "pending"
    assert got["0001_a mongo"] == "pending"


def test_order_is_by_number() -> None:
    """9999 before 10000: the later one applied makes the earlier one out of order, not the other way round."""
    assert states([row("0001_a"), row("0002_b"), row("10000_z")], [])["9999_y postgres"] == "out of order"


def test_applied_without_a_file_is_missing_or_unknown() -> None:
    """The lock tells a file that was lost from a migration that this project never had."""
    got = states([row("0005_lost"), row("0006_foreign")], [], locked={"0005_lost": ("postgres",)})

    assert got["0005_lost postgres"] == "missing"
    assert got["0006_foreign postgres"] == "unknown"


def test_lock_shows_what_was_lost_before_it_was_applied() -> None:
    """Files that only the lock knows have a row in the stores that it names, even where no ledger has heard of them."""
    got = states([], [], locked={"0002_b": ("postgres", "mongo"), "0005_lost": ("mongo",)})

    assert got["0005_lost mongo"] == "missing"
    assert "0005_lost postgres" not in got
    assert got["0002_b postgres"] == "pending"
    assert got["0002_b mongo"] == "missing"


def test_problem_of_both_stores_is_told_once() -> None:
    """Two ledgers that say the same of a migration are one finding, which names both."""
    table = status(MIGRATIONS, {"postgres": [row("0006_foreign")], "mongo": [row("0006_foreign", "mongo")]})

    assert ["postgres and mongo" in each.message for each in problems(table) if each.code == "ST402"] == [True]


def test_pending_includes_what_was_left_partial() -> None:
    """A plain `migrate` finishes what was begun, then goes on; out of order is for the user to decide."""
    rows = status(MIGRATIONS, {"postgres": [row("0002_b", state="partial", done=1, total=2)]})

    assert [unit.id for unit in pending(rows, "postgres")] == ["0002_b", "9999_y", "10000_z"]


def test_problems_name_the_migration_and_the_way_out() -> None:
    """Each state that is not as it should be has its code; applied and pending have none."""
    ledger = [
        row("0002_b", sha256="0" * 64),
        row("0006_foreign"),
        row("9999_y", state="partial", done=1, total=3, direction="down"),
    ]
    found = problems(status(MIGRATIONS, {"postgres": ledger}))

    assert [(each.code, each.subject) for each in found] == [
        ("ST403", "0001_a"),
        ("ST401", "0002_b"),
        ("ST402", "0006_foreign"),
        ("ST404", "9999_y"),
    ]
    assert "1 of 3 commands undone" in found[-1].message
    assert found[-1].hint == "run `schematool rollback`"


FOUR = ("0001_a", "0002_b", "0003_c", "0004_d")
ONE = Unit("0004_d", "postgres", (), (), "-- one\n", "", replaces=FOUR)
PAIR = [Unit(name, "postgres", (), (), f"-- {name} in two\n", "", replaces=FOUR) for name in ("0003_c", "0004_d")]


def applied(*names: str, sha256: str | None = "0" * 64) -> list[LedgerRow]:
    """Make rows of files that are gone."""
    return [row(name, sha256=sha256) for name in names]


def squashed(units: list[Unit], ledger: list[LedgerRow]) -> dict[str, str]:
    """Return the state of each id."""
    return {line.id: line.cells["postgres"].state.value for line in status(pair(units), {"postgres": ledger})}


def test_a_squashed_migration_stands_as_those_that_it_replaces() -> None:
    """All of them applied: it counts as applied; none: pending; recorded itself: applied, whatever is left of them."""
    recorded = row("0004_d", sha256=ONE.up_sha256)

    assert squashed([ONE], applied(*FOUR)) == {"0004_d": "squashed"}
    assert squashed([ONE], applied(*FOUR, sha256=None)) == {"0004_d": "squashed"}
    assert squashed([ONE], []) == {"0004_d": "pending"}
    assert squashed([ONE], [recorded]) == {"0004_d": "applied"}
    assert squashed([ONE], [*applied("0001_a"), recorded]) == {"0004_d": "applied"}


def test_a_part_of_what_was_squashed_is_named() -> None:
    """Neither the one nor the others can be run: what is lacking is told."""
    table = status(pair([ONE]), {"postgres": applied("0001_a", "0002_b")})
    (found,) = problems(table)

    assert squashed([ONE], applied("0001_a", "0002_b")) == {"0004_d": "half squashed"}
    assert found.code == "ST421"
    assert "postgres lacks `0003_c`, `0004_d`" in found.message
    assert squashed([ONE], applied("0004_d")) == {"0004_d": "edited"}


def test_a_squash_into_two_files_is_recorded_one_by_one() -> None:
    """When one of the two is recorded, the other still finds the rest of what both replace."""
    first = row("0003_c", sha256=PAIR[0].up_sha256)
    both = [first, row("0004_d", sha256=PAIR[1].up_sha256)]

    assert squashed(PAIR, applied(*FOUR)) == {"0003_c": "squashed", "0004_d": "squashed"}
    assert squashed(PAIR, [*applied("0001_a", "0002_b", "0004_d"), first]) == {
        "0003_c": "applied",
        "0004_d": "squashed",
    }
    assert squashed(PAIR, both) == {"0003_c": "applied", "0004_d": "applied"}
    assert squashed(PAIR, [first]) == {"0003_c": "applied", "0004_d": "pending"}


def test_what_yoyo_did_before_us_is_not_ours_to_judge() -> None:
    """Rows without a hash that are older than our own are passed over; later ones are a riddle as before."""
    before = LedgerRow("20200101_x", "applied", None, "2020-01-01T00:00:00Z")
    after = LedgerRow("20270101_x", "applied", None, "2027-01-01T00:00:00Z")

    assert "20200101_x postgres" not in states([before, row("0001_a")], [])
    assert states([before], [])["20200101_x postgres"] == "unknown"
    assert states([row("0001_a"), after], [])["20270101_x postgres"] == "unknown"
