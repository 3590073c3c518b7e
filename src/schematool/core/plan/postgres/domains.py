"""What stands behind a domain decides how values get into it, and what of them does not come along.

A cast to a domain over `varchar(3)` cuts what is longer, while an assignment to it refuses that (coerce_to_domain,
parse_coerce.c).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.decide import Decision
from schematool.core.plan.postgres.types import cuts, lossy, read_with
from schematool.core.step import Hazard


def underneath(type_: str, bases: Mapping[str, str]) -> str:
    """What a domain, or an array of domains, is in the end; any other type is what it is."""
    of, array = _element(type_)
    while of in bases:
        of, more = _element(bases[of])
        array = more or array
    return of + array


def loss(decision: Decision, old: str, new: str) -> str | None:
    """What an assignment can lose without an error, in words; None when nothing."""
    return lossy(underneath(old, decision.old_domains), underneath(new, decision.new_domains))


def settings(decision: Decision, old: str, new: str) -> tuple[str, ...]:
    """What the meaning of a value depends on as it gets into its new type: zone and order of a date's parts."""
    return read_with(underneath(old, decision.old_domains), underneath(new, decision.new_domains))


def losses(decision: Decision, of: Id) -> Iterator[Hazard]:
    """What goes of the values of a type that is made again."""
    match decision.old(of), decision.new(of):
        case pg.Enum() as old, pg.Enum() as new:
            gone = [label for label in old.labels if label not in new.labels]
            if gone:
                yield Hazard("ST209", str(of), ", ".join(gone))
        case pg.Domain(base=was), pg.Domain(base=becomes):
            yield from _less(of, was, becomes, loss(decision, was, becomes))
        case pg.Range(subtype=was), pg.Range(subtype=becomes):
            yield from _less(of, was, becomes, loss(decision, was, becomes))
        case pg.Composite() as old, pg.Composite() as new:
            kept = {attribute.name: attribute.type for attribute in new.attributes}
            for attribute in old.attributes:
                if attribute.name not in kept:
                    yield Hazard("ST201", str(of), f"attribute {attribute.name}")
                elif words := _cast_loss(decision, attribute.type, kept[attribute.name]):
                    yield Hazard("ST201", str(of), f"attribute {attribute.name} {words}")
        case _:
            return


def _less(of: Id, old: str, new: str, words: str | None) -> Iterator[Hazard]:
    if words:
        yield Hazard("ST201", str(of), f"{old} to {new} {words}")


def _cast_loss(decision: Decision, old: str, new: str) -> str | None:
    """What goes when a row is cast as a whole, and what is in it with it: longer values are cut."""
    before, after = underneath(old, decision.old_domains), underneath(new, decision.new_domains)
    return lossy(before, after) or ("is cut to its new length" if cuts(before, after) else None)


def _element(type_: str) -> tuple[str, str]:
    """A type apart from what says that it is an array of it."""
    bare = type_.rstrip("[]")
    return bare, type_[len(bare) :]
