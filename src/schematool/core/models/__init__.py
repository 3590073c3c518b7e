"""Models for applications, written from the schema: the same entities in the words of other languages and libraries."""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, str] = {
    "pydantic": "models_pydantic.py",
    "sqlalchemy": "models_sqlalchemy.py",
    "typescript": "models.ts",
    "mongoose": "models_mongoose.cjs",
    "jsonschema": "models.schema.json",
}
"""The targets, and how each file is called unless told otherwise."""
