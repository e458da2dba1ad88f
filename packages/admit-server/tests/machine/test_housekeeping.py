"""Background tasks: a fault in one is logged, and it begins again."""

import asyncio
import logging

import pytest

from admit_server import housekeeping

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


async def test_a_task_can_be_cancelled(monkeypatch):
    async def forever() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(housekeeping.supervised(forever, name="keys"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
