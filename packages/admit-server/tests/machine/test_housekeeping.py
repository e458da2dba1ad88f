"""Background tasks: a fault in one is logged, and it begins again."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from admit_server import housekeeping
from admit_server.domain.decision import Batch, Decision
from admit_server.flows.decision_log import DecisionLog
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio


async def test_a_task_that_fails_is_logged_and_begins_again(caplog, monkeypatch):
    began = asyncio.Event()
    rounds = 0
    pauses: list[float] = []

    async def no_pause(seconds: float) -> None:
        pauses.append(seconds)

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise RuntimeError("a fault")
        began.set()

    monkeypatch.setattr(housekeeping.asyncio, "sleep", no_pause)
    with caplog.at_level(logging.ERROR, "admit"):
        await housekeeping.supervised(work, name="feed")

    assert began.is_set()
    assert rounds == 2
    assert pauses == [1]
    assert "the task 'feed' failed" in caplog.text


async def test_recorded_decisions_are_written_at_the_end_and_forgotten_when_they_are_old(sqlite_path):
    store = await open_store(f"sqlite:///{sqlite_path}", bind)
    now = 100 * 86_400
    rt = SimpleNamespace(store=store, clock=lambda: now, entropy=bytes, decisions=DecisionLog())
    for day in range(100):
        await store.write(lambda tx, day=day: tx.decisions.add(Batch(day * 86_400, "a", ())))
    rt.decisions.add(Decision(now, "issue", grant_id="grt_1"))
    task = asyncio.create_task(housekeeping.keep_decisions(rt, keep_days=14))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [each.decisions for each in await store.read.decisions.page(after=(now, ""), until=now + 1, limit=9)] == [
        (Decision(now, "issue", grant_id="grt_1"),)
    ]
    await housekeeping.forget_decisions(rt, keep_days=14)
    assert await store.read.decisions.oldest() == 86 * 86_400
    await store.close()


async def test_a_task_can_be_cancelled(monkeypatch):
    async def forever() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(housekeeping.supervised(forever, name="keys"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
