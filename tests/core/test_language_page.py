"""The reference page of the language is what the table says."""

from __future__ import annotations

from pathlib import Path

from schematool.core.language_page import language_page
from schematool.core.load.language import DOCUMENTS, RECORDS

PAGE = Path(__file__).parents[2] / "docs" / "language.md"


def test_the_page_in_the_repository_is_fresh() -> None:
    """A changed table asks for a new page."""
    assert PAGE.read_text() == language_page(), "run `make docs`"


def test_every_word_is_on_the_page() -> None:
    """Nothing of the language is left unexplained."""
    page = language_page()
    keys = {key.name for document in DOCUMENTS for key in document.record.keys}
    keys |= {key.name for record in RECORDS.values() for key in record.keys}

    assert [key for key in sorted(keys) if f"| `{key}`" not in page] == []
