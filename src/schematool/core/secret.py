"""A database URL that never prints its password. The only way to the real text is `reveal()`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"

# The user-info part may hold an unescaped "@", so it runs to the last "@" before the path. One that holds a "/", "?",
# "#" or blank, which no driver takes, is found by a second expression: a URL that is refused is printed too.
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)(?P<userinfo>[^\s/?#\"'<>]*)@")
_BROKEN = re.compile(
    r"(?P<scheme>\b(?:postgres(?:ql)?(?:\+\w+)?|mongodb(?:\+srv)?)://)"
    r"(?P<user>[^\s:/?#@\"']*):(?P<rest>[^@\"'\n]*[/?# ][^@\"'\n]*)@",
    re.IGNORECASE,
)
# Keys whose values are secret, in a DSN (`password='a b'`), in a query (`&password=a`), in a driver's keywords
# (`password='a'`) and in a dict that was printed (`'password': 'a'`).
_KEYS = (
    "password|passwd|pwd|sslpassword|passphrase|tlsCertificateKeyFilePassword|sslPEMPassphrase|ssl_pem_passphrase|"
    "oauth_client_secret|scram_client_key|scram_server_key|AWS_SESSION_TOKEN|AWS_SECRET_ACCESS_KEY|client_secret"
)
_QUOTED = r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\""
# A colon only after a name in quotes, or in `authMechanismProperties=AWS_SESSION_TOKEN:…`: YAML has such fields.
_PAIR = re.compile(
    rf"(?i)(?<![A-Za-z0-9])(?P<key>(?:{_KEYS})(?P<mark>[\"']?))(?P<eq>\s*=\s*|(?<=[\"'])\s*:\s*|(?<=TOKEN):)"
    rf"(?P<value>{_QUOTED}|[^\s&,;'\"\])}}]+)"
)
_SHORTEST = 3
"""A shorter secret is masked where it stands in a URL, but not wherever its letters turn up in foreign text."""


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
        if (match := _USERINFO.match(self._text)) and ":" in match["userinfo"]:
            found.add(match["userinfo"].partition(":")[2])
        if match := _BROKEN.match(self._text):
            found.add(match["rest"])
        for pair in _PAIR.finditer(self._text):
            found.add(_unquoted(pair["value"]))
        return _spellings(found)

    def __str__(self) -> str:
        return mask(self._text)

    def __repr__(self) -> str:
        return f"Url({mask(self._text)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def with_password(self, password: str) -> Url:
        """Return the same URL with a password; `ValueError` when it has one, or no user that it could belong to."""
        match = _USERINFO.match(self._text)
        if not match or not match["userinfo"]:
            raise ValueError("the URL names no user that the password could belong to")
        if ":" in match["userinfo"] or any(_PAIR.finditer(self._text)):
            raise ValueError("the URL has a password already")
        return Url(f"{match['scheme']}{match['userinfo']}:{quote(password, safe='')}@{self._text[match.end() :]}")


def mask(text: str, urls: tuple[Url, ...] = ()) -> str:
    """Replace every password in `text` with `***`: in URLs, in `password=` pairs, and those of `urls`."""
    for secret in sorted({s for url in urls for s in url.secrets()}, key=lambda s: (-len(s), s)):
        text = text.replace(secret, MASK)
    text = _BROKEN.sub(rf"\g<scheme>\g<user>:{MASK}@", text)
    text = _USERINFO.sub(_masked_userinfo, text)
    return _PAIR.sub(_masked_pair, text)


def _masked_userinfo(match: re.Match[str]) -> str:
    user, colon, _ = match["userinfo"].partition(":")
    return f"{match['scheme']}{user}{':' + MASK if colon else ''}@"


def _masked_pair(match: re.Match[str]) -> str:
    quotes = match["value"][0] if match["value"][0] in "'\"" else ""
    return f"{match['key']}{match['eq']}{quotes}{MASK}{quotes}"


def _unquoted(value: str) -> str:
    r"""A value of a DSN as it is meant: `'a\'b'` is `a'b`."""
    if value[:1] in ("'", '"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _spellings(secrets: set[str]) -> tuple[str, ...]:
    """Each secret as it was written, decoded, and in the ways in which libpq, pymongo and Python write it again."""
    plain = {form for text in secrets for form in (text, unquote(text), unquote_plus(text))}
    ways = (str, _encoded, quote, quote_plus, _in_python, _doubled, _in_a_dsn)
    forms = {way(text) for text in plain for way in ways}
    return tuple(sorted((s for s in forms if len(s) >= _SHORTEST), key=lambda s: (-len(s), s)))


def _encoded(text: str) -> str:
    return quote(text, safe="")


def _in_python(text: str) -> str:
    return repr(text)[1:-1]


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _in_a_dsn(text: str) -> str:
    return re.sub(r"([\\'])", r"\\\1", text)
