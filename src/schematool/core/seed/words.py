"""Texts that look like what a field of that name holds: names, addresses, sentences, codes; from a small list of words.

Every maker takes a number below 2**64 and gives a text; the same number gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from schematool.core.seed.chance import MASK, ODD, again, below

Maker: TypeAlias = Callable[[int], str]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    """
    Ada Adam Aisha Alice Amara Amir Ana Anton Aya Ben Bruno Carla Carlos Chen Clara Daniel David Diego Dina
    Elena Elias Ella Emil Emma Esra Eva Farid Felix Fatima Grace Hana Hugo Ida Imani Ines Ivan Jack Jana
    Jonas Julia Kai Karim Kofi Lara Lea Leo Lina Luca Maria Marta Max Maya Mia Mina Nadia Nils Noah Nora
    Olga Omar Oscar Paula Pia Priya Rafael Rosa Ruth Sami Sara Sofia Tariq Theo Tom Uma Vera Viktor Wei Yara
    Yusuf Zoe
    """
)
FAMILY = _words(
    """
    Abbas Adams Ahmed Ali Allen Almeida Andersen Bauer Becker Berg Bianchi Brown Castro Clark Costa Cruz
    Dahl Das Davies Diaz Dubois Evans Fischer Flores Garcia Gomez Gupta Haas Hansen Harris Hassan Horvat
    Hughes Ito Ivanov Jansen Johnson Jones Kaya Keller Khan Kim King Klein Kovac Kumar Lang Larsen Lee Lewis
    Lopez Martin Mendes Meyer Miller Moreau Mori Nagy Nielsen Novak Okafor Olsen Patel Perez Petrov Popescu
    Reyes Rossi Roy Santos Sato Schmidt Shah Silva Singh Smith Suzuki Tanaka Taylor Torres Varga Vogel
    Wagner Walker Wang Weber White Williams Wilson Wolf Wright Yilmaz Young Zhang
    """
)
_STREETS = _words(
    """
    Alder Beech Bridge Canal Castle Cedar Chapel Church Elm Garden Harbour High Hill King Lake Lime Long
    Maple Market Meadow Mill North Oak Orchard Park Pine Queen River School South Spring Station Temple
    Tower Valley Walnut Water West Willow Wood
    """
)
_CITIES = _words(
    """
    Ashford Bellmont Brookfield Cedarville Clearwater Eastport Elmwood Fairview Falkirk Glenwood Greenfield
    Hartford Highland Kingston Lakeside Linden Maplewood Marlow Midland Newport Northfield Oakdale Portland
    Ridgeway Riverside Rockford Salem Sheffield Springfield Stockton Summerhill Thornton Wakefield Westbrook
    Weston Winslow
    """
)
_REGIONS = _words(
    """
    Alta Borel Carden Delmar Elland Farland Galway Holm Iver Jura Karst Lorne
    """
)
_COUNTRIES = _words(
    """
    Austria Belgium Brazil Canada Chile Denmark Egypt Finland France Germany Ghana India Italy Japan Kenya
    Mexico Norway Peru Poland Portugal Spain Sweden Turkey Vietnam
    """
)
_FIRMS = _words(
    """
    Acme Apex Beacon Cobalt Crescent Delta Evergreen Falcon Granite Harbour Ivory Juniper Keystone Lumen
    Meridian Nimbus Orchid Pioneer Quarry Summit Tidal Vertex Willow Zenith
    """
)
_NOUNS = _words(
    """
    account answer area balance case change check date detail family file group hand history hour issue item
    letter level line list matter member month morning name need note number office order page part person
    place plan point problem question reason record report request result room service side sign step story
    system team test time value visit week word work year
    """
)
_VERBS = _words(
    """
    adds asks brings calls changes checks covers finds follows gives helps holds keeps leads leaves lists
    makes marks means meets moves needs notes opens plans puts reads says sees sends sets shows starts takes
    tells tries turns uses wants works
    """
)
_QUALITIES = _words(
    """
    brief calm clear close common early final first full general good great high large late local long main
    new next old open plain quick ready recent regular right second short simple single small steady strong
    usual
    """
)
_COLOURS = _words(
    """
    amber black blue brown cyan green grey indigo lime orange pink purple red teal violet white yellow
    """
)
_LANGUAGES = _words(
    """
    de en es fr it ja nl pl pt sv
    """
)
_CURRENCIES = _words(
    """
    CHF EUR GBP JPY SEK USD
    """
)
_SPECIALTIES = _words(
    """
    cardiology dermatology endocrinology neurology oncology orthopedics pediatrics psychiatry radiology
    surgery
    """
)


_MANY_NOUNS, _MANY_VERBS, _MANY_QUALITIES = len(_NOUNS), len(_VERBS), len(_QUALITIES)


def _one(words: Sequence[str]) -> Maker:
    count = len(words)
    return lambda chance: words[(chance * count) >> 64]


def _full_name(chance: int) -> str:
    return f"{GIVEN[below(chance, len(GIVEN))]} {FAMILY[below(again(chance), len(FAMILY))]}"


def _email(chance: int) -> str:
    return f"{_full_name(chance).lower().replace(' ', '.')}@example.{('com', 'net', 'org')[chance % 3]}"


def _login(chance: int) -> str:
    return _full_name(chance).lower().replace(" ", "")


def _phone(chance: int) -> str:
    return f"+1555{chance % 10_000_000:07d}"


def _street(chance: int) -> str:
    return f"{again(chance) % 199 + 1} {_STREETS[below(chance, len(_STREETS))]} Street"


def _address(chance: int) -> str:
    return f"{_street(chance)}, {_CITIES[chance % len(_CITIES)]}"


def _zip(chance: int) -> str:
    return f"{chance % 90_000 + 10_000}"


def _url(chance: int) -> str:
    return f"https://example.com/{_NOUNS[below(chance, len(_NOUNS))]}/{chance % 1_000_000:06d}"


def _file(chance: int) -> str:
    return f"{_NOUNS[below(chance, len(_NOUNS))]}-{chance % 1_000_000:06d}.dat"


def _path(chance: int) -> str:
    return f"/{_NOUNS[below(chance, len(_NOUNS))]}/{_file(again(chance))}"


def _digest(chance: int) -> str:
    return f"{chance:016x}{again(chance):016x}"


def _code(chance: int) -> str:
    return f"{chr(65 + chance % 26)}{chr(65 + (chance >> 8) % 26)}-{(chance >> 16) % 10_000:04d}"


def _uuid(chance: int) -> str:
    more = again(chance)
    return (
        f"{chance >> 32:08x}-{chance >> 16 & 0xFFFF:04x}-4{chance & 0xFFF:03x}"
        f"-a{more & 0xFFF:03x}-{more >> 16 & 0xFFFFFFFFFFFF:012x}"
    )


def _host(chance: int) -> str:
    return f"10.{chance >> 16 & 255}.{chance >> 8 & 255}.{chance & 255}"


def _version(chance: int) -> str:
    return f"{chance % 9 + 1}.{(chance >> 8) % 20}.{(chance >> 16) % 30}"


def _day(chance: int) -> str:
    return f"{2015 + chance % 10}-{(chance >> 8) % 12 + 1:02d}-{(chance >> 16) % 28 + 1:02d}"


def _company(chance: int) -> str:
    return f"{_FIRMS[below(chance, len(_FIRMS))]} {('Group', 'Labs', 'Partners', 'Systems')[chance % 4]}"


def _pair(chance: int) -> str:
    # Most texts of documents are made of pairs and sentences, so here `again` and `below` are written out.
    more = ((chance ^ (chance >> 32)) * ODD) & MASK
    return f"{_QUALITIES[chance * _MANY_QUALITIES >> 64]} {_NOUNS[(more ^ (more >> 29)) * _MANY_NOUNS >> 64]}"


def _sentence(chance: int) -> str:
    more = ((chance ^ (chance >> 32)) * ODD) & MASK
    more ^= more >> 29
    return (
        f"The {_QUALITIES[chance * _MANY_QUALITIES >> 64]} {_NOUNS[chance % _MANY_NOUNS]} "
        f"{_VERBS[more * _MANY_VERBS >> 64]} the {_NOUNS[more % _MANY_NOUNS]}."
    )


def _paragraph(chance: int) -> str:
    many = chance % 4 + 1
    made = []
    for _ in range(many):
        made.append(_sentence(chance))
        chance = ((chance ^ (chance >> 32)) * ODD) & MASK
        chance ^= chance >> 29
    return " ".join(made)


MAKERS: Mapping[str, Maker] = {
    "given name": _one(GIVEN),
    "family name": _one(FAMILY),
    "name": _full_name,
    "email": _email,
    "login": _login,
    "phone": _phone,
    "street": _street,
    "address": _address,
    "city": _one(_CITIES),
    "region": _one(_REGIONS),
    "country": _one(_COUNTRIES),
    "postal code": _zip,
    "company": _company,
    "url": _url,
    "file": _file,
    "path": _path,
    "digest": _digest,
    "code": _code,
    "uuid": _uuid,
    "host": _host,
    "version": _version,
    "date": _day,
    "color": _one(_COLOURS),
    "language": _one(_LANGUAGES),
    "currency": _one(_CURRENCIES),
    "specialty": _one(_SPECIALTIES),
    "word": _one(_NOUNS),
    "words": _pair,
    "sentence": _sentence,
    "paragraph": _paragraph,
}
"""What a text can be asked to look like (`seed: { like: email }`)."""

_BY_NAME: tuple[tuple[str, str], ...] = (
    # The first that the name of a field has in it; in front what would be taken for something else.
    (r"e_?mail", "email"),
    (r"user_?name|login|nick|handle|account_name", "login"),
    (r"file_?name", "file"),
    (r"path|folder|directory", "path"),
    (r"host_?name|hostname|\bip\b|ip_addr", "host"),
    (r"company|organi[sz]ation|employer|vendor|supplier|provider|manufacturer|pharmacy|brand", "company"),
    (r"first_?name|given_?name|forename", "given name"),
    (r"last_?name|sur_?name|family_?name", "family name"),
    (r"full_?name|display_?name|contact_?name|patient_?name|person|author|doctor_?name", "name"),
    (r"phone|mobile|fax|cell", "phone"),
    (r"street|address_?(line)?_?1?$", "street"),
    (r"address", "address"),
    (r"city|town", "city"),
    (r"country|nation", "country"),
    (r"state$|region|province|county", "region"),
    (r"zip|post(al)?_?code", "postal code"),
    (r"(^|_)ur[il]s?(_|$)|website|link$|homepage", "url"),
    (r"hash|token|digest|checksum|secret|signature|password", "digest"),
    (r"uuid|guid", "uuid"),
    (r"colou?r", "color"),
    (r"language|locale|lang$", "language"),
    (r"currency", "currency"),
    (r"specialty|speciality", "specialty"),
    (r"version", "version"),
    (r"code|number|sku|reference|ref$|serial|isbn|mrn|symbol|identifier|key$", "code"),
    (r"description|note|comment|message|text|body|summary|content|instruction|detail|reason|history|transcription|bio"
     r"|plan|abstract|findings", "paragraph"),
    (r"title|subject|headline|label|caption|complaint|question|answer", "sentence"),
    (r"name", "words"),
    (r"type|kind|status|category|tag|group|role|level|mode|class", "word"),
)  # fmt: skip


def like(name: str, longest: int | None = None) -> str:
    """Say what a field of this name probably holds: a key of `MAKERS`.

    >>> like("emergencyContactPhone"), like("street"), like("remarks")
    ('phone', 'street', 'words')
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2]).lower()
    found = next((kind for pattern, kind in _BY_NAME if re.search(pattern, snake)), "words")
    return "words" if found == "paragraph" and longest is not None and longest < 60 else found


def unique_text(kind: str, longest: int | None) -> Callable[[int], str]:
    """Return a maker of texts that differ for different numbers: something readable, and the number."""
    make = MAKERS[kind]
    if longest is not None and longest < _READABLE:
        return lambda number: _short(number, longest)
    if kind == "uuid" and (longest is None or longest >= 36):
        return uuid
    if kind in _PREFIXES:
        return lambda number: _cut(_PREFIXES[kind](make(_spread(number))), str(number + 1).rjust(7, "0"), longest)

    def made(number: int) -> str:
        head, at, domain = make(_spread(number)).partition("@")
        tail = f"{number + 1}{at}{domain}" if longest is None or longest > 40 else str(number + 1)
        return _cut(f"{head} " if " " in head else head, tail, longest)

    return made


def uuid(number: int) -> str:
    """Write a number below 2**48 as a UUID of version 4, another for another number."""
    mixed = _spread(number ^ 0x5DEECE66D)
    last = (number * 0x5DEECE66D + 0xB) & 0xFFFFFFFFFFFF
    return f"{mixed >> 32:08x}-{mixed >> 16 & 0xFFFF:04x}-4{mixed >> 4 & 0xFFF:03x}-a{mixed & 0xFFF:03x}-{last:012x}"


_READABLE = 8
"""Characters from which on there is room for more than the number."""

_PREFIXES: Mapping[str, Callable[[str], str]] = {
    "code": lambda text: text[:2] + "-",
    "phone": lambda _: "+1555",
    "digest": lambda text: text,
    "postal code": lambda _: "",
    "uuid": lambda _: "",
}


def _cut(head: str, tail: str, longest: int | None) -> str:
    """Put both together, the tail whole. A head that ends in a digit could make two numbers look alike."""
    if longest is not None:
        head = head[: max(0, longest - len(tail))]
    return (head if head == "+1555" else head.rstrip("0123456789")) + tail


def _spread(number: int) -> int:
    return number * 0x9E3779B97F4A7C15 & ((1 << 64) - 1)


_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def _short(number: int, longest: int) -> str:
    """Write a number in as few letters as may be."""
    made = ""
    while True:
        number, digit = divmod(number, len(_DIGITS))
        made = _DIGITS[digit] + made
        if not number:
            return made.rjust(min(longest, 1), "a")


def capacity(longest: int | None) -> int:
    """How many different texts fit."""
    if longest is not None and longest < _READABLE:
        return sum(len(_DIGITS) ** length - len(_DIGITS) ** (length - 1) for length in range(1, longest + 1))
    return 1 << 40 if longest is None or longest > 12 else 10**longest - 1
