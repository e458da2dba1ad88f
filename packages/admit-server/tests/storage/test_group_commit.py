"""On SQLite, units that wait together share one commit."""

import asyncio
import threading

import pytest

from admit_server.storage.sqlite import SqliteStore
from admit_server.storage.sqlite_checkpoint import Checkpointer
from admit_server.storage.sqlite_writer import UNITS_A_COMMIT

pytestmark = pytest.mark.anyio

ADD = "INSERT INTO token_policy (name, limits, created_at, updated_at) VALUES (:name, '', 1, 1)"


def bare(statements):
    return statements


def adding(name: str):
    async def unit(tx):
        return await tx.run(ADD, name=name)

    return unit


@pytest.fixture
async def commits() -> list[int]:
    """The number of units of each commit so far."""
    return []


@pytest.fixture
async def store(sqlite_path, commits):
    opened = SqliteStore(sqlite_path, bare, committed=commits.append)
    yield opened
    await opened.close()


async def queued_behind(store, units):
    """Results of units that all wait while the writer is busy with another one."""
    busy, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def occupy(tx):
        loop.call_soon_threadsafe(busy.set)
        assert go_on.wait(10)

    first = asyncio.ensure_future(store.write(occupy))
    await busy.wait()
    rest = [asyncio.ensure_future(store.write(unit)) for unit in units]
    await asyncio.sleep(0)
    go_on.set()
    await first
    return await asyncio.gather(*rest, return_exceptions=True)


async def test_a_hundred_waiting_units_need_a_handful_of_commits(store, commits):
    assert await queued_behind(store, [adding(f"p{number}") for number in range(100)]) == [1] * 100

    assert sum(commits) == 101
    assert len(commits) <= 12


async def test_a_batch_is_bounded(store, commits):
    await queued_behind(store, [adding(f"p{number}") for number in range(1000)])

    assert sum(commits) == 1001
    assert max(commits) <= UNITS_A_COMMIT


async def test_a_lone_unit_waits_for_no_company(store, commits):
    for number in range(5):
        await store.write(adding(f"p{number}"))

    assert commits == [1] * 5


async def test_a_failing_unit_shares_the_commit_of_the_others(store, commits):
    await store.write(adding("taken"))
    del commits[:]

    got = await queued_behind(store, [adding("a"), adding("taken"), adding("b")])

    assert [isinstance(each, Exception) for each in got] == [False, True, False]
    assert len(commits) <= 2


async def test_results_of_a_batch_come_back_in_one_call_to_the_loop(store, monkeypatch):
    loop = asyncio.get_running_loop()
    calls = []
    plain = loop.call_soon_threadsafe

    def counted(callback, *arguments, **named):
        calls.append(callback)
        return plain(callback, *arguments, **named)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    await queued_behind(store, [adding(f"p{number}") for number in range(100)])

    assert len(calls) <= 14


async def test_an_observer_that_raises_does_not_undo_the_commit(sqlite_path, caplog):
    def observer(units):
        raise RuntimeError("metrics are broken")

    store = SqliteStore(sqlite_path, bare, committed=observer)
    assert await store.write(adding("a")) == 1
    assert await store.read.one("SELECT COUNT(*) FROM token_policy") == (1,)
    assert "hook" in caplog.text
    await store.close()


async def test_rows_that_one_unit_writes_side_by_side_do_not_make_the_log_be_folded_more_often(
    sqlite_path, monkeypatch
):
    counted: list[int] = []
    monkeypatch.setattr(Checkpointer, "written", lambda self, rows: counted.append(rows))
    store = SqliteStore(sqlite_path, bare)

    async def many(tx):
        for number in range(1000):
            await tx.run(
                "INSERT INTO denial_count (code, network, minute, amount) VALUES ('x', '', :minute, 1)", minute=number
            )

    await store.write(many)
    await store.write(lambda tx: tx.run("DELETE FROM denial_count WHERE minute < 3"))

    assert counted == [200, 3]
    await store.close()
