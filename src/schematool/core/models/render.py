"""Which writer makes the file of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from schematool.core.catalog import Catalog
from schematool.core.model.entity import Model
from schematool.core.models import jsonschema, mongoose, pydantic, sqlalchemy, typescript
from schematool.core.models.shape import Models, describe

_WRITERS: Mapping[str, Callable[[Models], str]] = {
    "pydantic": pydantic.render,
    "sqlalchemy": sqlalchemy.render,
    "typescript": typescript.render,
    "mongoose": mongoose.render,
    "jsonschema": jsonschema.render,
}


def render(target: str, model: Model, catalogs: Mapping[str, Catalog]) -> str:
    """Write the file of a target; the same schema gives the same bytes."""
    return _WRITERS[target](describe(model, catalogs))
