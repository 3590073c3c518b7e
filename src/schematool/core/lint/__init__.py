"""Advice on the schema and on migration files: pure rules, each with its code in `core.codes`."""

from __future__ import annotations

from schematool.core.lint.migrations import lint_nothing, lint_units, lint_untried
from schematool.core.lint.schema import OFF_BY_DEFAULT, lint

__all__ = ["OFF_BY_DEFAULT", "lint", "lint_nothing", "lint_units", "lint_untried"]
