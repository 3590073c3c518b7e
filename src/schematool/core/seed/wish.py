"""What the YAML wishes of the rows that `seed` makes: how many, and how the values of a field lie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from schematool.core.model.entity import Entity, Field, Model, Options, Plain

DEFAULT_SCALE = 1000
"""Rows of an entity when nobody says how many."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How the values of one field shall lie; what is None or empty is left to the field's name and type.

    `empty`: the share without a value. `weights`: the share of each value. `distinct`: how many different ones.
    `skew`: a few values far more often than the others. `like`: a key of `words.MAKERS`.
    """

    values: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    empty: float | None = None
    low: str | None = None
    high: str | None = None
    distinct: int | None = None
    skew: bool = False
    like: str | None = None


NONE = Wish()


@dataclass(frozen=True, slots=True)
class Target:
    """What a field's value points at: an entity's field, in either store."""

    store: str
    entity: str
    field: str


@dataclass(frozen=True, slots=True)
class Wished:
    """What is wished of one table or collection. `share`: of the scale; `rows`: exactly, 0 to leave it as it is."""

    name: str
    store: str
    rows: int | None = None
    share: float = 1.0
    fields: Mapping[str, Wish] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)

    def count(self, scale: int, asked: Mapping[str, int]) -> int:
        """How many rows: what was asked for by name, what the YAML says, its share of the scale; at least one."""
        short = self.name.removeprefix("public.")
        for name in (self.name, short):
            if name in asked:
                return asked[name]
        return self.rows if self.rows is not None else max(1, round(scale * self.share))


def wishes(model: Model) -> dict[tuple[str, str], Wished]:
    """Collect the wishes by store and name: `schema.table`, or the collection's."""
    found = {}
    for entity in model.entities:
        name = full_name(entity)
        said = _mapping(entity.options.get("seed"))
        fields = dict(_wishes("", entity.fields))
        rows, share = said.get("rows"), said.get("share", 1.0)
        found[entity.store, name] = Wished(
            name,
            entity.store,
            int(rows) if isinstance(rows, int | float) else None,
            float(share) if isinstance(share, int | float) else 1.0,
            fields,
            dict(_targets("", entity.fields, model)),
        )
    return found


def full_name(entity: Entity) -> str:
    """Name an entity as its store counts it."""
    return f"{entity.schema or 'public'}.{entity.name}" if entity.store == "postgres" else entity.name


def _wishes(path: str, fields: tuple[Field, ...]) -> list[tuple[str, Wish]]:
    found = []
    for one in fields:
        if said := _mapping(one.options.get("seed")):
            found.append((path + one.name, _wish(said)))
        inner = (*one.fields, *(one.items.fields if one.items else ()))
        found += _wishes(f"{path}{one.name}.", inner)
    return found


def _targets(path: str, fields: tuple[Field, ...], model: Model) -> list[tuple[str, Target]]:
    found = []
    for one in fields:
        for at in (one, one.items):
            if at is not None and at.references is not None and (entity := model.entity(at.references.entity)):
                target = Target(entity.store, full_name(entity), at.references.field)
                found.append((path + one.name, target))
        inner = (*one.fields, *(one.items.fields if one.items else ()))
        found += _targets(f"{path}{one.name}.", inner, model)
    return found


def _wish(said: Mapping[str, Plain]) -> Wish:
    values, weights = said.get("values"), _mapping(said.get("weights"))
    empty, distinct, like = said.get("empty"), said.get("distinct"), said.get("like")
    return Wish(
        tuple(_text(value) for value in values) if isinstance(values, tuple) else tuple(map(str, weights)),
        {str(key): float(value) for key, value in weights.items() if isinstance(value, int | float)},
        float(empty) if isinstance(empty, int | float) else None,
        _text(said["from"]) if "from" in said else None,
        _text(said["to"]) if "to" in said else None,
        int(distinct) if isinstance(distinct, int | float) else None,
        said.get("skew") == "zipf",
        str(like) if like is not None else None,
    )


def _text(value: Plain) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _mapping(value: object) -> Mapping[str, Plain]:
    return value if isinstance(value, Mapping | Options) else {}


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM]?)")


def size(text: str) -> int | None:
    """Read how many: `500`, `100k`, `1M`, `2.5k`; None for anything else.

    >>> size("100k"), size("1M"), size("-1")
    (100000, 1000000, None)
    """
    match = _SIZE.fullmatch(text.strip().replace("_", "").replace(",", ""))
    if not match:
        return None
    return round(float(match[1]) * {"": 1, "k": 1000, "m": 1_000_000}[match[2].lower()])
