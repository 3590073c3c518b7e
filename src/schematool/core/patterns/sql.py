"""What the text of a query tells: its parameters, the tables it names, where values for it can be taken from.

A lexer, no parser: strings, comments and quoted names are known for what they are, the rest is words and signs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<skip>--[^\n\r]*|/\*.*?\*/|[eE]?'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|::)"""
    r"""|(?P<quoted>"(?:[^"]|"")*")|:(?P<name>[A-Za-z_]\w*)|(?P<word>[A-Za-z_][\w$]*)|(?P<sign>\S)""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name (`text` without quotes), a parameter (`text` is its name) or a sign, with its place."""

    kind: str
    text: str
    start: int
    end: int


def tokens(query: str) -> Iterator[Token]:
    """Yield what has a meaning here; strings, comments and casts are passed over."""
    for match in _TOKEN.finditer(query):
        kind = match.lastgroup or "skip"
        if match["skip"] is None and kind in {"quoted", "name", "word", "sign"}:
            text = match[kind]
            yield Token(kind, text[1:-1].replace('""', '"') if kind == "quoted" else text, *match.span())


def parameters_of(query: str) -> tuple[str, ...]:
    r"""The parameters of a query, each once, in the order in which they come.

    >>> parameters_of("select ':no', now()::date from t -- :nor\n where a = :a and b = :b or c = :a")
    ('a', 'b')
    """
    return tuple(dict.fromkeys(token.text for token in tokens(query) if token.kind == "name"))


def numbered(query: str, names: Collection[str]) -> str:
    """The query with `$1`, `$2` … for its parameters, in the order of `names`; the rest stays where it is.

    >>> numbered("select :the_b::text, :a", ["a", "the_b"])
    'select $2    ::text, $1'
    """
    return substituted(query, {name: f"${index}".ljust(len(name) + 1) for index, name in enumerate(names, 1)})


def substituted(query: str, texts: Mapping[str, str]) -> str:
    """The query with a text in the place of each parameter that has one.

    >>> substituted("select :b, ':a', :a", {"a": "1"})
    "select :b, ':a', 1"
    """
    parts, done = [], 0
    for token in tokens(query):
        if token.kind == "name" and token.text in texts:
            parts += [query[done : token.start], texts[token.text]]
            done = token.end
    return "".join([*parts, query[done:]])


def relations_of(query: str, known: Collection[str]) -> tuple[str, ...]:
    """Those of the known names that the query reads from, in the order of the text.

    >>> relations_of("select users from alerts a join public.tasks t on true, users", ["alerts", "tasks", "users"])
    ('alerts', 'tasks', 'users')
    """
    found: list[str] = []
    row = list(tokens(query))
    for index, token in enumerate(row):
        if token.kind not in {"word", "quoted"} or token.text not in known:
            continue
        before = index - 1
        if before > 1 and row[before].text == ".":
            before -= 2
        word = row[before].text.lower() if before >= 0 else ""
        if word in {"from", "join", "only", "into", "update", "using", "lateral"} or (
            word == "," and _in_from(row[:before])
        ):
            found.append(token.text)
    return tuple(dict.fromkeys(found))


_CLAUSES = frozenset(
    {"select", "from", "where", "group", "order", "having", "limit", "set", "on", "returning", "values"}
)


def _in_from(row: list[Token]) -> bool:
    """Whether a comma here separates tables: the nearest clause before it, at the same depth, is FROM."""
    depth = 0
    for token in reversed(row):
        if token.text == ")":
            depth += 1
        elif token.text == "(":
            depth -= 1
            if depth < 0:
                return False
        elif depth == 0 and token.kind == "word" and token.text.lower() in _CLAUSES:
            return token.text.lower() in {"from", "on"}
    return False


def words_of(query: str) -> frozenset[str]:
    """Every word and quoted name of a query, in lower case."""
    return frozenset(token.text.lower() for token in tokens(query) if token.kind in {"word", "quoted"})


_OPERAND = r'(?P<expression>(?:"[^"]+"|[A-Za-z_]\w*)(?:\.(?:"[^"]+"|[A-Za-z_]\w*))*(?:\s*\((?:[^():]|::)*\))?)'
_RIGHT = re.compile(
    rf"{_OPERAND}\s*(?P<operator>=|<>|!=|<=|>=|<|>)\s*(?P<any>any\s*\(\s*)?(?<!:):(?P<name>\w+)(?(any)\s*\))",
    re.IGNORECASE,
)
_BETWEEN = re.compile(rf"{_OPERAND}\s+between\s+:(?P<name>\w+)\s+and\s+:(?P<other>\w+)", re.IGNORECASE)
_NO_OPERAND = frozenset({"and", "or", "not", "where", "on", "then", "else", "when", "having"})


@dataclass(frozen=True, slots=True)
class Compared:
    """A parameter and what it is compared with. `several`: it is an array of such values.

    `shift`: 1 where it must be greater than what it is compared with, -1 where less.
    """

    name: str
    expression: str
    several: bool = False
    shift: int = 0


def sampling(query: str) -> tuple[str, Mapping[str, Compared]] | None:
    """The part of the query from FROM on without its comparisons with parameters, and what each was compared with.

    A row of this part has values with which the query itself finds that row. None where the text is not that simple.

    >>> tail, compared = sampling("select * from t where a = :a and not b order by c limit 9")
    >>> tail, compared["a"].expression
    ('from t where ((a) is not null) and not b', 'a')
    """
    tail = _from_on(query)
    if tail is None:
        return None
    found: dict[str, Compared] = {}

    def one(match: re.Match[str]) -> str:
        expression, operator = match["expression"], match["operator"]
        if expression.split("(")[0].strip().lower() in _NO_OPERAND:
            return match[0]
        shift = {"<": 1, ">": -1}.get(operator, 0)
        found.setdefault(match["name"], Compared(match["name"], expression, bool(match["any"]), shift))
        return f"(({expression}) is not null)"

    def both(match: re.Match[str]) -> str:
        found.setdefault(match["name"], Compared(match["name"], match["expression"]))
        found.setdefault(match["other"], Compared(match["other"], match["expression"], shift=1))
        return f"(({match['expression']}) is not null)"

    tail = _BETWEEN.sub(both, tail)
    tail = _RIGHT.sub(one, tail)
    tail = re.sub(r"(is not null\))\s*[-+]\s*interval\s*'[^']*'", r"\1", tail, flags=re.IGNORECASE)
    return (tail, found) if not parameters_of(tail) else None


def _from_on(query: str) -> str | None:
    """From the first FROM up to what groups, orders or limits, where the query is one plain SELECT."""
    depth, start, row = 0, None, list(tokens(query))
    if not row or row[0].text.lower() != "select":
        return None
    for index, token in enumerate(row):
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
        elif depth == 0 and token.kind == "word":
            word = token.text.lower()
            following = row[index + 1].text.lower() if index + 1 < len(row) else ""
            if word == "from" and start is None:
                start = token.start
            elif word in {"union", "intersect", "except"}:
                return None
            elif start is not None and (
                word in {"limit", "offset", "fetch", "having", "window", "for"}
                or (word in {"group", "order"} and following == "by")
            ):
                return query[start : token.start].strip()
    return None if start is None else query[start:].strip().rstrip(";")


def without_values(text: str) -> str:
    """A condition of a plan with its constants taken out: they may come from rows.

    >>> without_values("(assigned_to = '5f'::uuid) AND (priority > 3)")
    '(assigned_to = ?) AND (priority > ?)'
    """
    text = re.sub(
        r"'(?:[^']|'')*'(::(?:[\w.]+(?: (?:with|without) time zone)?(?:\(\d+\))?(?:\[\])?|\"[^\"]+\"))?", "?", text
    )
    return re.sub(r"(?<![\w$.\"])\d+(?:\.\d+)?\b", "?", text)
