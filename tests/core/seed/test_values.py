"""Values from numbers: in their domain, different where they must be, and the same on every machine."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256

import pytest

from schematool.core.seed import kinds, words
from schematool.core.seed.chance import below, number, numbers, shuffled, skewed, weighted
from schematool.core.seed.condition import alternatives
from schematool.core.seed.domain import Domain, narrowed, values
from schematool.core.seed.pattern import Maker, matching
from schematool.core.seed.wish import Wish, size


def domain(kind: kinds.Kind, *conditions: str) -> Domain:
    """The domain of a kind under conditions that have one alternative each."""
    made = Domain(kind)
    for text in conditions:
        for atom in alternatives(text)[0]:
            found = narrowed(made, atom)
            assert found is not None
            made = found
    return made


def test_numbers_are_the_same_everywhere() -> None:
    """The first numbers of a key are these; another machine or Python that gives others breaks every seed."""
    assert numbers("1/users/id", 0, 3) == (5964816512154802127, 14813728355521782696, 4630341598017785734)
    assert number(7, 3) == 10753165928301472203
    assert numbers("k", 5, 2) == numbers("k", 5, 9)[:2]


def test_a_shuffle_gives_each_row_its_own_place() -> None:
    """It is one to one for every size."""
    for count in (*range(1, 40), 1000, 1024):
        assert sorted(shuffled(row, count, 12345) for row in range(count)) == list(range(count))


def test_skew_follows_zipf() -> None:
    """The first of a thousand comes about ten times as often as the tenth, and all can come."""
    counted = Counter(skewed(number(3, row), 1000) for row in range(100_000))

    assert 6 < counted[0] / counted[9] < 15
    assert len(counted) > 900
    assert max(counted) == 999


def test_weights_are_kept() -> None:
    """Three to one is three to one."""
    choose = weighted([3, 1])
    counted = Counter(choose(number(1, row)) for row in range(20_000))

    assert 2.8 < counted[0] / counted[1] < 3.2


KINDS: list[tuple[str, kinds.Kind, tuple[str, ...], str]] = [
    ("refills", kinds.whole(16), ("CHECK (((refills >= 0) AND (refills <= 12)))",), r"\d|1[0-2]"),
    ("price", kinds.decimal(10, 2), ("CHECK ((price > (0)::numeric))", "CHECK (price < 2::numeric)"), r"[01]\.\d\d"),
    ("born", kinds.DATE, ("CHECK ((born < '1901-01-01'::date))", "CHECK (born >= '1900-01-01'::date)"), r"1900-.*"),
    ("code", kinds.Textual(20), ("CHECK (((code)::text ~ '^[A-Z]{3}-\\d{4}$'::text))",), r"[A-Z]{3}-\d{4}"),
    ("email", kinds.Textual(100), ("CHECK ((lower(email) = email))",), r"[a-z.0-9]+@example\.\w+"),
    ("name", kinds.Textual(5), (), r".{1,5}"),
    ("word", kinds.Textual(), ("CHECK ((char_length(word) = 12))",), r".{12}"),
    ("tags", kinds.Listed(kinds.Textual()), ("CHECK ((cardinality(tags) = 2))",), r'\{"[^"]*","[^"]*"\}'),
    ("during", kinds.Spanning(kinds.TIMESTAMPTZ), (), r'\["[^"]+\+00","[^"]+\+00"\)'),
    ("place", kinds.Composed((("street", kinds.Textual(9), ()), ("none", None, ()))), (), r'\("[^"]{1,9}",\)'),
    ("lasts", kinds.SPAN, ("CHECK ((lasts <= '01:00:00'::interval))",), r"00:\d\d:00|01:00:00"),
    ("is_new", kinds.Labels(("false", "true")), (), r"false|true"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "conditions", "pattern"), KINDS, ids=[name for name, *_ in KINDS])
def test_values_lie_in_their_domain(name: str, kind: kinds.Kind, conditions: tuple[str, ...], pattern: str) -> None:
    """Chance and counting both stay inside; counting gives no value twice."""
    made = values(domain(kind, *conditions), name, 100)
    assert made is not None
    drawn = [made.spell(made.make(number(9, row))) for row in range(300)]
    counted = [made.spell(made.nth(n)) for n in range(min(300, made.capacity))]

    assert [text for text in drawn + counted if not re.fullmatch(pattern, text)] == []
    assert len(set(counted)) == len(counted)


def test_a_domain_that_is_empty_has_no_values() -> None:
    """A contradiction is seen and not worked around."""
    both = domain(kinds.whole(32), "CHECK ((a > 5))")

    assert narrowed(both, alternatives("CHECK ((a < 3))")[0][0]) is None


@pytest.mark.parametrize("longest", [1, 2, 3, 5, 8, 12, 20, 50, None])
@pytest.mark.parametrize("look", sorted(words.MAKERS))
def test_counted_texts_never_repeat(look: str, longest: int | None) -> None:
    """Also where there is hardly room, and also when case does not count."""
    many = min(words.capacity(longest), 3000)
    found = [words.unique_text(look, longest)(n).lower() for n in range(many)]

    assert len(set(found)) == many
    assert longest is None or max(map(len, found)) <= longest


@pytest.mark.parametrize(
    "pattern",
    [r"^\d{3}-\d{2}$", r"^[a-z]+$", r"^(AB|CD)_[0-9a-f]{8}$", r"^[[:upper:]][[:lower:]]{2,5}$", r"^\+?[1-9]\d{1,14}$",
     r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"],
)  # fmt: skip
def test_a_pattern_is_matched_by_different_texts(pattern: str) -> None:
    """Every number gives a text that matches, another for another number."""
    maker = Maker.of(pattern)
    found = [maker.text(n) for n in range(min(500, maker.capacity))]

    assert all(matching(pattern, n) is not None for n in range(50))
    assert len(set(found)) == len(found)


def test_wishes_shape_the_values() -> None:
    """Weights, ranges, cardinality and look are as declared."""
    status = values(Domain(kinds.Textual()), "status", 100, Wish(values=("a", "b"), weights={"a": 9.0, "b": 1.0}))
    start = values(Domain(kinds.TIMESTAMP), "start", 100, Wish(low="2024-02-01", high="2024-02-02"))
    few = values(Domain(kinds.Textual()), "city", 100, Wish(distinct=3))
    look = values(Domain(kinds.Textual()), "x", 100, Wish(like="email"))
    assert status
    assert start
    assert few
    assert look
    chances = [number(4, row) for row in range(1000)]

    assert 800 < sum(status.make(chance) == "a" for chance in chances) < 980
    assert {start.spell(start.make(chance))[:8] for chance in chances} == {"2024-02-"}
    assert len({few.make(chance) for chance in chances}) == 3
    assert "@" in str(look.make(5))


def test_sizes_are_read() -> None:
    """People write 100k."""
    assert [size(text) for text in ("500", "100k", "1M", "2.5k", "x", "-1")] == [
        500,
        100_000,
        1_000_000,
        2500,
        None,
        None,
    ]


def test_all_texts_are_the_same_on_every_machine() -> None:
    """A digest over every maker of texts: who changes it on purpose writes a new one, and says so in the changelog."""
    told = "|".join(words.MAKERS[look](number(1, row)) for look in sorted(words.MAKERS) for row in range(20))

    assert sha256(told.encode()).hexdigest()[:16] == "3be5b68fa49c4f15"
    assert below(1 << 63, 10) == 5
