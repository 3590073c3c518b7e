"""URLs and passwords that the configuration does not hold but says where to get: a file, or a program's answer.

They are fetched when a store is first used, so that commands that need no server ask nobody for a secret.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from schematool.core.config import Place, Source
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError, WorldError
from schematool.core.secret import Url

COMMAND_SECONDS = 60
"""How long a program may take; some ask a person for a second factor."""


def fetch(root: Path, place: Place) -> Url:
    """Return the whole URL of a place. `InputError` for a file, `WorldError` for a program that does not give one."""
    url = place.url
    for source in place.sources:
        if source.gives_url:
            url = Url(_text(root, source))
    assert url is not None  # the configuration has refused a password without a URL
    for source in place.sources:
        if not source.gives_url:
            url = _joined(url, _text(root, source), source)
    return url


def _joined(url: Url, password: str, source: Source) -> Url:
    try:
        return url.with_password(password)
    except ValueError as error:
        hint = "name the user in the URL and leave the password to the one source"
        raise InputError(Diagnostic("ST003", f"{url}: {error}", source.span, hint)) from None


def _text(root: Path, source: Source) -> str:
    text = _from_file(root, source) if source.kind.endswith("_file") else _from_command(root, source)
    # A file that a person wrote ends with a line break, which is no part of the secret.
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or "\n" in text:
        what = "is empty" if not text else "has more than one line"
        raise InputError(Diagnostic("ST011", f"what `{source.kind}` gives {what}", source.span))
    return text


def _from_file(root: Path, source: Source) -> str:
    path = root / Path(source.words[0]).expanduser()
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise InputError(Diagnostic("ST011", f"cannot read {path}: {error.strerror}", source.span)) from None
    except UnicodeDecodeError:
        raise InputError(Diagnostic("ST011", f"{path} is not UTF-8", source.span)) from None


def _from_command(root: Path, source: Source) -> str:
    """Run a program without a shell; what it says on standard error goes to the person, and nowhere else."""
    program = source.words[0]
    try:
        done = subprocess.run(  # noqa: S603  # the words of the configuration, no shell
            source.words, cwd=root, stdout=subprocess.PIPE, check=False, timeout=COMMAND_SECONDS
        )
    except OSError as error:
        raise WorldError(Diagnostic("ST011", f"cannot run `{program}`: {error.strerror}", source.span)) from None
    except subprocess.TimeoutExpired:
        message = f"`{program}` gave no answer within {COMMAND_SECONDS} s"
        raise WorldError(Diagnostic("ST011", message, source.span)) from None
    if done.returncode:
        message = f"`{program}` ended with exit code {done.returncode}"
        raise WorldError(Diagnostic("ST011", message, source.span, "run it by hand to see what it says"))
    return done.stdout.decode("utf-8", "replace")
