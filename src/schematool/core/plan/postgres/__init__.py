"""PostgreSQL: two catalogs to the statements between them.

`decide` finds the fate of each object, `arrange` what must come first, `spell` writes the statements; `online` turns
those that would block into steps that do not.
"""

from schematool.core.plan.postgres.align import align
from schematool.core.plan.postgres.build import build
from schematool.core.plan.postgres.renames import rename, unfounded
from schematool.core.plan.postgres.spell import plan

__all__ = ["align", "build", "plan", "rename", "unfounded"]
