"""Statements that reach beyond their database: roles, databases, tablespaces, settings of the whole server."""

from __future__ import annotations

import re

from schematool.core.sql.quote import literal


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"(?:\s|--[^\n]*\n|/\*.*?\*/)+"), re.IGNORECASE | re.DOTALL)


_ROLE = r"(?:role|user(?! mapping\b)|group)"
_REACHES = _compile(
    rf"alter system\b|(?:create|alter|drop) (?:database|tablespace)\b|(?:alter|drop) {_ROLE}\b"
    rf"|comment on (?:database|tablespace|{_ROLE})\b|security label (?:for \S+ )?on (?:database|tablespace|{_ROLE})\b"
    r"|(?:grant|revoke) [\w\s,()]+? on (?:database|tablespace|parameter)\b"
)
_MEMBERS = _compile(r"(?:grant|revoke)\b(?:(?!\bon\b).)*\Z")
_MAKES_ROLE = _compile(rf'create {_ROLE} (?P<name>"(?:[^"]|"")+"|[^\s";]+)')


def reaches_the_server(text: str) -> bool:
    """Whether a statement changes the server and nothing of the database that it is run in.

    >>> reaches_the_server("ALTER SYSTEM SET work_mem = '1GB'"), reaches_the_server("ALTER TABLE system ADD a int")
    (True, False)
    """
    return _REACHES.match(text) is not None


def makes_members(text: str) -> bool:
    """Whether a statement makes roles members of others, or ends that: GRANT and REVOKE without ON.

    >>> makes_members("grant a to b"), makes_members("grant select on a to b")
    (True, False)
    """
    return _MEMBERS.match(text) is not None


def makes_role(text: str) -> str | None:
    """Name the role that a statement makes; None where it makes none."""
    match = _MAKES_ROLE.match(text)
    if match is None:
        return None
    name = match["name"]
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def unless_it_is_there(text: str, role: str) -> str:
    """Return a statement that makes the role only where there is none of that name."""
    body = (
        f"BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal(role)})"
        f" THEN EXECUTE {literal(text)}; END IF; END"
    )
    # The body as a text constant: a dollar quote could be closed by what is in it.
    return f"DO {literal(body)}"
