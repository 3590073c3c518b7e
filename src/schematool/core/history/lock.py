"""schematool.lock: a line for each migration with the hashes of its files, chained, so that git shows every change.

Two branches that each add a migration change the same lines, and so collide in git rather than at deploy.

    # comment
    version 1
    schema <sha256 of the YAML that the newest migration was made from>
    0001_initial chain=<sha256> postgres=<up sha256>/<down sha256> mongo=<up sha256>/-

`-` stands for a rollback file that is not there; a store without a half has no word in the line.
`chain` is the hash of the line before and of this one, so a line cannot be taken out or changed alone.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.errors import InputError
from schematool.core.history.names import is_id, order
from schematool.core.history.unit import Migration

FILE_NAME = "schematool.lock"
VERSION = 1

_STORES = ("postgres", "mongo")
_HEADER = (
    "# Made by schematool; commit it with the migrations. `schematool lock` makes it anew after a deliberate edit."
)
_HASH = re.compile(r"[0-9a-f]{64}")
_CONFLICT = re.compile(r"(<{7}|\|{7}|={7}|>{7})(\s|$)")
_UNREADABLE = "restore it from version control; or delete it and make it anew with `schematool lock`"
_RESTORE = "restore the file from version control, or accept it with `schematool lock`"


@dataclass(frozen=True, slots=True)
class Half:
    """The hashes of one store's files; `down` None: there is no rollback file."""

    up: str
    down: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One migration as the lock has it. `span` is its id in a lock that was read."""

    id: str
    halves: Mapping[str, Half]
    chain: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """The whole file: entries in order, and the fingerprint of the YAML that they end at."""

    entries: tuple[Entry, ...]
    schema: str

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, in order."""
        return tuple(entry.id for entry in self.entries)

    @property
    def head(self) -> str:
        """The last chain hash: one word for the whole history."""
        return self.entries[-1].chain if self.entries else _first_chain()


def make(migrations: Iterable[Migration], schema: str) -> Lock:
    """Make the lock of these migrations; `schema` is the fingerprint of the YAML, empty when there is none."""
    entries: list[Entry] = []
    chain = _first_chain()
    for migration in sorted(migrations, key=lambda each: order(each.id)):
        halves = _halves(migration)
        chain = _chained(chain, migration.id, halves)
        entries.append(Entry(migration.id, halves, chain))
    return Lock(tuple(entries), schema)


def render(lock: Lock) -> str:
    """Write the file."""
    lines = [_HEADER, f"version {VERSION}", f"schema {lock.schema or '-'}"]
    lines += [f"{entry.id} chain={entry.chain}{_words(entry.halves)}" for entry in lock.entries]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=4)
def parse(text: str, file: str) -> Lock:
    """Read the file; `InputError` (ST405) with the place of everything that cannot be read."""
    found: list[Diagnostic] = []
    entries: list[Entry] = []
    schema, version = "", False
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        span = Span(file, number, 1, max(len(line), 1), line)
        words = line.split()
        if _CONFLICT.match(line):
            found.append(_conflict(span))
            break
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "version":
            if words[1:] != [str(VERSION)]:
                found.append(_newer(span))
                break
            version = True
        elif words[0] == "schema" and len(words) == 2:
            schema = "" if words[1] == "-" else words[1]
        else:
            entry = _entry(words, Span(file, number, line.index(words[0]) + 1, len(words[0]), line))
            if entry is None:
                found.append(Diagnostic("ST405", "this line of the lock cannot be read", span, hint=_UNREADABLE))
            else:
                entries.append(entry)
    if not found and not version:
        message = "this is no whole lock: its line `version` is missing" if text.strip() else "the lock is empty"
        found.append(Diagnostic("ST405", message, Span(file, 1, 1), hint=_UNREADABLE))
    if found:
        raise InputError(*found)
    return Lock(tuple(entries), schema)


def verify(lock: Lock, migrations: Sequence[Migration], file: str) -> tuple[Diagnostic, ...]:
    """Say where lock and files disagree: edited, deleted, renamed, inserted, duplicated, new, or a changed lock.

    `file`: the path of the lock, for what has no place of its own. Empty when they agree.
    """
    by_id = {migration.id: migration for migration in migrations}
    locked = {entry.id: entry for entry in lock.entries}
    gone = {name: entry for name, entry in locked.items() if name not in by_id}
    come = {name: migration for name, migration in by_id.items() if name not in locked}
    renamed = _renamed(gone, come)
    found = [*_duplicated(lock, migrations), *_broken_chain(lock)]
    contents = {(store, half.up): entry.id for entry in lock.entries for store, half in entry.halves.items()}
    for entry in lock.entries:
        if entry.id in renamed:
            message = f"`{entry.id}` was renamed to `{renamed[entry.id]}`"
            hint = (
                f"give it its old name back; where no database has it yet, accept it with `schematool lock {entry.id}`"
            )
            found.append(_finding(message, entry.span, file, entry.id, hint))
        elif entry.id in gone:
            found.append(_finding(f"`{entry.id}` is in the lock, but its files are gone", entry.span, file, entry.id))
        else:
            found += _edited(entry, by_id[entry.id], file, contents)
    last = max((order(name) for name in locked), default=(0, ""))
    for name, migration in come.items():
        if name in renamed.values():
            continue
        how = "was inserted before what the lock already has" if order(name) < last else "is not in the lock yet"
        if copied := _copied(migration, contents):
            how = f"is a copy of `{copied}`, and {how}"
        hint = f"take it in with `schematool lock {name}`"
        found.append(Diagnostic("ST405", f"`{name}` {how}", _place(migration), subject=name, hint=hint))
    return tuple(found)


def _halves(migration: Migration) -> dict[str, Half]:
    units = ((store, migration.half(store)) for store in _STORES)
    return {store: Half(unit.up_sha256, unit.down_sha256) for store, unit in units if unit}


def _words(halves: Mapping[str, Half]) -> str:
    return "".join(f" {store}={halves[store].up}/{halves[store].down or '-'}" for store in _STORES if store in halves)


def _first_chain() -> str:
    return hashlib.sha256(f"schematool.lock {VERSION}".encode()).hexdigest()


def _chained(before: str, name: str, halves: Mapping[str, Half]) -> str:
    return hashlib.sha256(f"{before} {name}{_words(halves)}".encode()).hexdigest()


def _entry(words: Sequence[str], span: Span) -> Entry | None:
    """Read `ID chain=HASH store=UP/DOWN …`; `None` when it is anything else."""
    pairs = [word.partition("=")[::2] for word in words[1:]]
    values = dict(pairs)
    chain = values.pop("chain", "")
    if not is_id(words[0]) or len(values) + 1 != len(pairs) or not _HASH.fullmatch(chain) or not values:
        return None
    halves: dict[str, Half] = {}
    for store, value in values.items():
        up, _, down = value.partition("/")
        if store not in _STORES or not _HASH.fullmatch(up) or not (down == "-" or _HASH.fullmatch(down)):
            return None
        halves[store] = Half(up, None if down == "-" else down)
    return Entry(words[0], halves, chain, span)


def _renamed(gone: Mapping[str, Entry], come: Mapping[str, Migration]) -> dict[str, str]:
    """Pair ids that left with ids that came and have the very same files."""
    pairs: dict[str, str] = {}
    for old, entry in gone.items():
        same = [new for new, migration in come.items() if _halves(migration) == entry.halves]
        if len(same) == 1 and same[0] not in pairs.values():
            pairs[old] = same[0]
    return pairs


def _duplicated(lock: Lock, migrations: Sequence[Migration]) -> list[Diagnostic]:
    found = []
    twice = [name for name, times in Counter(lock.ids).items() if times > 1]
    for name in twice:
        span = [entry.span for entry in lock.entries if entry.id == name][-1]
        found.append(Diagnostic("ST405", f"`{name}` is in the lock twice", span, subject=name, hint=_RESTORE))
    by_number: dict[int, list[Migration]] = {}
    for migration in migrations:
        by_number.setdefault(order(migration.id)[0], []).append(migration)
    known = frozenset(lock.ids)
    hint = "two branches made a migration each: give the later one the next free number"
    found += [
        Diagnostic(
            "ST405",
            f"`{later.id}` has the same number as `{same[0].id}`",
            _place(later),
            subject=later.id,
            hint=hint,
        )
        # Which of them came later is not in their names: what the lock has was there first.
        for group in by_number.values()
        if len(group) > 1
        for same in [sorted(group, key=lambda one: one.id not in known)]
        for later in same[1:]
    ]
    return found


def _broken_chain(lock: Lock) -> list[Diagnostic]:
    """Find the first line whose chain does not follow from the line before; all later ones follow from it."""
    chain = _first_chain()
    for entry in lock.entries:
        chain = _chained(chain, entry.id, entry.halves)
        if chain != entry.chain:
            message = f"the chain of the lock breaks at `{entry.id}`: a line was changed, moved or taken out by hand"
            return [Diagnostic("ST405", message, entry.span, subject=entry.id, hint=_RESTORE)]
    return []


def _copied(migration: Migration, contents: Mapping[tuple[str, str], str]) -> str | None:
    """The migration that all files of another one were copied from."""
    origins = {contents.get((store, half.up)) for store, half in _halves(migration).items()}
    return origins.pop() if len(origins) == 1 else None


def _edited(entry: Entry, migration: Migration, file: str, contents: Mapping[tuple[str, str], str]) -> list[Diagnostic]:
    found = []
    actual = _halves(migration)
    for store in _STORES:
        before, after = entry.halves.get(store), actual.get(store)
        if before == after:
            continue
        unit = migration.half(store)
        span = unit.up[0].span if unit and unit.up else entry.span
        if before is None or after is None:
            what = "came after" if before is None else "is gone, but in"
            found.append(_finding(f"the {store} half of `{entry.id}` {what} the lock", span, file, entry.id))
            continue
        if before.up != after.up:
            how = _change(unit.up_text if unit else "", contents.get((store, after.up)))
            found.append(_finding(f"`{entry.id}` {how} ({store})", span, file, entry.id, _accept(entry.id)))
        if before.down != after.down:
            how = _change(unit.down_text if unit else None) if before.down and after.down else ""
            how = how or ("is gone" if before.down else "is new")
            message = f"the rollback file of `{entry.id}` {how} ({store})"
            place = unit.down[0].span if unit and unit.down else span
            found.append(_finding(message, place, file, entry.id, _accept(entry.id)))
    return found


def _change(text: str | None, other: str | None = None) -> str:
    if not (text or "").strip():
        return "is empty now"
    return f"has the content of `{other}` now" if other else "was edited"


def _finding(message: str, span: Span | None, file: str, subject: str, hint: str = _RESTORE) -> Diagnostic:
    return Diagnostic("ST405", message, span or Span(file, 1, 1), subject=subject, hint=hint)


def _accept(name: str) -> str:
    return f"restore the file from version control, or accept it with `schematool lock {name}`"


def _place(migration: Migration) -> Span | None:
    for store in _STORES:
        unit = migration.half(store)
        if unit and unit.up:
            return unit.up[0].span
    return None


def _conflict(span: Span) -> Diagnostic:
    return Diagnostic(
        "ST405",
        "the lock has a conflict that git left to you: two branches made a migration each",
        span,
        hint="keep both migrations, give one of them the next free number, then run `schematool lock`",
    )


def _newer(span: Span) -> Diagnostic:
    return Diagnostic("ST405", "the lock was made by another version of schematool", span, hint="update schematool")
