"""The same limits on PostgreSQL, where units of work really run side by side."""

import asyncio

import pytest
from site_kit import Clock, CountingHasher, Machine, Site, claims_of, hidden_fields, seed, settings_for

from admit_server.app import open_site
from admit_server.domain.throttle import ACCOUNT
from admit_server.starting import read_or_make_key_file

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site_on_postgres(pg_url, tmp_path, anyio_backend):
    """A running site over a PostgreSQL database."""
    read_or_make_key_file(tmp_path / "admit.key")
    clock = Clock()
    machine = Machine(clock=clock, hasher=CountingHasher)
    async with open_site(settings_for(tmp_path, database=pg_url), machine=machine) as server:
        site = Site(server, clock, await seed(server.runtime), tmp_path)
        yield site
        await site.close()


async def test_parallel_guesses_are_all_counted(site_on_postgres):
    site = site_on_postgres
    browsers = [site.browser() for _ in range(20)]
    pages = [await browser.get("/sign-in") for browser in browsers]
    answers = await asyncio.gather(
        *(
            browser.send(
                "/sign-in", hidden_fields(page.text) | {"username": "alice", "password": f"guess number {n}..."}
            )
            for n, (browser, page) in enumerate(zip(browsers, pages, strict=True))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [403] * ACCOUNT.free_failures + [429] * (
        20 - ACCOUNT.free_failures
    )


async def test_a_whole_walk_works_there_too(site_on_postgres):
    site = site_on_postgres
    browser = site.browser()
    tokens = await browser.tokens()
    second = (await site.refresh(tokens["refresh_token"])).json()
    out = await browser.get(f"/logout?id_token_hint={tokens['id_token']}")
    assert "You are signed out" in out.text
    assert not await site.is_active(second["access_token"])
    assert (await site.refresh(second["refresh_token"])).status_code == 400


async def test_many_first_requests_of_a_client_make_one_grant(site_on_postgres):
    """So that ending it ends every one of their tokens."""
    site = site_on_postgres
    answers = await asyncio.gather(*(site.own_token() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({claims_of(answer.json()["access_token"])["grant"] for answer in answers}) == 1
