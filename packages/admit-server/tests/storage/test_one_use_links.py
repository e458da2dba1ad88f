"""The contract of links that work once, and of verified addresses, on both engines: of any number racing exactly one wins."""

import asyncio
from dataclasses import replace

import pytest

from admit_server.domain.one_use_link import OneUseLink
from admit_server.domain.user import User
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000
LINK = OneUseLink(
    digest=b"d" * 32,
    purpose="reset",
    user_id="usr_1",
    data="alice@example.com",
    created_at=NOW,
    starts_at=NOW,
    expires_at=NOW + 60,
)


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=32)
    yield opened
    await opened.close()


async def add(store, **changes):
    link = replace(LINK, **changes)
    await store.write(lambda tx: tx.links.add(link))
    return link


async def spend(store, *, digest=LINK.digest, purpose="reset", now=NOW):
    return await store.write(lambda tx: tx.links.spend(digest, purpose=purpose, now=now))


async def test_of_64_who_spend_a_link_exactly_one_gets_it(store):
    for number in range(10):
        link = await add(store, digest=number.to_bytes(32, "big"))
        spent = await asyncio.gather(*(spend(store, digest=link.digest) for _ in range(64)))
        assert [each for each in spent if each is not None] == [replace(link, used_at=NOW)]


@pytest.mark.parametrize(("at", "good"), [(-1, False), (0, True), (59, True), (60, False)])
async def test_it_is_good_in_its_time_alone(store, at, good):
    await add(store)
    assert (await spend(store, now=NOW + at) is not None) is good
    assert LINK.is_good(NOW + at) is good


async def test_those_that_were_mailed_go_and_what_was_handed_over_stays(store):
    mailed = await add(store)
    handed, used = await add(store, digest=b"h" * 32, data=""), await add(store, digest=b"u" * 32)
    other = await add(store, digest=b"o" * 32, purpose="recovery")
    await spend(store, digest=used.digest)
    assert await store.write(lambda tx: tx.links.forget_mailed("usr_1", purpose="reset")) == 1
    left = [await store.read.links.get(each.digest) for each in (mailed, handed, used, other)]
    assert [each is not None for each in left] == [False, True, True, True]


async def test_it_is_good_for_its_purpose_alone(store):
    await add(store)
    assert await spend(store, purpose="recovery") is None
    assert await spend(store, digest=b"e" * 32) is None
    assert await store.read.links.get(LINK.digest) == LINK, "looking spends nothing"
    assert await spend(store) is not None


async def test_a_unit_that_is_undone_gives_the_link_back(store):
    await add(store)

    async def unit(tx):
        assert await tx.links.spend(LINK.digest, purpose="reset", now=NOW)
        raise RuntimeError("after it was spent")

    with pytest.raises(RuntimeError):
        await store.write(unit)
    assert await spend(store) is not None


async def test_unused_links_of_a_purpose_go_together_and_what_is_over_is_swept(store):
    await add(store)
    await add(store, digest=b"e" * 32)
    await add(store, digest=b"f" * 32, purpose="recovery")
    await add(store, digest=b"g" * 32, user_id="usr_2")
    await spend(store)

    assert await store.write(lambda tx: tx.links.forget("usr_1", purpose="reset")) == 1
    assert await store.read.links.get(LINK.digest) is not None, "a used one stays, to explain itself"
    assert await store.write(lambda tx: tx.sweeping.sweep(now=NOW + 59, limit=100)) == 0
    assert await store.write(lambda tx: tx.sweeping.sweep(now=NOW + 60, limit=100)) == 3


async def people(store, number):
    for each in range(number):
        user = User(id=f"usr_{each}", username=f"u{each}", email=None, roles=(), created_at=NOW, updated_at=NOW)
        await store.write(lambda tx, user=user: tx.users.add(user, username_key=user.username))


def verify(store, user_id, address="a@example.com"):
    return store.write(lambda tx: tx.addresses.verify(user_id, address=address, address_key=address, now=NOW))


async def test_of_many_people_who_verify_an_address_at_once_exactly_one_gets_it(store):
    await people(store, 24)
    for number in range(5):
        address = f"a{number}@example.com"
        for each in range(24):
            await store.write(
                lambda tx, each=each, address=address: tx.addresses.add(
                    f"usr_{each}", address=address, address_key=address, now=NOW
                )
            )
        got = await asyncio.gather(*(verify(store, f"usr_{each}", address) for each in range(24)))
        assert got.count(True) == 1
        assert (await store.read.addresses.owner(address)).id == f"usr_{got.index(True)}"


async def test_one_who_verified_an_address_may_do_it_again(store):
    await people(store, 2)
    assert [await verify(store, "usr_0"), await verify(store, "usr_0"), await verify(store, "usr_1")] == [
        True, True, False,
    ]  # fmt: skip


async def test_an_address_that_nobody_has_verified_has_no_owner(store):
    await people(store, 1)

    async def note(tx):
        return await tx.addresses.add("usr_0", address="A@example.com", address_key="a@example.com", now=NOW)

    assert [await store.write(note), await store.write(note)] == [True, False]
    assert await store.read.addresses.owner("a@example.com") is None
    assert await store.read.addresses.of_user("usr_0") == [("a@example.com", "A@example.com", None, NOW)]
    assert await store.write(lambda tx: tx.addresses.remove("usr_0", address_key="a@example.com"))
    assert await store.read.addresses.of_user("usr_0") == []


async def test_addresses_and_links_go_with_their_person(store):
    await people(store, 1)
    await verify(store, "usr_0")
    await add(store, user_id="usr_0")
    await store.write(lambda tx: tx.users.remove("usr_0"))
    assert await store.read.addresses.owner("a@example.com") is None
    assert await store.read.links.get(LINK.digest) is None


@pytest.mark.parametrize("by", ["get", "hold"])
async def test_a_person_is_read_with_whether_the_main_address_is_verified(store, by):
    user = User(id="usr_m", username="m", email="M@example.com", roles=(), created_at=NOW, updated_at=NOW)
    await store.write(lambda tx: tx.users.add(user, username_key="m"))

    async def read():
        return await store.write(lambda tx: getattr(tx.users, by)("usr_m"))

    assert await read() == user
    assert await verify(store, "usr_m", "m@example.com")
    assert await read() == replace(user, email_verified=True)
