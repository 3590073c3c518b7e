"""Every fault of the published table happens to schematool, and what the page says of it is what happens."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.matrix import Fault, Field, rows
from tests.faults.on_servers import CannotHappen
from tests.faults.page import NOT_HERE, PAGE, read

pytestmark = pytest.mark.skipif(
    os.environ.get("SCHEMATOOL_TEST_SERVERS", "") in {"docker", "url"},
    reason="servers of our own are needed, to be killed and cut off",
)
PUBLISHED = read(PAGE.read_text(encoding="utf-8"))
SEED = int(os.environ.get("SCHEMATOOL_TEST_SEED", "20261"))


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    """Give servers to be broken, and a process that forks."""
    made = Field(
        seed=SEED,
        kills=int(os.environ.get("SCHEMATOOL_TEST_KILLS", "20")) // 20,
        runners=int(os.environ.get("SCHEMATOOL_TEST_RUNNERS", "16")),
    )
    yield made
    made.close()


@pytest.mark.parametrize(("fault", "store"), [pytest.param(f, store, id=f"{store}-{f.key}") for _, f, store in rows()])
def test_what_is_published_is_what_happens(fault: Fault, store: str, field: Field) -> None:
    """After the fault everything that must hold holds, and the committed page says so."""
    try:
        word = field.happen(fault, "postgres" if store == "both" else store)
    except CannotHappen as missing:
        pytest.skip(f"needs {missing}")

    assert word == "ok", f"seed {SEED}"
    assert PUBLISHED[fault.title, store, "schematool"] == word, "docs/reliability.md is stale: run `make faults`"


def test_the_page_has_every_fault_and_no_other() -> None:
    """A row that is added or renamed is published, and one that is gone is not."""
    titles = {(fault.title, store) for _, fault, store in rows()}

    assert {(title, store) for title, store, _ in PUBLISHED} == titles
    assert NOT_HERE not in {word for (_, _, tool), word in PUBLISHED.items() if tool == "schematool"}
