"""Whatever order of renewing, quitting, ending, refreshing, reloading and waiting: what the server accepts is what a small model says."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from site_kit import Browser, Site, claims_of, running

from admit_server.domain.lease import QUIT_S
from admit_server.domain.revocation import handle
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows import leases
from admit_server.flows.admin import clients, policies
from admit_server.flows.runtime import Caller

LENGTH_S, LIFETIME_S = 40, 120
CALLER = Caller(actor="test")
holders = st.sampled_from([None, "one", "two"])
steps = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 5, 14, 15, 16, 30, 36, 39, 40, 41])),
    st.tuples(st.just("renew"), holders),
    st.tuples(st.just("quit"), holders),
    st.tuples(st.sampled_from(["refresh", "reload", "sweep"]), st.none()),
    st.tuples(st.just("end"), st.none()),
)


@dataclass
class Model:
    """What the texts of the reference say, in a few lines."""

    ends_at: int
    ended: bool = False
    holder: str | None = None

    def alive(self, now: int) -> bool:
        return not self.ended and now < self.ends_at

    def renew(self, now: int, holder: str | None) -> None:
        little = holder == self.holder and self.ends_at - now >= LENGTH_S - LENGTH_S // 10
        if self.alive(now) and not little:
            self.ends_at, self.holder = now + LENGTH_S, holder or self.holder

    def quit(self, now: int, holder: str | None) -> None:
        if self.alive(now) and holder in (None, self.holder):
            self.ends_at = min(self.ends_at, now + QUIT_S)


class Play:
    """One app session, driven step by step beside its model."""

    def __init__(self, site: Site, browser: Browser, tokens: dict) -> None:
        self.site, self.browser = site, browser
        self.text, self.refresh_token = tokens["lease"], tokens["refresh_token"]
        self.access = [(tokens["access_token"], site.clock() + LIFETIME_S)]
        self.grants = {claims_of(tokens["access_token"])["grant"]: site.clock() + LIFETIME_S}
        self.model = Model(site.clock() + LENGTH_S)
        self.swept_at: int | None = None

    async def step(self, what: str, value) -> None:
        site, model, now = self.site, self.model, self.site.clock()
        match what:
            case "wait":
                site.clock.advance(value)
            case "renew":
                answer = await self.lease("renew", value)
                assert answer.status_code == (200 if model.alive(now) else 410)
                model.renew(now, value)
                if model.alive(now):
                    assert answer.json()["lease_expires_in"] == model.ends_at - now
            case "quit":
                answer = await self.lease("quit", value)
                model.quit(now, value)
                assert answer.json()["lease_expires_in"] == (model.ends_at - now if model.alive(now) else 0)
            case "end":
                assert (await self.lease("end", None)).json() == {"lease_expires_in": 0}
                model.ended = True
            case "refresh":
                answer = await site.refresh(self.refresh_token)
                assert (answer.status_code == 200) is model.alive(now)
                if model.alive(now):
                    model.ends_at = now + LENGTH_S
                    self.refresh_token = answer.json()["refresh_token"]
                    self.took(answer.json())
            case "reload" if model.alive(now):
                tokens = await self.browser.tokens()
                model.ends_at, model.holder = now + LENGTH_S, None
                assert (tokens["lease"], tokens["lease_expires_in"]) == (self.text, LENGTH_S)
                self.refresh_token = tokens["refresh_token"]
                self.took(tokens)
            case "sweep":
                await leases.end_those_run_out(rt=site.rt)

    async def lease(self, action: str, holder: str | None):
        form = {"lease": self.text, "action": action} | ({"holder": holder} if holder else {})
        return await self.site.post("/lease", form)

    def took(self, tokens: dict) -> None:
        ends_at = self.site.clock() + LIFETIME_S
        self.access.append((tokens["access_token"], ends_at))
        self.grants[claims_of(tokens["access_token"])["grant"]] = ends_at

    async def check(self) -> None:
        now = self.site.clock()
        for token, ends_at in self.access:
            assert await self.site.is_active(token) is (self.model.alive(now) and now < ends_at)

    async def check_feed(self) -> None:
        """After its end: one row for each grant of which a JWT could still be alive when the end was noted, none for others."""
        rows = await self.site.rows("SELECT handle FROM revocation")
        ended = dict(await self.site.rows("SELECT id, ended_at FROM access_grant"))
        for grant, alive_until in self.grants.items():
            count = sum(row == (handle("grant", grant),) for row in rows)
            assert count == (1 if alive_until > ended[grant] else 0)


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory) -> Iterator[tuple[asyncio.Runner, Site]]:
    """One site for all examples: each plays with an app session of its own."""
    with asyncio.Runner() as runner:
        context = running(template, tmp_path_factory.mktemp("model") / "site")
        site = runner.run(context.__aenter__())
        limits = TokenPolicy(lease_s=LENGTH_S, lifetime_s=LIFETIME_S)

        async def prepare() -> None:
            await policies.set_policy("model", limits, rt=site.rt, caller=CALLER)
            await clients.update("web", clients.ClientChange(policy="model"), rt=site.rt, caller=CALLER)

        runner.run(prepare())
        yield runner, site
        runner.run(context.__aexit__(None, None, None))


@settings(max_examples=60)
@example(
    played=[("wait", 40), ("wait", 40), ("wait", 40), ("refresh", None)]
)  # refused, so it makes nothing that the feed would tell of
@given(played=st.lists(steps, max_size=14))
def test_what_is_accepted_is_what_the_model_says_and_the_feed_tells_of_each_end_once(stage, played):
    runner, site = stage

    async def play() -> None:
        browser = site.browser()
        one = Play(site, browser, await browser.tokens())
        for what, value in played:
            await one.step(what, value)
            await one.check()
        if one.model.alive(site.clock()):
            site.clock.advance(LENGTH_S)
        await leases.end_those_run_out(rt=site.rt)
        await one.check()
        await one.check_feed()

    runner.run(play())
