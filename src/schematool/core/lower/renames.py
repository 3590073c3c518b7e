"""Renames that contradict what is declared beside them: the same for both stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from schematool.core.catalog import Id
from schematool.core.change import Renamed
from schematool.core.diagnostic import Findings, Span


def check_renames(renames: Mapping[Renamed, Span], declared: Collection[Id], found: Findings) -> None:
    """Add a finding for each `was` that cannot be: of itself, of what is still there, of what two things claim.

    Two that trade their names are refused too: afterwards both names are there as before, and nothing would tell
    whether it has been done.
    """
    claims = Counter(one.before for one in renames)
    given_up = {one.after: one for one in renames}
    for one, span in renames.items():
        old, new = called(one.before), called(one.after)
        if one.before == one.after:
            found.add("ST118", f"`{new}` was never called otherwise", span, hint="remove `was`")
        elif claims[one.before] > 1:
            found.add("ST118", f"two cannot both have been the {one.before.kind} `{old}`", span, hint="keep one `was`")
        elif _in_a_circle(one, given_up):
            hint = "rename one of them to a third name first, and generate between the two"
            found.add("ST118", f"`{new}` and `{old}` cannot trade their names at once", span, hint=hint)
        elif one.before in declared and one.before not in given_up:
            found.add("ST118", f"the {one.before.kind} `{old}` is still declared", span, hint="remove one of them")


def called(of: Id) -> str:
    """The name that a person gave it: the last one, but for routines, where that is their arguments."""
    return of.path[1] if of.kind in {"function", "aggregate"} else of.name


def _in_a_circle(one: Renamed, given_up: Mapping[Id, Renamed]) -> bool:
    """Whether the name that it leaves is taken by another, whose name is taken, and so on, until its own is."""
    seen, above = set[Id](), given_up.get(one.before)
    while above is not None and above.before not in seen:
        if above.before == one.after:
            return True
        seen.add(above.before)
        above = given_up.get(above.before)
    return False
