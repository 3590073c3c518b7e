"""How foreign data wrappers, servers and user mappings change in place: what depends on them stays, secrets too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from schematool.core.model import postgres as pg
from schematool.core.sql.quote import identifier, literal

_KINDS = frozenset({"foreign data wrapper", "server", "user mapping"})
_QUOTED = r"E?'(?:[^'\\]|''|\\.)*'"
_CREATE = re.compile(
    rf"(?P<head>(?:{_QUOTED}|\"(?:[^\"]|\"\")*\"|[^'\"])*?)(?: OPTIONS \((?P<options>.*)\))?", re.DOTALL
)
_VERSION = re.compile(rf" VERSION ({_QUOTED})")
_OPTION = re.compile(rf"(?P<name>\"(?:[^\"]|\"\")*\"|\w+) (?P<value>{_QUOTED})")


@dataclass(frozen=True, slots=True)
class _Parts:
    head: str
    version: str
    options: dict[str, str]


def foreign_change(before: pg.Defined, after: pg.Defined) -> str | None:
    """The ALTER statement between two definitions of a foreign object, or None where there is none."""
    if before.id.kind not in _KINDS or before.id != after.id:
        return None
    old, new = _parts(before), _parts(after)
    if old is None or new is None or old.head != new.head or (old.version and not new.version):
        return None
    words = [f"DROP {key}" for key in old.options if key not in new.options]
    words += [
        f"{'SET' if key in old.options else 'ADD'} {key} {value}"
        for key, value in new.options.items()
        if old.options.get(key) != value
    ]
    version = f" VERSION {new.version}" if new.version != old.version else ""
    options = f" OPTIONS ({', '.join(words)})" if words else ""
    return f"ALTER {after.reference}{version}{options}" if version or options else None


def _parts(thing: pg.Defined) -> _Parts | None:
    match = _CREATE.fullmatch(thing.create[0]) if len(thing.create) == 1 else None
    if match is None:
        return None
    head, version = match["head"], ""
    if thing.id.kind == "server" and (found := _VERSION.search(head)):
        head, version = head.replace(found[0], ""), found[1]
    options = {option["name"]: option["value"] for option in _OPTION.finditer(match["options"] or "")}
    return _Parts(head, version, options)


def changed_options(before: pg.Options, after: pg.Options) -> str:
    """` OPTIONS (ADD a 'x', SET b 'y', DROP c)` for foreign tables and their columns."""
    old, new = dict(before), dict(after)
    words = [f"DROP {identifier(key)}" for key in old if key not in new]
    for key, value in after:
        if key not in old:
            words.append(f"ADD {identifier(key)} {literal(value)}")
        elif old[key] != value:
            words.append(f"SET {identifier(key)} {literal(value)}")
    return f" OPTIONS ({', '.join(words)})" if words else ""
