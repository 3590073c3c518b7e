"""MongoDB: two catalogs to the database commands between them.

A step's statement is one database command as Extended JSON text, its name as the first key. Names are those of this
database alone: the engine completes `{"renameCollection": "notes", "to": "records"}` with the database and runs it on
`admin`. `catalogs` orders the whole, `collections` and `indexes` change one thing each without a moment without it,
`renames` carries documents along, `validators` knows when a validator became stricter.
"""

from schematool.core.plan.mongo.catalogs import align, build, plan
from schematool.core.plan.mongo.renames import rename, unfounded

__all__ = ["align", "build", "plan", "rename", "unfounded"]
