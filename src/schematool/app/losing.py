"""What statements would delete from a live database: found by their text, counted by the engine."""

from __future__ import annotations

from collections.abc import Iterable

from schematool.core.history.loss import Loss, losses
from schematool.core.step import Hazard
from schematool.engines.contract import Engine


def lost(engine: Engine, statements: Iterable[str]) -> tuple[Hazard, ...]:
    """Name each table, column or collection with rows that the statements would delete; an empty one is no loss."""
    found = tuple(dict.fromkeys(loss for text in statements for loss in losses(engine.store, text)))
    if not found:
        return ()
    gone = {loss.name for loss in found if loss.whole}
    held = engine.held(loss for loss in found if loss.whole or loss.name not in gone)
    return tuple(_hazard(engine.store, loss, many) for loss, many in held.items() if many)


def _hazard(store: str, loss: Loss, many: int) -> Hazard:
    noun = "document" if store == "mongo" else "non-null value" if loss.column else "row"
    subject = f"{loss.name}.{loss.column or loss.index}" if loss.column or loss.index else loss.name
    told = f"{many:,} {noun}{'' if many == 1 else 's'}"
    if loss.seconds is not None:
        told += f" older than the {loss.seconds:,} s that {'it' if many == 1 else 'they'} may live then"
    elif loss.size is not None or loss.most is not None:
        told = f"about {told}, the oldest, for which there is no room then"
    return Hazard("ST201", subject, told)
