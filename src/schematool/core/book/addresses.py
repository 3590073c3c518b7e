"""Where each page of the book is: names that every file system can hold, no two alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


def slugs(keys: Iterable[str]) -> Mapping[str, str]:
    """A file name for each key, without its ending; alike but for case would be one file on some systems."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key in sorted(keys):
        plain = re.sub(r"[^\w.-]+", "-", key).strip("-.") or "entity"
        name, number = plain, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.lower())
        found[key] = name
    return found
