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
# In a text that is one URL or one DSN as a whole, everything up to the next key: a value that should have been quoted
# or escaped, and was not, is a password all the same.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:/{0,2}")
_WHOLE_PAIR = re.compile(
    rf"(?is)(?<![A-Za-z0-9])(?:{_KEYS})(?:\s*=\s*|(?<=TOKEN):)(?P<value>.*?)(?=(?:[&;,]|\s)\s*[a-z_]\w*\s*=|\Z)"
)
_QUERY = re.compile(r"[^@?]*\?[A-Za-z_]\w*=")
_PIECES = re.compile(r"""[\s@/:?#&='"\\]+""")
_SHORTEST_PIECE = 4
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
        for start, end in _hidden(self._text):
            secret = self._text[start:end]
            found |= {secret, _unescaped(secret)}
            # A driver that takes it apart at the wrong place tells of the pieces: of a host that it did not find, say.
            found |= {piece for piece in _PIECES.split(secret) if len(piece) >= _SHORTEST_PIECE}
        found |= {_unescaped(pair["value"].strip("'\"")) for pair in _PAIR.finditer(self._text)}
        return _spellings(found)

    def __str__(self) -> str:
        shown, end = "", 0
        for start, stop in _hidden(self._text):
            shown += f"{self._text[end:start]}{MASK}"
            end = stop
        return mask(shown + self._text[end:])

    def __repr__(self) -> str:
        return f"Url({str(self)!r})"

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
    for url in urls:
        if whole := url.reveal().strip():
            text = text.replace(whole, str(url).strip())
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


def _hidden(text: str) -> list[tuple[int, int]]:
    """Where the secrets of a text are that is one URL or one DSN, whatever is wrong with it."""
    found = [span] if (span := _password(text)) else []
    for pair in _WHOLE_PAIR.finditer(text, found[0][1] if found else 0):
        start, end = pair.span("value")
        if (quoted := re.match(_QUOTED, pair["value"])) and not pair["value"][quoted.end() :].strip(" )]},;"):
            start, end = start + 1, start + quoted.end() - 1
        if start < end:
            found.append((start, end))
    return found


def _password(text: str) -> tuple[int, int] | None:
    """Where the password of the user is: from the first colon up to an @, the last one that no parameter has."""
    scheme = _SCHEME.match(text)
    begins = scheme.end() if scheme else 0
    colon, at = text.find(":", begins), text.find("@", begins)
    if not scheme or not begins <= colon < at:
        return None
    strict = _USERINFO.match(text)
    if strict and "@" in text[strict.end() :] and _QUERY.match(text, strict.end()):
        return colon + 1, strict.end() - 1
    return colon + 1, text.rfind("@")


def _unescaped(value: str) -> str:
    r"""A value of a DSN as it is meant: `a\'b` is `a'b`."""
    return re.sub(r"\\(.)", r"\1", value)


def _spellings(secrets: set[str]) -> tuple[str, ...]:
    """Each secret as it was written, decoded, and in the ways in which libpq, pymongo and Python write it again."""
    plain = {form for text in secrets for form in (text, unquote(text), unquote_plus(text))}
    ways = (str, _encoded, quote, quote_plus, _in_python, _doubled, _in_a_dsn)
    forms = {way(text) for text in plain for way in ways}
    forms |= {" ".join(text.split()) for text in forms}  # as it stands in a message that was put on one line
    return tuple(sorted((s for s in forms if len(s) >= _SHORTEST), key=lambda s: (-len(s), s)))


def _encoded(text: str) -> str:
    return quote(text, safe="")


def _in_python(text: str) -> str:
    return repr(text)[1:-1]


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _in_a_dsn(text: str) -> str:
    return re.sub(r"([\\'])", r"\\\1", text)
