"""The words that say which rows `seed` makes, the same for both stores."""

from __future__ import annotations

from schematool.core.load.shapes import Choice, Key, ListOf, MapOf, Named, Number, Record, Value, Whole
from schematool.core.seed.words import MAKERS

FIELD = Record(
    "seed of a field",
    "How the values lie that `seed` makes; what is not said follows from type, conditions and name.",
    (
        Key("empty", Number(), "The share of rows without a value.", example="0.3"),
        Key("from", Value(), "The least number or the earliest time.", example='"2024-01-01"'),
        Key("to", Value(), "The greatest number or the latest time."),
        Key("values", ListOf(Value(), least=1), "The values to choose from."),
        Key(
            "weights",
            MapOf(Number(), "value"),
            "How often each value comes, in proportion.",
            example="{ scheduled: 6, cancelled: 1 }",
        ),
        Key("distinct", Whole(1), "How many different values, or rows pointed at."),
        Key(
            "skew",
            Choice(("none", "zipf")),
            "`zipf`: the first value, or row pointed at, comes most often, the n-th about 1/n times as often.",
        ),
        Key("like", Choice(tuple(MAKERS)), "What a text looks like, where the field's name does not say."),
    ),
)

ENTITY = Record(
    "seed of an entity",
    "How many rows `seed` makes of it.",
    (
        Key("rows", Whole(0), "Exactly so many, whatever the scale; 0 leaves the rows alone that are there."),
        Key("share", Number(), "A share of the scale: 0.01 is one row where others have a hundred.", example="0.01"),
    ),
)

RECORDS = (FIELD, ENTITY)

FIELD_KEY = Key("seed", Named(FIELD.name), "Which values `seed` makes.", example="{ empty: 0.3 }")
ENTITY_KEY = Key("seed", Named(ENTITY.name), "How many rows `seed` makes.", example="{ share: 0.01 }")
