"""A person makes a personal token of their own."""

from dataclasses import replace

import pytest
from site_kit import API

from admit_server.domain.account import SignInTooOld
from admit_server.domain.errors import NotAllowed
from admit_server.domain.journey import Proof
from admit_server.domain.sign_in_rule import SignInRule
from admit_server.flows.account.own_token import make_own
from admit_server.flows.admin import resources, users
from admit_server.flows.journeys.keeping import closed
from admit_server.flows.new_session import current_session
from admit_server.flows.personal_tokens import NewPersonalToken
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


@pytest.fixture
async def site(open_site):
    async with open_site(toml='[sign_in]\nauthenticators = ["password", "totp"]\n') as opened:
        await resources.update(API, resources.ResourceChange(personal_tokens=True), rt=opened.rt, caller=CALLER)
        yield opened


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    assert session is not None
    return session


def with_both(session):
    return replace(session, proofs=(*session.proofs, Proof("totp", session.auth_time, (), frozenset({"possession"}))))


async def make(site, session):
    alice = await users.find("alice", rt=site.rt)
    new = NewPersonalToken(id=site.rt.new_id("tok"), user=alice, audience=API, name="n")
    return await make_own(new, current=session, rt=site.rt, caller=Caller())


async def rule(site, **values):
    made = SignInRule(name="r", requires="password and totp", created_at=1, updated_at=1, **values)
    await site.rt.store.write(lambda tx: tx.sign_in_rules.put(made))


async def test_a_sign_in_rule_for_the_resource_holds_for_its_tokens(site):
    session = await signed_in(site)
    await rule(site, audience="https://another.example")
    assert await site.is_active((await make(site, session)).text)
    await rule(site, audience=API)
    with pytest.raises(NotAllowed, match="password and totp"):
        await make(site, session)
    assert await site.is_active((await make(site, with_both(session))).text)


async def test_who_has_a_second_factor_shows_it_and_lately(site):
    session = await signed_in(site)
    data = closed("{}", "crd_1", site.rt.authenticators["totp"], rt=site.rt)
    kept = Credential(
        id="crd_1", user_id=session.user_id, authenticator="totp", data=data, version=1, created_at=1, updated_at=1
    )
    await site.rt.store.write(lambda tx: tx.credentials.put(kept))
    with pytest.raises(SignInTooOld):
        await make(site, session)
    assert await site.is_active((await make(site, with_both(session))).text)
    site.clock.advance(601)
    with pytest.raises(SignInTooOld):
        await make(site, with_both(session))
