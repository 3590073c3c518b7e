"""Makes a catalog out of statements that may come in any order: what fails for want of another is tried again."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from schematool.engines.postgres.failure import statement_error
from schematool.engines.postgres.session import Session

# All of a large schema in one transaction would fill the server's lock table (max_locks_per_transaction).
_TOGETHER = 200
_SAVE = "SAVEPOINT schematool"
# Made anew after each statement, since none of a text with a syntax error is run, not even what stands before it.
_AFTER = f"\n;RELEASE {_SAVE};{_SAVE}"


def build(session: Session, statements: Sequence[tuple[str, str]]) -> tuple[tuple[str, Exception], ...]:
    """Run (key, statement) pairs, round after round until a round brings nothing new.

    Returns the pairs that can never work, each with the server's last word. Bodies of functions are not checked
    while they are made, since what they use may come later. A function that is replaced must be there.
    """
    pending = list(statements)
    failed: list[tuple[str, Exception]] = []
    session.execute("SET check_function_bodies = off")
    try:
        while pending:
            failed = []
            left = []
            for start in range(0, len(pending), _TOGETHER):
                left += _round(session, pending[start : start + _TOGETHER], failed)
            if len(left) == len(pending):
                break
            pending = left
    finally:
        session.roll_back()
        session.execute("SET check_function_bodies = on")
    return tuple(failed) if pending else ()


def _round(
    session: Session, pairs: Sequence[tuple[str, str]], failed: list[tuple[str, Exception]]
) -> list[tuple[str, str]]:
    """Try each pair once, in one transaction; return those that did not work."""
    left: list[tuple[str, str]] = []
    session.execute(f"BEGIN;{_SAVE}")
    for key, statement in pairs:
        if statement.startswith("CREATE OR REPLACE ") and any(key == of for of, _ in failed):
            left.append((key, statement))
            continue
        try:
            session.execute(f"{statement}{_AFTER}")
        except psycopg.Error as error:
            if session.lost:
                raise
            session.execute("ROLLBACK TO SAVEPOINT schematool")
            left.append((key, statement))
            failed.append((key, statement_error(error, statement, session.url)))
    session.execute("COMMIT")
    return left
