"""What statements would delete from a live database: found by their text, counted by the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schematool.core.history.loss import Loss, losses
from schematool.core.step import Hazard


def lost(store: str, statements: Iterable[str], counts: Mapping[str, int]) -> tuple[Hazard, ...]:
    """Name each table, column or collection with rows that the statements would delete; an empty one is no loss."""
    found = dict.fromkeys(loss for text in statements for loss in losses(store, text))
    return tuple(_hazard(store, loss, counts[loss.name]) for loss in found if counts.get(loss.name))


def _hazard(store: str, loss: Loss, rows: int) -> Hazard:
    noun = ("document" if store == "mongo" else "row") + ("" if rows == 1 else "s")
    if loss.column:
        return Hazard("ST201", f"{loss.name}.{loss.column}", f"its values in {rows:,} {noun}")
    return Hazard("ST201", loss.name, f"{rows:,} {noun}")
