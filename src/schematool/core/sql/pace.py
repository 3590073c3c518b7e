"""The pace of a statement of PostgreSQL: whether others stand behind it, and whether it may take long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from schematool.core.timeouts import Pace


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE | re.DOTALL)


_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+))?'
_TABLE = rf"alter (?:foreign )?table (?:if exists )?(?:only )?(?P<name>{_NAME})"
_READS_ROWS = _compile(r"(?:insert|update|delete|merge|copy|select|with|values|table|do|call|execute|explain)\b")
_BUILDS = _compile(
    r"(?:create (?:unique )?index|reindex|cluster|vacuum|analyze|refresh|create materialized view|checkpoint"
    r"|drop index concurrently|drop schema|drop owned|import foreign schema|alter system"
    r"|(?:create|alter|drop) (?:database|tablespace|subscription|extension))\b"
    rf"|create (?:unlogged |temp |temporary )?table (?:if not exists )?{_NAME}\s*(?:\([\w\s,\"]*\)\s*)?"
    r"(?:with\s*\([^)]*\)\s*)?as\b"
    rf"|alter (?:table (?:if exists )?(?:only )?|domain ){_NAME} validate constraint {_NAME}\s*\Z"
    rf"|{_TABLE} (?:attach partition|detach partition .* concurrently)\b"
)
_HOLDS_UP = _compile(
    r"(?:alter|drop|truncate|lock|reassign|create (?:or replace )?(?:constraint |event )?(?:trigger|rule|policy)"
    r"|create or replace (?:temp |temporary |recursive )*view)\b"
)
_ALTERS = _compile(_TABLE)
_MAKES = _compile(rf"create (?:unlogged |temp |temporary |foreign )*table (?:if not exists )?(?P<name>{_NAME})")
_OTHERS_TOO = _compile(r"\b(?:references|partition of|inherits?)\b")


def paces(statements: Iterable[str]) -> Iterator[Pace | None]:
    """Tell the pace of each statement of one migration; None for what nobody waits for.

    What it makes itself nobody else can stand behind, unless it is tied to what was there.

    >>> list(paces(["create table a (id int)", "alter table a add b int", "alter table c add d int", "select 1"]))
    [None, None, <Pace.BRIEF: 'brief'>, <Pace.ROWS: 'rows'>]
    """
    made: set[str] = set()
    for text in statements:
        if match := _MAKES.match(text):
            made.add(_plain(match["name"]))
        yield _pace(text, made)


def _pace(text: str, made: set[str]) -> Pace | None:
    if _READS_ROWS.match(text):
        return Pace.ROWS
    if _BUILDS.match(text):
        return Pace.BUILD
    tied = _OTHERS_TOO.search(text) is not None
    if _MAKES.match(text):
        return Pace.BRIEF if tied else None
    if not _HOLDS_UP.match(text):
        return None
    altered = _ALTERS.match(text)
    return None if altered and not tied and _plain(altered["name"]) in made else Pace.BRIEF


def _plain(name: str) -> str:
    return re.sub(r"\s", "", name).lower()
