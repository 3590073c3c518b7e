"""What a statement does outside of its database, and what is run in its place where it is only tried.

On a scratch database nobody has agreed yet to more than a try: no statement may change the server it is on, read or
write its files, run programs, or talk to other servers. What is in the body of a DO or a function cannot be known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from schematool.core.sql.everywhere import reaches_the_server
from schematool.core.sql.quote import identifier, literal
from schematool.core.sql.tokens import Token, tokens


@dataclass(frozen=True, slots=True)
class Instead:
    """What is run in place of a statement, and what the statement would have done; `text` None: nothing is run."""

    text: str | None
    why: str


_FIRST = re.compile(
    r"(?i)(?:copy|import|(?:create|alter|drop)\W.*?\bsubscription|reassign|drop\W.*?\bowned)\b", re.DOTALL
)
_DATA = re.compile(r"(?i)(?:select|with|values|insert|update|delete|merge)\b")
_CALLS = re.compile(
    r"(?i)\b(?:dblink\w*|lo_import|lo_export|pg_(?:read_(?:binary_)?file|ls_\w+|stat_file|file_\w+|reload_conf"
    r"|rotate_logfile|promote|switch_wal|create_restore_point|terminate_backend|cancel_backend"
    r"|backup_(?:start|stop)|(?:start|stop)_backup|wal_replay_(?:pause|resume)|log_standby_snapshot"
    r"|(?:create|copy)_(?:physical|logical)_replication_slot|drop_replication_slot|replication_(?:slot|origin)_\w+))\Z"
)
"""Functions of the server and its contrib that touch its files, its whole, or another server; whole names."""
_MAY_CALL = re.compile(_CALLS.pattern.removesuffix(r"\Z"))


def instead(text: str) -> Instead | None:
    """What to run in place of a statement that is only tried; None: the statement itself.

    >>> instead("COPY t FROM PROGRAM 'curl https://example.org'")
    Instead(text=None, why='it runs a program on the server')
    >>> instead("COPY t FROM stdin") is instead("SELECT 'lo_import(1)'") is None
    True
    """
    if reaches_the_server(text):
        return Instead(None, "it changes the server, and nothing of its database")
    if _FIRST.match(text):
        statement = _Statement(text, _until_data(text))
        for look in _LOOKS:
            if answer := look(statement):
                return answer
    if _DATA.match(text) and _MAY_CALL.search(text):
        return _calling(tuple(tokens(text)))
    return None


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement with its tokens."""

    text: str
    found: tuple[Token, ...]

    def says(self, *words: str, at: int = 0) -> bool:
        """Whether it has these words there."""
        part = self.found[at : at + len(words)]
        return len(part) == len(words) and all(map(Token.is_word, part, words))

    def options(self) -> tuple[int, tuple[tuple[Token, ...], ...]]:
        """Where its `WITH (…)` begins, or it ends, as an index of its tokens; and the options in it."""
        pairs = enumerate(pairwise(self.found))
        begins = next((i for i, (word, mark) in pairs if _is_with(word, mark)), len(self.found))
        options: list[tuple[Token, ...]] = [()]
        for token in self.found[begins + 2 :]:
            if token.depth == 0:
                break
            if token.depth == 1 and token.text == ",":
                options.append(())
            else:
                options[-1] += (token,)
        return begins, tuple(option for option in options if option)

    def with_option(self, option: str, *, without: Collection[str]) -> str:
        """Its text with one more option, and without some."""
        begins, options = self.options()
        kept = [self.text[one[0].start : one[-1].end] for one in options if one[0].name not in without]
        return f"{self.text[: self.found[begins - 1].end]} WITH ({', '.join((*kept, option))})"


def _is_with(word: Token, mark: Token) -> bool:
    return word.depth == 0 and word.is_word("with") and mark.text == "("


def _until_data(text: str) -> tuple[Token, ...]:
    """The tokens of a statement; those of a COPY end where the data begins."""
    found = []
    copies = text[:4].lower() == "copy"
    for token in tokens(text):
        found.append(token)
        if copies and token.depth == 0 and token.is_word("stdin", "stdout"):
            break
    return tuple(found)


def _copy(statement: _Statement) -> Instead | None:
    """COPY between the server and its files or programs."""
    if not statement.says("copy"):
        return None
    for way, target in pairwise(statement.found):
        if way.depth == 0 and way.is_word("from", "to"):
            if target.is_word("program"):
                return Instead(None, "it runs a program on the server")
            if target.kind == "text":
                return Instead(None, f"it {'reads' if way.is_word('from') else 'writes'} a file of the server")
            break
    return None


def _import(statement: _Statement) -> Instead | None:
    if statement.says("import", "foreign", "schema"):
        return Instead(None, "it asks another server; write its CREATE FOREIGN TABLE out, so that they are known")
    return None


def _create_subscription(statement: _Statement) -> Instead | None:
    """Made without a connection, as the manual of CREATE SUBSCRIPTION has it; the slot keeps its name."""
    if not statement.says("create", "subscription"):
        return None
    said = {one[0].name: one[-1].text.strip("'").lower() for one in statement.options()[1]}
    if said.get("connect") in {"false", "off", "0", "no"}:
        return None
    made = statement.with_option("connect = false", without={"connect", "enabled", "create_slot", "copy_data"})
    return Instead(made, "it connects to its publisher: it is made with connect = false")


def _alter_subscription(statement: _Statement) -> Instead | None:
    if not statement.says("alter", "subscription"):
        return None
    if statement.says("enable", at=3) or statement.says("refresh", at=3):
        return Instead(None, "it connects to its publisher")
    if any(statement.says(word, "publication", at=3) for word in ("set", "add", "drop")):
        made = statement.with_option("refresh = false", without={"refresh", "copy_data"})
        return Instead(made, "it connects to its publisher: it is run with refresh = false")
    if statement.says("set", at=3) and any(token.is_word("failover", "two_phase") for token in statement.found[4:]):
        return Instead(None, "it changes the slot of its publisher")
    return None


def _drop_subscription(statement: _Statement) -> Instead | None:
    """Dropped after it has let go of its slot, which would be dropped at the publisher."""
    if not statement.says("drop", "subscription"):
        return None
    called = next((token.name for token in statement.found[4 if statement.says("if", "exists", at=2) else 2 :]), None)
    if called is None:
        return None
    body = (
        "BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_database AS d"
        f" ON d.oid = s.subdbid WHERE s.subname = {literal(called)} AND d.datname = pg_catalog.current_database())"
        f" THEN {'; '.join(release(called))}; END IF; {statement.text}\n; END"
    )
    return Instead(f"DO {literal(body)}", "it drops the slot of its publisher: here it lets go of it first")


def release(subscription: str) -> tuple[str, str]:
    """Return the statements after which a subscription can be dropped without its publisher."""
    name = identifier(subscription)
    return (f"ALTER SUBSCRIPTION {name} DISABLE", f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")


def _owned(statement: _Statement) -> Instead | None:
    """REASSIGN OWNED and DROP OWNED also change who owns and may use databases and tablespaces: all of the server's."""
    if not (statement.says("reassign", "owned", "by") or statement.says("drop", "owned", "by")):
        return None
    named = []
    for token in statement.found[3:]:
        if token.is_word("to", "cascade", "restrict"):
            break
        if token.is_word("current_user", "current_role", "session_user"):
            named.append(token.text)
        elif token.name is not None:
            named.append(literal(token.name))
    here = "(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
    body = (
        "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d JOIN pg_catalog.pg_roles AS r"
        " ON d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND r.oid = d.refobjid"
        f" WHERE d.dbid = 0 AND d.deptype IN ('o', 'a') AND r.rolname IN ({', '.join(named)})"
        f" AND NOT (d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND d.objid = {here}))"
        f" THEN EXECUTE {literal(statement.text)}; END IF; END"
    )
    return Instead(f"DO {literal(body)}", "it reaches databases and tablespaces too: not run for a role that has any")


_LOOKS: tuple[Callable[[_Statement], Instead | None], ...] = (
    _copy,
    _import,
    _create_subscription,
    _alter_subscription,
    _drop_subscription,
    _owned,
)


def _calling(found: Sequence[Token]) -> Instead | None:
    """A statement on data that calls such a function itself; one that makes a table of its rows must make it."""
    if found[0].is_word("select", "with", "values") and any(t.depth == 0 and t.is_word("into") for t in found):
        return None
    for index, (word, mark) in enumerate(pairwise(found)):
        if mark.text != "(" or word.name is None or not _CALLS.match(word.name):
            continue
        qualified = index >= 2 and found[index - 1].text == "."
        if not qualified or found[index - 2].name == "pg_catalog":
            return Instead(None, f"it calls {word.name}, which reaches beyond the database")
    return None
