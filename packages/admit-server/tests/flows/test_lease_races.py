"""Leases where several server processes and requests meet at the last second, on both engines."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from site_kit import Clock, CountingHasher, Machine, Site, claims_of, seed, settings_for

from admit_server.app import open_parts, open_site
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows import leases
from admit_server.flows.admin import clients, policies
from admit_server.flows.runtime import Caller
from admit_server.starting import read_or_make_key_file

pytestmark = pytest.mark.anyio

CALLER = Caller(actor="test")


@pytest.fixture
async def sites(database_url, tmp_path, anyio_backend):
    """A site, and the runtimes of three more processes over the same database and clock."""
    read_or_make_key_file(tmp_path / "admit.key")
    clock = Clock()
    machine = Machine(clock=clock, hasher=CountingHasher)
    settings = settings_for(tmp_path, database=database_url)
    async with AsyncExitStack() as opened:
        server = await opened.enter_async_context(open_site(settings, machine=machine))
        others = [(await opened.enter_async_context(open_parts(settings, machine=machine)))[0] for _ in range(3)]
        site = Site(server, clock, await seed(server.runtime), tmp_path)
        await policies.set_policy("leased", TokenPolicy(lease_s=60), rt=site.rt, caller=CALLER)
        await clients.update("web", clients.ClientChange(policy="leased"), rt=site.rt, caller=CALLER)
        yield site, others
        await site.close()


async def ended(site):
    return [e.target for e in await site.rt.store.read.audit.latest(limit=200) if e.action == "lease.ended"]


async def test_of_several_servers_one_ends_each_lease(sites):
    site, others = sites
    apps = [await site.tokens() for _ in range(12)]
    site.clock.advance(60)
    await asyncio.gather(*(leases.end_those_run_out(rt=rt) for rt in (site.rt, *others) for _ in range(4)))

    assert len(await ended(site)) == len(set(await ended(site))) == len(apps)
    revoked = (await site.get("/revocations")).json()["revoked"]
    assert len(revoked) == len({row["handle"] for row in revoked}) == len(apps)


async def test_refreshing_at_the_last_second_either_saves_the_lease_or_is_refused(sites):
    """Never a token that nobody revokes: its grant is alive, or its end stands in the feed."""
    site, others = sites
    for _ in range(8):
        tokens = await site.tokens()
        site.clock.advance(59)
        refreshing = asyncio.ensure_future(site.refresh(tokens["refresh_token"]))
        await asyncio.sleep(0)
        site.clock.advance(1)
        await asyncio.gather(*(leases.end_those_run_out(rt=rt) for rt in (site.rt, *others)))
        answer = await refreshing
        grant = claims_of(tokens["access_token"])["grant"]
        alive = (await site.rt.store.read.grants.get(grant)).ended_at is None

        assert (answer.status_code == 200) is alive
        if alive:
            assert await site.is_active(answer.json()["access_token"])


async def test_pages_that_load_at_once_share_one_lease_also_when_the_one_before_just_ran_out(sites):
    site, _ = sites
    browser = site.browser()
    await browser.tokens()
    site.clock.advance(60)
    codes = [await browser.code() for _ in range(8)]
    answers = [answer.json() for answer in await asyncio.gather(*(site.redeem(code) for code in codes))]

    assert len({tokens["lease"] for tokens in answers}) == 1
    assert all([await site.is_active(tokens["access_token"]) for tokens in answers])
    assert len(await ended(site)) == 1
