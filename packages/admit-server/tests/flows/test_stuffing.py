"""Leaked passwords tried on many accounts from many networks: seen, slowed, and no harm to those whose browser is known."""

import asyncio
from dataclasses import replace

import pytest
from site_kit import PASSWORD

from admit_server.domain.audit import AuditEvent
from admit_server.domain.errors import TooManyTries
from admit_server.domain.stuffing import Seen, StuffingRule
from admit_server.flows import charging, throttling
from admit_server.flows.runtime import Caller
from admit_server.flows.stuffing import MOST, StuffingWatch, alarm
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

NETWORKS, EVERY_S, MINUTES = 40, 30, 30


class Botnet:
    """Each of its machines tries the next name of a list every half minute, once, with the password that leaked beside it."""

    def __init__(self, site):
        self.site, self.tried, self.judged = site, 0, 0

    async def attack(self, minutes):
        for _ in range(minutes * 60 // EVERY_S):
            for number in range(NETWORKS):
                await self._one(Caller(network=f"198.51.100.{number}"))
            self.site.clock.advance(EVERY_S)

    async def _one(self, caller):
        name, self.tried = f"leaked-{self.tried}", self.tried + 1
        try:
            await throttling.charge_try(None, name, method="password", channel="", rt=self.site.rt, caller=caller)
            self.judged += 1
        except TooManyTries:
            pass


async def events(site):
    return [event for event in await site.events() if event.action == "sign_in.stuffing"]


async def test_an_attack_is_seen_slowed_and_told_once_while_the_owner_signs_in(site):
    owner = site.browser()
    assert (await owner.sign_in()).status_code == 303
    unwatched, site.rt.stuffing.rule = site.rt.stuffing.rule, StuffingRule(accounts=0)
    before = Botnet(site)
    await before.attack(MINUTES)
    assert await events(site) == []

    site.rt.stuffing.rule = unwatched
    site.clock.advance(86_400)
    attack = Botnet(site)
    await attack.attack(MINUTES)

    assert before.tried == attack.tried == NETWORKS * MINUTES * 2
    assert attack.judged < before.judged / 2
    [event] = await events(site)
    assert (event.actor, event.outcome) == ("server", "done")
    assert event.details["accounts"] >= unwatched.accounts
    assert event.details["networks"] >= unwatched.networks
    # The owner's browser is known: none of this is theirs. A new device has its first tries, and waits after them.
    assert (await owner.sign_in()).status_code == 303
    assert (await site.browser(address="203.0.113.77").sign_in(password="wrong wrong wrong")).status_code == 403
    assert (await site.browser(address="203.0.113.77").sign_in(password=PASSWORD)).status_code == 303


async def test_when_it_is_over_everything_is_as_before(site):
    await Botnet(site).attack(3)
    limited = [await _judged(site, "192.0.2.50") for _ in range(6)]
    site.clock.advance(site.rt.stuffing.rule.lasts_s + site.rt.stuffing.rule.window_s)
    free = [await _judged(site, "192.0.2.51") for _ in range(6)]

    assert limited.count(True) < free.count(True) == 5


async def _judged(site, network):
    try:
        await throttling.charge_try(
            None, f"somebody at {network}", method="password", channel="", rt=site.rt, caller=Caller(network=network)
        )
    except TooManyTries:
        return False
    return True


async def test_many_people_of_whom_some_forgot_their_password_raise_no_alarm(site):
    for number in range(200):
        caller = Caller(network=f"192.0.{number}.1")
        paid = await throttling.charge_try(
            None, f"person-{number}", method="password", channel="", rt=site.rt, caller=caller
        )
        if number % 2:

            async def unit(tx, paid=paid):
                await charging.refund(tx, paid, now=site.clock())

            await site.rt.store.write(unit)
    assert await events(site) == []


async def test_of_many_servers_that_see_the_same_attack_one_writes_that_it_began(database_url):
    rule, key, now = StuffingRule(), b"k" * 32, 1_800_000_000
    seen = Seen(failed=40, networks=40, signed_in=0)
    store = await open_store(database_url, bind, connections=8)

    def unit(number, at):
        event = AuditEvent(
            id=f"evt_{number}",
            at=at,
            actor="server",
            action="sign_in.stuffing",
            target="",
            outcome="done",
            network="",
            details={},
        )

        async def work(tx):
            return await alarm(tx, key, await tx.throttles.get(key), seen=seen, rule=rule, event=event, now=at)

        return work

    async def told():
        return len(await store.read.audit.latest(limit=50))

    try:
        assert all(await asyncio.gather(*(store.write(unit(number, now)) for number in range(20))))
        assert await told() == 1
        # As long as it goes on, it is one attack.
        for number in range(5):
            assert await store.write(unit(100 + number, now + (number + 1) * (rule.lasts_s - 30)))
        assert await told() == 1
    finally:
        await store.close()


async def test_a_server_that_sees_nothing_itself_keeps_the_limits_that_another_raised(site):
    await Botnet(site).attack(3)
    other = replace(site.rt, stuffing=StuffingWatch())
    found = []
    for _ in range(4):
        try:
            caller = Caller(network="192.0.2.60")
            await throttling.charge_try(None, "somebody", method="password", channel="", rt=other, caller=caller)
            found.append(True)
        except TooManyTries:
            found.append(False)
    assert found == [True, True, False, False]


def test_what_is_remembered_is_bounded():
    watch = StuffingWatch()
    for number in range(2 * MOST):
        watch.tried(number.to_bytes(4, "big"), f"network {number}", now=1000)
        watch.succeeded(b"s%d" % number, now=1000)
    assert watch.seen(now=1000).failed == MOST
    assert watch.seen(now=1000).signed_in == MOST
    assert watch.seen(now=2000) == Seen(failed=0, networks=0, signed_in=0)


def test_a_try_that_succeeded_after_all_is_no_failure():
    watch = StuffingWatch()
    watch.tried(b"a", "n", now=1)
    watch.tried(b"b", "n", now=1)
    watch.succeeded(b"a", now=2)
    watch.succeeded(b"a", now=2)
    assert watch.seen(now=3) == Seen(failed=1, networks=1, signed_in=1)


def test_it_looks_once_a_second_however_many_tries_there_are(monkeypatch):
    watch, looks = StuffingWatch(), []
    seen = StuffingWatch.seen
    monkeypatch.setattr(StuffingWatch, "seen", lambda self, *, now: looks.append(now) or seen(self, now=now))
    for number in range(3000):
        watch.tried(number.to_bytes(4, "big"), f"network {number}", now=1000 + number // 1000)
        watch.sees(now=1000 + number // 1000)
    assert looks == [1000, 1001, 1002]
    assert watch.sees(now=1002) is not None


def test_a_try_that_nobody_judged_is_none_of_those_that_failed():
    """An outage of a process is no attack on all who wanted in meanwhile."""
    watch = StuffingWatch(StuffingRule(accounts=2))
    for number in range(3):
        watch.tried(b"%d" % number, f"network {number}", now=100)
    watch.tried(b"1", "network 1", now=101)
    for account in (b"0", b"1", b"nobody's"):
        watch.not_judged(account)
    assert watch.seen(now=101) == Seen(failed=2, networks=2, signed_in=0)
