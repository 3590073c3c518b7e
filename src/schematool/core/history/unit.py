"""One migration and its halves, as read from or written to files. Knows no folder and no database."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field

from schematool.core.diagnostic import Span
from schematool.core.timeouts import NOTHING_SAID, Said


@dataclass(frozen=True, slots=True)
class Consent:
    """`-- schematool: allow ST201 because …` in a file: the hazard, the reason, and where it is said."""

    code: str
    because: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One statement of a migration file with its place: SQL text, or a Mongo command as canonical Extended JSON."""

    text: str
    span: Span
    announced: bool = False
    """The file says above it that it scans or rewrites a table: `-- lock: …, rewrites table`."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One store's half of a migration. `up_text` and `down_text` are the files as they are, for hashing.

    `down_text` None: there is no rollback file; the migration cannot be rolled back.
    """

    id: str
    store: str
    up: tuple[Command, ...]
    down: tuple[Command, ...] | None
    up_text: str
    down_text: str | None
    transactional: bool = True
    consents: tuple[Consent, ...] = ()
    depends: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    """The ids of this store that a squashed migration stands for, its own included; see `replaces_in`."""
    up_said: Said = NOTHING_SAID
    down_said: Said = NOTHING_SAID
    """Which timeouts each file asks for."""

    @property
    def up_sha256(self) -> str:
        """Hash of the file with its line endings and byte order mark normalised."""
        return content_hash(self.up_text)

    @property
    def down_sha256(self) -> str | None:
        """The same of the rollback file."""
        return None if self.down_text is None else content_hash(self.down_text)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the history across both stores: `0007_add_notes` has a Postgres half, a Mongo half, or both."""

    id: str
    postgres: Unit | None = None
    mongo: Unit | None = None

    def half(self, store: str) -> Unit | None:
        """Return one store's half."""
        return self.postgres if store == "postgres" else self.mongo


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What one live store says about one migration.

    `state`: `applied`, or `partial` when it was begun and not finished: `done` of `total` commands are known to be
    done (up), or undone (`direction` down). `in_doubt`: the command that was begun and not confirmed, 0-based.
    `sha256` None: applied by stock yoyo, whose own ledger has no content hash.
    """

    id: str
    state: str
    sha256: str | None
    applied_at: str
    done: int = 0
    total: int = 0
    direction: str = "up"
    in_doubt: int | None = None
    head: str | None = None
    extra: dict[str, str] = field(default_factory=dict, compare=False)


def replaces_in(store: str, text: str) -> tuple[str, ...]:
    r"""Which migrations a file says it replaces, read from its head alone: `-- schematool: replaces ID ID…`, or a key.

    >>> replaces_in("postgres", "-- squash\n-- schematool: replaces 0001_a 0002_b\n\nSELECT 1;")
    ('0001_a', '0002_b')
    """
    if store == "mongo":
        return _replaces_in_json(text)
    found: list[str] = []
    for line in text.removeprefix("\ufeff").splitlines():
        if (words := line.strip()) and not words.startswith("--"):
            break
        if match := _REPLACES.match(line):
            found += match[1].split()
    return tuple(found)


_REPLACES = re.compile(r"\s*--\s*schematool\s*:\s*replaces\s+(.*)")


def _replaces_in_json(text: str) -> tuple[str, ...]:
    if '"replaces"' not in text:
        return ()
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError:
        return ()  # what is wrong with it is told where the file is read whole
    named = document.get("replaces") if isinstance(document, dict) else None
    return tuple(name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


def content_hash(text: str) -> str:
    """sha256 of a file's text, the same on every system: no byte order mark, LF line endings."""
    return hashlib.sha256(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").encode()).hexdigest()
