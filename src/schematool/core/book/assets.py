"""The two files that the site is dressed with, as they lie beside this module."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache
def asset(name: str) -> str:
    """The text of one of them."""
    return (files("schematool.core.book") / name).read_text("utf-8")
