"""The catalogue of codes: complete, in order, and the only place of permits."""

from __future__ import annotations

import re
from pathlib import Path

from schematool.core.codes import CODES, PERMITS, ROWS, hazards_of, unpermitted
from schematool.core.step import Hazard, Step

SOURCE = Path(__file__).parents[2] / "src"


def test_codes_are_unique() -> None:
    """A code has one row, and lists of codes are in order."""
    assert sorted(row.code for row in ROWS) == list(CODES)


def test_every_row_explains_itself() -> None:
    """`explain` never has nothing to say."""
    assert [row.code for row in ROWS if not (row.title and row.why and row.remedy)] == []


def test_every_code_in_the_source_has_a_row() -> None:
    """No finding carries a code that `explain` does not know."""
    used = {code for path in SOURCE.rglob("*.py") for code in re.findall(r'"(ST\d{3})"', path.read_text("utf-8"))}

    assert used - CODES.keys() - {"ST000"} == set()


def test_permits_consent_by_word_code_or_all() -> None:
    """A hazard is consented to by its permit, by its code, or by `all`; one without a permit needs none."""
    loss, note = Hazard("ST201", "column users.email"), Hazard("ST202", "column users.email")
    hazards = hazards_of([Step("drop", hazards=(loss, note)), Step("again", hazards=(loss,))])

    assert hazards == (loss, note)
    assert unpermitted(hazards, ()) == (loss,)
    assert unpermitted(hazards, {"data-loss"}) == unpermitted(hazards, {"ST201"}) == unpermitted(hazards, {"all"}) == ()
    assert "data-loss" in PERMITS
