"""Throwaway servers in containers, through testcontainers: only when they are asked for, or nothing else is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.core.secret import Url

_IMAGES = {"postgres": "postgres:18", "mongo": "mongo:8"}


def image(store: str) -> str:
    """Return the image to run: `SCHEMATOOL_POSTGRES_IMAGE` or `SCHEMATOOL_MONGO_IMAGE`, else the newest major."""
    return os.environ.get(f"SCHEMATOOL_{store.upper()}_IMAGE") or _IMAGES[store]


@contextmanager
def temporary(store: str) -> Iterator[Url]:
    """Run a throwaway server in a container; `WorldError` (ST503) without testcontainers or without Docker."""
    try:
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # a development dependency
    except ImportError as error:
        raise _unavailable("the package testcontainers is not installed", "pip install testcontainers") from error
    try:
        container = _postgres(DockerContainer) if store == "postgres" else _mongo(DockerContainer)
        container.start()
    except Exception as error:  # docker's client raises its own, requests' and urllib3's errors alike
        raise _unavailable(
            f"no container could be started: {error}", "start Docker, or use the embedded servers"
        ) from error
    try:
        yield _ready_url(store, container)
    finally:
        container.stop()


def _postgres(make: Any) -> Any:
    environment = {
        "POSTGRES_USER": "schematool",
        "POSTGRES_DB": "schematool",
        "POSTGRES_HOST_AUTH_METHOD": "trust",
    }
    container = (
        make(image("postgres")).with_exposed_ports(5432).with_command("-c fsync=off -c max_locks_per_transaction=512")
    )
    for name, value in environment.items():
        container = container.with_env(name, value)
    return container


def _mongo(make: Any) -> Any:
    return make(image("mongo")).with_exposed_ports(27017).with_command("--replSet schematool")


def _ready_url(store: str, container: Any) -> Url:
    host = container.get_container_host_ip()
    if store == "postgres":
        # The image starts a first server for its setup on a socket only; TCP answers when the real one is up.
        url = f"postgresql://schematool@{host}:{container.get_exposed_port(5432)}/schematool"
        _until(lambda: _postgres_answers(url))
    else:
        url = f"mongodb://{host}:{container.get_exposed_port(27017)}/schematool?directConnection=true"
        _initiate(url)
    return Url(url)


def _postgres_answers(url: str) -> bool:
    import psycopg  # noqa: PLC0415  # drivers load late

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _initiate(url: str) -> None:
    from pymongo import MongoClient  # noqa: PLC0415  # drivers load late

    with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=60_000) as client:
        # Inside of the container the server knows itself by its own port.
        member = {"_id": 0, "host": "127.0.0.1:27017"}
        client.admin.command("replSetInitiate", {"_id": "schematool", "members": [member]})
        _until(lambda: bool(client.admin.command("hello").get("isWritablePrimary")))


def _until(ready: Any) -> None:
    import time  # noqa: PLC0415

    deadline = time.monotonic() + 60
    while not ready():
        if time.monotonic() > deadline:
            raise WorldError(Diagnostic("ST505", "the server in the container does not answer"))
        time.sleep(0.1)


def _unavailable(what: str, hint: str) -> WorldError:
    return WorldError(Diagnostic("ST503", what, hint=hint))
