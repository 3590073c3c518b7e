"""What the server said of a statement, as a finding with a place in the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schematool.core.diagnostic import Span
from schematool.core.errors import StatementError
from schematool.core.secret import Url, mask
from schematool.core.sql.place import within
from schematool.core.sql.split import split

if TYPE_CHECKING:
    import psycopg
    from psycopg.errors import Diagnostic

_OTHERS = "something made it outside of the migrations: `schematool diff migrations live` shows how it differs"
_LATE = (
    "see `schematool explain ST511` for a form that holds nobody up; or say above the first statement how long it may "
    "take, `-- schematool: statement_timeout 10min`, and run `schematool lock`"
)
HIDDEN = "row-level security policy for table"
POLICY = (
    "a migration works on all rows or on none: run it as the table's owner or a role with BYPASSRLS; or, if only the "
    "rows that the policy shows are meant, say `SET LOCAL row_security = on` before the statement"
)
_CORRECT = "correct what the message names, then run the same command again"
_HINTS = {
    "23505": "remove the duplicates, then run it again",
    "23503": "remove or correct the rows without a partner, then run it again",
    "23502": "fill the empty values, then run it again",
    "23514": "correct the rows that break the rule, then run it again",
    "40P01": "another session waited for us while we waited for it; run it again",
    "42701": _OTHERS,
    "42710": _OTHERS,
    "42P07": _OTHERS,
    "42501": "grant what the message names to the role of the URL, or use the owner's role",
    "53100": "the server's disk is full; make room, then run it again",
    "55P03": "wait for the session that holds the lock, or end it, then run it again",
    "57014": "the statement was cancelled on the server; run it again",
}


def statement_error(  # noqa: PLR0913  # what is known of a failure differs from caller to caller
    error: psycopg.Error,
    statement: str,
    url: Url,
    *,
    span: Span | None = None,
    shift: int = 0,
    state: str | None = None,
    note: str = "",
    limit: float = 0.0,
    notes: tuple[str, ...] = (),
) -> StatementError:
    """Say what the server said, pointing at the place in the file that it pointed at.

    `span` is where the statement begins in its file. `shift`: how many characters were put in front of it. `limit`:
    how many seconds it was given, and has had; 0 where it had no limit. `notes`:
    what was found out about it since.
    """
    said = error.diag
    position = max(0, int(said.statement_position) - 1 - shift) if said.statement_position else _inside(said, statement)
    parts = [said.message_primary or " ".join(str(error).split()), said.message_detail, note]
    message = ": ".join(mask(" ".join(part.split()), (url,)) for part in parts if part)
    code = error.sqlstate or ""
    hidden = code == "42501" and HIDDEN in message
    hint = (
        POLICY if hidden else _HINTS.get(code) or (mask(said.message_hint, (url,)) if said.message_hint else _CORRECT)
    )
    late = code == "57014" and limit > 0
    if late:
        message += f": it had not ended after {limit:g} s"
        hint = _LATE
    return StatementError(
        "ST511" if late else "ST510",
        f"PostgreSQL {code}: {message}" if code else message,
        statement=statement,
        server_code=code,
        position=position,
        span=within(span, statement, position) if span and position is not None else span,
        hint=hint,
        state=state,
        notes=notes,
    )


_COPY_LINE = re.compile(r"COPY .+?, line (\d+)")
_BLOCK_LINE = re.compile(r"PL/pgSQL function inline_code_block line (\d+)")
_BODY = re.compile(r"\$(?P<tag>\w*)\$(?P<body>.*)\$(?P=tag)\$", re.DOTALL)


def _inside(said: Diagnostic, statement: str) -> int | None:
    """Where in the data of a COPY, or in a statement that runs others, a DO block above all, the server stopped.

    It says the inner statement with a position in it, which is looked for in the outer one; else the line of the block,
    the first of which is the rest of the line with the opening dollar quote (plpgsql's own way to count).
    """
    if said.internal_query and said.internal_position:
        begins = statement.find(said.internal_query.strip())
        if begins >= 0 and statement.count(said.internal_query.strip()) == 1:
            ahead = len(said.internal_query) - len(said.internal_query.lstrip())
            return begins + int(said.internal_position) - 1 - ahead
    if copied := _COPY_LINE.match(said.context or ""):
        return _line_of_data(statement, int(copied[1]))
    line = _BLOCK_LINE.search(said.context or "")
    body = _BODY.search(statement)
    if not line or not body:
        return None
    lines = body["body"].splitlines(keepends=True)
    number = int(line[1]) - 1
    if number >= len(lines):
        return None
    begins = body.start("body") + sum(map(len, lines[:number]))
    return begins + len(lines[number]) - len(lines[number].lstrip())


def _line_of_data(statement: str, number: int) -> int | None:
    """Where a line of the data begins that comes with a COPY … FROM stdin; the server counts from 1."""
    found = split(statement)
    if len(found) != 1 or found[0].data is None:
        return None
    begins = statement.find("\n", found[0].end) + 1
    for _ in range(number - 1):
        begins = statement.find("\n", begins) + 1
        if not begins:
            return None
    return begins
