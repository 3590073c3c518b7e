"""What of a rollback file is to be run when its migration was stopped on the way. Knows no server.

A rollback file undoes the whole of its migration and need not have a command for each of the other file's. Pairing by
position drops tables that were there before; so a command is only run when one that did run, or may have, was about
the same thing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schematool.engines.mongo.commands import Order, Subject


def undoing(up: Sequence[Order], reached: Collection[int], down: Sequence[Order]) -> tuple[Order | None, ...]:
    """For each command of `down`: the command to run, or None when there is nothing for it to undo.

    `reached`: the indexes of those of `up` that ran or may have run. Where a rename was not reached, what comes before
    its way back still has to use the old name.
    """
    touched = {subject for index in reached for subject in up[index].subjects}
    whole = {up[index].collection for index in reached if up[index].name in {"create", "drop"}}
    missing = _renames(up, reached)
    result: list[Order | None] = []
    for order in down:
        if order.name == "renameCollection" and order.target in missing and missing[order.target] == order.collection:
            result.append(None)
            del missing[order.target]
            continue
        actual = order.renamed({new: old for old, new in missing.items()})
        result.append(actual if _concerns(actual, touched, whole) else None)
    return tuple(result)


def _renames(up: Sequence[Order], reached: Collection[int]) -> dict[str, str]:
    """Old name to new name of the renames that were not reached."""
    return {
        order.collection: str(order.target)
        for index, order in enumerate(up)
        if order.name == "renameCollection" and index not in reached
    }


def _concerns(order: Order, touched: Collection[Subject], whole: Collection[str]) -> bool:
    """A command on a collection's inside also answers to the whole collection having been made or dropped."""
    inside = order.name not in {"create", "drop", "renameCollection"}
    return any(subject in touched for subject in order.subjects) or (inside and order.collection in whole)
