"""Which values a column may have, narrowed by conditions, and the making of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from schematool.core.seed import words
from schematool.core.seed.chance import MASK, again, below, skewed, weighted
from schematool.core.seed.condition import Among, Atom, Bound, Cased, Like, Null, Order, Unknown, alternatives
from schematool.core.seed.kinds import (
    DAY,
    FUTURE,
    PRESENT,
    SECOND,
    Composed,
    Kind,
    Labels,
    Listed,
    Opaque,
    Ordered,
    Spanning,
    Textual,
    read,
    span,
)
from schematool.core.seed.pattern import Maker, portable
from schematool.core.seed.wish import NONE, Wish

Raw: TypeAlias = "int | str | None"

_MODEST = 100
USUALLY_EMPTY = 0.1
"""The share of NULL in a column that may be NULL, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Domain:
    """What a column may hold. `empty`: the share of NULL. `among` None: any; `barred`: none of these.

    `least` and `most` are characters of a text, or items of an array. `orders`: to other columns, this one left.
    `modest`: numbers stay small, where nothing demands others.
    """

    kind: Kind
    empty: float = 0.0
    low: int | None = None
    high: int | None = None
    among: tuple[str, ...] | None = None
    barred: frozenset[str] = frozenset()
    least: int = 0
    most: int | None = None
    patterns: tuple[Like, ...] = ()
    case: str = ""
    orders: tuple[Order, ...] = ()
    modest: bool = False

    @property
    def nullable(self) -> bool:
        """Whether NULL is among them."""
        return self.empty > 0


def narrowed(domain: Domain, atom: Atom) -> Domain | None:
    """Take in one condition; None when nothing is left. What cannot be taken in leaves the domain as it was."""
    match atom:
        case Null():
            return _emptied(domain, absent=atom.absent)
        case Among():
            return _chosen(domain, atom)
        case Bound():
            return _bounded(domain, atom)
        case Like():
            return _alike(domain, atom)
        case Cased():
            return replace(domain, case=atom.case)
        case Order():
            return replace(domain, orders=(*domain.orders, atom))
        case Unknown():
            return domain
        case _:
            assert_never(atom)


def _emptied(domain: Domain, *, absent: bool) -> Domain | None:
    if absent:
        return replace(domain, empty=1.0) if domain.nullable else None
    return replace(domain, empty=0.0) if domain.empty < 1 else None


def _chosen(domain: Domain, atom: Among) -> Domain | None:
    values = atom.values
    if isinstance(domain.kind, Labels) and set(domain.kind.labels) == {"true", "false"}:
        values = tuple({"t": "true", "f": "false"}.get(value, value) for value in values)
    if isinstance(domain.kind, Textual) and values == ("",) and not atom.inside:
        return replace(domain, least=max(domain.least, 1))
    if not atom.inside:
        left = domain.among and tuple(value for value in domain.among if value not in values)
        return None if left == () else replace(domain, barred=domain.barred | set(values), among=left)
    left = tuple(v for v in values if v not in domain.barred and (domain.among is None or v in domain.among))
    return replace(domain, among=left) if left else None


def _bounded(domain: Domain, atom: Bound) -> Domain | None:
    if atom.term.measure:
        return _measured(domain, atom)
    kind = domain.kind
    if not isinstance(kind, Ordered):
        return domain
    value = read(kind, atom.value)
    if value is None:
        return domain
    low, high = domain.low, domain.high
    if atom.value == "now" and atom.operator in {">", ">="}:
        value = FUTURE
    match atom.operator:
        case ">=" | ">":
            value += kind.step if atom.operator == ">" else 0
            low = value if low is None else max(low, value)
        case "<=" | "<":
            value -= kind.step if atom.operator == "<" else 0
            high = value if high is None else min(high, value)
        case _:
            return domain
    return None if low is not None and high is not None and low > high else replace(domain, low=low, high=high)


def _measured(domain: Domain, atom: Bound) -> Domain | None:
    if not re.fullmatch(r"-?\d+", atom.value):
        return domain
    value, least, most = int(atom.value), domain.least, domain.most
    if atom.operator in {">", ">=", "="}:
        least = max(least, value + (atom.operator == ">"))
    if atom.operator in {"<", "<=", "="}:
        value -= atom.operator == "<"
        most = value if most is None else min(most, value)
    if atom.operator == "<>" and value == least:
        least += 1
    return None if most is not None and least > most else replace(domain, least=least, most=most)


def _alike(domain: Domain, atom: Like) -> Domain | None:
    if domain.among is not None:
        flags = re.IGNORECASE if atom.ignore_case else 0
        try:
            left = tuple(v for v in domain.among if bool(re.search(portable(atom.pattern), v, flags)) is atom.inside)
        except re.error:
            return domain
        return replace(domain, among=left) if left else None
    return replace(domain, patterns=(*domain.patterns, atom))


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a domain. `make`: one from a number below 2**64; `nth`: the n-th of `capacity` different ones.

    `spell` writes one as the store reads it. `window`: for what has an order, the least and the greatest raw value.
    """

    make: Callable[[int], Raw]
    nth: Callable[[int], Raw]
    capacity: int
    spell: Callable[[Raw], str]
    window: tuple[int, int] = (0, 0)


def values(domain: Domain, name: str, rows: int, wish: Wish = NONE) -> Values | None:
    """Make the values of a domain for a field of this name in a table of so many rows; None when there are none."""
    wished = tuple(value for value in wish.values if domain.among is None or value in domain.among)
    among = wished or domain.among
    if among is None and isinstance(domain.kind, Labels):
        among = tuple(label for label in domain.kind.labels if label not in domain.barred)
    made = _listed(domain, among, wish) if among is not None else _kinds(domain, name, rows, wish)
    if made is None or made.capacity < 1:
        return None
    if wish.distinct is not None or (wish.skew and among is None):
        made = _few(made, min(wish.distinct or made.capacity, made.capacity), skew=wish.skew)
    return made


def _few(of: Values, count: int, *, skew: bool) -> Values:
    choose = skewed if skew else below
    return replace(of, make=lambda chance: of.nth(choose(chance, count)))


def _listed(domain: Domain, among: Sequence[str], wish: Wish) -> Values | None:
    raws: list[Raw] = []
    weights = []
    for value in among:
        raw = _raw(domain, value)
        if raw is not None and _fits(domain, value, raw):
            raws.append(raw)
            weights.append(wish.weights.get(value, 0.0 if wish.weights else 1.0))
    count = len(raws)
    if not count:
        return None
    whole = [raw for raw in raws if isinstance(raw, int)]
    window = (min(whole), max(whole)) if whole else (0, 0)
    choose = weighted(weights) if wish.weights else None
    make: Callable[[int], Raw] = (
        (lambda chance: raws[choose(chance)])
        if choose
        else (lambda chance: raws[skewed(chance, count)])
        if wish.skew
        else (lambda chance: raws[(chance * count) >> 64])
    )
    return Values(make, lambda n: raws[n % count], count, _spelling(domain.kind), window)


def _raw(domain: Domain, value: str) -> Raw:
    return read(domain.kind, value) if isinstance(domain.kind, Ordered) else value


def _fits(domain: Domain, value: str, raw: Raw) -> bool:
    if value in domain.barred:
        return False
    if isinstance(raw, int):
        return (domain.low is None or raw >= domain.low) and (domain.high is None or raw <= domain.high)
    if isinstance(domain.kind, Textual):
        longest = domain.kind.longest if domain.most is None else domain.most
        return len(value) >= domain.least and (longest is None or len(value) <= longest)
    return True


def _spelling(kind: Kind) -> Callable[[Raw], str]:
    if isinstance(kind, Ordered):
        return kind.spell  # type: ignore[return-value]  # its raw values are whole numbers
    return escaped if isinstance(kind, Textual | Opaque | Labels) else _same


def _same(raw: Raw) -> str:
    return str(raw)


_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escaped(raw: Raw) -> str:
    """Write a text as COPY reads it."""
    text = str(raw)
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text) if _SPECIAL.search(text) else text


def _kinds(domain: Domain, name: str, rows: int, wish: Wish) -> Values | None:
    kind = domain.kind
    match kind:
        case Ordered():
            return _ordered(domain, kind, name, rows, wish)
        case Textual():
            return _texts(domain, kind, name, wish)
        case Opaque():
            many = kind.capacity
            return Values(lambda chance: kind.make(below(chance, many)), kind.make, many, escaped)
        case Listed():
            return _arrays(domain, kind, name, rows, wish)
        case Spanning():
            return _ranges(kind, name, rows, wish)
        case Composed():
            return _composites(kind, rows)
        case Labels():
            return None
        case _:
            assert_never(kind)


def _ordered(domain: Domain, kind: Ordered, name: str, rows: int, wish: Wish) -> Values | None:
    hard_low = kind.low if domain.low is None else max(kind.low, domain.low)
    hard_high = kind.high if domain.high is None else min(kind.high, domain.high)
    usual = _usual(kind, name)
    if domain.modest:
        usual = (min(usual[0], 0), min(usual[1], _MODEST * 10**kind.scale))
    wished_low = read(kind, wish.low) if wish.low is not None else None
    wished_high = read(kind, wish.high) if wish.high is not None else None
    low = max(hard_low, usual[0] if wished_low is None else wished_low)
    high = min(hard_high, usual[1] if wished_high is None else wished_high)
    if low > high:
        # What is allowed lies outside of what is usual: near its nearer end.
        width = usual[1] - usual[0]
        low, high = (hard_low, min(hard_high, hard_low + width)) if hard_low > usual[1] else (
            max(hard_low, hard_high - width),
            hard_high,
        )  # fmt: skip
    low = -(-low // kind.step) * kind.step
    count = (high - low) // kind.step + 1
    if count < 1:
        return None
    barred = {raw for text in domain.barred if (raw := read(kind, text)) is not None}
    step = kind.step

    def make(chance: int) -> int:
        return low + ((chance * count) >> 64) * step

    first = max(hard_low, 1) if kind.unit == "number" and wish.low is None and hard_high >= 1 else low
    stride = max(1, (high - first) // max(1, rows) // step) * step if kind.unit != "number" else step
    if kind.unit == "time" and stride > DAY and step == SECOND:
        stride = stride // (900 * SECOND) * (900 * SECOND)
    top = hard_high if wish.high is None else high
    capacity = (top - first) // stride + 1

    def nth(n: int) -> int:
        return first + n * stride

    if barred:
        return Values(
            _avoiding(make, barred, step),
            _past(nth, sorted(barred)),
            capacity - len(barred),
            _spelling(kind),
            (low, high),
        )
    return Values(make, nth, capacity, _spelling(kind), (low, high))


def _avoiding(make: Callable[[int], int], barred: set[int], step: int) -> Callable[[int], int]:
    def made(chance: int) -> int:
        for _ in range(50):
            value = make(chance)
            if value not in barred:
                return value
            chance = again(chance + 1)
        return max(barred) + step

    return made


def _past(nth: Callable[[int], int], barred: list[int]) -> Callable[[int], int]:
    """Skip what is barred, and stay one to one."""

    def made(n: int) -> int:
        skipped = 0
        while (skip := sum(1 for value in barred if nth(0) <= value <= nth(n + skipped))) != skipped:
            skipped = skip
        return nth(n + skipped)

    return made


def _usual(kind: Ordered, name: str) -> tuple[int, int]:
    """Where values of a field of this name lie."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if kind.unit == "time" and kind.high > DAY and re.search(r"birth|dob$|born", snake):
        return -35 * 365 * DAY, 45 * 365 * DAY
    if kind.unit == "time" and kind.high > DAY and re.search(r"expire|expiry|valid_until|due|deadline|until", snake):
        return PRESENT, PRESENT + 365 * DAY
    if kind.unit == "number":
        one = 10**kind.scale
        for pattern, low, high in _NUMBERS:
            if re.search(pattern, snake):
                return low * one, min(high * one, kind.high)
    return kind.usual


_NUMBERS = (
    (r"\bage\b|_age$", 0, 100),
    (r"year", 1990, 2025),
    (r"month", 1, 12),
    (r"^day$|day_of_month", 1, 28),
    (r"hour", 0, 23),
    (r"percent|percentage|progress", 0, 100),
    (r"confidence|probability|ratio", 0, 1),
    (r"priority|rating|stars|score|level", 1, 5),
    (r"latitude|lat$", -90, 90),
    (r"longitude|lng$|lon$", -180, 180),
    (r"quantity|qty|count|attempts|retries|refill|copies", 1, 20),
    (r"position|sequence|ordinal|sort_order", 1, 20),
)


def _texts(domain: Domain, kind: Textual, name: str, wish: Wish) -> Values | None:
    longest = kind.longest if domain.most is None else min(domain.most, kind.longest or domain.most)
    wanted = next((like for like in domain.patterns if like.inside), None)
    change = {"lower": str.lower, "upper": str.upper}.get(domain.case)
    if wanted is not None:
        made = _patterned(domain, wanted, longest)
        if made is None:
            return None
        make, nth, capacity = made
    else:
        look = wish.like or words.like(name, longest)
        unique = words.unique_text(look, longest)
        plain = words.MAKERS[look]

        def cut(chance: int) -> str:
            text = plain(chance)
            return text if longest is None or len(text) <= longest else text[:longest].rstrip() or "x"[:longest]

        make = plain if longest is None else cut

        nth, capacity = unique, words.capacity(longest)
    if domain.least:
        make, nth = _padded(make, domain.least), _padded(nth, domain.least)
    if change:
        make, nth = _changed(make, change), _changed(nth, change)
    return Values(make, nth, capacity, escaped)


def _padded(make: Callable[[int], str], least: int) -> Callable[[int], str]:
    return lambda n: make(n).ljust(least, ".")


def _changed(make: Callable[[int], str], change: Callable[[str], str]) -> Callable[[int], str]:
    return lambda n: change(make(n))


Texts: TypeAlias = tuple[Callable[[int], str], Callable[[int], str], int]


def _patterned(domain: Domain, wanted: Like, longest: int | None) -> Texts | None:
    """Make texts from a pattern; others that the text must match too are tried, a few times."""
    try:
        maker = Maker.of(wanted.pattern, domain.least)
    except (re.error, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    tests = [(re.compile(portable(one.pattern), re.IGNORECASE if one.ignore_case else 0), one.inside)
             for one in domain.patterns]  # fmt: skip
    capacity = maker.capacity

    def good(text: str) -> bool:
        return (
            (longest is None or len(text) <= longest)
            and text not in domain.barred
            and all(bool(test.search(text)) is inside for test, inside in tests)
        )

    def make(chance: int) -> str:
        text = maker.text(below(chance, capacity))
        for _ in range(50):
            if good(text):
                break
            chance = again(chance + 1)
            text = maker.text(below(chance, capacity))
        return text

    return make, maker.text, capacity


def _arrays(domain: Domain, kind: Listed, name: str, rows: int, wish: Wish) -> Values | None:
    inner = values(
        _inside(kind.inner, kind.checks),
        name.removesuffix("s"),
        rows,
        replace(wish, distinct=None, skew=False, empty=None),
    )
    if inner is None:
        return None
    least = domain.least
    most = least + 3 if domain.most is None else max(least, domain.most)

    def made(items: list[Raw]) -> str:
        return "{" + ",".join(_quoted(_plain(inner, item)) for item in items) + "}"

    def make(chance: int) -> str:
        items = []
        for _ in range(least + chance % (most - least + 1)):
            chance = again(chance)
            items.append(inner.make(chance))
        return made(items)

    def nth(n: int) -> str:
        return made([inner.nth(n)] * max(1, least))

    return Values(make, nth, inner.capacity if most else 1, escaped)


def _inside(kind: Kind, checks: tuple[str, ...]) -> Domain:
    """The domain of what is in an array or a composite, where its conditions leave no choice between ways."""
    domain = Domain(kind)
    for way in (way for text in checks for way in alternatives(text)[:1]):
        for atom in way:
            domain = narrowed(domain, atom) or domain
    return domain


def _plain(of: Values, raw: Raw) -> str:
    """Write a value without the escapes of COPY, to be put into something that is escaped as a whole."""
    return str(raw) if of.spell in {escaped, _same} else of.spell(raw)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ranges(kind: Spanning, name: str, rows: int, wish: Wish) -> Values | None:
    inner = _ordered(Domain(kind.inner), kind.inner, name, rows, wish)
    if inner is None:
        return None
    low, high = inner.window
    step = kind.inner.step
    width = max(step, (high - low) // max(1, rows) // step * step)
    spell = kind.inner.spell

    def made(start: int, end: int) -> str:
        text = f'["{spell(start)}","{spell(end)}")'
        return f"{{{text}}}" if kind.many else text

    def make(chance: int) -> str:
        start = inner.make(chance)
        assert isinstance(start, int)
        return made(start, start + step * (1 + again(chance) % 100))

    def nth(n: int) -> str:
        return made(low + n * width, low + (n + 1) * width)

    return Values(make, nth, max(1, (kind.inner.high - low) // width - 1), escaped)


def _composites(kind: Composed, rows: int) -> Values | None:
    members = [
        (None if inner is None else values(_inside(inner, checks), name, rows)) for name, inner, checks in kind.members
    ]
    # The member with the most room tells rows apart where they must differ.
    lead = max((inner for inner in members if inner is not None), key=lambda inner: inner.capacity, default=None)

    def made(chance: int, n: int | None) -> str:
        parts = []
        for inner in members:
            chance = again(chance + 1)
            if inner is None:
                parts.append("")
            else:
                raw = inner.nth(n) if inner is lead and n is not None else inner.make(chance)
                parts.append(_quoted(_plain(inner, raw)))
        return f"({','.join(parts)})"

    return Values(
        lambda chance: made(chance, None),
        lambda n: made(n * 0x9E3779B97F4A7C15 & MASK, n),
        lead.capacity if lead else 1,
        escaped,
    )


def shift_of(kind: Ordered, text: str) -> int | None:
    """Read what is added to a column, in raw units of this kind."""
    if not text:
        return 0
    found = read(replace(kind, unit="number"), text) if kind.unit == "number" else span(text)
    if found is None and kind.unit == "time" and re.fullmatch(r"-?\d+", text):
        return int(text) * DAY  # date + 7
    return found


def near(kind: Ordered) -> int:
    """How far, in raw units, a value usually lies from the one that it follows."""
    match kind.unit:
        case "time":
            return 60 * DAY if kind.step == DAY else 4 * 3600 * SECOND
        case "span":
            return DAY
        case _:
            return int(100 * 10**kind.scale)
