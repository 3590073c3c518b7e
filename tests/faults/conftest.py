"""Fixtures of the faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.forge import Forge


@pytest.fixture(scope="session")
def forge() -> Iterator[Forge]:
    """Give a process that forks runners."""
    made = Forge()
    yield made
    made.close()
