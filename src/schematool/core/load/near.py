"""The known word that a misspelt one probably means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near(word: str, known: Iterable[str]) -> str | None:
    """The nearest known word, or None when nothing is near.

    >>> near("requird", ["required", "default"])
    'required'
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    lowered = word.lower()
    if lowered in by_lower:
        return by_lower[lowered]
    matches = get_close_matches(lowered, by_lower, n=1, cutoff=0.7)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint, or None.

    >>> did_you_mean("uuidd", ["uuid", "text"])
    'did you mean `uuid`?'
    """
    guess = near(word, known)
    return f"did you mean `{guess}`?" if guess else None
