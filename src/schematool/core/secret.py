"""A database URL that never prints its password. The only way to the real text is `reveal()`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

# The user-info part may hold an unescaped "@", so it runs to the last "@" before the path.
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)(?P<userinfo>[^\s/?#\"']*)@")
_KEY_VALUE = re.compile(
    r"(?i)\b(?P<key>password|passwd|pwd|sslpassword|passfile)(?P<eq>\s*=\s*)(?P<value>'(?:[^'\\]|\\.)*'|[^\s&'\"]+)"
)
MASK = "***"


@dataclass(frozen=True, slots=True)
class Url:
    """A connection URL; `str`, `repr` and `format` give the masked form."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """Return the URL with its password, for a driver and nothing else."""
        return self._text

    @property
    def scheme(self) -> str:
        """The part before `://`, lower case; empty when there is none."""
        head, separator, _ = self._text.partition("://")
        return head.lower() if separator else ""

    def secrets(self) -> tuple[str, ...]:
        """Every spelling of the passwords inside, longest first, to be masked in foreign text."""
        found: set[str] = set()
        match = _USERINFO.match(self._text)
        if match and ":" in match["userinfo"]:
            found.add(match["userinfo"].partition(":")[2])
        for pair in _KEY_VALUE.finditer(self._text):
            found.add(pair["value"].strip("'"))
        spellings = {form for text in found for form in (text, unquote(text), quote(unquote(text), safe=""))}
        return tuple(sorted((s for s in spellings if s), key=lambda s: (-len(s), s)))

    def __str__(self) -> str:
        return mask(self._text)

    def __repr__(self) -> str:
        return f"Url({mask(self._text)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def mask(text: str, urls: tuple[Url, ...] = ()) -> str:
    """Replace every password in `text` with `***`: in URLs, in `password=` pairs, and those of `urls`."""
    for secret in sorted({s for url in urls for s in url.secrets()}, key=lambda s: (-len(s), s)):
        text = text.replace(secret, MASK)
    text = _USERINFO.sub(_masked_userinfo, text)
    return _KEY_VALUE.sub(lambda m: f"{m['key']}{m['eq']}{MASK}", text)


def _masked_userinfo(match: re.Match[str]) -> str:
    user, colon, _ = match["userinfo"].partition(":")
    return f"{match['scheme']}{user}{':' + MASK if colon else ''}@"
