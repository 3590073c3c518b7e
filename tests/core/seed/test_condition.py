"""Conditions as the server prints them: what is understood of each, and that the rest is called unknown."""

from __future__ import annotations

import pytest

from schematool.core.seed.condition import (
    Among,
    Atom,
    Bound,
    Cased,
    Like,
    Null,
    Order,
    Term,
    Unknown,
    alternatives,
    opposite,
)
from schematool.core.seed.expression import alternatives as of_expression

A, B = Term("a"), Term("b")

CASES: list[tuple[str, tuple[tuple[Atom, ...], ...]]] = [
    ("CHECK ((a > (0)::numeric))", ((Bound(A, ">", "0"),),)),
    ("CHECK ((5 >= a))", ((Bound(A, "<=", "5"),),)),
    ("CHECK (((a >= 0) AND (a <= 12)))", ((Bound(A, ">=", "0"), Bound(A, "<=", "12")),)),
    ("CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))",
     ((Among("a", ("x", "y")),),)),
    ("CHECK ((a <> ALL (ARRAY[1, 2])))", ((Among("a", ("1", "2"), inside=False),),)),
    ("CHECK ((a > (b + '00:15:00'::interval)))", ((Order(A, ">", Term("b", "", "00:15:00")),),)),
    ("CHECK ((char_length(a) >= 2))", ((Bound(Term("a", "length"), ">=", "2"),),)),
    ("CHECK ((cardinality(a) < 3))", ((Bound(Term("a", "items"), "<", "3"),),)),
    ("CHECK ((lower(a) = a))", ((Cased("a", "lower"),),)),
    ("CHECK (((a)::text ~ '^[A-Z]{3}$'::text))", ((Like("a", "^[A-Z]{3}$"),),)),
    ("CHECK (((a)::text ~~* 'x_%'::text))", ((Like("a", "^x..*$", ignore_case=True),),)),
    ("CHECK ((a = (b IS NOT NULL)))",
     ((Among("a", ("true",)), Null("b", absent=False)), (Among("a", ("true",), inside=False), Null("b", absent=True)))),
    ("CHECK ((num_nonnulls(a, b) = 1))",
     ((Null("a", absent=False), Null("b", absent=True)), (Null("a", absent=True), Null("b", absent=False)))),
    ("CHECK ((NOT ((a > 1) OR (b > 2))))", ((Bound(A, "<=", "1"), Bound(B, "<=", "2")),)),
    ("CHECK ((\"VALUE\" ~~ '%@%'::text))", ((Like("VALUE", "^.*@.*$"),),)),
    ("CHECK ((a <= CURRENT_DATE))", ((Bound(A, "<=", "now"),),)),
    ("((a IS NOT NULL) AND (a >= '2024-01-01'::date))", ((Null("a", absent=False), Bound(A, ">=", "2024-01-01")),)),
    ("CHECK ((a IS NULL) OR (b IS NULL)) NOT VALID", ((Null("a", absent=True),), (Null("b", absent=True),))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_a_condition_is_taken_apart(text: str, expected: tuple[tuple[Atom, ...], ...]) -> None:
    """Each alternative is a conjunction of what it asks of a column."""
    assert expected == alternatives(text)


@pytest.mark.parametrize(
    "text", ["CHECK ((a + b = c))", "CHECK (is_good(a))", "CHECK (CASE WHEN a THEN b END)", "CHECK ((a @> b))", "§"]
)
def test_what_is_not_understood_is_said_to_be(text: str) -> None:
    """Nothing is guessed: such a part is Unknown, for the server to judge."""
    assert any(isinstance(atom, Unknown) for way in alternatives(text) for atom in way)


def test_the_opposite_of_a_condition() -> None:
    """What a partial index leaves out is the condition turned round."""
    assert opposite("((status)::text = 'open'::text)") == ((Among("status", ("open",), inside=False),),)


def test_expressions_of_documents_are_read_the_same() -> None:
    """An `$expr` says what a CHECK says."""
    assert of_expression({"$gt": ["$endedAt", "$startedAt"]}) == ((Order(Term("endedAt"), ">", Term("startedAt")),),)
    assert of_expression({"$or": [{"$eq": ["$a", None]}, {"$lte": [0, "$a"]}]}) == (
        (Null("a", absent=True),),
        (Bound(A, ">=", "0"),),
    )
