"""How far a long reading came, on disk: so that it goes on after it was stopped, and holds nothing in memory.

One SQLite file for each environment, readable by its owner only, gone when the work is done. The keys that were not
found so far and the place up to which was read are committed together, so a stop at any moment loses seconds of work
and counts nothing twice.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

EVERY_SECONDS = 2.0
"""How often progress is committed: what a stop costs at most."""

_SCHEMA = """
    CREATE TABLE part (name TEXT PRIMARY KEY, kinds TEXT, position TEXT, seen INTEGER DEFAULT 0, result TEXT);
    CREATE TABLE holder (part TEXT, id TEXT, PRIMARY KEY (part, id)) WITHOUT ROWID;
    CREATE TABLE candidate (part TEXT, value TEXT, PRIMARY KEY (part, value)) WITHOUT ROWID;
"""


class Journal:
    """The state of a run over several parts, by their names."""

    def __init__(self, file: Path, *, resume: bool) -> None:
        self._file = file
        if not resume:
            self._forget()
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = not file.exists()
        file.touch(mode=0o600)
        self._database = sqlite3.connect(file)
        if new:
            self._database.executescript(_SCHEMA)
        self._committed = time.monotonic()

    def kinds(self, part: str) -> Mapping[str, int] | None:
        """What the values are, where that was counted."""
        text = self._one("kinds", part)
        return json.loads(text) if isinstance(text, str) else None

    def position(self, part: str) -> str | None:
        """Where to go on; None at the beginning."""
        found = self._one("position", part)
        return found if isinstance(found, str) else None

    def seen(self, part: str) -> int:
        """How many values were read."""
        found = self._one("seen", part)
        return found if isinstance(found, int) else 0

    def result(self, part: str) -> str | None:
        """What was found, where this part is done."""
        found = self._one("result", part)
        return found if isinstance(found, str) else None

    def counted(self, part: str, kinds: Mapping[str, int]) -> None:
        """Write down what the values are."""
        self._put("kinds", part, json.dumps(dict(kinds)))
        self._database.commit()

    def missing(self, part: str, values: Sequence[str]) -> None:
        """Keep the candidates, each once."""
        rows = [(part, value) for value in values]
        self._database.executemany("INSERT OR IGNORE INTO candidate VALUES (?, ?)", rows)

    def passed(self, part: str, position: str, seen: int) -> None:
        """All up to `position` is compared; `seen` more values were read."""
        self._put("position", part, position)
        self._database.execute("UPDATE part SET seen = seen + ? WHERE name = ?", (seen, part))
        if time.monotonic() - self._committed > EVERY_SECONDS:
            self._database.commit()
            self._committed = time.monotonic()

    def candidates(self, part: str, size: int) -> Iterator[tuple[str, ...]]:
        """The candidates in order, in chunks."""
        after = ""
        while True:
            rows = self._database.execute(
                "SELECT value FROM candidate WHERE part = ? AND value > ? ORDER BY value LIMIT ?", (part, after, size)
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield tuple(value for (value,) in rows)

    def held(self, part: str, identity: str) -> bool:
        """Remember who holds a candidate; say whether it was not known before."""
        return bool(self._database.execute("INSERT OR IGNORE INTO holder VALUES (?, ?)", (part, identity)).rowcount)

    def none_held(self, part: str) -> None:
        """Forget who holds candidates: they are asked anew."""
        self._database.execute("DELETE FROM holder WHERE part = ?", (part,))

    def end(self, part: str, result: str) -> None:
        """Write down what was found: the part is done."""
        self._put("result", part, result)
        self.none_held(part)
        self._database.execute("DELETE FROM candidate WHERE part = ?", (part,))
        self._database.commit()

    def stop(self) -> None:
        """Keep what there is for a later run."""
        self._database.commit()
        self._database.close()

    def close(self) -> None:
        """Forget all: the work is done."""
        self._database.close()
        self._forget()

    def _forget(self) -> None:
        for suffix in ("", "-journal"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)

    def _one(self, column: str, part: str) -> object:
        row = self._database.execute(f"SELECT {column} FROM part WHERE name = ?", (part,)).fetchone()
        return row[0] if row else None

    def _put(self, column: str, part: str, value: str) -> None:
        self._database.execute(
            f"INSERT INTO part (name, {column}) VALUES (?, ?)"
            f" ON CONFLICT (name) DO UPDATE SET {column} = excluded.{column}",
            (part, value),
        )
