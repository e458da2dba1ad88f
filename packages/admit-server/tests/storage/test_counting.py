"""The contract of counted tokens, on both engines: N uses are N, and a repeat is none."""

import asyncio
from collections import Counter

import pytest

from admit_server.domain.counting import REPEAT_S, Count, NewCount
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=32)
    yield opened
    await opened.close()


async def begin(store, *, uses=None, idle=None, expires_in=600):
    count = NewCount(
        token_id="tok_1", uses_left=uses, idle_timeout_s=idle, last_used_at=NOW, expires_at=NOW + expires_in
    )
    await store.write(lambda tx: tx.counting.begin(count))


async def use(store, use_id=None, *, at=NOW, token="tok_1"):
    return await store.write(lambda tx: tx.counting.use(token, use_id=use_id, now=at))


async def kept(store) -> int:
    """How many uses the database remembers."""
    return sum([await store.read.counting.is_repeat("tok_1", f"use-{number}") for number in range(64)])


async def test_of_64_parallel_uses_of_a_10_use_token_exactly_10_are_counted(store):
    await begin(store, uses=10)

    answers = await asyncio.gather(*(use(store, f"use-{number}") for number in range(64)))

    assert Counter(answers) == {"counted": 10, "uses_exhausted": 54}
    assert await store.read.counting.look("tok_1") == Count(uses_left=0, idle_timeout_s=None, last_used_at=NOW)


async def test_1000_parallel_uses_without_ids_are_counted_exactly_too(store):
    await begin(store, uses=10)

    assert Counter(await asyncio.gather(*(use(store) for _ in range(1000))))["counted"] == 10


async def test_64_repeats_at_once_are_one_use_with_one_answer(store):
    await begin(store, uses=3)

    assert set(await asyncio.gather(*(use(store, "the-same") for _ in range(64)))) == {"counted"}
    assert (await store.read.counting.look("tok_1")).uses_left == 2


async def test_a_repeat_gets_the_first_answer_for_a_minute_and_is_never_a_second_use(store):
    await begin(store, uses=2)

    assert await use(store, "first") == "counted"
    assert await use(store, "first", at=NOW + REPEAT_S - 1) == "counted"
    assert await use(store, "first", at=NOW + REPEAT_S) == "use_id_stale"
    assert (await store.read.counting.look("tok_1")).uses_left == 1


async def test_the_last_use_repeated_is_still_that_use(store):
    await begin(store, uses=1)

    assert [await use(store, "one"), await use(store, "two"), await use(store, "one")] == [
        "counted",
        "uses_exhausted",
        "counted",
    ]


async def test_refusals_leave_no_rows(store):
    await begin(store, uses=1)
    for number in range(20):
        await use(store, f"use-{number}")

    assert await kept(store) == 1


async def test_the_same_use_id_of_another_token_is_another_use(store):
    await begin(store, uses=1)
    other = NewCount(token_id="tok_2", uses_left=1, idle_timeout_s=None, last_used_at=NOW, expires_at=NOW + 60)
    await store.write(lambda tx: tx.counting.begin(other))

    assert [await use(store, "same"), await use(store, "same", token="tok_2")] == ["counted", "counted"]
    assert (await store.read.counting.look("tok_2")).uses_left == 0


async def test_an_idle_token_ends_and_one_that_is_used_does_not(store):
    await begin(store, idle=60)

    assert await use(store, at=NOW + 59) == "counted"
    assert await use(store, at=NOW + 59 + 59) == "counted"
    assert await use(store, at=NOW + 59 + 59 + 60) == "idle_timeout"
    assert await use(store, at=NOW + 59 + 59 + 61) == "idle_timeout"


async def test_uses_and_idleness_are_counted_together(store):
    await begin(store, uses=2, idle=60)

    assert await use(store, at=NOW + 30) == "counted"
    assert await use(store, at=NOW + 89) == "counted"
    assert await use(store, at=NOW + 90) == "uses_exhausted"


async def test_a_token_that_was_never_counted_can_not_be_used(store):
    assert await use(store, "first", token="tok_unknown") == "uses_exhausted"
    assert await store.read.counting.look("tok_unknown") is None


async def test_a_unit_that_is_undone_undoes_the_use(store):
    await begin(store, uses=1)

    async def unit(tx):
        await tx.counting.use("tok_1", use_id="first", now=NOW)
        raise RuntimeError("after the count")

    with pytest.raises(RuntimeError):
        await store.write(unit)

    assert await use(store, "first") == "counted"


async def test_sweeping_removes_what_has_expired_in_batches_and_nothing_else(store):
    await begin(store, uses=100, expires_in=7200)
    ended = NewCount(token_id="tok_2", uses_left=1, idle_timeout_s=None, last_used_at=NOW, expires_at=NOW + 60)
    await store.write(lambda tx: tx.counting.begin(ended))
    for number in range(10):
        await use(store, f"use-{number}")

    async def sweep(at, limit=1000):
        return await store.write(lambda tx: tx.sweeping.sweep(now=at, limit=limit))

    assert await sweep(NOW + 59) == 0
    assert await sweep(NOW + 60) == 1
    assert await store.read.counting.look("tok_2") is None
    assert [await sweep(NOW + 3600, 4) for _ in range(4)] == [4, 4, 2, 0]
    assert (await store.read.counting.look("tok_1")).uses_left == 90


async def take(store, uses, *, at=NOW):
    return await store.write(lambda tx: tx.counting.take("tok_1", uses=uses, now=at))


async def test_of_uses_and_gifts_at_once_exactly_as_many_as_there_were_come_out(store):
    await begin(store, uses=50)

    answers = await asyncio.gather(
        *(use(store, f"use-{number}") for number in range(32)), *(take(store, 3) for _ in range(32))
    )

    used, given = Counter(answers[:32])["counted"], Counter(answers[32:])["counted"]
    left = (await store.read.counting.look("tok_1")).uses_left
    assert used + 3 * given + left == 50
    assert left < 3


async def test_all_uses_asked_for_are_taken_or_none(store):
    await begin(store, uses=5)

    assert await take(store, 6) == "uses_exhausted"
    assert await take(store, 5) == "counted"
    assert await take(store, 1) == "uses_exhausted"


async def test_taking_from_an_idle_token_is_a_sign_of_life_and_from_a_dead_one_refused(store):
    await begin(store, idle=60)

    assert await take(store, 0, at=NOW + 59) == "counted"
    assert await take(store, 0, at=NOW + 118) == "counted"
    assert await take(store, 0, at=NOW + 178) == "idle_timeout"
