"""How far a long reading came, on disk: so that it goes on after it was stopped, and holds nothing in memory.

One SQLite file for each environment, readable by its owner only, gone when the work is done. The keys that were not
found so far and the place up to which was read are committed together, so a stop at any moment loses seconds of work
and counts nothing twice. Where no such file can be (a folder that nobody may write to, another run that has it), a
file of SQLite's own takes its place, which ends with the run.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError

EVERY_SECONDS = 2.0
"""How often progress is committed: what a stop costs at most."""

_TABLES = {
    "part": "(name TEXT PRIMARY KEY, kinds TEXT, position TEXT, seen INTEGER DEFAULT 0, result TEXT)",
    "holder": "(part TEXT, id TEXT, PRIMARY KEY (part, id)) WITHOUT ROWID",
    "candidate": "(part TEXT, value TEXT, PRIMARY KEY (part, value)) WITHOUT ROWID",
}


class Journal:
    """The state of a run over several parts, by their names."""

    def __init__(self, file: Path, *, resume: bool) -> None:
        self._file: Path | None = file
        try:
            self._database = _opened(file, resume=resume)
        except (OSError, sqlite3.Error) as error:
            if resume:
                raise WorldError(
                    Diagnostic("ST008", f"{file} cannot be read to go on from: {error}", hint="run it without --resume")
                ) from error
            self._file = None
            self._database = _made(sqlite3.connect(""), anew=False)
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
        """Keep what there is for a later run, as far as the disk takes it."""
        with suppress(sqlite3.Error):
            self._database.commit()
        self._database.close()

    def close(self) -> None:
        """Forget all: the work is done."""
        if self._file:
            _forget(self._file)  # before it is let go of: afterwards it may be another run's
        self._database.close()

    def _one(self, column: str, part: str) -> object:
        row = self._database.execute(f"SELECT {column} FROM part WHERE name = ?", (part,)).fetchone()
        return row[0] if row else None

    def _put(self, column: str, part: str, value: str) -> None:
        self._database.execute(
            f"INSERT INTO part (name, {column}) VALUES (?, ?)"
            f" ON CONFLICT (name) DO UPDATE SET {column} = excluded.{column}",
            (part, value),
        )


def _opened(file: Path, *, resume: bool) -> sqlite3.Connection:
    """Open the file for this run alone; what is no database of SQLite, after a crash of the system, is made anew."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)
    try:
        return _alone(file, resume=resume)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        if resume:
            raise
        _forget(file)
        file.touch(mode=0o600)
        return _alone(file, resume=False)


def _alone(file: Path, *, resume: bool) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=0)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        return _made(database, anew=not resume)
    except BaseException:
        database.close()
        raise


def _made(database: sqlite3.Connection, *, anew: bool) -> sqlite3.Connection:
    """Make the tables, all of them or none; a kill may have come before the last one."""
    database.execute("BEGIN EXCLUSIVE")
    for name, columns in _TABLES.items():
        if anew:
            database.execute(f"DROP TABLE IF EXISTS {name}")
        database.execute(f"CREATE TABLE IF NOT EXISTS {name} {columns}")
    database.commit()
    return database


def _forget(file: Path) -> None:
    for suffix in ("", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
