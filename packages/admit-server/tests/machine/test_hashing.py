"""Argon2id in a bounded pool."""

import asyncio
import threading

import pytest

from admit_server.domain.errors import Busy
from admit_server.domain.password_hash import Pbkdf2Hash, stand_in
from admit_server.machine.hashing import Argon2Hasher, HashingLimits

pytestmark = pytest.mark.anyio

CHEAP = HashingLimits(memory_kib=8, passes=1, threads=1, queue=3)


@pytest.fixture
def hasher():
    made = Argon2Hasher(CHEAP)
    yield made
    made.close()


async def test_a_hash_verifies_its_own_password_and_no_other(hasher):
    encoded = await hasher.hash("a good pass phrase")
    assert encoded.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await hasher.verify(encoded, "a good pass phrase")
    assert not await hasher.verify(encoded, "a good pass phrase ")
    assert encoded != await hasher.hash("a good pass phrase")


def test_the_default_parameters_are_those_of_owasp():
    """OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, two passes, one lane."""
    limits = HashingLimits()
    assert (limits.memory_kib, limits.passes, limits.lanes) == (19_456, 2, 1)


async def test_nobody_costs_a_hash_and_is_never_verified(hasher, monkeypatch):
    await hasher.warm_up()
    ran = []
    verify = hasher._verify
    monkeypatch.setattr(hasher, "_verify", lambda encoded, password: ran.append(encoded) or verify(encoded, password))
    assert not await hasher.verify(None, "anything")
    assert len(ran) == 1
    assert ran[0].startswith("$argon2id$v=19$m=8,t=1,p=1$")


async def test_even_without_a_warm_up_nobody_is_verified(hasher):
    assert not await hasher.verify(None, "anything")


@pytest.mark.parametrize("encoded", ["", "x", "$argon2id$", "$2b$12$abc", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
async def test_a_text_that_is_no_hash_is_never_verified(hasher, encoded):
    assert not await hasher.verify(encoded, "")


async def test_other_parameters_are_told(hasher):
    encoded = await hasher.hash("x")
    assert not hasher.needs_rehash(encoded)
    other = Argon2Hasher(HashingLimits(memory_kib=16, passes=1, threads=1))
    assert other.needs_rehash(encoded)
    other.close()


async def test_beyond_the_queue_it_is_busy_at_once_and_recovers(hasher, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(hasher, "_verify", lambda *_: gate.wait(5))
    waiting = [asyncio.ensure_future(hasher.verify("x", "y")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Busy) as refusal:
        await hasher.verify("x", "y")
    assert refusal.value.retry_after_s == 2
    with pytest.raises(Busy):
        await hasher.verify(None, "y")
    gate.set()
    await asyncio.gather(*waiting)
    assert await hasher.verify("x", "y")


async def test_a_caller_that_gives_up_makes_room(hasher, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(hasher, "_verify", lambda *_: gate.wait(5))
    waiting = [asyncio.ensure_future(hasher.verify("x", "y")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    await asyncio.gather(waiting[2], return_exceptions=True)
    fourth = asyncio.ensure_future(hasher.verify("x", "y"))
    await asyncio.sleep(0)
    gate.set()
    assert await fourth
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_failure_takes_the_time_of_the_slowest_scheme_in_use(hasher, monkeypatch):
    """So that it does not tell whose hash was made with older parameters, nor who has none."""
    slower = Argon2Hasher(HashingLimits(memory_kib=32_768, passes=3, threads=1))
    old = await slower.hash("a good pass phrase")
    new = await hasher.hash("a good pass phrase")
    slower.close()
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("admit_server.machine.hashing.asyncio.sleep", note)
    assert not await hasher.verify(old, "wrong")
    [of_slowest] = pauses or [0.0]

    assert not await hasher.verify(new, "wrong")
    assert not await hasher.verify(None, "wrong")
    assert len(pauses[-2:]) == 2
    assert all(of_slowest < pause for pause in pauses[-2:])

    before = len(pauses)
    assert await hasher.verify(new, "a good pass phrase")
    assert len(pauses) == before


async def test_a_scheme_that_is_expected_counts_before_anybody_tried_one(hasher, monkeypatch):
    """Or the first to try a name after a start would see whose hash was imported."""
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    await hasher.expect([stand_in(Pbkdf2Hash("sha256", 300_000, b"salt", bytes(32))).encode(), "$of-a-later-version$"])
    monkeypatch.setattr("admit_server.machine.hashing.asyncio.sleep", note)

    assert not await hasher.verify(None, "wrong")
    assert pauses[0] > 0.02


@pytest.mark.parametrize("encoded", ["$2b$04$" + "." * 53, "$pbkdf2-sha256$i=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "no hash"])
async def test_every_hash_of_another_system_is_due_to_be_made_anew(hasher, encoded):
    assert hasher.needs_rehash(encoded)


async def test_an_answer_takes_longer_than_the_hash_from_the_first_one_on(hasher):
    await hasher.warm_up()
    assert hasher.answer_s >= 2.5 * min(hasher._seconds.values()) > 0
