"""What values a type has, how many, and how each is written: numbers and times as whole numbers, texts, labels, others.

A value in the making is *raw*: a whole number for what has an order (`scale` decimals, or microseconds), else a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TypeAlias

DAY = 86_400_000_000
SECOND = 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()
FIRST = (date(2023, 1, 1).toordinal() - _EPOCH) * DAY
"""Where times begin unless told otherwise."""
PRESENT = (date(2025, 1, 1).toordinal() - _EPOCH) * DAY
"""Where they end: it stands for the present, which must not change what is made."""
FUTURE = (date(2090, 1, 1).toordinal() - _EPOCH) * DAY
"""What certainly lies ahead of every clock."""

OPEN = 1 << 40
"""How many values there are of what has more than anyone counts."""

Spell: TypeAlias = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Ordered:
    """Numbers and times. `unit`: `number`, `time` or `span`; `step`: the least difference; `usual`: where most lie."""

    unit: str
    spell: Spell
    low: int
    high: int
    usual: tuple[int, int]
    scale: int = 0
    step: int = 1


@dataclass(frozen=True, slots=True)
class Textual:
    """Texts of up to `longest` characters."""

    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """One of a few."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opaque:
    """Anything else, made from a number; other numbers below `capacity` give other values."""

    make: Callable[[int], str]
    capacity: int = OPEN


@dataclass(frozen=True, slots=True)
class Listed:
    """An array of what `inner` has, under the conditions of its domain."""

    inner: Kind
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spanning:
    """A range over `inner`; `many`: a multirange. Whether its end belongs to it is the type's own way of writing."""

    inner: Ordered
    many: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """A composite: its members by name, each with the conditions of its domain."""

    members: tuple[tuple[str, Kind | None, tuple[str, ...]], ...]


Kind: TypeAlias = Ordered | Textual | Labels | Opaque | Listed | Spanning | Composed


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat()


def spell_date(raw: int) -> str:
    """Write a day."""
    return _date(raw // DAY)


def spell_time_of_day(raw: int) -> str:
    """Write a time of the day, without zeros that say nothing."""
    seconds, micros = divmod(raw, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{hour:02d}:{minute:02d}:{second:02d}"
    return f"{text}.{micros:06d}" if micros else text


def spell_timestamp(raw: int) -> str:
    """Write a moment; its zone, where the type has one, is UTC."""
    days, rest = divmod(raw, DAY)
    return f"{_date(days)} {spell_time_of_day(rest)}"


def spell_instant(raw: int) -> str:
    """Write a moment with its zone."""
    return f"{spell_timestamp(raw)}+00"


def spell_span(raw: int) -> str:
    """Write a length of time."""
    days, rest = divmod(raw, DAY)
    return f"{days} days {spell_time_of_day(rest)}" if days else spell_time_of_day(rest)


def spelled_decimal(scale: int) -> Spell:
    """Return the writing of numbers with `scale` decimals."""
    if scale == 0:
        return str
    unit = 10**scale

    def spell(raw: int) -> str:
        whole, rest = divmod(abs(raw), unit)
        return f"{'-' if raw < 0 else ''}{whole}.{rest:0{scale}d}"

    return spell


def read(kind: Ordered, text: str) -> int | None:
    """Read a constant as a raw value of this kind; None for what has none (`infinity`, `NaN`, foreign text)."""
    text = text.strip()
    if text == "now":
        return PRESENT if kind.unit == "time" and kind.high > DAY else None
    try:
        match kind.unit:
            case "number":
                return int((Decimal(text.replace("$", "").replace(",", ""))).scaleb(kind.scale).to_integral_value())
            case "time" if kind.high <= DAY:
                return _micros(datetime.fromisoformat(f"1970-01-01 {text}"))
            case "time":
                return _micros(datetime.fromisoformat(text))
            case _:
                return span(text)
    except (ValueError, InvalidOperation, OverflowError):
        return None


def _micros(moment: datetime) -> int:
    gone = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (gone.days * 86400 + gone.seconds) * SECOND + gone.microseconds


_PART = re.compile(r"(-?\d+(?:\.\d+)?)\s*([a-z]+)")
_CLOCK = re.compile(r"(-?)(\d+):(\d+)(?::(\d+(?:\.\d+)?))?")
_SPANS = {
    "microsecond": 1,
    "millisecond": 1000,
    "second": SECOND,
    "sec": SECOND,
    "minute": 60 * SECOND,
    "min": 60 * SECOND,
    "hour": 3600 * SECOND,
    "day": DAY,
    "week": 7 * DAY,
    "mon": 31 * DAY,
    "month": 31 * DAY,
    "year": 366 * DAY,
}


def span(text: str) -> int | None:
    """Read an interval as microseconds; a month counts 31 days and a year 366, so that what is after it is after it.

    >>> span("1 day 00:15:00"), span("-2 hours")
    (87300000000, -7200000000)
    """
    sign = -1 if text.startswith("-") and _CLOCK.fullmatch(text) is None else 1
    body = text.removeprefix("-") if sign < 0 else text
    total, found = 0, False
    for number, unit in _PART.findall(body.lower()):
        size = _SPANS.get(unit) or _SPANS.get(unit.removesuffix("s"))
        if size is None:
            return None
        total, found = total + int(Decimal(number) * size), True
    if clock := _CLOCK.search(body):
        minus, hours, minutes, seconds = clock.groups()
        part = (int(hours) * 60 + int(minutes)) * 60 * SECOND + int(Decimal(seconds or 0) * SECOND)
        total, found = total + (-part if minus else part), True
    return sign * total if found else None


def whole(bits: int) -> Ordered:
    """Return the kind of a whole number of so many bits."""
    most = (1 << (bits - 1)) - 1
    return Ordered("number", str, -most - 1, most, (0, min(most, 10_000)))


def decimal(precision: int | None, scale: int) -> Ordered:
    """Return the kind of numeric(precision, scale)."""
    most = 10 ** (precision if precision is not None else 15) - 1
    return Ordered("number", spelled_decimal(scale), -most, most, (0, min(most, 10_000 * 10**scale)), scale)


_BEGIN = (date(1, 1, 2).toordinal() - _EPOCH) * DAY
_END = (date(9998, 1, 1).toordinal() - _EPOCH) * DAY
DATE = Ordered("time", spell_date, _BEGIN, _END, (FIRST, PRESENT), step=DAY)
TIMESTAMP = Ordered("time", spell_timestamp, _BEGIN, _END, (FIRST, PRESENT), step=SECOND)
TIMESTAMPTZ = Ordered("time", spell_instant, _BEGIN, _END, (FIRST, PRESENT), step=SECOND)
TIME = Ordered("time", spell_time_of_day, 0, DAY - SECOND, (0, DAY - SECOND), step=60 * SECOND)
SPAN = Ordered("span", spell_span, 0, 3650 * DAY, (0, 30 * DAY), step=60 * SECOND)
