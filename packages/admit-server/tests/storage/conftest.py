"""A store for each engine. Its `tx` is the bare `Statements`: the aggregates have their own tests."""

from collections.abc import AsyncIterator

import pytest

from admit_server.ports.store import Statements
from admit_server.storage.open import OpenStore, open_store


def bare(statements: Statements) -> Statements:
    """The smallest `bind` there is."""
    return statements


@pytest.fixture
async def store(database_url: str, anyio_backend: str) -> AsyncIterator[OpenStore[Statements]]:
    """An open store on a fresh database, once on each engine."""
    opened = await open_store(database_url, bare)
    yield opened
    await opened.close()
