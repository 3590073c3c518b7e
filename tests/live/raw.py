"""The driver's own view of a test database: what a person with a shell would have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

from schematool.core.secret import Url

if TYPE_CHECKING:
    from pymongo.database import Database


@contextmanager
def database_of(url: Url) -> Iterator[Database[dict[str, Any]]]:
    """Give the database that a URL names, beside schematool."""
    with MongoClient[dict[str, Any]](url.reveal()) as client:
        yield client.get_default_database()
