"""A store for each engine. Its `tx` is the bare `Statements`: the aggregates have their own tests."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from admit_server.ports.store import Statements
from admit_server.storage.open import OpenStore, open_store


def bare(statements: Statements) -> Statements:
    """The smallest `bind` there is."""
    return statements


# Policies are what these tests write, because their rows are simple. They begin with none: not even the built-in one.
NO_POLICIES = "DELETE FROM token_policy"


@pytest.fixture
def sqlite_path(sqlite_path: Path) -> Path:
    """As everywhere, without policies."""
    with closing(sqlite3.connect(sqlite_path)) as connection:
        connection.execute(NO_POLICIES)
        connection.commit()
    return sqlite_path


@pytest.fixture
def pg_url(pg_url: str) -> str:
    """As everywhere, without policies."""

    async def clear() -> None:
        connection = await asyncpg.connect(pg_url)
        await connection.execute(NO_POLICIES)
        await connection.close()

    asyncio.run(clear())
    return pg_url


@pytest.fixture
async def store(database_url: str, anyio_backend: str) -> AsyncIterator[OpenStore[Statements]]:
    """An open store on a fresh database, once on each engine."""
    opened = await open_store(database_url, bare)
    yield opened
    await opened.close()
