"""What became of a statement that was begun and not confirmed: the catalog is asked, not the journal.

Only for statements that PostgreSQL refuses inside a transaction; everything else commits together with its ledger row
and is never in doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from schematool.core.sql.quote import qualified
from schematool.engines.postgres.session import Session


class Found(Enum):
    """What the catalog says of a statement."""

    DONE = "done"
    NOT_DONE = "not done"
    BROKEN = "broken"
    """It left something behind that must be cleared away before it can run again."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer; `clear` are the statements that make it possible to run it again, `what` names what is there."""

    found: Found
    clear: tuple[str, ...] = ()
    what: str = ""
    finish: str | None = None
    """What completes it instead of running it again."""


_NAME = r'(?:"(?:[^"]|"")+"|[^\s"().;,]+)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME})?"
_IF_NOT = r"(?P<quiet>if\s+not\s+exists\s+)?"
_IF = r"(?P<quiet>if\s+exists\s+)?"


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


_CREATE_INDEX = _compile(
    rf"create (?:unique )?index concurrently {_IF_NOT}(?P<index>{_NAME}) on (?:only )?(?P<table>{_QUALIFIED})"
)
_DROP_INDEX = _compile(rf"drop index concurrently {_IF}(?P<index>{_QUALIFIED})\s*(?:cascade|restrict)?\s*\Z")
_REINDEX = _compile(r"reindex (?:\([^)]*\)\s*)?(?P<kind>index|table) concurrently (?P<name>" + _QUALIFIED + ")")
_DETACH = _compile(
    rf"alter table (?:if exists )?(?:only )?(?P<parent>{_QUALIFIED}) detach partition (?P<child>{_QUALIFIED})"
    r" concurrently"
)
_REPEATABLE = _compile(r"(?:vacuum|analyze|cluster|checkpoint|alter system|load|set|reset|show|select|refresh)\b")
_ALONE = _compile(
    r"(?:create (?:unique )?index concurrently|drop index concurrently|reindex|alter table .* detach partition .*"
    r" concurrently|vacuum|cluster|alter system|(?:create|drop) (?:database|tablespace|subscription)|do\b|call\b)"
)


_CONCURRENT_INDEX = _compile(
    r"(?:create (?:unique )?index concurrently|drop index concurrently|reindex (?:\([^)]*\)\s*)?\w+ concurrently)\b"
)
_OPAQUE = _compile(r"(?:do|call)\b")


def stands_in_the_way(text: str) -> bool:
    """Whether others queue up behind the statement while it waits for a lock, so that it must give up soon.

    CONCURRENTLY on indexes waits for a lock that neither readers nor writers mind, and then for old snapshots: with a
    short lock_timeout it would fail because of any long transaction, and leave an INVALID index. What DO and CALL do
    is not for us to interrupt half way.
    """
    flat = _flat(text)
    return not (_CONCURRENT_INDEX.match(flat) or _OPAQUE.match(flat))


def must_be_alone(text: str) -> bool:
    """Whether the statement cannot be, or may not want to be, in a transaction (DO and CALL can commit inside)."""
    return bool(_ALONE.match(_flat(text)))


def probe(session: Session, text: str) -> Outcome:
    """Ask the catalog whether `text`, once begun, has done its work."""
    text = _flat(text)
    if match := _CREATE_INDEX.match(text):
        return _index_made(session, match["index"], match["table"])
    if match := _DROP_INDEX.match(text):
        return Outcome(Found.NOT_DONE if _exists(session, match["index"]) else Found.DONE)
    if match := _REINDEX.match(text):
        return _reindexed(session, match["kind"].lower(), match["name"])
    if match := _DETACH.match(text):
        return _detached(session, match["parent"], match["child"])
    return Outcome(Found.NOT_DONE if _REPEATABLE.match(text) else Found.UNKNOWN)


def already_there(session: Session, text: str) -> str:
    """Name what would make CREATE INDEX CONCURRENTLY IF NOT EXISTS succeed without doing anything right.

    With IF NOT EXISTS an INVALID index of that name counts as existing; empty when nothing is in the way.
    """
    match = _CREATE_INDEX.match(_flat(text))
    if not match or not match["quiet"]:
        return ""
    made = _index_made(session, match["index"], match["table"])
    return made.what if made.found is Found.BROKEN else ""


def _flat(text: str) -> str:
    """Drop comments and fold white space where that cannot touch a name or a string: before the first of them."""
    return re.sub(r"--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/", " ", text).strip() if "--" in text or "/*" in text else text


def _exists(session: Session, name: str) -> bool:
    return bool(session.one("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", [name]))


def _index_made(session: Session, index: str, table: str) -> Outcome:
    row = session.execute(
        "SELECT space.nspname, made.relname, i.indisvalid FROM pg_catalog.pg_index AS i"
        " JOIN pg_catalog.pg_class AS made ON made.oid = i.indexrelid"
        " JOIN pg_catalog.pg_namespace AS space ON space.oid = made.relnamespace"
        " WHERE i.indrelid = pg_catalog.to_regclass(%s) AND made.relname = %s",
        [table, _plain(index)],
    ).fetchone()
    if row is None:
        return Outcome(Found.NOT_DONE)
    name = qualified(row[0], row[1])
    if row[2]:
        return Outcome(Found.DONE, what=f"index {name}")
    return Outcome(Found.BROKEN, (f"DROP INDEX CONCURRENTLY {name}",), f"INVALID index {name}")


def _reindexed(session: Session, kind: str, name: str) -> Outcome:
    """A REINDEX that did not finish leaves copies named `…_ccnew` or `…_ccold`; it can always run again."""
    left = session.execute(
        "SELECT space.nspname, copy.relname FROM pg_catalog.pg_index AS i"
        " JOIN pg_catalog.pg_class AS copy ON copy.oid = i.indexrelid"
        " JOIN pg_catalog.pg_namespace AS space ON space.oid = copy.relnamespace"
        " WHERE NOT i.indisvalid AND copy.relname ~ '_cc(new|old)[0-9]*$' AND i.indrelid = "
        + (
            "(SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass(%s))"
            if kind == "index"
            else "pg_catalog.to_regclass(%s)"
        ),
        [name],
    ).fetchall()
    if not left:
        return Outcome(Found.NOT_DONE)
    names = [qualified(*row) for row in left]
    clear = tuple(f"DROP INDEX CONCURRENTLY {name}" for name in names)
    return Outcome(Found.BROKEN, clear, f"INVALID index {', '.join(names)}")


def _detached(session: Session, parent: str, child: str) -> Outcome:
    row = session.execute(
        "SELECT inhdetachpending FROM pg_catalog.pg_inherits"
        " WHERE inhparent = pg_catalog.to_regclass(%s) AND inhrelid = pg_catalog.to_regclass(%s)",
        [parent, child],
    ).fetchone()
    if row is None:
        return Outcome(Found.DONE)
    if row[0]:
        finish = f"ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE"
        return Outcome(Found.NOT_DONE, what=f"detach of {child} is pending", finish=finish)
    return Outcome(Found.NOT_DONE)


def _plain(name: str) -> str:
    """Return the name that an identifier stands for."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
