"""The errors that end a command, each with its exit code.

    SchematoolError
    ├── InputError      2   your input: flags, configuration, YAML, migration files
    ├── WorldError      3   the world: no server, a failed statement, a lock that was not got
    │   └── StatementError   the server refused a statement; knows which and where
    ├── Refused         4   needs a permit or a terminal; nothing was touched
    └── Interrupted   130   a signal

A user's mistakes in YAML are returned as `Findings`, all at once; `InputError` carries them to the door.
`cli/main.py` is the only place that catches.
"""

from __future__ import annotations

from schematool.core.diagnostic import Diagnostic, Span, in_order


class SchematoolError(Exception):
    """Base of all. `diagnostics` says what, where and what to do; `state` says where things stand now."""

    exit_code = 3

    def __init__(self, *diagnostics: Diagnostic, state: str | None = None) -> None:
        self.diagnostics = in_order(diagnostics)
        self.state = state
        super().__init__("; ".join(d.message for d in self.diagnostics))


class InputError(SchematoolError):
    """What the user wrote cannot be used."""

    exit_code = 2


class WorldError(SchematoolError):
    """Something outside of this program did not do what it must."""

    exit_code = 3


class StatementError(WorldError):
    """A server refused a statement. `position` is the 0-based offset in the statement, when it said so."""

    def __init__(  # noqa: PLR0913  # one call says all that a refusal has
        self,
        code: str,
        message: str,
        *,
        statement: str,
        server_code: str = "",
        position: int | None = None,
        span: Span | None = None,
        hint: str | None = None,
        state: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.statement = statement
        self.server_code = server_code
        self.position = position
        super().__init__(Diagnostic(code, message, span, hint, notes=notes), state=state)


class Refused(SchematoolError):  # noqa: N818  # it says what happened, as the tree above draws it
    """Consent is missing."""

    exit_code = 4


class Interrupted(SchematoolError):  # noqa: N818  # the same
    """The user or the system asked to stop."""

    exit_code = 130
