"""Quoting: what must not be able to break out of a name or a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schematool.core.sql.quote import KEYWORDS, identifier, literal, qualified
from schematool.core.sql.split import split

names = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize("name", ["users", "_a1", "a_b", "name", "type", "value", "key"])
def test_plain_names_stay_bare(name: str) -> None:
    """What quote_ident() leaves alone is left alone, unreserved words among it."""
    assert identifier(name) == name


@pytest.mark.parametrize("name", ["User", "order", "select", "2fa", "a-b", "a b", "é", "a$b", "between", "left"])
def test_other_names_are_quoted(name: str) -> None:
    """What quote_ident() quotes is quoted: upper case, words of the grammar, anything beyond a-z, 0-9 and _."""
    assert identifier(name) == f'"{name}"'


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    """PostgreSQL has no empty names, and a NUL would end the message to the server."""
    with pytest.raises(ValueError, match="cannot be a name"):
        identifier(name)


def test_a_nul_cannot_be_in_a_text() -> None:
    """A NUL would end the message to the server."""
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b")


def test_qualified_quotes_each_part() -> None:
    """A dot inside of a name does not make two of it."""
    assert qualified("my.schema", "order", "x") == '"my.schema"."order".x'


def test_keywords_have_the_known_sizes() -> None:
    """The words of all three categories are there, and no unreserved one."""
    assert {"select", "left", "between", "user"} <= KEYWORDS
    assert not {"name", "type", "key", "value", "schema"} & KEYWORDS


@given(names)
def test_no_name_ends_a_statement(name: str) -> None:
    """Whatever the name is, the statement around it stays one statement."""
    assert len(split(f"select 1 as {identifier(name)}; select 2")) == 2


@given(names)
def test_no_text_ends_a_statement(text: str) -> None:
    """Whatever the text is, the statement around it stays one statement."""
    assert len(split(f"select {literal(text)}; select 2")) == 2
