"""Ids of migrations: their grammar, their order, the next one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schematool.core.history.names import is_id, next_id, order, pair, slug
from schematool.core.history.unit import Unit


def test_ids_order_by_number_not_by_text() -> None:
    """The ten-thousandth migration comes after the 9999th, whatever the alphabet says."""
    assert sorted(["10000_a", "9999_b", "0002_z"], key=order) == ["0002_z", "9999_b", "10000_a"]


@pytest.mark.parametrize(
    "text", ["7_add", "0007", "0007_", "0007_Add", "0007_a__b", "0007-add", "0007_a.sql", "../0007_a"]
)
def test_what_is_no_id(text: str) -> None:
    """A file that is not named NNNN_words is no migration."""
    assert not is_id(text)


def test_next_id_follows_the_highest_number() -> None:
    """Gaps are not filled, foreign files do not count, and four digits grow to five when they must."""
    assert next_id([], "Initial") == "0001_initial"
    assert next_id(["0001_a", "0007_b", "README"], "Add notes") == "0008_add_notes"
    assert next_id(["9999_a"], "more") == "10000_more"


@given(st.text())
def test_every_message_makes_an_id(message: str) -> None:
    """Whatever is typed as a message, the id is well formed, short enough, and safe as a file name."""
    made = next_id(["0001_a"], message)

    assert is_id(made)
    assert len(made) <= 70


def test_slug_cuts_at_a_word() -> None:
    """A long message ends with a whole word."""
    assert slug("add the " + "very " * 20 + "long index") == ("add_the_" + "very_" * 20)[:57]


def test_halves_of_one_id_become_one_migration() -> None:
    """Units of both stores with the same id are one migration; a store may lack its half."""
    units = [_unit("10000_b", "mongo"), _unit("0001_a", "postgres"), _unit("0001_a", "mongo")]

    first, second = pair(units)

    assert (first.id, second.id) == ("0001_a", "10000_b")
    assert first.postgres is units[1]
    assert first.mongo is units[2]
    assert second.postgres is None


def _unit(name: str, store: str) -> Unit:
    return Unit(name, store, (), None, "", None)
