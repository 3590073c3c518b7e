"""Which statements of a migration act on rows or documents, and so are in no catalog."""

from __future__ import annotations

import json
import re

# What begins otherwise may do anything: DO, CALL, WITH, EXECUTE, SELECT of a function.
_SCHEMA = re.compile(
    r"(?:create|alter|drop|comment|grant|revoke|security|set|reset|lock|import|reassign|analyze|vacuum|reindex|cluster"
    r"|refresh|select\s+(?:1|true|null)\s*\Z)\b|\Z",
    re.IGNORECASE,
)
_MAKES_ROWS = re.compile(r"\bas\s+(?:select|with|values|table|execute)\b", re.IGNORECASE)
_COMMENTS = re.compile(r"--[^\n]*(?:\n|\Z)|/\*.*?\*/", re.DOTALL)
_COMMANDS = frozenset({"insert", "update", "delete", "aggregate", "findAndModify", "findandmodify", "bulkWrite"})


def acts_on_data(store: str, text: str) -> bool:
    """Whether a statement is more than schema; in doubt it is.

    >>> [acts_on_data("postgres", text) for text in ("CREATE TABLE a (b int)", "update a set b = 1", "DO $$ $$")]
    [False, True, True]
    >>> acts_on_data("mongo", '{"update": "a", "updates": []}')
    True
    """
    if store == "mongo":
        command = json.loads(text)
        return not isinstance(command, dict) or next(iter(command), "") in _COMMANDS
    plain = _COMMENTS.sub(" ", text).strip()
    if re.match(r"create\s+(?:(?:global|local|temporary|temp|unlogged)\s+)*table\b", plain, re.IGNORECASE):
        return bool(_MAKES_ROWS.search(plain))
    return not _SCHEMA.match(plain)
