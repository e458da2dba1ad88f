"""The contract of leases, on both engines: what ran out or ended never comes back, and ends once."""

import asyncio

import pytest

from admit_server.domain.lease import Lease
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000
RACERS = 64


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=32)
    yield opened
    await opened.close()


def a_lease(number=1, *, session_id="ses_1", length_s=60):
    return Lease(
        id=f"lse_{number}",
        digest=bytes([number]) * 32,
        client_id="cli_1",
        session_id=session_id,
        length_s=length_s,
        created_at=NOW,
        ends_at=NOW + length_s,
    )


async def add(store, lease=None):
    return await store.write(lambda tx: tx.leases.add(lease or a_lease()))


async def renew(store, *, at, holder=None, lease_id="lse_1"):
    return await store.write(lambda tx: tx.leases.renew(lease_id, holder=holder, now=at))


async def end(store, *, at, if_run_out=True, lease_id="lse_1"):
    return await store.write(lambda tx: tx.leases.end(lease_id, if_run_out=if_run_out, now=at))


async def shorten(store, *, to, at=NOW, holder=None):
    return await store.write(lambda tx: tx.leases.shorten("lse_1", ends_at=to, holder=holder, now=at))


async def test_a_renewal_counts_from_now_and_names_its_holder(store):
    await add(store)
    renewed = await renew(store, at=NOW + 59, holder="one")

    assert (renewed.ends_at, renewed.holder) == (NOW + 59 + 60, "one")
    assert (await renew(store, at=NOW + 60)).holder == "one"
    assert await store.read.leases.get("lse_1") == await store.read.leases.by_digest(b"\x01" * 32)


@pytest.mark.parametrize("late_s", [60, 61, 10_000])
async def test_what_ran_out_is_never_renewed_also_where_nobody_noted_its_end(store, late_s):
    await add(store)

    assert await renew(store, at=NOW + late_s) is None
    assert await store.write(lambda tx: tx.leases.join("lse_1", length_s=600, now=NOW + late_s)) is None
    assert await shorten(store, to=NOW + late_s + 15, at=NOW + late_s) is None


async def test_what_was_ended_is_never_renewed(store):
    await add(store)
    assert (await end(store, at=NOW + 1, if_run_out=False)).ended_at == NOW + 1

    assert await renew(store, at=NOW + 2) is None
    assert await end(store, at=NOW + 3, if_run_out=False) is None


async def test_what_is_alive_is_not_ended_for_having_run_out(store):
    await add(store)

    assert await end(store, at=NOW + 59) is None
    assert await end(store, at=NOW + 60) is not None


async def test_of_renewals_and_ends_at_its_last_second_only_one_kind_wins(store):
    """Renewals come a second before the end, ends at it, all at once: whoever is first decides for all."""
    for number in range(1, 21):
        await add(store, a_lease(number, session_id=f"ses_{number}"))
        at_once = [
            renew(store, at=NOW + 59, lease_id=f"lse_{number}")
            if racer % 2
            else end(store, at=NOW + 60, lease_id=f"lse_{number}")
            for racer in range(number % 2, RACERS + number % 2)
        ]
        answers = await asyncio.gather(*at_once)
        renewed = sum(1 for answer in answers if answer is not None and answer.ended_at is None)
        ended = sum(1 for answer in answers if answer is not None and answer.ended_at is not None)
        assert (renewed, ended) in ((RACERS // 2, 0), (0, 1))


async def test_of_64_that_end_it_one_does(store):
    await add(store)
    answers = await asyncio.gather(*(end(store, at=NOW, if_run_out=False) for _ in range(RACERS)))

    assert sum(answer is not None for answer in answers) == 1


async def test_quitting_shortens_and_never_lengthens(store):
    await add(store)

    assert (await shorten(store, to=NOW + 15)).ends_at == NOW + 15
    assert await shorten(store, to=NOW + 16, at=NOW + 1) is None
    assert (await renew(store, at=NOW + 14)).ends_at == NOW + 74


async def test_only_the_last_holder_is_heard_when_it_quits(store):
    await add(store)
    await renew(store, at=NOW, holder="one")
    await renew(store, at=NOW, holder="two")

    assert await shorten(store, to=NOW + 15, holder="one") is None
    assert await shorten(store, to=NOW + 15, holder="two") is not None


async def test_a_page_that_joins_is_not_ended_by_the_late_word_of_the_page_before(store):
    await add(store)
    await renew(store, at=NOW, holder="before")
    await store.write(lambda tx: tx.leases.join("lse_1", length_s=60, now=NOW + 1))

    assert await shorten(store, to=NOW + 16, at=NOW + 1, holder="before") is None


@pytest.mark.parametrize(("joining_s", "length_s"), [(20, 20), (60, 60), (600, 60)])
async def test_the_shortest_length_of_those_that_join_counts(store, joining_s, length_s):
    await add(store)
    joined = await store.write(lambda tx: tx.leases.join("lse_1", length_s=joining_s, now=NOW + 5))

    assert (joined.length_s, joined.ends_at) == (length_s, NOW + 5 + length_s)


async def test_of_64_that_make_the_lease_of_an_app_one_does(store):
    made = await asyncio.gather(*(add(store, a_lease(number)) for number in range(1, RACERS + 1)))

    assert sum(made) == 1
    assert (await store.read.leases.of_app("ses_1", "cli_1")).id == f"lse_{made.index(True) + 1}"


async def test_after_its_end_is_noted_an_app_may_have_another(store):
    await add(store)
    assert not await add(store, a_lease(2))
    await end(store, at=NOW, if_run_out=False)

    assert await add(store, a_lease(2))
    assert (await store.read.leases.of_app("ses_1", "cli_1")).id == "lse_2"


async def test_those_without_a_session_have_each_their_own(store):
    assert await add(store, a_lease(1, session_id=None))
    assert await add(store, a_lease(2, session_id=None))


async def test_those_that_ran_out_come_oldest_first_until_their_end_is_noted(store):
    for number, length_s in ((1, 30), (2, 20), (3, 40)):
        await add(store, a_lease(number, session_id=None, length_s=length_s))

    found = store.read.leases.run_out
    assert await found(now=NOW + 30, limit=10) == ["lse_2", "lse_1"]
    assert await found(now=NOW + 30, limit=1) == ["lse_2"]
    await end(store, at=NOW + 30, lease_id="lse_2")
    assert await found(now=NOW + 30, limit=10) == ["lse_1"]


async def test_rows_of_old_leases_are_swept(store):
    await add(store)
    await end(store, at=NOW, if_run_out=False)
    month = 30 * 86_400
    await store.write(lambda tx: tx.sweeping.sweep(now=NOW + month - 1, limit=100))
    assert await store.read.leases.get("lse_1") is not None
    await store.write(lambda tx: tx.sweeping.sweep(now=NOW + month, limit=100))

    assert await store.read.leases.get("lse_1") is None
