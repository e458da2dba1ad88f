"""Charging before the hash, and giving back after a success."""

import asyncio

import pytest

from admit_server.domain.errors import TooManyTries
from admit_server.domain.throttle import ACCOUNT, NETWORK, SENDING, Counter
from admit_server.flows import charging, throttling
from admit_server.flows.runtime import Caller, DeviceCookie

pytestmark = pytest.mark.anyio

CALLER = Caller(network="192.0.2.1")


async def charge(site, account=b"a" * 32, network=b"n" * 32):
    return await charging.charge(
        account, from_known_device=False, network=network, rt=site.rt, caller=CALLER, username_known=None
    )


async def counter(site, key):
    return await site.rt.store.read.throttles.get(key)


async def refund(site, paid):
    async def unit(tx):
        await charging.refund(tx, paid, now=site.clock())

    await site.rt.store.write(unit)


async def test_every_try_is_counted_as_failed_before_it_is_made(site):
    await charge(site)
    assert (await counter(site, b"a" * 32)).failures == (await counter(site, b"n" * 32)).failures == 1


async def test_of_many_charges_at_once_none_is_lost(site):
    results = await asyncio.gather(*(charge(site) for _ in range(20)), return_exceptions=True)
    refused = [r for r in results if isinstance(r, TooManyTries)]
    assert len(results) - len(refused) == ACCOUNT.free_failures
    assert (await counter(site, b"a" * 32)).failures == ACCOUNT.free_failures


async def test_a_refused_try_costs_nothing(site):
    for _ in range(ACCOUNT.free_failures):
        await charge(site)
    before = await counter(site, b"n" * 32)
    with pytest.raises(TooManyTries) as refusal:
        await charge(site)
    assert refusal.value.retry_after_s == ACCOUNT.first_delay_s
    assert await counter(site, b"n" * 32) == before


async def test_the_longest_wait_of_all_counters_is_told(site):
    for number in range(NETWORK.free_failures):
        await charge(site, account=b"%032d" % (number % 10))
    for _ in range(2):
        with pytest.raises(TooManyTries) as refusal:
            await charge(site, account=b"b" * 32)
    assert refusal.value.retry_after_s == NETWORK.first_delay_s
    assert await counter(site, b"b" * 32) is None


async def test_a_success_clears_the_account_and_gives_the_network_one_try_back(site):
    for _ in range(3):
        paid = await charge(site)
    await refund(site, paid)
    assert await counter(site, b"a" * 32) is None
    assert (await counter(site, b"n" * 32)).failures == 2


async def test_a_success_does_not_open_a_network_that_is_blocked_for_good_reason(site):
    paid = None
    for number in range(NETWORK.free_failures + 1):
        try:
            paid = await charge(site, account=b"%032d" % (number % 10))
        except TooManyTries:
            site.clock.advance(NETWORK.first_delay_s)
            paid = await charge(site, account=b"%032d" % (number % 10))
    assert paid is not None
    await refund(site, paid)
    left = await counter(site, b"n" * 32)
    assert left.failures == NETWORK.free_failures
    assert left.blocked_until > site.clock()


async def test_counters_of_strangers_go_when_their_time_is_over(site):
    await charge(site)
    site.clock.advance(ACCOUNT.window_s)

    async def sweep(tx):
        return await tx.sweeping.sweep(now=site.clock(), limit=100)

    await site.rt.store.write(sweep)
    assert await site.rows("SELECT COUNT(*) FROM throttle") == [(0,)]


async def test_keys_of_counters_tell_nothing_without_the_key_file(site):
    alice = await site.rt.store.read.users.by_username_key("alice")
    keys = {
        throttling.account_counter(alice, "alice", method="password", rt=site.rt),
        throttling.account_counter(alice, "alice", method="totp", rt=site.rt),
        throttling.account_counter(alice, "alice", method="password", channel="challenge", rt=site.rt),
        throttling.account_counter(None, "alice", method="password", rt=site.rt),
        throttling.account_counter(None, "alice", method="totp", rt=site.rt),
        throttling.device_counter("usr_1", "d", method="password", rt=site.rt),
        throttling.device_counter("usr_1", "d", method="totp", rt=site.rt),
        throttling.network_counter(CALLER, rt=site.rt),
    }
    assert len(keys) == 8
    assert throttling.account_counter(alice, "ALICE", method="totp", rt=site.rt) in keys
    assert all(len(key) == 32 for key in keys)
    assert Counter(1, 2, 3) == Counter(1, 2, 3)


async def sending(site, user, caller, **more):
    await throttling.charge_sending(user, "alice", method="m", channel="c", rt=site.rt, caller=caller, **more)


async def test_strangers_keep_no_owner_from_what_is_sent_to_them(site):
    alice = await site.rt.store.read.users.by_username_key("alice")
    theirs = Caller(network=CALLER.network, device=DeviceCookie(alice.id, "laptop", stands=True))
    for _ in range(SENDING.free_failures):
        await sending(site, alice, CALLER)
    with pytest.raises(TooManyTries):
        await sending(site, alice, CALLER)
    # At once from many networks: the browser that alice used before has its own counter, and no more than that.
    outcomes = await asyncio.gather(*(sending(site, alice, theirs) for _ in range(20)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == SENDING.free_failures
    assert {type(outcome) for outcome in outcomes if outcome is not None} == {TooManyTries}
    # Another person's browser is a stranger's.
    with pytest.raises(TooManyTries):
        await sending(site, alice, Caller(network="192.0.2.9", device=DeviceCookie("usr_other", "laptop", stands=True)))


async def test_no_number_of_own_browsers_sends_more_to_addresses_that_somebody_names(site):
    alice = await site.rt.store.read.users.by_username_key("alice")
    for number in range(SENDING.free_failures):
        device = DeviceCookie(alice.id, str(number), stands=True)
        await sending(site, alice, Caller(network=f"192.0.2.{number}", device=device), to_others=True)
    device = DeviceCookie(alice.id, "new", stands=True)
    with pytest.raises(TooManyTries):
        await sending(site, alice, Caller(network="192.0.2.77", device=device), to_others=True)


@pytest.mark.parametrize(
    "spelling",
    ["X@B\u00fccher.example", "x@xn--bcher-kva.example", "\uff58@b\u00fccher.example", "x\uff20b\u00fccher.example"],
)
def test_all_spellings_of_an_address_that_nobody_has_are_counted_together(site, spelling):
    """As those of an address that somebody has are; else the number of tries would tell which it is."""
    keys = {
        throttling.account_counter(None, name, method="password", rt=site.rt)
        for name in ("x@b\u00fccher.example", spelling)
    }
    assert len(keys) == 1
