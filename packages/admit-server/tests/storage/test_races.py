"""Of 64 that race for a one-use thing exactly one wins: over tasks, loops in threads, and processes."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from admit_server.storage.open import open_store

pytestmark = pytest.mark.anyio

RACERS = 64
PROCESSES = 4
ROUNDS = 10

CONSUME = """UPDATE authorization_code SET consumed_at = :now
              WHERE digest = :digest AND client_id = :client_id AND consumed_at IS NULL
          RETURNING grant_id"""
ADD = """INSERT INTO authorization_code (digest, grant_id, client_id, redirect_uri, created_at, expires_at, keep_until)
         VALUES (:digest, 'grt_1', 'cli_1', 'https://a.example/', 1, 61, 1000)"""


def bare(statements):
    return statements


def consuming(digest: bytes):
    async def unit(tx):
        return len(await tx.all(CONSUME, digest=digest, client_id="cli_1", now=2))

    return unit


async def one_use_things(store) -> list[bytes]:
    digests = [bytes([number]) * 32 for number in range(ROUNDS)]

    async def unit(tx):
        for digest in digests:
            await tx.run(ADD, digest=digest)

    await store.write(unit)
    return digests


async def in_loops_of_their_own(work, amount: int) -> list:
    """Run `work` in so many threads, each with its own event loop."""
    with ThreadPoolExecutor(amount) as threads:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(
            *(loop.run_in_executor(threads, lambda: asyncio.run(work())) for _ in range(amount))
        )


async def test_of_64_parallel_connections_exactly_one_wins(database_url):
    store = await open_store(database_url, bare, connections=RACERS)
    for digest in await one_use_things(store):
        wins = await asyncio.gather(*(store.write(consuming(digest)) for _ in range(RACERS)))
        assert sorted(wins) == [0] * (RACERS - 1) + [1]
    await store.close()


async def test_of_64_in_loops_of_eight_threads_exactly_one_wins(database_url):
    store = await open_store(database_url, bare)
    digests = await one_use_things(store)
    wins: list[list[int]] = [[] for _ in digests]
    together = threading.Barrier(8)

    async def race() -> None:
        mine = await open_store(database_url, bare, connections=8)
        for number, digest in enumerate(digests):
            await asyncio.to_thread(together.wait, 30)
            wins[number] += await asyncio.gather(*(mine.write(consuming(digest)) for _ in range(8)))
        await mine.close()

    await in_loops_of_their_own(race, 8)

    assert [sorted(each) for each in wins] == [[0] * (RACERS - 1) + [1]] * len(digests)
    await store.close()


async def test_of_64_in_four_processes_exactly_one_wins(database_url):
    store = await open_store(database_url, bare)
    digests = await one_use_things(store)
    racers = [
        subprocess.Popen(
            [sys.executable, Path(__file__).with_name("racing_process.py"), database_url, str(RACERS // PROCESSES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]

    def say(text: str) -> list[str]:
        for racer in racers:
            racer.stdin.write(text)
            racer.stdin.flush()
        return [racer.stdout.readline().strip() for racer in racers]

    assert await asyncio.to_thread(say, "") == ["ready"] * PROCESSES
    for digest in digests:
        wins = await asyncio.to_thread(say, digest.hex() + "\n")
        assert sum(map(int, wins)) == 1, wins
    for racer in racers:
        racer.communicate(timeout=20)
        assert racer.returncode == 0
    await store.close()


async def test_one_store_serves_several_loops_at_once(database_url):
    """A unit's result returns to the loop that asked, and counters lose no step."""
    store = await open_store(database_url, bare)

    async def step(tx):
        return await tx.all("UPDATE feed_head SET seq = seq + 1 RETURNING seq")

    async def count() -> list[int]:
        rows = await asyncio.gather(*(store.write(step) for _ in range(20)))
        assert await store.head_seq() >= 20
        return [row[0][0] for row in rows]

    seen = await in_loops_of_their_own(count, 4)

    assert sorted(number for each in seen for number in each) == list(range(1, 81))
    await store.close()
