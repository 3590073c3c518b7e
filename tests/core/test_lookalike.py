"""A drop and an add that may be a rename."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.change import Added, Removed
from schematool.core.diff.lookalike import lookalikes
from schematool.core.model.postgres import Column, Table


def column(name: str, type: str = "text", table: str = "users") -> Column:  # noqa: A002  # the word of the model
    """A column of a table in `public`."""
    return Column(id=Id("column", ("public", table, name)), type=type)


def test_same_shape_in_the_same_table_is_suspected() -> None:
    """One text column goes and one comes: it may have been renamed."""
    changes = (Removed(column("phone")), Added(column("mobile")))

    assert lookalikes(changes) == ((column("phone").id, column("mobile").id),)


def test_another_type_or_table_is_not() -> None:
    """A column of another type, or of another table, is no candidate."""
    assert lookalikes((Removed(column("phone")), Added(column("age", "integer")))) == ()
    assert lookalikes((Removed(column("phone")), Added(column("phone", table="patients")))) == ()


def test_two_candidates_are_no_evidence() -> None:
    """Where two columns of the same shape come, nothing says which one it would be."""
    assert lookalikes((Removed(column("a")), Added(column("b")), Added(column("c")))) == ()


def test_a_table_with_the_same_columns_is_suspected() -> None:
    """A table is known by what it holds."""
    old, new = Table(id=Id("table", ("public", "users"))), Table(id=Id("table", ("public", "people")))
    changes = (Removed(old), Removed(column("a")), Added(new), Added(column("a", table="people")))

    assert (old.id, new.id) in lookalikes(changes)
