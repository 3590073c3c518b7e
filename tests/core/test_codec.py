"""A catalog as the text of a snapshot, and back."""

from __future__ import annotations

import pytest

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.codec import decode, encode
from schematool.core.model import mongo, postgres

NOTES = mongo.Collection(
    id=Id("collection", ("notes",)), validator='{"a":1}', command='{"validator":{"a":1}}', uuid="x"
)
TABLE = postgres.Table(
    id=Id("table", ("public", "a.b")),
    options=(("fillfactor", "70"),),
    columns=("b", "a"),
    grants=(postgres.Grant("reader", "SELECT", grantable=True),),
)
COLUMN = postgres.Column(
    id=Id("column", ("public", "a.b", "b")), type="bigint", identity=postgres.Identity(always=True, start=5)
)


@pytest.mark.parametrize(("store", "things"), [("mongo", [NOTES]), ("postgres", [TABLE, COLUMN])])
def test_there_and_back(store: str, things: list[Object]) -> None:
    """What was written is read again, with the dependencies, and writes the same text."""
    needs = [(things[-1].id, things[0].id)] if len(things) > 1 else []
    catalog = Catalog.of(store, things, needs, "1.2")

    again = decode(encode(catalog))

    assert again == catalog
    assert encode(again) == encode(catalog)


def test_order_of_columns_is_kept() -> None:
    """It is not compared, but a table must be made again as it was."""
    again = decode(encode(Catalog.of("postgres", [TABLE])))

    assert getattr(again.objects[TABLE.id], "columns") == ("b", "a")  # noqa: B009  # of one of many classes


def test_nothing_of_one_server_is_written() -> None:
    """The same schema gives the same bytes on every machine."""
    assert '"uuid"' not in encode(Catalog.of("mongo", [NOTES]))


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": 0}', "not json"])
def test_something_else_is_refused(text: str) -> None:
    """An old or foreign file is not taken for a catalog."""
    with pytest.raises(ValueError, match=r"."):
        decode(text)
