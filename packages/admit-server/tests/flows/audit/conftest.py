"""Runtimes and raw access to a database of the test's own, on each engine."""

import hashlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from admit_server.domain.audit import AuditEvent
from admit_server.flows.audit.sealing import Sealer
from admit_server.flows.runtime import Caller, Runtime
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind
from admit_server.tokens.envelope import Vault

NOW = 1_800_000_000
FILE_KEY = bytes(range(32))


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class NumberedEntropy:
    """Bytes that never repeat, whoever asks."""

    _numbers = itertools.count()

    def __call__(self, size: int, /) -> bytes:
        return hashlib.shake_128(str(next(self._numbers)).encode()).digest(size)


class Memory:
    """`ports.audit.Witness` without a file."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    async def add(self, line: str) -> None:
        self.kept.append(line)

    async def lines(self) -> list[str]:
        return list(self.kept)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def witness() -> Memory:
    return Memory()


@pytest.fixture
async def another(database_url: str, clock: HandClock, anyio_backend: str) -> AsyncIterator[Callable[..., Any]]:
    """Opens one more runtime on the same database, as another process would; `another(vault=...)` has another key file."""
    opened = []

    async def opening(vault: Vault | None = None) -> Runtime:
        store = await open_store(database_url, bind)
        opened.append(store)
        return Runtime(
            store=store,
            clock=clock,
            entropy=NumberedEntropy(),
            vault=vault or Vault.from_keys([FILE_KEY]),
            hasher=None,  # type: ignore[arg-type]
            issuer="http://127.0.0.1:8100",
            authenticators={},
        )

    yield opening
    for store in opened:
        await store.close()


@pytest.fixture
async def rt(another: Callable[[], Awaitable[Runtime]]) -> Runtime:
    return await another()


@pytest.fixture
def sealer(rt: Runtime) -> Sealer:
    return Sealer.of(rt)


@pytest.fixture
async def sql(database_url: str, anyio_backend: str) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Runs statements past everything, in one transaction; the rows of the last."""
    store = await open_store(database_url, lambda statements: statements)

    async def run(*texts: str, **params: Any) -> Any:
        async def unit(tx: Any) -> Any:
            rows = None
            for text in texts:
                # Each statement gets the values that it names.
                rows = await tx.all(text, **{k: v for k, v in params.items() if f":{k}" in text})
            return rows

        return await store.write(unit)

    yield run
    await store.close()


@pytest.fixture
def happen(rt: Runtime, clock: HandClock) -> Callable[..., Awaitable[list[AuditEvent]]]:
    """Lets so many things happen, each a unit of its own unless `together`."""

    async def happening(
        amount: int = 1, *, by: Runtime | None = None, together: bool = True, **more: Any
    ) -> list[AuditEvent]:
        runtime = by or rt
        events = [
            replace(
                runtime.event("token.refreshed", runtime.new_id("grt"), actor="cli_1", caller=Caller(network="192.0.2.1"),
                              now=clock.now, details={"n": n, "text": "ä\"\\\n"}), **more)
            for n in range(amount)
        ]  # fmt: skip

        async def unit(tx: Any, chosen: list[AuditEvent]) -> None:
            for event in chosen:
                await tx.audit.append(event)

        for chosen in [events] if together else [[event] for event in events]:
            await runtime.store.write(lambda tx, chosen=chosen: unit(tx, chosen))
        return events

    return happening


@pytest.fixture
def long_log(
    sealer: Sealer, happen: Callable[..., Any], clock: HandClock
) -> Callable[..., Awaitable[list[AuditEvent]]]:
    """Makes a log of many segments."""

    async def making(segments: int = 12, *, largest: int = 9, seed: int = 1) -> list[AuditEvent]:
        rng, events = random.Random(seed), []
        for _ in range(segments):
            clock.now += 1
            events += await happen(rng.randint(1, largest))
            await sealer.seal()
        return events

    return making
