"""Our own pairs, as SQL in tests/cases/pairs: `-- case: name`, perhaps `-- since 17` or `18.6`, `-- old`, `-- new`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "cases" / "pairs"
_CASE = re.compile(
    r"^-- case: (?P<name>[^\n]*)\n(?:-- since (?P<since>\d+)(?:\.(?P<minor>\d+))?\n)?"
    r"-- old\n(?P<old>.*?)^-- new\n(?P<new>.*?)(?=^-- case: |\Z)",
    re.DOTALL | re.MULTILINE,
)


def own_pairs(folder: Path = FOLDER) -> Iterator[dict[str, Any]]:
    """The cases of every file, as the pairs of the shared file are."""
    for file in sorted(folder.glob("*.sql")):
        for match in _CASE.finditer(file.read_text(encoding="utf-8")):
            yield {
                "suite": file.stem,
                "id": match["name"],
                "old": match["old"],
                "new": match["new"],
                "min_version": int(match["since"] or 14),
                "min_number": int(match["since"] or 14) * 10000 + int(match["minor"] or 0),
            }
