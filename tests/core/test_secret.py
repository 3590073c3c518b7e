"""A password is in no printed form of a URL, however it is written, nor in the words of others about it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schematool.core.secret import MASK, Url, mask

CANARY = "hunter2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:hunter2@db/app?sslmode=require", "postgresql://me:***@db/app?sslmode=require"),
        ("postgresql+psycopg://me:hunter2@db/app", "postgresql+psycopg://me:***@db/app"),
        ("mongodb://me:hunter2@a:1,b:2/app?replicaSet=x", "mongodb://me:***@a:1,b:2/app?replicaSet=x"),
        ("mongodb+srv://me:hunter2@cluster.example/app", "mongodb+srv://me:***@cluster.example/app"),
        ("postgresql://me:hun@ter:2@db/app", "postgresql://me:***@db/app"),
        ("postgresql://me:hun/ter2@db/app", "postgresql://me:***@db/app"),
        ("mongodb://me:hun?ter2#@db/app", "mongodb://me:***@db/app"),
        ("postgresql://me:hun ter2@db/app", "postgresql://me:***@db/app"),
        ("postgresql://me:***@db/app?user=me@corp", "postgresql://me:***@db/app?user=me@corp"),
        ("postgresql:///app?user=me&password=hunter2&host=/tmp", "postgresql:///app?user=me&password=***&host=/tmp"),
        ("postgresql://db/app?sslkey=a.key&sslpassword=hunter2", "postgresql://db/app?sslkey=a.key&sslpassword=***"),
        (
            "mongodb://db/a?tls=true&tlsCertificateKeyFilePassword=hunter2",
            "mongodb://db/a?tls=true&tlsCertificateKeyFilePassword=***",
        ),
        (
            "mongodb://AKIA:hunter2@db/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2",
            "mongodb://AKIA:***@db/?authMechanismProperties=AWS_SESSION_TOKEN:***",
        ),
        ("host=db user=me password=hunter2 dbname=app", "host=db user=me password=*** dbname=app"),
        ("host=db password = 'hun\\'ter 2' user=me", "host=db password = '***' user=me"),
        ("host=db PASSWORD='hun''ter2' user=me", "host=db PASSWORD='***' user=me"),
        ("connect(host='db', password='hunter2')", "connect(host='db', password='***')"),
        ("{'user': 'me', 'password': 'hunter2'}", "{'user': 'me', 'password': '***'}"),
        ('{"user": "me", "pwd": "hunter2"}', '{"user": "me", "pwd": "***"}'),
    ],
)
def test_every_printed_form_is_masked(text: str, shown: str) -> None:
    """`str`, `repr`, `format` and a sentence around it show everything but the password."""
    url = Url(text)

    assert str(url) == f"{url}" == f"{url:s}" == shown
    assert repr(url) == f"Url({shown!r})"
    assert mask(f"cannot connect to {text} today") == f"cannot connect to {shown} today"


@pytest.mark.parametrize(
    "text",
    [
        "fields: { password: text, token: varchar(20) }",
        'alter table users add column "password" text',
        "postgresql://me@db/app",
        "postgresql:///app?host=/tmp&passfile=/home/me/.pgpass",
        "check the password; it can also come from PGPASSWORD",
        "a@b.c: 3 pattern: users.password_hash = 4",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Names of columns, URLs without a password and plain sentences are shown as they are."""
    assert mask(text) == text


def test_an_error_of_the_driver_is_masked_in_every_spelling() -> None:
    """Percent-encoded, decoded, quoted as libpq or Python quotes: it is masked if we know the URL."""
    word = "p@ss/w'rd \\2"
    url = Url(f"postgresql://me:{quote(word, safe='')}@db/app")
    told = f"bad {word!r} or {quote(word, safe='')} or {quote(word)} or password='p@ss/w\\'rd \\\\2' or {word}"

    assert "rd" not in mask(told, (url,)).replace("password", "")
    assert mask(told, (url,)).count(MASK) == 5


def test_a_traceback_of_what_holds_a_url_is_clean() -> None:
    """An exception that carries a URL, in its arguments or in a dataclass, prints none of it."""

    @dataclass
    class Holder:
        url: Url

    try:
        raise RuntimeError(Holder(Url(f"postgresql://me:{CANARY}@db/app")), Url(f"mongodb://me:{CANARY}@db/app"))
    except RuntimeError as error:
        text = "".join(traceback.format_exception(error))

    assert CANARY not in text
    assert "postgresql://me:***@db/app" in text


WRITTEN_WRONG = (
    "postgresql://me:{}@db/app",
    "mongodb://me:{}@db/app?authSource=admin",
    "mongodb+srv://me:{}@db",
    "postgres:/me:{}@db/app",
    "host=db user=me password={} dbname=app",
    "password={}",
    "postgresql://db/app?user=me&password={}",
)
ANYTHING = st.text(st.sampled_from("@:/?#[]!$&'()*+,;=%\\\"<>^`{|}~ \t\né表aZ9"), min_size=0, max_size=6)


@given(ANYTHING, ANYTHING, st.sampled_from(WRITTEN_WRONG))
def test_a_password_that_should_have_been_escaped_is_one_all_the_same(before: str, after: str, form: str) -> None:
    """A URL that no driver takes is printed too, with what the driver says of its pieces."""
    password = f"{before}hunter2{after}"
    url = Url(form.format(password))
    quoted = " ".join(f'no host "{password}", {url.reveal()}, {password!r}, token "{quote(password)}"'.split())

    assert "hunter2" not in f"{url} {url!r} {mask(quoted, (url,))}"


PASSWORDS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=6, max_size=20).map(
    lambda text: f"Zq{text}Zq"
)


@given(PASSWORDS, st.sampled_from(["postgresql", "mongodb", "mongodb+srv", "postgresql+psycopg"]))
def test_no_encoded_password_is_ever_printed(password: str, scheme: str) -> None:
    """Whatever the password, its URL shows none of it, and neither does a sentence that quotes it."""
    url = Url(f"{scheme}://me:{quote(password, safe='')}@db/app")
    shown = f"{url} {url!r} " + mask(f"no password {password} {quote(password, safe='')}", (url,))

    assert "Zq" not in shown


@given(PASSWORDS)
def test_a_password_that_is_added_is_read_back_by_the_driver(password: str) -> None:
    """What comes from a file or a program is joined to the URL so that the driver finds exactly that."""
    made = Url("postgresql://me@db:5432/app?sslmode=require").with_password(password)

    assert made.reveal() == f"postgresql://me:{quote(password, safe='')}@db:5432/app?sslmode=require"
    assert "Zq" not in str(made)


@pytest.mark.parametrize("text", ["postgresql://db/app", "mongodb://me:x@db/app", "postgresql://me@db/a?password=x"])
def test_a_password_needs_a_user_and_no_other_password(text: str) -> None:
    """Two passwords, or one that belongs to nobody, are refused."""
    with pytest.raises(ValueError, match="the URL"):
        Url(text).with_password(CANARY)
