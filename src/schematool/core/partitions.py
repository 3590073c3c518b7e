"""Partitions by time that are made ahead: which there must be, which are over, what each is called. Knows no server.

`partition_by: { range: [start_time], every: month }` declares the habit; `schematool partitions` keeps it. What it
makes bears a mark in its comment, by which comparisons know that no migration has to know of it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schematool.core.diagnostic import Diagnostic, Severity, Span
from schematool.core.keys import foreign_keys, unique_keys
from schematool.core.model.entity import Entity, Model, Plain

MARK = "schematool partitions: "
"""How the comment begins of a partition that was made ahead, and of one that was detached."""
BLOCKING = "blocking"
"""How a partition is detached where there is a default one: PostgreSQL does it beside readers only without."""
AHEAD = 3
"""So many periods after the present one are made ahead, unless declared."""

PERIODS = ("day", "week", "month", "quarter", "year")

Moment = datetime.datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """The habit of one table. `every` is `day`, `week`, `month`, `quarter` or `year`; `keep` None: nothing is detached.

    `kind`: the type of the field, `date`, `timestamp` or `timestamptz`; periods of the last begin at midnight UTC.
    """

    schema: str
    table: str
    field: str
    kind: str
    every: str
    ahead: int
    keep: int | None
    span: Span
    declared: frozenset[str] = frozenset()
    """Partitions that the YAML names one by one: they are the migrations'."""

    @property
    def mark(self) -> str:
        """The comment of its partitions."""
        return f"{MARK}{self.every} of {self.schema}.{self.table}"

    @property
    def detached_mark(self) -> str:
        """The comment of a table that was its partition."""
        return f"{MARK}detached from {self.schema}.{self.table}"

    def literal(self, moment: Moment) -> str:
        """A bound as text."""
        match self.kind:
            case "date":
                return f"{moment:%Y-%m-%d}"
            case "timestamp":
                return f"{moment:%Y-%m-%d %H:%M:%S}"
            case _:
                return f"{moment:%Y-%m-%d %H:%M:%S}+00"


@dataclass(frozen=True, slots=True)
class Part:
    """A partition that is there. `first` None: from the beginning of time; `last` None: to its end, and not inside."""

    schema: str
    name: str
    first: Moment | None = None
    last: Moment | None = None
    default: bool = False
    made: bool = False
    pending: bool = False
    rows: int = 0
    commented: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: `create` a partition, moving `rows` into it from the default one, `detach` one, or `index` it.

    `adopt`: mark one that somebody else made just as it would have been made.

    `detail`: for an index, the one of the table that it becomes part of; to detach, `BLOCKING` or nothing.
    """

    kind: str
    table: str
    partition: str
    first: Moment | None = None
    last: Moment | None = None
    rows: int = 0
    detail: str = ""


def schedules(model: Model) -> tuple[Schedule, ...]:
    """The habit of every table that declares one, in the order of the files."""
    return tuple(made for entity in model.entities if (made := schedule(entity)))


def schedule(entity: Entity) -> Schedule | None:
    """The habit of a table; None for one without, or with one that cannot be kept."""
    words = entity.options.get("partition_by")
    if entity.store != "postgres" or not isinstance(words, Mapping) or "every" not in words:
        return None
    from schematool.core.load.types import base  # noqa: PLC0415  # engines need the classes, and no loader

    field = _field(words)
    kind = next((_KINDS.get(base(f.type)) for f in entity.fields if f.name == field), None)
    if field is None or kind is None:
        return None
    keep = words.get("keep")
    return Schedule(
        entity.schema or "public",
        entity.name,
        field,
        kind,
        str(words["every"]),
        _whole(words.get("ahead"), AHEAD),
        None if keep is None else _whole(keep, 0),
        entity.options.span("partition_by.every") or entity.span,
        frozenset(declared) if isinstance(declared := entity.options.get("partitions"), Mapping) else frozenset(),
    )


def _whole(value: Plain, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


_KINDS = {
    "date": "date",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
}


def _field(words: Mapping[str, Plain]) -> str | None:
    keys = words.get("range")
    one = isinstance(keys, tuple) and len(keys) == 1
    return str(keys[0]).strip().strip('"') if one and isinstance(keys, tuple) else None


def default_name(entity: Entity) -> str | None:
    """The default partition of a table with a habit, so that no row is refused; None where it has another."""
    words = entity.options.get("partition_by")
    if not isinstance(words, Mapping) or "every" not in words or words.get("default") is False:
        return None
    declared = entity.options.get("partitions")
    for part in declared.values() if isinstance(declared, Mapping) else ():
        if isinstance(part, Mapping) and part.get("default"):
            return None
    return f"{entity.name}_default"


def mistakes(model: Model) -> Iterator[Diagnostic]:
    """ST134: a habit that cannot be kept."""
    for entity in model.entities:
        words = entity.options.get("partition_by")
        if entity.store != "postgres" or not isinstance(words, Mapping):
            continue
        place = entity.options.span("partition_by.every") or entity.span
        for word in ("ahead", "keep", "default"):
            if word in words and "every" not in words:
                at = entity.options.span(f"partition_by.{word}")
                yield Diagnostic("ST134", f"`{word}` without `every`", at, "say how long a partition is")
        if "every" in words and schedule(entity) is None:
            message = "`every` needs `range` with one field that is a date, timestamp or timestamptz"
            yield Diagnostic("ST134", message, place, "declare the partitions one by one otherwise")
        yield from _keys(entity, words)
    yield from _references(model)


def _keys(entity: Entity, words: Mapping[str, Plain]) -> Iterator[Diagnostic]:
    """A key of a partitioned table must hold the fields that it is divided by, or the server could not keep it."""
    lists = [words[method] for method in ("range", "list", "hash") if method in words]
    by = {str(key).strip().strip('"') for keys in lists if isinstance(keys, tuple) for key in keys}
    plain = {key for key in by if re.fullmatch(r"[A-Za-z_][\w$]*", key)}
    for key, span in unique_keys(entity):
        missing = sorted(plain - set(key))
        if missing:
            named, lacks = ", ".join(key), ", ".join(missing)
            message = f"the key ({named}) of `{entity.name}` lacks `{lacks}`, by which the table is divided"
            hint = f"add `{lacks}` to the key: PostgreSQL keeps a key within each partition only"
            yield Diagnostic("ST134", message, span, hint, subject=entity.name)


def _references(model: Model) -> Iterator[Diagnostic]:
    """A foreign key points at a key, and every key of a divided table holds what divides it."""
    divided = {entity.name: entity for entity in model.entities if entity.options.get("partition_by")}
    for entity in model.entities if divided else ():
        for foreign in foreign_keys(entity, model):
            target = divided.get(foreign.entity)
            if target is None or any(set(key) == set(foreign.theirs) for key, _ in unique_keys(target)):
                continue
            known = " or ".join(f"({', '.join(key)})" for key, _ in unique_keys(target)) or "none"
            message = f"`{target.name}` is divided and has no key ({', '.join(foreign.theirs)}) to refer to"
            hint = f"refer to one of its keys, {known}, with a field for each"
            yield Diagnostic("ST134", message, foreign.span, hint, subject=entity.name)


# --- periods ---------------------------------------------------------------------------------------------------------


def begin(every: str, moment: Moment) -> Moment:
    """When the period of a moment begins.

    >>> begin("quarter", Moment(2026, 5, 17, 9)), begin("week", Moment(2026, 5, 17))
    (datetime.datetime(2026, 4, 1, 0, 0), datetime.datetime(2026, 5, 11, 0, 0))
    """
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match every:
        case "week":
            return day - datetime.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def step(every: str, moment: Moment, many: int) -> Moment:
    """So many periods after the one that begins at `moment`; before it, for a negative number.

    >>> step("month", Moment(2026, 1, 1), -2), step("quarter", Moment(2026, 10, 1), 1)
    (datetime.datetime(2025, 11, 1, 0, 0), datetime.datetime(2027, 1, 1, 0, 0))
    """
    if every in {"day", "week"}:
        return moment + datetime.timedelta(days=many * (7 if every == "week" else 1))
    months = {"month": 1, "quarter": 3, "year": 12}[every] * many + moment.month - 1
    return moment.replace(year=moment.year + months // 12, month=months % 12 + 1)


def name(table: str, every: str, first: Moment) -> str:
    """What a partition is called: by the day, month, quarter or year that it begins with.

    >>> name("visits", "month", Moment(2026, 3, 1)), name("visits", "quarter", Moment(2026, 4, 1))
    ('visits_p202603', 'visits_p2026q2')
    """
    match every:
        case "year":
            tail = f"p{first:%Y}"
        case "quarter":
            tail = f"p{first:%Y}q{(first.month + 2) // 3}"
        case "month":
            tail = f"p{first:%Y%m}"
        case _:
            tail = f"p{first:%Y%m%d}"
    # Bytes of an identifier: NAMEDATALEN - 1.
    return table.encode()[: 62 - len(tail)].decode(errors="ignore") + "_" + tail


_BOUND = re.compile(r"FOR VALUES FROM \((?P<first>.+)\) TO \((?P<last>.+)\)\Z")


def bounds(text: str) -> tuple[Moment | None, Moment | None] | None:
    """The bounds as the server prints them, without time zone; None for what is no range of one moment.

    >>> bounds("FOR VALUES FROM ('2026-01-01 00:00:00+00') TO (MAXVALUE)")
    (datetime.datetime(2026, 1, 1, 0, 0), None)
    """
    match = _BOUND.match(text)
    if match is None:
        return None
    try:
        first, last = (_moment(match[which]) for which in ("first", "last"))
    except ValueError:
        return None
    return first, last


def _moment(text: str) -> Moment | None:
    if text in {"MINVALUE", "MAXVALUE"}:
        return None
    return Moment.fromisoformat(text.strip("'")).replace(tzinfo=None)


def wanted(
    habit: Schedule, parts: Sequence[Part], now: Moment, waiting: Mapping[Moment, int]
) -> tuple[tuple[Action, ...], tuple[Diagnostic, ...]]:
    """What is to be done, in order of time: partitions to make, those to detach; and what stands in the way.

    `waiting`: rows in the default partition by the period that they belong to.
    """
    present = begin(habit.every, now)
    first = {step(habit.every, present, number) for number in range(habit.ahead + 1)}
    oldest = None if habit.keep is None else step(habit.every, present, -habit.keep)
    first |= {one for one in waiting if oldest is None or one >= oldest}
    actions = [
        Action("adopt", habit.table, part.name, part.first, part.last) for part in parts if _as_made(habit, part)
    ]
    found = []
    for start in sorted(first):
        end = step(habit.every, start, 1)
        inside = [part for part in parts if not part.default and _meet(part, start, end)]
        if any(_covers(part, start, end) for part in inside):
            continue
        made = name(habit.table, habit.every, start)
        if inside:
            message = f"`{made}` would overlap `{inside[0].name}`: it is not made"
            found.append(Diagnostic("ST634", message, habit.span, severity=Severity.WARNING, subject=habit.table))
            continue
        actions.append(Action("create", habit.table, made, start, end, waiting.get(start, 0)))
    for part in sorted((part for part in parts if part.made), key=lambda part: part.name):
        over = oldest is not None and part.last is not None and part.last <= oldest
        if over or part.pending:
            how = "" if part.pending or not any(other.default for other in parts) else BLOCKING
            actions.append(Action("detach", habit.table, part.name, part.first, part.last, part.rows, how))
    return tuple(actions), tuple(found)


def _as_made(habit: Schedule, part: Part) -> bool:
    """Whether a partition is as it would have been made, and no migration's."""
    if part.made or part.commented or part.pending or part.name in habit.declared or part.schema != habit.schema:
        return False
    return part.last is not None and every_of(habit.table, part.name, part.first, part.last) == habit.every


def every_of(table: str, part: str, first: Moment | None, last: Moment) -> str | None:
    """How long the periods are of which a partition holds one whole and has its name; None where it does not.

    >>> every_of("visits", "visits_p2026q2", Moment(2026, 4, 1), Moment(2026, 7, 1))
    'quarter'
    """
    for every in PERIODS if first else ():
        if (
            first
            and begin(every, first) == first
            and step(every, first, 1) == last
            and name(table, every, first) == part
        ):
            return every
    return None


def _meet(part: Part, start: Moment, end: Moment) -> bool:
    return (part.first is None or part.first < end) and (part.last is None or part.last > start)


def _covers(part: Part, start: Moment, end: Moment) -> bool:
    return (part.first is None or part.first <= start) and (part.last is None or part.last >= end)
