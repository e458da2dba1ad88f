"""The hub of the revocation feed: other processes, restored databases, swept rows, faults."""

import asyncio
import sqlite3
from dataclasses import replace

import pytest
from site_kit import Clock, Machine, Stream, Unavailable, settings_for

from admit_server.app import open_parts
from admit_server.ports.store import StoreUnavailable

pytestmark = pytest.mark.anyio

SSE = {"accept": "text/event-stream"}


def publishing(*handles, now, until=None, nonce="n1"):
    async def unit(tx):
        for one in handles:
            await tx.feed.publish(one, until=until or now + 600, nonce=nonce, now=now)

    return unit


def with_sql(site, *statements):
    """Change the database as nobody of ours would: another program, a restored copy."""
    connection = sqlite3.connect(site.directory / "admit.db")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def forget(hub):
    """Let the hub remember nothing, as for one that reads slower than things end."""
    hub._recent.clear()
    hub._news.clear()
    hub._notify()


async def eventually(condition, within_s=3.0):
    for _ in range(int(within_s / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came about")


async def test_a_commit_of_another_process_reaches_the_followers_of_this_one(site):
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        settings = settings_for(site.directory)
        async with open_parts(settings, machine=Machine(clock=Clock(site.clock()))) as (other, _):
            await other.store.write(publishing("handle-of-another-one", now=site.clock()))
        assert (await stream.until("revoked"))[-1].data["handle"] == "handle-of-another-one"


async def test_a_burst_keeps_its_order_and_misses_nothing(site):
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        wanted = [f"handle-{number:016}" for number in range(450)]
        await asyncio.gather(
            *(site.rt.store.write(publishing(*wanted[n : n + 45], now=site.clock())) for n in range(0, 450, 45))
        )
        site.rt.on_revocation()
        got = []
        while len(got) < 450:
            event = await stream.next()
            if event.type == "revoked":
                got.append(event)
        assert {event.data["handle"] for event in got} == set(wanted)
        assert [int(event.id.split(".")[0]) for event in got] == list(range(1, 451))


async def test_a_restored_database_ends_the_streams_and_the_next_begins_with_a_reset(site):
    now = site.clock()
    await site.rt.store.write(publishing("a", "b", "c", now=now))
    async with Stream(site.app, "/revocations", SSE) as stream:
        position = (await stream.until("caught-up"))[-1].id
        await eventually(lambda: site.server.hub._head is not None and site.server.hub._head.seq == 3)
        with_sql(site, "DELETE FROM revocation WHERE seq > 1", "UPDATE feed_head SET seq = 1, nonce = 'n1'")
        await stream.finished(within_s=3)
    async with Stream(site.app, "/revocations", SSE | {"last-event-id": position}) as again:
        events = await again.until("caught-up")
        assert [event.type for event in events] == ["reset", "revoked", "caught-up"]


async def test_a_restored_database_that_went_on_is_noticed_by_its_nonces(site):
    now = site.clock()
    await site.rt.store.write(publishing("a", "b", now=now))
    async with Stream(site.app, "/revocations", SSE) as stream:
        position = (await stream.until("caught-up"))[-1].id
        await eventually(lambda: site.server.hub._head is not None and site.server.hub._head.seq == 2)
        with_sql(
            site,
            "UPDATE revocation SET nonce = 'other', handle = 'x' WHERE seq = 2",
            f"INSERT INTO revocation (seq, nonce, handle, until_at, revoked_at) VALUES (3, 'other', 'y', {now + 600}, {now})",
            "UPDATE feed_head SET seq = 3, nonce = 'other'",
        )
        await stream.finished(within_s=3)
    assert (await site.get(f"/revocations?after={position}")).json()["reset"] is True


async def test_rows_swept_away_do_not_end_the_streams_of_those_who_heard_them(site):
    """On a quiet day the last row is gone before the next one comes."""
    now = site.clock()
    await site.rt.store.write(publishing("old", now=now, until=now + 60))
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        await eventually(lambda: site.server.hub._head is not None and site.server.hub._head.seq == 1)
        site.clock.advance(30)
        await eventually(lambda: site.server.hub._as_of == site.clock())
        with_sql(site, "DELETE FROM revocation")
        site.clock.advance(30)
        await eventually(lambda: site.server.hub._as_of == site.clock())
        await site.rt.store.write(publishing("new", now=site.clock(), nonce="n2"))
        site.rt.on_revocation()
        assert (await stream.until("revoked"))[-1].data["handle"] == "new"
        assert not stream.ended


async def test_who_resumes_from_a_row_that_was_swept_gets_a_snapshot(site):
    now = site.clock()
    await site.rt.store.write(publishing("a", now=now, until=now + 60))
    position = (await site.get("/revocations")).json()["position"]
    site.clock.advance(61)

    async def sweep(tx):
        return await tx.sweeping.sweep(now=site.clock(), limit=100)

    await site.rt.store.write(sweep)
    await site.rt.store.write(publishing("b", now=site.clock(), nonce="n2"))
    body = (await site.get(f"/revocations?after={position}")).json()
    assert [row["handle"] for row in body["revoked"]] == ["b"]


async def test_no_heartbeat_while_the_database_can_not_be_read_and_all_goes_on_after(open_site, monkeypatch):
    """A heartbeat says that everything is heard; without a look nobody may say so."""
    monkeypatch.setattr("admit_server.flows.feed.HEARTBEAT_S", 0.1)
    async with open_site() as site:
        hub = site.server.hub
        async with Stream(site.app, "/revocations", SSE) as stream:
            await stream.until("heartbeat")
            healthy = hub.rt
            hub.rt = replace(healthy, store=Unavailable())
            await eventually(lambda: not hub._healthy)
            while not stream._chunks.empty():
                await stream.next()
            await asyncio.sleep(0.4)
            assert stream._chunks.empty()
            hub.rt = healthy
            assert (await stream.until("heartbeat"))[-1].data["as_of"] == site.clock()


async def test_heartbeats_come_again_and_again_on_a_quiet_day(open_site, monkeypatch):
    monkeypatch.setattr("admit_server.flows.feed.HEARTBEAT_S", 0.1)
    async with open_site() as site, Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        beats = [await stream.next(within_s=6) for _ in range(3)]
        assert {beat.type for beat in beats} == {"heartbeat"}


async def test_a_slow_follower_is_served_from_the_database(site):
    """Its place is no longer in the memory of the hub."""
    hub = site.server.hub
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        await site.rt.store.write(publishing("a", "b", now=site.clock()))
        await eventually(lambda: hub._head is not None and hub._head.seq == 2)
        forget(hub)
        assert [(await stream.until("revoked"))[-1].data["handle"] for _ in range(2)] == ["a", "b"]


async def test_a_slow_follower_is_told_everything_without_waiting_for_the_next_beat(site):
    """More than the hub remembers has passed it by."""
    hub = site.server.hub
    wanted = [f"handle-{number:016}" for number in range(450)]
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("caught-up")
        await site.rt.store.write(publishing(*wanted, now=site.clock()))
        await eventually(lambda: hub._head is not None and hub._head.seq == 450)
        forget(hub)
        got = [(await stream.until("revoked"))[-1] for _ in range(450)]
    assert [event.data["handle"] for event in got] == wanted


async def test_a_great_burst_of_another_process_is_read_to_its_end_at_the_first_look(open_site):
    """As when a client with thousands of grants is deleted: waiting a poll for each page would take seconds."""
    async with open_site() as site:
        hub = site.server.hub
        hub.poll_s = 30
        async with Stream(site.app, "/revocations", SSE) as stream:
            await stream.until("heartbeat")
            wanted = [f"handle-{number:016}" for number in range(3000)]
            await site.rt.store.write(publishing(*wanted, now=site.clock()))
            hub.wake()
            async with asyncio.timeout(5):
                got = [(await stream.until("revoked"))[-1].data["handle"] for _ in wanted]
    assert got == wanted


async def test_heartbeats_come_also_while_something_is_revoked_all_the_time(open_site, monkeypatch):
    """Only they say that nothing is missing; without them everybody would answer 503 after `accept_for`."""
    monkeypatch.setattr("admit_server.flows.feed.HEARTBEAT_S", 0.2)
    async with open_site() as site, Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("heartbeat")
        hub = site.server.hub
        hub.rt, hub.poll_s = replace(hub.rt, store=EndsAtEachLook(site)), 0.01
        for _ in range(3):
            async with asyncio.timeout(3):
                *before, beat = await stream.until("heartbeat")
            assert {event.type for event in before} == {"revoked"}
            assert beat.data["head"] == before[-1].id


async def test_a_look_that_breaks_off_makes_nobody_believe_that_all_was_heard(site):
    """The head was read, what lies before it was not: the time of that look must not be told."""
    hub = site.server.hub
    async with Stream(site.app, "/revocations", SSE) as stream:
        await stream.until("heartbeat")
        told, healthy, hub.poll_s = hub._as_of, hub.rt, 30
        hub.wake()
        hub.rt = replace(healthy, store=WithoutRows(healthy.store))
        await healthy.store.write(publishing("a", now=site.clock()))
        site.clock.advance(30)
        hub.wake()
        await eventually(lambda: not hub._healthy)
        assert hub._as_of == told
        hub.rt = healthy
        hub.wake()
        assert (await stream.until("revoked"))[-1].data["handle"] == "a"


async def test_however_many_come_at_one_moment_the_snapshot_is_read_and_kept_once(site):
    """As after a restore, when a thousand verifiers are told to begin anew."""
    hub = site.server.hub
    await site.rt.store.write(publishing(*(f"handle-{n:016}" for n in range(1000)), now=site.clock()))
    pages = await asyncio.gather(*(hub.page(None) for _ in range(100)))
    assert len({id(page) for page in pages}) == 1
    assert len(pages[0].revoked) == 1000

    await site.rt.store.write(publishing("one more", now=site.clock(), nonce="n2"))
    assert (await hub.page(None)).revoked[-1].handle == "one more"
    site.clock.advance(1)
    assert (await hub.page(None)).as_of == site.clock()


class WithoutRows:
    """A store that can say where the feed's head is, and breaks off then."""

    def __init__(self, store):
        self.read = self
        self.feed = self
        self.head = store.read.feed.head
        self.at = store.read.feed.at

    async def since(self, seq, *, limit):
        raise StoreUnavailable("cut")


class EndsAtEachLook:
    """A store in which something has ended each time the hub looks."""

    def __init__(self, site):
        self._site, self._ended = site, 0
        self.read = self
        self.feed = self
        self.since = site.rt.store.read.feed.since
        self.at = site.rt.store.read.feed.at

    async def head(self):
        self._ended += 1
        ended = publishing(f"handle-{self._ended:016}", now=self._site.clock(), nonce=f"n{self._ended}")
        await self._site.rt.store.write(ended)
        return await self._site.rt.store.read.feed.head()
