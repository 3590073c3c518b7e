"""Python as a formatter would leave it: names that are allowed, lines that fit, calls that are broken as black does."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

WIDTH = 88


def safe(name: str, taken: set[str], reserved: frozenset[str] = frozenset()) -> str:
    """Make an attribute name of any text, that neither Python nor the library uses, and that is not taken yet.

    >>> safe("class", set()), safe("Weird Name", set()), safe("_id", set()), safe("2nd", set())
    ('class_', 'Weird_Name', 'id_', 'field_2nd')
    """
    made = re.sub(r"\W", "_", name)
    if made.startswith("_"):
        made = (made.strip("_") or "field") + "_"
    if not made.isidentifier():
        made = f"field_{made}"
    if keyword.iskeyword(made) or keyword.issoftkeyword(made) or made in reserved:
        made += "_"
    base, number = made, 2
    while made in taken:
        made, number = f"{base}_{number}", number + 1
    taken.add(made)
    return made


def quoted(text: str) -> str:
    """Write a text as a formatter would: in double quotes, unless single ones need fewer escapes.

    >>> print(quoted("it's"), quoted('say "x"'))
    "it's" 'say "x"'
    """
    if not text.isprintable():
        return repr(text)
    quote = "'" if text.count('"') > text.count("'") else '"'
    inner = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{inner}{quote}"


def docstring(text: str, indent: str) -> str:
    """Write a docstring on one line, or on lines that fit."""
    body = " ".join(text.replace("\\", "\\\\").replace('"""', "'''").split())
    body = body + " " if body.endswith('"') else body
    return f'{indent}"""{body}"""'


def call(head: str, arguments: Sequence[str], indent: str, margin: int = 0) -> str:
    """Write a call on one line, or with each argument on its own. `margin`: what is put in front of and behind it."""
    one = f"{indent}{head}({', '.join(arguments)})"
    if len(one) + margin <= WIDTH and "\n" not in one:
        return one
    inner = [f"{indent}    {line}" for argument in arguments for line in f"{argument},".splitlines()]
    return "\n".join((f"{indent}{head}(", *inner, f"{indent})"))
