"""What pymongo raises, as schematool's errors: one sentence, no password, and never a value of a document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bson import ObjectId, json_util
from bson.json_util import RELAXED_JSON_OPTIONS
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.errors import StatementError, WorldError
from schematool.core.secret import Url, mask

SPECIFICATION = frozenset({2, 9, 20, 26, 27, 40, 48, 67, 68, 72, 85, 86, 96, 115, 161, 166, 167, 197, 224, 263, 361})
"""Codes whose texts quote the command, which is the user's own file, and never a document."""

_BUILD = re.compile(r"^Index build failed: \S+ Collection .*? :: caused by :: ")
"""What the server puts before the reason, and says no more than the statement itself."""
_DATA = frozenset({"update", "insert", "delete", "aggregate"})
_CODES = {359: "ST520", 361: "ST522"}
_CORRECT = "correct what the message names, then run the same command again: it goes on where things stand"
_HINTS = {
    26: "it was renamed or dropped outside of the migrations: `schematool verify` names what differs; give it its name "
    "back, then run the same command again: it goes on where things stand",
    48: "something made it outside of the migrations: `schematool diff migrations live` shows how it differs",
    85: "an index of the same meaning is there under another name or options: drop it, or rename the declared one",
    86: "another index has this name: drop it, or give the declared one another name",
    361: "the collection was dropped and made again meanwhile: `schematool verify` shows what differs",
    11000: "remove the duplicates, then run `schematool migrate` again",
    359: "remove or change all but one of each group, then run `schematool migrate` again; until then new duplicates "
    "are refused and these can still be changed",
}

_SERIES_TTL = "TTL indexes are not supported on time-series"
_NAMED_HINTS = {"ZoneNotFound": "give the zone to a shard first: `sh.addShardToZone(SHARD, ZONE)`; then run it again"}


def statement_failure(  # noqa: PLR0913  # each says one thing about the command
    error: OperationFailure, *, text: str, span: Span | None, url: Url, command: str = "", subject: str = ""
) -> StatementError:
    """Say that the server refused a command, by its own number and name for the reason."""
    return StatementError(
        _CODES.get(error.code or 0, "ST510"),
        mask(f"MongoDB {spoken(error, command, subject)}", (url,)),
        statement=text,
        server_code=str(error.code or ""),
        span=span,
        hint=_hint(error),
        notes=_duplicates(error.details or {}) if error.code == 359 else (),
    )


def _hint(error: OperationFailure) -> str:
    details: Mapping[str, Any] = error.details or {}
    if _SERIES_TTL in str(details.get("errmsg")):
        return "MongoDB has that from 7.0 on, with a filter on metadata: use a server of that version, for scratch too"
    return _HINTS.get(error.code or 0) or _NAMED_HINTS.get(str(details.get("codeName")), _CORRECT)


def spoken_id(value: Any) -> str:
    """Spell the `_id` of a document, which is all of it that is ever shown."""
    return str(value) if isinstance(value, ObjectId) else json_util.dumps(value, json_options=RELAXED_JSON_OPTIONS)


def _duplicates(details: Mapping[str, Any]) -> tuple[str, ...]:
    """Name every document that shares its key with another, a group a line."""
    return tuple(
        f"same key: {', '.join(spoken_id(one) for one in group.get('ids', ()))}"
        for group in details.get("violations") or ()
    )


def spoken(error: OperationFailure, command: str = "", subject: str = "") -> str:
    """Give code, name and message of a refusal, with everything taken out that could be a value of a document."""
    details: Mapping[str, Any] = error.details or {}
    head = f"{error.code or 0} {details.get('codeName') or ''}".strip()
    about = f" in `{subject}`" if subject else ""
    if error.code == 11000:
        keys = ", ".join(f"{key}: {value}" for key, value in dict(details.get("keyPattern") or {}).items())
        return f"{head}: duplicate values{f' of {{ {keys} }}' if keys else ''}{about}"
    if error.code == 359:
        return f"{head}: {_violations(details)}{about}"
    if error.code == 121:
        return f"{head}: a document does not satisfy the validator{about}"
    message = str(details.get("errmsg") or error)
    if command in _DATA or error.code not in SPECIFICATION:
        message = without_values(message)
    return f"{head}: {message}{about if subject and subject not in message else ''}"


def without_values(message: str) -> str:
    """Take out of a server's message whatever could be a value: in braces, brackets or quotes, after a colon, numbers.

    >>> without_values('Cannot index { _id: 1, name: "Ann" } under [a]')
    'Cannot index {…} under […]'
    >>> without_values("language override unsupported: Ann :: caused by :: 4711 is out of range")
    'language override unsupported: … :: caused by :: … is out of range'
    """
    message = _BUILD.sub("", message)
    previous = None
    while previous != message:
        previous = message
        message = re.sub(r"\{[^{}]*\}", "\x01", message)
        message = re.sub(r"\[[^\[\]]*\]", "\x02", message)
    message = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[{\[].*", "\x03", message)
    message = re.sub(r"(dup key|value|number): ?[^\x01\x02\x03].*", "\\1: \x03", message)
    message = re.sub(r"(?<!:): [^\x01\x02\x03]*?(?= :: |$)", ": \x03", message)
    message = re.sub(r"\b\d[\d.]{2,}\b", "\x03", message)
    return message.replace("\x01", "{…}").replace("\x02", "[…]").replace("\x03", "…")


@contextmanager
def translated(url: Url) -> Iterator[None]:
    """Turn what the driver raises inside into a `WorldError`; refusals of commands in files are not for here."""
    try:
        yield
    except PyMongoError as error:
        raise world_failure(error, url) from None


def world_failure(error: PyMongoError, url: Url) -> WorldError:
    """Say why the server could not be used."""
    if isinstance(error, OperationFailure) and not isinstance(error, WTimeoutError):
        return _refusal(error, url)
    if isinstance(error, ServerSelectionTimeoutError):
        message = f"no MongoDB answers at {url}: {_first(str(error))}"
    elif isinstance(error, ConnectionFailure):
        message = f"the connection to MongoDB was lost: {_first(str(error))}"
    elif isinstance(error, ConfigurationError):
        message = f"the URL {url} cannot be used: {_first(str(error))}"
    else:
        message = f"MongoDB: {without_values(str(error))}"
    return WorldError(Diagnostic("ST501", mask(message, (url,)), hint="check host, port, network and TLS settings"))


def _refusal(error: OperationFailure, url: Url) -> WorldError:
    hint: str | None = None
    match error.code:
        case 18 | 8000:
            message, hint = "MongoDB does not accept this user and password", "check them, and `authSource` in the URL"
        case 13:
            said = without_values(str((error.details or {}).get("errmsg")))
            message = f"MongoDB does not allow this user to do that: {said}"
            hint = "reading needs the role `read` on the database, migrating `readWrite` and `dbAdmin`"
        case _:
            message = f"MongoDB {spoken(error)}"
    return WorldError(Diagnostic("ST501", mask(message, (url,)), hint=hint))


def _first(text: str) -> str:
    """Give the cause alone: the driver repeats it for each host and adds its own settings."""
    return re.split(r" \(configured timeouts|, Timeout: |,127\.|, full error", text)[0]


def _violations(details: Mapping[str, Any]) -> str:
    """Count the groups of duplicates, and the documents in them."""
    groups = list(details.get("violations") or ())
    documents = sum(len(group.get("ids", ())) for group in groups)
    told = f"{documents:,} documents share their keys, in {len(groups):,} group{'' if len(groups) == 1 else 's'}"
    return f"the index cannot become unique: {told}"
