"""A person sets a new password."""

import asyncio
from dataclasses import replace

import pytest
from site_kit import API, PASSWORD

from admit_server.domain.account import SignInTooOld
from admit_server.domain.errors import NotAllowed
from admit_server.domain.journey import Proof
from admit_server.flows import personal_tokens
from admit_server.flows.account import password
from admit_server.flows.admin import resources, users
from admit_server.flows.journeys.keeping import closed
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio
CALLER = Caller()
NEW = "walnut river lantern"


async def signed_in(site, username="alice", address="192.0.2.1"):
    """A browser, its session, and its person."""
    browser = site.browser(address=address)
    await browser.sign_in(username=username)
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    return browser, session, await users.find(username, rt=site.rt)


async def change(site, session, user, new=NEW, *, keep=True):
    return await password.change(new, user=user, current=session, keep=keep, rt=site.rt, caller=CALLER)


async def opens(site, text):
    answer = await site.browser(address="192.0.2.77").sign_in(password=text)
    return answer.status_code == 303


async def test_only_the_new_one_opens_and_everything_but_this_session_ends(site):
    await resources.update(API, resources.ResourceChange(personal_tokens=True), rt=site.rt, caller=CALLER)
    here, session, alice = await signed_in(site)
    there, *_ = await signed_in(site, address="192.0.2.2")
    mine, others = await here.tokens("web"), await there.tokens("web")
    new = personal_tokens.NewPersonalToken(id=site.rt.new_id("tok"), user=alice, audience=API, name="n")
    personal = (await personal_tokens.make(new, by_administrator=False, rt=site.rt, caller=CALLER)).text
    assert (await change(site, session, alice)).ended == 3  # the session there, its grant, the personal token
    assert await site.is_active(mine["access_token"])
    assert (await here.get("/account")).status_code == 200
    assert not await site.is_active(others["access_token"])
    assert not await site.is_active(personal)
    assert (await there.get("/account")).status_code == 303
    assert await opens(site, NEW)
    assert not await opens(site, PASSWORD)
    (event,) = [event for event in await site.events() if event.action == "account.password_changed"]
    assert (event.actor, event.target, event.details) == (alice.id, alice.id, {"ended": 3, "kept": True})
    assert NEW not in str(await site.rows("SELECT data FROM credential"))


async def test_this_session_ends_too_where_that_is_wanted(site):
    here, session, alice = await signed_in(site)
    mine = await here.tokens("web")
    await change(site, session, alice, keep=False)
    assert (await here.get("/account")).status_code == 303
    assert not await site.is_active(mine["access_token"])


async def test_a_sign_in_that_is_not_fresh_changes_nothing(site):
    _, session, alice = await signed_in(site)
    site.clock.advance(601)
    with pytest.raises(SignInTooOld):
        await change(site, session, alice)
    assert await opens(site, PASSWORD)


@pytest.mark.parametrize("new", ["short", "", "x" * 1025, "passwordpassword", PASSWORD])
async def test_what_the_rules_forbid_and_the_old_one_are_refused(site, new):
    _, session, alice = await signed_in(site)
    with pytest.raises(NotAllowed):
        await change(site, session, alice, new)
    assert await opens(site, PASSWORD)


async def test_a_password_alone_sets_no_other_one_for_who_can_show_more(open_site):
    """Whoever phished it would throw its owner out."""
    async with open_site(toml='[sign_in]\nauthenticators = ["password", "totp"]\n') as site:
        _, session, alice = await signed_in(site)
        data = closed("{}", "crd_1", site.rt.authenticators["totp"], rt=site.rt)
        app = Credential(
            id="crd_1", user_id=alice.id, authenticator="totp", data=data, version=1, created_at=1, updated_at=1
        )
        await site.rt.store.write(lambda tx: tx.credentials.put(app))
        with pytest.raises(SignInTooOld):
            await change(site, session, alice)
        assert await opens(site, PASSWORD)


async def test_who_has_none_sets_the_first_one(site):
    """Who has nothing else either; with a passkey, it is shown before."""
    _, session, alice = await signed_in(site)
    await site.rt.store.write(lambda tx: tx.credentials.remove(alice.id, "password"))
    by_mail = replace(session, proofs=(Proof("email_code", session.auth_time, ("email",)),))
    await change(site, by_mail, alice)
    with pytest.raises(SignInTooOld):
        await change(site, by_mail, alice, "another river lantern")
    assert await opens(site, NEW)


async def test_of_many_changes_at_once_one_is_made(site):
    _, session, alice = await signed_in(site)
    texts = [f"walnut river lantern {number}" for number in range(8)]
    outcomes = await asyncio.gather(*(change(site, session, alice, text) for text in texts), return_exceptions=True)
    assert [type(each) for each in outcomes].count(password.Changed) == 1
    assert all("same moment" in str(each) for each in outcomes if isinstance(each, NotAllowed))
    winner = next(text for text, each in zip(texts, outcomes, strict=True) if isinstance(each, password.Changed))
    assert await opens(site, winner)


async def test_a_session_that_ended_meanwhile_changes_nothing(site):
    _, session, alice = await signed_in(site)
    await site.rt.store.write(lambda tx: tx.sessions.end(session.id, reason="logout", now=site.clock()))
    with pytest.raises(SignInTooOld):
        await change(site, session, alice)
    assert await opens(site, PASSWORD)
