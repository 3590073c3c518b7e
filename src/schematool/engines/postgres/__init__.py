"""PostgreSQL, 14 to 18. Only `connect` is for others; the driver is imported when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schematool.core.secret import Url
from schematool.core.timeouts import DEFAULTS, Timeouts

if TYPE_CHECKING:
    from schematool.engines.postgres.engine import PostgresEngine


def connect(url: Url, timeouts: Timeouts = DEFAULTS) -> PostgresEngine:
    """Connect to the database at `url`; raises `WorldError` when there is no way to it."""
    from schematool.engines.postgres.engine import PostgresEngine  # noqa: PLC0415  # loads psycopg, 0.2 s

    return PostgresEngine(url, timeouts)
