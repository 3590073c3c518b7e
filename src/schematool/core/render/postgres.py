"""PostgreSQL migrations as files: plain SQL in yoyo's format, so that `yoyo apply` runs them unchanged.

A file begins with comments: its title, then what yoyo reads (`depends`, `transactional`), then what schematool
reads (`-- schematool: allow ST201 because …`). Statements follow, each ended by a semicolon. The rollback file has
the same form; whether it runs in a transaction is decided by the forward file (yoyo ignores its own directive).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from schematool.core.diagnostic import Findings
from schematool.core.errors import InputError
from schematool.core.history.unit import Command, Consent, Unit, replaces_in
from schematool.core.sql.place import Places
from schematool.core.sql.split import SplitError, Statement, split
from schematool.core.step import Lock, Segment, Step, Work
from schematool.core.timeouts import NOTHING_SAID, duration

FILE_SUFFIXES = (".sql", ".rollback.sql")
"""How the names of the two files of a migration end."""

_COMMENT = r"(?:\A|(?<=[\r\n]))[ \t]*--[ \t]*{}[ \t]*:[ \t]*([^\r\n]*?)[ \t]*(?=[\r\n]|\Z)"
_DIRECTIVE = re.compile(_COMMENT.format("(transactional|depends)"))
_OURS = re.compile(_COMMENT.format("schematool"))
_ALLOW = re.compile(r"allow[ \t]+(?P<codes>ST\d{3}(?:[ \t]*,[ \t]*ST\d{3})*)[ \t]+because[ \t]+(?P<reason>\S.*)")
# yoyo reads directives in the comment and blank lines above the first other line, and nowhere else.
_HEAD = re.compile(r"(?:[ \t\f\v]*+(?:--[^\n\r]*+)?(?:\r\n|\n|\r|\Z))*+")
_TRANSACTION = re.compile(
    r"(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|"
    r"rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b",
    re.IGNORECASE,
)
# "… cannot run inside a transaction block": the callers of PreventInTransactionBlock() in PostgreSQL's source.
_ALONE = re.compile(
    r"(?:create\s+(?:unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|"
    r"reindex\s+(?:\([^)]*\)\s*)?\w+\s+concurrently|alter\s+table\s[^;]*\sdetach\s+partition\s[^;]*\sconcurrently|"
    r"vacuum|alter\s+system|(?:create|drop)\s+(?:database|tablespace))\b",
    re.IGNORECASE,
)
_REPLACES = re.compile(r"replaces(?:[ \t]+\d{4,}_\w+)+")
_TIMEOUT = re.compile(r"(?P<name>statement_timeout|lock_timeout)[ \t]+(?P<value>\S.*)")
# What `_lock` writes above a statement that takes long.
_ANNOUNCED = re.compile(r"(?:\A|(?<=[\r\n]))[ \t]*--[ \t]*lock:[^\r\n]*\b(?:scans|rewrites) table\b")
_IDS_A_LINE = 4
_NOTE = {Work.BRIEF: "briefly"}


def render(  # noqa: PLR0913  # one call says all that a file holds; the same for both stores
    id: str,  # noqa: A002  # the word of the whole project for this
    up: Segment,
    down: Sequence[Step],
    *,
    consents: Sequence[Consent],
    depends: Sequence[str],
    title: str,
    replaces: Sequence[str] = (),
) -> tuple[str, str]:
    """Write the texts of the forward and the rollback file; `parse` reads them back.

    Raises `ValueError` for a unit outside of a transaction that holds more than one statement: stock yoyo would
    run rollback statements by position when one of them fails, and could drop what it did not create.
    """
    if not up.transactional and len(up.steps) != 1:
        raise ValueError(f"{id}: outside of a transaction a file holds exactly one statement")
    head = [f"-- {_title(title)}"]
    if depends:
        head.append(f"-- depends: {' '.join(depends)}")
    if not up.transactional:
        head.append("-- transactional: false")
    head += [f"-- schematool: allow {given.code} because {_line(given.because)}" for given in consents]
    lines = (replaces[at : at + _IDS_A_LINE] for at in range(0, len(replaces), _IDS_A_LINE))
    head += [f"-- schematool: replaces {' '.join(some)}" for some in lines]
    return _file(head, up.steps), _file([f"-- rollback of {id}"], down)


def _file(head: Sequence[str], steps: Sequence[Step]) -> str:
    text = "\n".join(head) + "\n"
    before = ""
    for step in steps:
        statement = _statement(step)
        # The comments and rights of one object stand together, everything else by itself.
        together = _opening(statement) == _opening(before) and _opening(statement) in _TOGETHER
        text += statement if together else f"\n{statement}"
        before = statement
    return text if steps else f"{text}\n-- nothing to undo\n"


_TOGETHER = frozenset({"COMMENT", "GRANT", "REVOKE"})


def _opening(statement: str) -> str:
    return statement.partition(" ")[0]


def _statement(step: Step) -> str:
    text = step.statement.strip().removesuffix(";").rstrip()
    return f"{_lock(step)}{text};\n"


def _lock(step: Step) -> str:
    if step.lock is Lock.NONE:
        return ""
    return f"-- lock: {step.lock.value}, {_NOTE.get(step.work, step.work.value)}\n"


def _title(text: str) -> str:
    line = _line(text) or "migration"
    return f"“{line}”" if re.match(r"(?:transactional|depends|schematool)\s*:", line) else line


def _line(text: str) -> str:
    return " ".join(text.split())


def parse(
    id: str,  # noqa: A002  # the word of the whole project for this
    up_file: str,
    up_text: str,
    down_file: str,
    down_text: str | None,
) -> Unit:
    """Read one migration from the texts of its files; `down_text` None where there is no rollback file.

    Raises `InputError` with every finding of both files: what cannot be split, what is no SQL, a transaction of
    its own, a directive that yoyo would not see or would read otherwise.
    """
    found = Findings()
    up = _Reader(up_file, up_text, found)
    transactional = up.transactional() is not False
    up.check_statements(transactional=transactional)
    if not transactional and len(up.commands) != 1 and not found:
        found.add(
            "ST409",
            f"a file outside of a transaction must hold exactly one statement, not {len(up.commands)}",
            up.commands[1].span if len(up.commands) > 1 else up.places.span(0),
            hint="put each statement in a migration of its own, so that a failure leaves nothing half done",
        )
    down: _Reader | None = None
    if down_text is not None:
        down = _Reader(down_file, down_text, found)
        if (said := down.transactional()) is not None and said is not transactional:
            down.complain("the forward file decides whether both run in a transaction", down.directives[0].start())
        down.check_statements(transactional=transactional)
    if found:
        raise InputError(*found)
    return Unit(
        id=id,
        store="postgres",
        up=up.commands,
        down=down.commands if down else None,
        up_text=up_text,
        down_text=down_text,
        transactional=transactional,
        consents=up.consents() + (down.consents() if down else ()),
        depends=up.depends(),
        replaces=replaces_in("postgres", up_text),
        up_said=up.said,
        down_said=down.said if down else NOTHING_SAID,
    )


class _Reader:
    """One file being read: its directives, its statements, and what is wrong with it."""

    def __init__(self, file: str, text: str, found: Findings) -> None:
        self.text = text.removeprefix("\ufeff")
        self.found = found
        self.places = Places(file, self.text)
        head = _HEAD.match(self.text)
        self._head_end = head.end() if head else 0
        self.statements = self._split()
        self._comments = self._gaps()
        self.commands = tuple(map(self._command, self.statements, self._comments))
        self.said = NOTHING_SAID
        self.directives = [m for gap in self._comments for m in _DIRECTIVE.finditer(self.text, *gap)]
        for match in self.directives:
            if match.start() >= self._head_end:
                self.complain(f"`{match[1]}` counts only above the first statement", match.start(1), match.end())

    def complain(self, message: str, start: int, end: int | None = None, hint: str | None = None) -> None:
        self.found.add("ST409", message, self.places.span(start, end), hint=hint)

    def _split(self) -> tuple[Statement, ...]:
        if (nul := self.text.find("\0")) >= 0:
            self.complain("a NUL character cannot be in SQL", nul)
            return ()
        try:
            return split(self.text)
        except SplitError as error:
            self.complain(error.reason, error.offset, hint=error.hint)
            return ()

    def _command(self, statement: Statement, above: tuple[int, int]) -> Command:
        end = statement.end if statement.data is None else statement.after
        text = statement.text if statement.data is None else self.text[statement.start : end]
        announced = above[0] != above[1] and _ANNOUNCED.search(self.text, *above) is not None
        return Command(text, self.places.span(statement.start, statement.end), announced)

    def _gaps(self) -> list[tuple[int, int]]:
        """Where comments are between the statements; those inside of one are its own affair."""
        edges = [0, *(edge for s in self.statements for edge in (s.start, s.after)), len(self.text)]
        return list(zip(edges[::2], edges[1::2], strict=True)) if self.statements else [(0, self._head_end)]

    def transactional(self) -> bool | None:
        """Return what the file says, None when it says nothing; yoyo stumbles over any third value."""
        said = [match for match in self.directives if match[1] == "transactional"]
        for match in said[1:]:
            self.complain("`transactional` is said twice", match.start(1), match.end())
        for match in said[:1]:
            if match[2].lower() in ("true", "false"):
                return match[2].lower() == "true"
            self.complain(f"`transactional` is true or false, not `{match[2]}`", match.start(2), match.end(2))
        return None

    def depends(self) -> tuple[str, ...]:
        """Return the ids that must be applied before this one."""
        return tuple(name for match in self.directives if match[1] == "depends" for name in match[2].split())

    def consents(self) -> tuple[Consent, ...]:
        """Every `-- schematool: allow …`, wherever it stands between the statements."""
        return tuple(
            Consent(code.strip(), allow["reason"], self.places.span(match.start(1), match.end()))
            for gap in self._comments
            for match in _OURS.finditer(self.text, *gap)
            if (allow := _ALLOW.fullmatch(match[1]))
            for code in allow["codes"].split(",")
        )

    def check_statements(self, *, transactional: bool) -> None:
        """Find what would break the runner's own transaction, and comments that were meant for schematool."""
        for gap in self._comments:
            for match in _OURS.finditer(self.text, *gap):
                if _REPLACES.fullmatch(match[1]) and match.start() < self._head_end:
                    continue
                if timeout := _TIMEOUT.fullmatch(match[1]):
                    self._take(timeout, match.start(1), match.end())
                elif not _ALLOW.fullmatch(match[1]):
                    self.complain(
                        f"schematool does not understand `{match[1]}`",
                        match.start(1),
                        match.end(),
                        "write `-- schematool: allow ST201 because REASON`; the reason is required",
                    )
        self._check_texts(transactional=transactional)

    def _take(self, timeout: re.Match[str], start: int, end: int) -> None:
        """Keep what the file says of a timeout, if it says it where it counts, once, and as a time."""
        name, value = timeout["name"], timeout["value"]
        seconds = duration(value)
        field = name.removesuffix("_timeout")
        if start >= self._head_end:
            self.complain(f"`{name}` counts only above the first statement", start, end)
        elif getattr(self.said, field) is not None:
            self.complain(f"`{name}` is said twice", start, end)
        elif seconds is None or (name == "lock_timeout" and not seconds):
            example, more = ("10min", ", or 0 for no limit") if field == "statement" else ("3s", "")
            hint = f"a number with its unit (ms, s, min, h, d), `-- schematool: {name} {example}`{more}"
            self.complain(f"`{value}` is no time for {name}", start, end, hint)
        else:
            self.said = replace(self.said, **{field: seconds})

    def _check_texts(self, *, transactional: bool) -> None:
        for statement in self.statements:
            if words := _TRANSACTION.match(statement.text):
                self.complain(
                    f"`{_line(words[0])}` in a migration",
                    statement.start,
                    statement.start + words.end(),
                    "the runner makes the transaction; take it out",
                )
            elif transactional and (words := _ALONE.match(statement.text)):
                self.complain(
                    "PostgreSQL refuses this inside a transaction",
                    statement.start,
                    statement.end,
                    "put it alone in a migration that says `-- transactional: false` above it",
                )
