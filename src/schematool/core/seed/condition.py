"""Conditions as a server prints them, taken apart into what each asks of a column: alternatives of conjunctions.

What is not understood stays as `Unknown` with its text; nothing is guessed. A condition holds for a row when one of
its alternatives does (or when it is NULL, as a CHECK has it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TypeAlias

MOST = 48
"""How many alternatives a condition may have before it counts as not understood."""


@dataclass(frozen=True, slots=True)
class Term:
    """A column, or what is measured of it (`length`, `items`), plus a constant as text (`15 minutes`, `-3`)."""

    column: str
    measure: str = ""
    shift: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """`term operator value`; the value as text, or `now` for the time of the server."""

    term: Term
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Among:
    """The column is one of these values, or (`inside` false) none of them."""

    column: str
    values: tuple[str, ...]
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Null:
    """The column is NULL, or (`absent` false) is not."""

    column: str
    absent: bool


@dataclass(frozen=True, slots=True)
class Like:
    """The column matches a regular expression, or (`inside` false) does not."""

    column: str
    pattern: str
    ignore_case: bool = False
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Cased:
    """The column is in lower or upper case."""

    column: str
    case: str


@dataclass(frozen=True, slots=True)
class Order:
    """`left operator right`, both columns; the right one with its shift."""

    left: Term
    operator: str
    right: Term

    def turned(self) -> Order:
        """The same order, seen from its right column."""
        shift = self.right.shift
        back = shift.removeprefix("-") if shift.startswith("-") else f"-{shift}" if shift else ""
        return Order(Term(self.right.column), _SWAPPED[self.operator], Term(self.left.column, "", back))


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part that only the server can judge."""

    text: str = ""


Atom: TypeAlias = Bound | Among | Null | Like | Cased | Order | Unknown
Alternatives: TypeAlias = tuple[tuple[Atom, ...], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the parse tree: `kind`, what it says, what is in it."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


UNKNOWN: Alternatives = ((Unknown(),),)
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_SWAPPED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_MATCHES = {"~~": (True, False), "!~~": (False, False), "~~*": (True, True), "!~~*": (False, True)}
_REGEXES = {"~": (True, False), "!~": (False, False), "~*": (True, True), "!~*": (False, True)}
_MEASURES = {
    "length": "length",
    "char_length": "length",
    "character_length": "length",
    "octet_length": "length",
    "cardinality": "items",
    "array_length": "items",
}
_NOW = frozenset({"now", "current_date", "current_timestamp", "localtimestamp", "transaction_timestamp"})
_TOKEN = re.compile(
    r"\s*(?:(?P<string>[eE]?'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|(?P<name>"(?:[^"]|"")+"|[^\W\d][\w$]*)|(?P<mark>::|[()\[\],.]|[-+*/<>=~!@#%^&|`?]+))'
)
_TYPE_WORDS = frozenset({"varying", "precision", "without", "with", "time", "zone"})


def alternatives(text: str) -> Alternatives:
    """Take a condition apart. `CHECK (…)` around it is dropped.

    >>> alternatives("CHECK (((age >= 0) AND (age < 150)))")
    ((Bound(term=Term(column='age', measure='', shift=''), operator='>=', value='0'), \
Bound(term=Term(column='age', measure='', shift=''), operator='<', value='150')),)
    """
    try:
        tree = parse(text)
        return _capped(_normal(tree, wanted=True))
    except (_UnreadableError, RecursionError):
        return ((Unknown(text),),)


def ways_of(tree: Node) -> Alternatives:
    """Take a tree apart that was made elsewhere."""
    try:
        return _capped(_normal(tree, wanted=True))
    except RecursionError:
        return UNKNOWN


def opposite(text: str) -> Alternatives:
    """Take apart what holds where the condition does not."""
    try:
        return _capped(_normal(parse(text), wanted=False))
    except (_UnreadableError, RecursionError):
        return ((Unknown(text),),)


def _capped(found: Alternatives) -> Alternatives:
    return found if len(found) <= MOST else UNKNOWN


class _UnreadableError(Exception):
    """Raised inside for a text that this grammar does not cover."""


def parse(text: str) -> Node:
    """Read an SQL condition to a tree; raises for what is beyond the grammar."""
    body = re.sub(r"^\s*CHECK\s*", "", text)
    body = re.sub(r"\s+(NOT VALID|NO INHERIT|NOT ENFORCED)\s*$", "", body)
    reader = _Reader(tuple(_tokens(body)))
    tree = reader.disjunction()
    if reader.place != len(reader.tokens):
        raise _UnreadableError
    return tree


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if not match:
            raise _UnreadableError
        place = match.end()
        kind = match.lastgroup or ""
        yield kind, match[kind]


@dataclass(slots=True)
class _Reader:
    tokens: tuple[tuple[str, str], ...]
    place: int = 0
    _end: tuple[str, str] = field(default=("end", ""))

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else self._end

    def _word(self, *words: str) -> bool:
        """Take these words when they come next."""
        for offset, word in enumerate(words):
            at = self.place + offset
            if at >= len(self.tokens) or self.tokens[at][0] == "string" or self.tokens[at][1].lower() != word:
                return False
        self.place += len(words)
        return True

    def _need(self, word: str) -> None:
        if not self._word(word):
            raise _UnreadableError

    def disjunction(self) -> Node:
        parts = [self._conjunction()]
        while self._word("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Node("or", "", tuple(parts))

    def _conjunction(self) -> Node:
        parts = [self._negation()]
        while self._word("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Node("and", "", tuple(parts))

    def _negation(self) -> Node:
        if self._word("not"):
            return Node("not", "", (self._negation(),))
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        while True:
            kind, text = self._peek()
            if self._word("is", "not", "null"):
                left = Node("not", "", (Node("null", "", (left,)),))
            elif self._word("is", "null"):
                left = Node("null", "", (left,))
            elif self._word("is", "true"):
                left = Node("and", "", (left, Node("not", "", (Node("null", "", (left,)),))))
            elif self._word("between"):
                low = self._sum()
                self._need("and")
                high = self._sum()
                left = Node("and", "", (Node("op", ">=", (left, low)), Node("op", "<=", (left, high))))
            elif self._word("in"):
                left = Node("any", "=", (left, self._list()))
            elif self._word("not", "in"):
                left = Node("not", "", (Node("any", "=", (left, self._list())),))
            elif self._word("like"):
                left = Node("op", "~~", (left, self._sum()))
            elif kind == "mark" and text not in {")", ",", "]", "[", "(", "::", "."}:
                self.place += 1
                left = self._operation(text, left)
            else:
                return left

    def _operation(self, operator: str, left: Node) -> Node:
        operator = "<>" if operator == "!=" else operator
        for kind in ("any", "all"):
            if self._word(kind):
                self._need("(")
                inner = self.disjunction()
                self._need(")")
                return Node(kind, operator, (left, inner))
        return Node("op", operator, (left, self._sum()))

    def _list(self) -> Node:
        self._need("(")
        return Node("array", "", self._until(")"))

    def _until(self, mark: str) -> tuple[Node, ...]:
        parts: list[Node] = []
        while not self._word(mark):
            parts.append(self.disjunction())
            if not self._word(","):
                self._need(mark)
                break
        return tuple(parts)

    def _sum(self) -> Node:
        left = self._factor()
        while (mark := self._peek())[0] == "mark" and mark[1] in {"+", "-", "*", "/", "%", "||"}:
            self.place += 1
            left = Node("sum", mark[1], (left, self._factor()))
        return left

    def _factor(self) -> Node:
        if self._word("-"):
            inner = self._factor()
            return Node("value", f"-{inner.text}") if inner.kind == "value" else Node("unknown")
        node = self._primary()
        while True:
            if self._word("::"):
                node = Node("cast", self._type(), (node,))
            elif self._word("["):
                self._until("]")
                node = Node("unknown")
            else:
                return node

    def _type(self) -> str:
        words = [self._name()]
        while self._word("."):
            words = [self._name()]
        while self._peek()[0] == "name" and self._peek()[1].lower() in _TYPE_WORDS:
            words.append(self._name())
        if self._word("("):
            self._until(")")
            while self._peek()[0] == "name" and self._peek()[1].lower() in _TYPE_WORDS:
                words.append(self._name())
        array = False
        while self._word("["):
            self._until("]")
            array = True
        return " ".join(words) + ("[]" if array else "")

    def _name(self) -> str:
        kind, text = self._peek()
        if kind != "name":
            raise _UnreadableError
        self.place += 1
        return text[1:-1].replace('""', '"') if text.startswith('"') else text

    def _primary(self) -> Node:
        kind, text = self._peek()
        if self._word("("):
            parts = self._until(")")
            return parts[0] if len(parts) == 1 else Node("unknown")
        self.place += 1
        match kind:
            case "number":
                return Node("value", text)
            case "string" if text[0] in "eE":
                return Node("value", _unescaped(text[2:-1]))
            case "string":
                return Node("value", text[1:-1].replace("''", "'"))
            case "name":
                self.place -= 1
                return self._named()
            case _:
                raise _UnreadableError

    def _named(self) -> Node:
        quoted = self._peek()[1].startswith('"')
        name = self._name()
        low = name.lower()
        if not quoted:
            if low in {"true", "false"}:
                return Node("truth", low)
            if low == "null":
                return Node("nothing")
            if low == "array" and self._word("["):
                return Node("array", "", self._until("]"))
            if low == "case":
                raise _UnreadableError
            if low in {"date", "timestamp", "timestamptz", "interval", "time"} and self._peek()[0] == "string":
                return self._primary()
        while self._word("."):
            name, quoted = self._name(), True
        if self._word("("):
            arguments = self._until(")")
            return Node("now") if low in _NOW else Node("call", name.lower(), arguments)
        return Node("now") if low in _NOW and not quoted else Node("column", name)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text.replace("''", "'"))


def _bare(node: Node) -> Node:
    """Look through casts, which change how a value is kept and not which one it is."""
    while node.kind == "cast":
        node = node.parts[0]
    return node


_CONDITIONS = frozenset({"and", "or", "not", "null", "any", "all", "truth"})


def _is_condition(node: Node) -> bool:
    node = _bare(node)
    return node.kind in _CONDITIONS or node.kind == "op"


def _normal(node: Node, *, wanted: bool) -> Alternatives:
    node = _bare(node)
    match node.kind:
        case "and" | "or":
            parts = [_normal(part, wanted=wanted) for part in node.parts]
            return _all(parts) if (node.kind == "and") is wanted else tuple(one for part in parts for one in part)
        case "not":
            return _normal(node.parts[0], wanted=not wanted)
        case "truth":
            return ((),) if (node.text == "true") is wanted else ()
        case "null":
            term = _term(node.parts[0])
            return ((Null(term.column, wanted),),) if term and not term.shift else UNKNOWN
        case "any" | "all":
            return _members(node, wanted=wanted)
        case "op":
            return _compared(node, wanted=wanted)
        case "column":
            return ((Among(node.text, ("true",), wanted),),)
        case "call":
            return ((Unknown(node.text),),)
        case _:
            return UNKNOWN


def _all(parts: Sequence[Alternatives]) -> Alternatives:
    """Multiply conjunctions out, as far as that stays small."""
    found: Alternatives = ((),)
    for part in parts:
        if len(found) * len(part) > MOST * 8:
            return UNKNOWN
        found = tuple(tuple(dict.fromkeys((*one, *other))) for one, other in product(found, part))
    return found


def _members(node: Node, *, wanted: bool) -> Alternatives:
    """`x = ANY (array)`, `x <> ALL (array)`, and patterns instead of values."""
    term, members = _term(node.parts[0]), _bare(node.parts[1])
    values = [value for part in members.parts if (value := _value(part)) is not None]
    if members.kind == "value" and members.text.startswith("{"):
        values = re.findall(r'[^{},"]+', members.text)
        members = replace(members, kind="array", parts=tuple(Node("value", value) for value in values))
    if term is None or members.kind != "array" or len(values) != len(members.parts) or term.shift:
        return UNKNOWN
    each = [Node("op", node.text, (node.parts[0], Node("value", value))) for value in values]
    if term.measure or node.text not in {"=", "<>"}:
        return _normal(Node("or" if node.kind == "any" else "and", "", tuple(each)), wanted=wanted)
    if (node.kind, node.text) not in {("any", "="), ("all", "<>")}:
        return UNKNOWN
    return ((Among(term.column, tuple(values), (node.kind == "any") is wanted),),)


def _compared(node: Node, *, wanted: bool) -> Alternatives:
    left, right = node.parts
    if node.text in {"=", "<>"} and (_is_condition(left) or _is_condition(right)):
        return _equal_conditions(left, right, wanted=(node.text == "=") is wanted)
    if node.text in _MATCHES or node.text in _REGEXES:
        return _matched(node, wanted=wanted)
    if node.text not in _NEGATED:
        return ((Unknown(node.text),),)
    operator = node.text if wanted else _NEGATED[node.text]
    one, other = _term(left), _term(right)
    if counted := _counted_nulls(left, operator, right):
        return counted
    if cased := _case(left, operator, right):
        return ((cased,),)
    if one and other:
        if one.shift and other.shift:
            return UNKNOWN
        if one.shift:
            one, other, operator = other, one, _SWAPPED[operator]
        return ((Order(one, operator, other),),)
    value = _value(right if one else left)
    term = one or other
    if term is None or value is None or term.shift:
        return UNKNOWN
    operator = operator if one else _SWAPPED[operator]
    if operator in {"=", "<>"} and not term.measure:
        return ((Among(term.column, (value,), operator == "="),),)
    return ((Bound(term, operator, value),),)


def _equal_conditions(left: Node, right: Node, *, wanted: bool) -> Alternatives:
    """`a = b` between truths: both or neither; a column in it must then be known."""
    both = _all([_normal(left, wanted=True), _normal(right, wanted=wanted)])
    neither = _all([_normal(left, wanted=False), _normal(right, wanted=not wanted)])
    return (*both, *neither)


def _counted_nulls(left: Node, operator: str, right: Node) -> Alternatives:
    """`num_nonnulls(a, b) = 1` as the ways in which that can be."""
    call, value = _bare(left), _value(right)
    if call.kind != "call" or call.text not in {"num_nonnulls", "num_nulls"} or value is None or not value.isdigit():
        return ()
    terms = [_term(part) for part in call.parts]
    if len(terms) > 5 or any(term is None or term.shift or term.measure for term in terms):
        return ()
    tests = {"=": int.__eq__, "<>": int.__ne__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}
    ways = []
    for absent in product((False, True), repeat=len(terms)):
        counted = sum(absent) if call.text == "num_nulls" else len(absent) - sum(absent)
        if tests[operator](counted, int(value)):
            ways.append(tuple(Null(term.column, gone) for term, gone in zip(terms, absent, strict=True) if term))
    return tuple(ways)


def _case(left: Node, operator: str, right: Node) -> Cased | None:
    """`lower(x) = x`."""
    for one, other in ((_bare(left), _bare(right)), (_bare(right), _bare(left))):
        if operator == "=" and one.kind == "call" and one.text in {"lower", "upper"} and other.kind == "column":
            inner = _bare(one.parts[0])
            return Cased(other.text, one.text) if inner == other else None
    return None


def _matched(node: Node, *, wanted: bool) -> Alternatives:
    term, pattern = _term(node.parts[0]), _value(node.parts[1])
    if term is None or pattern is None or term.measure or term.shift:
        return UNKNOWN
    inside, ignore_case = (_MATCHES | _REGEXES)[node.text]
    text = _like(pattern) if node.text in _MATCHES else pattern
    return ((Like(term.column, text, ignore_case, inside is wanted),),)


def _like(pattern: str) -> str:
    """A LIKE pattern as a regular expression.

    >>> _like("A_%")
    '^A..*$'
    """
    found = re.findall(r"\\.|.", pattern, re.DOTALL)
    parts = [{"%": ".*", "_": "."}.get(one) or re.escape(one[-1]) for one in found]
    return f"^{''.join(parts)}$"


def _term(node: Node) -> Term | None:
    node = _bare(node)
    match node.kind:
        case "column":
            return Term(node.text)
        case "call" if node.text in _MEASURES and node.parts:
            inner = _term(node.parts[0])
            return Term(inner.column, _MEASURES[node.text]) if inner and not inner.measure else None
        case "call" if node.text in {"lower", "upper", "btrim", "ltrim", "rtrim"} and len(node.parts) == 1:
            inner = _term(node.parts[0])
            return inner if node.text.endswith("trim") else None
        case "sum" if node.text in {"+", "-"}:
            inner, value = _term(node.parts[0]), _value(node.parts[1])
            if inner and value is not None and not inner.shift and value != "now":
                return replace(inner, shift=value if node.text == "+" else f"-{value}")
            return None
        case _:
            return None


def _value(node: Node) -> str | None:
    bare = _bare(node)
    match bare.kind:
        case "value" | "truth":
            return bare.text
        case "now":
            return "now"
        case "sum" if _bare(bare.parts[0]).kind == "now":
            return "now"
        case _:
            return None
