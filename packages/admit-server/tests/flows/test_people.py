"""Who is meant by what somebody types, and where mail to them may go."""

import pytest

from admit_server.domain.email_address import address_key
from admit_server.flows.admin import users
from admit_server.flows.people import addresses_of, find_for_sign_in, reach
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


@pytest.fixture
def rt(site):
    return site.rt


async def verify(rt, name, address):
    user = await users.find(name, rt=rt)
    assert await rt.store.write(
        lambda tx: tx.addresses.verify(user.id, address=address, address_key=address_key(address), now=rt.clock())
    )
    return user


async def meant(rt, name):
    found = await find_for_sign_in(name, tx=rt.store.read)
    return found.username if found else None


async def test_a_user_name_and_each_verified_address_mean_the_person(rt):
    await verify(rt, "alice", "alice@example.com")
    await verify(rt, "alice", "Alice.Second@bücher.example")

    for typed in (
        "alice",
        "ALICE",
        "alice@example.com",
        "Alice@EXAMPLE.com",
        "alice.second@xn--bcher-kva.example",
        "alice\uff20example.com",
    ):
        assert await meant(rt, typed) == "alice"


@pytest.mark.parametrize(
    "typed", ["alice@example.com", "", "@", "nobody", "x" * 5000, "a@" + "b" * 5000, "@example.com"]
)
async def test_an_address_that_nobody_verified_means_nobody(rt, typed):
    """Alice's was given by an administrator: two people may have been given the same one."""
    assert await meant(rt, typed) is None


async def test_a_user_name_goes_before_an_address(rt):
    await users.add(users.NewUser(username="alice@example.com"), rt=rt, caller=Caller(actor="test"))
    await verify(rt, "alice", "alice@example.com")
    assert await meant(rt, "alice@example.com") == "alice@example.com"


async def test_the_main_address_comes_first_and_tells_whether_it_is_verified(rt):
    alice = await verify(rt, "alice", "second@example.com")

    found = await addresses_of(alice, tx=rt.store.read)
    assert [(each.address, each.is_main, each.verified_at is not None) for each in found] == [
        ("alice@example.com", True, False),
        ("second@example.com", False, True),
    ]
    there = await reach(alice, tx=rt.store.read)
    assert there.proven == ("second@example.com",)
    assert there.anywhere == ("alice@example.com", "second@example.com")
    await verify(rt, "alice", "alice@example.com")
    assert (await reach(alice, tx=rt.store.read)).proven == ("alice@example.com", "second@example.com")


async def test_an_address_that_a_person_claims_is_used_for_nothing_until_it_is_verified(rt):
    bob = await users.find("bob", rt=rt)
    await rt.store.write(lambda tx: tx.addresses.add(bob.id, address="x@y.example", address_key="x@y.example", now=1))
    assert (await reach(bob, tx=rt.store.read)).anywhere == ()
    assert await addresses_of(None, tx=rt.store.read) == []


@pytest.mark.parametrize("by", ["get", "hold"])
async def test_tokens_tell_whether_the_main_address_is_verified(rt, by):
    alice = await users.find("alice", rt=rt)

    async def is_verified():
        return (await rt.store.write(lambda tx: getattr(tx.users, by)(alice.id))).email_verified

    assert not await is_verified()
    await verify(rt, "alice", "second@example.com")
    assert not await is_verified()
    await verify(rt, "alice", "Alice@example.com")
    assert await is_verified()
