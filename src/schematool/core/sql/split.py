r"""Where one SQL statement ends and the next begins, decided as psql decides it.

The rules are those of psql's lexer (src/fe_utils/psqlscan.l): a semicolon ends a statement unless it is in a
string, a quoted name, a dollar-quoted text, a comment (they nest), parentheses, or the BEGIN ATOMIC … END
body of a CREATE FUNCTION or PROCEDURE. standard_conforming_strings is on. What only psql itself could do
(`\connect`, `\i`) is refused by its name.

One regular expression swallows all that is simple up to the next decision; only that is looked at one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    r"""One statement without its semicolon and the comments before it: `text == source[start:end]`.

    `data`: the lines between a `COPY … FROM stdin;` and its `\.`, None for everything else. `end` is that of
    the statement, `after` is where the next one may begin.
    """

    text: str
    start: int
    end: int
    after: int
    data: str | None = None


class SplitError(ValueError):
    """The text cannot be split; `offset` is where what is wrong begins."""

    def __init__(self, reason: str, offset: int, hint: str | None = None) -> None:
        self.reason, self.offset, self.hint = reason, offset, hint
        super().__init__(reason)


# An identifier goes on with letters, digits, "_", "$" and every character beyond ASCII.
# Written as what it is not, all of it ASCII: sets that reach to U+10FFFF take a quarter of a second to compile.
_BEGINS = r"[^\x00-@\[-^`{-\x7f]"
_CONTINUES = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_CONTINUES_TAG = r"[^\x00-/:-@\[-^`{-\x7f]"
_SPACE = r"[ \t\n\r\f\v]"
_LINE_COMMENT = r"--[^\n\r]*+"
_FLAT_COMMENT = r"/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/"
_TRIVIA = rf"(?:{_SPACE}++|{_LINE_COMMENT}|{_FLAT_COMMENT})*+"

# What never needs a decision. All is possessive: no text can make these expressions go back and try again.
# A quote after "e" may begin a string with backslashes in it, so it is left to the careful path.
# Each alternative begins with a character or a set, which lets the engine pass it over quickly.
_SIMPLE = (
    r"""[^'"$;()\\/\-]++|'(?<![eE]')[^']*+'|"[^"]*+"|-(?:(?!-)|-[^\n\r]*+)|"""
    rf"""/(?!\*)|{_FLAT_COMMENT}|\$(?<!{_CONTINUES}\$)[0-9]++(?!\$)"""
)


def _within(level: str) -> str:
    return rf"\((?:{level}|{_SIMPLE})*+\)"


_PARENTHESES = _within(_within(_within(rf"\((?:{_SIMPLE})*+\)")))
_RUN = re.compile(rf"(?:{_PARENTHESES}|{_SIMPLE})*+")
_GAP = re.compile(_TRIVIA)
_DOLLARS = (
    rf"\$(?<!{_CONTINUES}\$)(?P<tag>(?:{_BEGINS}{_CONTINUES_TAG}*+)?)\$"
    r"(?:[^$]++|\$(?!(?P=tag)\$))*+\$(?P=tag)\$"
)
_DOLLAR_TEXT = re.compile(_DOLLARS)
_WHOLE = re.compile(rf"{_TRIVIA}(?P<text>(?:{_PARENTHESES}|{_SIMPLE}|{_DOLLARS})*+)(?P<end>;?+)")

# The words that may hold semicolons between them, in the few statements where they can.
_ROUTINE = re.compile(rf"create\b{_TRIVIA}(?:or\b{_TRIVIA}replace\b{_TRIVIA})?(?:function|procedure)\b", re.IGNORECASE)
_BLOCK = rf"(?i:begin|case|end)(?!{_CONTINUES})"
_OTHER = r"[\x00-!#%&*+,.:<-@\[\]^`{-\x7f]"
_ROUTINE_RUN = re.compile(
    rf"(?:(?!{_BLOCK}){_BEGINS}{_CONTINUES}*+|[0-9]{_CONTINUES_TAG}*+|{_OTHER}"
    rf"|{_SIMPLE.partition('|')[2]}|{_PARENTHESES})*+"
)
_BLOCK_WORD = re.compile(_BLOCK)

# A string constant goes on after white space with a line break in it, in the same manner as it began.
_CONTINUED = rf"(?:(?:[ \t\f\v]++|{_LINE_COMMENT})*+[\n\r](?:{_SPACE}++|{_LINE_COMMENT}(?=[\n\r]))*+')"
_ESCAPED_BODY = r"(?:[^'\\]++|\\.|'')*+'"
_ESCAPED_STRING = re.compile(rf"'{_ESCAPED_BODY}(?:{_CONTINUED}{_ESCAPED_BODY})*+", re.DOTALL)
_PLAIN_STRING = re.compile(r"'[^']*+'")
_DOLLAR_TAG = re.compile(rf"\$(?:{_BEGINS}{_CONTINUES_TAG}*+)?\$")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_WORD_BEFORE = re.compile(_CONTINUES)
_META_COMMAND = re.compile(r"\\[^\s\\]*")

_COPY = re.compile(rf"copy\b{_TRIVIA}(?!\()", re.IGNORECASE)
_FROM_STDIN = re.compile(rf"\bfrom\b{_TRIVIA}stdin\b", re.IGNORECASE)
_REST_OF_LINE = re.compile(rf"[ \t\f\v]*+(?:{_LINE_COMMENT})?(?:\r\n|\n|\r|\Z)")
_END_OF_DATA = re.compile(r"^\\\.[ \t]*(?:\r\n|\n|\r|\Z)", re.MULTILINE)


def split(source: str) -> tuple[Statement, ...]:
    """Cut `source` into its statements, each with its place; comments and empty statements are left out.

    Raises `SplitError` for a quote, comment or parenthesis that never ends, and for psql's own commands.
    """
    found: list[Statement] = []
    position = 1 if source.startswith("\ufeff") else 0
    size = len(source)
    while position < size:
        whole = _WHOLE.match(source, position)
        if whole and whole["end"] and not (whole["text"][:1] in "cC" and _begins_block(whole["text"])):
            start, end = whole.span("text")
            position = whole.end()
        else:
            start = _skip_gap(source, position)
            if start == size:
                break
            end, position = _Scan(source, start).run()
        if end > start:
            statement = Statement(source[start:end].rstrip(), start, end, position)
            if statement.text[0] in "cC" and _COPY.match(statement.text):
                statement = _with_data(source, statement)
                position = statement.after
            found.append(statement)
    return tuple(found)


def _begins_block(text: str) -> bool:
    """Whether what looks like a whole statement may go on after its semicolon."""
    return bool(_ROUTINE.match(text)) and "begin" in _DOLLAR_TEXT.sub("", text).lower()


def _skip_gap(source: str, position: int) -> int:
    """Return where the next token begins; comments that nest are followed to their end."""
    while True:
        match = _GAP.match(source, position)
        position = match.end() if match else position
        if not source.startswith("/*", position):
            return position
        position = _end_of_comment(source, position)


class _Scan:
    """The way through one statement: what is open at each moment."""

    def __init__(self, source: str, start: int) -> None:
        self.source = source
        self.start = start
        self.edge = start
        self.parentheses: list[int] = []
        self.blocks: list[int] = []
        self.routine = bool(_ROUTINE.match(source, start))

    def run(self) -> tuple[int, int]:
        """Return where the statement ends, and where the search for the next one goes on."""
        position = self.start
        while True:
            careful = self.routine and not self.parentheses
            match = (_ROUTINE_RUN if careful else _RUN).match(self.source, position)
            position = match.end() if match else position
            if position == len(self.source):
                self._refuse_if_open()
                return position, position
            if self.source[position] == ";" and not self.parentheses and not self.blocks:
                return position, position + 1
            position = self._decide(position)

    def _decide(self, position: int) -> int:
        """Step over the one thing at `position` that the run could not."""
        match self.source[position]:
            case "'":
                return self._after_string(position)
            case '"':
                raise SplitError("this quoted name never ends", position)
            case "$":
                return self._after_dollar(position)
            case "(":
                self.parentheses.append(position)
            case ")":
                if self.parentheses:
                    self.parentheses.pop()
            case "/":
                return _end_of_comment(self.source, position)
            case "\\":
                raise _meta_command(self.source, position)
            case ";":
                pass
            case _:
                return self._after_word(position)
        return position + 1

    def _after_string(self, position: int) -> int:
        escapes = (
            position > self.start
            and self.source[position - 1] in "eE"
            and not (position - 1 > self.start and _WORD_BEFORE.match(self.source, position - 2))
        )
        match = (_ESCAPED_STRING if escapes else _PLAIN_STRING).match(self.source, position)
        if not match:
            raise SplitError("this string never ends", position)
        return match.end()

    def _after_dollar(self, position: int) -> int:
        """Step over a dollar sign that is part of a name, opens a dollar-quoted text, or means nothing."""
        if self._in_name(position):
            return position + 1
        match = _DOLLAR_TAG.match(self.source, position)
        if not match:
            return position + 1
        close = self.source.find(match[0], match.end())
        if close < 0:
            raise SplitError(f"this {match[0]} text never ends", position)
        # The dollar sign at its end is no part of a name, though names may hold dollar signs.
        self.edge = close + len(match[0])
        return self.edge

    def _in_name(self, position: int) -> bool:
        """Whether the letters, digits and dollars just before are a name, not a number or a parameter."""
        first = position
        while first > self.edge and _WORD_BEFORE.match(self.source, first - 1):
            first -= 1
        return first < position and not re.match(r"[0-9]+\Z|\$[0-9]+\Z", self.source[first:position])

    def _after_word(self, position: int) -> int:
        match = _BLOCK_WORD.match(self.source, position)
        if not match:  # a character that begins nothing known
            return position + 1
        word = match[0].lower()
        if word == "begin" or (word == "case" and self.blocks):
            self.blocks.append(position)
        elif word == "end" and self.blocks:
            self.blocks.pop()
        return match.end()

    def _refuse_if_open(self) -> None:
        if self.parentheses:
            raise SplitError("this parenthesis is never closed", self.parentheses[-1])
        if self.blocks:
            raise SplitError("this block has no END", self.blocks[-1])


def _end_of_comment(source: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(source, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    raise SplitError("this comment never ends", start)


def _meta_command(source: str, position: int) -> SplitError:
    match = _META_COMMAND.match(source, position)
    name = match[0] if match else "\\"
    return SplitError(
        f"`{name}` is a command of psql, not SQL",
        position,
        "write what it does as SQL; a migration is run by a database driver",
    )


def _with_data(source: str, statement: Statement) -> Statement:
    """Attach the lines that follow a COPY … FROM stdin, as psql would read them."""
    if not _FROM_STDIN.search(statement.text):
        return statement
    rest = _REST_OF_LINE.match(source, statement.after)
    if not rest:
        raise SplitError("the data of COPY … FROM stdin must begin on a line of its own", statement.after)
    close = _END_OF_DATA.search(source, rest.end())
    if not close:
        raise SplitError("the data of this COPY … FROM stdin has no `\\.` at its end", statement.start)
    return Statement(statement.text, statement.start, statement.end, close.end(), source[rest.end() : close.start()])
