"""One statement as the words of its language: enough to tell a call from a text that looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_GAP = r"(?:\s|--[^\n]*|/\*(?:[^*/]|\*(?!/)|/(?!\*)|/\*(?:[^*]|\*(?!/))*\*/)*\*/)+"
_TOKEN = re.compile(
    rf"(?P<gap>{_GAP})"
    r"|(?P<text>[eE]'(?:[^'\\]|\\.|'')*'|(?:[uU]&|[nNbBxX])?'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r'|(?P<name>(?:[uU]&)?"(?:[^"]|"")*")'
    r"|(?P<word>[A-Za-z_\x80-\U0010ffff][\w$]*)"
    r"|(?P<mark>.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement: `kind` is word, name (in double quotes), text (a constant) or mark (all else).

    `depth`: how many parentheses it is in; a parenthesis itself counts to what is outside of it.
    """

    kind: str
    text: str
    start: int
    end: int
    depth: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, written in lower case here."""
        return self.kind == "word" and self.text.lower() in words

    @property
    def name(self) -> str | None:
        """The name that it stands for, folded as the server folds it; None where it stands for none."""
        if self.kind == "word":
            return self.text.lower()
        return self.text[1:-1].replace('""', '"') if self.kind == "name" and self.text[0] == '"' else None


def tokens(text: str) -> Iterator[Token]:
    r"""Cut a statement into its tokens, without white space and comments.

    >>> [token.text for token in tokens("SELECT f('a (b') /* c( */ FROM t")]
    ['SELECT', 'f', '(', "'a (b'", ')', 'FROM', 't']
    """
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "tag" else "text"
        if kind == "gap":
            continue
        depth -= match[0] == ")"
        yield Token(kind or "mark", match[0], match.start(), match.end(), depth)
        depth += match[0] == "("
