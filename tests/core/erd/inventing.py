"""Invented schemas of any size, the same for the same number."""

from __future__ import annotations

from random import Random

from schematool.core.load import load
from schematool.core.model.entity import Model

STEMS = ("order", "invoice", "visit", "item", "note", "plan", "room", "test", "claim", "payment")


def invented(many: int, seed: int = 1) -> Model:
    """Entities of both stores in a few folders: hubs, chains, join tables, self references, cycles, loners."""
    chance = Random(seed)  # noqa: S311  # not for secrets
    names = [f"{chance.choice(STEMS)}_{number:03d}" for number in range(many)]
    parts = max(1, many // 30)
    files = {f"schema/part_{number % parts}/{name}.yaml": "" for number, name in enumerate(names)}
    for number, (file, name) in enumerate(zip(files, names, strict=True)):
        mongo = number % 9 == 8
        key = "{ type: string, format: uuid" if mongo else "{ type: uuid"
        tables = [other for place, other in enumerate(names) if place % 9 != 8]
        lines = [f"entity: {name}", f"store: {'mongo' if mongo else 'postgres'}", "fields:"]
        lines += [] if mongo else ["  id: { type: uuid }"]
        for place in range(chance.choice((0, 1, 1, 1, 2, 3))):
            hub = chance.random() < 0.3
            own = [other for other in tables if int(other[-3:]) % parts == number % parts and other != name] or tables
            target = tables[chance.randrange(min(4, len(tables)))] if hub else chance.choice(own[: number + 1] or own)
            required = ", required: true" if chance.random() < 0.5 else ""
            lines.append(f"  ref_{place}: {key}{required}, references: {target}.id }}")
        lines += [f"  field_{place}: {'string' if mongo else 'text'}" for place in range(chance.randrange(1, 9))]
        lines += [] if mongo else ["primary_key: [id]"]
        files[file] = "\n".join(lines) + "\n"
    model, found = load(files)
    assert not found.errors, found.errors[0]
    return model
