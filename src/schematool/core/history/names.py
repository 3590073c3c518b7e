"""The ids of migrations: `NNNN_slug`, ordered by number. Knows no folder and no database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from schematool.core.history.unit import Migration, Unit

_ID = re.compile(r"(?P<number>\d{4,})_(?P<slug>[a-z0-9]+(?:_[a-z0-9]+)*)")
_LONGEST_SLUG = 60  # yoyo keeps ids in varchar(255), and a folder listing should fit a terminal


def is_id(text: str) -> bool:
    """Tell whether a text is an id: four digits or more, an underscore, words of a-z and 0-9.

    >>> is_id("0007_add_notes"), is_id("7_add_notes"), is_id("0007_Add")
    (True, False, False)
    """
    return _ID.fullmatch(text) is not None


def order(name: str) -> tuple[int, str]:
    """Return the sort key of an id: its number as a number, so that 10000 comes after 9999. Foreign names come last."""
    match = re.match(r"\d+", name)
    return (int(match[0]), name) if match else (2**63, name)


def slug(message: str) -> str:
    """Turn a message into the words of an id; letters lose their accents, all else becomes an underscore.

    >>> slug("Add Émile's notes (v2)")
    'add_emile_s_notes_v2'
    """
    plain = unicodedata.normalize("NFKD", message).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if len(words) > _LONGEST_SLUG:
        words = words[: _LONGEST_SLUG + 1].rpartition("_")[0] or words[:_LONGEST_SLUG]
    return words or "change"


def next_id(taken: Iterable[str], message: str) -> str:
    """Return the id after the highest one taken, named after a message.

    >>> next_id(["0001_initial", "0009_b"], "Add notes")
    '0010_add_notes'
    """
    numbers = [order(name)[0] for name in taken if is_id(name)]
    return f"{max(numbers, default=0) + 1:04d}_{slug(message)}"


def pair(units: Iterable[Unit]) -> tuple[Migration, ...]:
    """Put the halves of each migration together, in order."""
    halves: dict[str, dict[str, Unit]] = {}
    for unit in units:
        halves.setdefault(unit.id, {})[unit.store] = unit
    return tuple(
        Migration(name, halves[name].get("postgres"), halves[name].get("mongo")) for name in sorted(halves, key=order)
    )
