"""The words that say how a diagram is wanted. Light, so that the command line can name them at once."""

from __future__ import annotations

from enum import Enum


class Form(Enum):
    """How a diagram is written."""

    MERMAID = "mermaid"
    SVG = "svg"
    PNG = "png"


class Rows(Enum):
    """Which fields a box shows."""

    ALL = "all"
    KEYS = "keys"
    NONE = "none"


class Grouping(Enum):
    """What makes entities belong together."""

    NONE = "none"
    STORE = "store"
    SCHEMA = "schema"
    FOLDER = "folder"


class Theme(Enum):
    """`AUTO`: light, and dark where the reader prefers it (in a browser)."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"
