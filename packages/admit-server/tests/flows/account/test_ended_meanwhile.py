"""Who is thrown out in the middle of a change of the account leaves nothing behind: the session is looked at again as it is written."""

import pytest
from site_kit import API

from admit_server.domain.account import SignInTooOld
from admit_server.flows import addresses
from admit_server.flows.account import credentials
from admit_server.flows.account.own_token import make_own
from admit_server.flows.admin import resources, users
from admit_server.flows.admin import sessions as by_administrator
from admit_server.flows.journeys import enrolment
from admit_server.flows.journeys.state import Asked
from admit_server.flows.new_session import current_session
from admit_server.flows.personal_tokens import NewPersonalToken
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


@pytest.fixture
async def thrown_out(site):
    """The session of alice as a request read it, a moment before it was ended."""
    browser = site.browser()
    await browser.sign_in()
    found = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    assert found is not None
    await by_administrator.end_one(found.id, rt=site.rt, caller=CALLER)
    return found


async def test_no_way_to_sign_in_is_added(open_site):
    async with open_site(toml='[sign_in]\nauthenticators = ["password", "recovery_codes"]\n') as site:
        rt, browser = site.rt, site.browser()
        await browser.sign_in()
        session = await current_session(browser.cookies["admit-8100-sid"], rt=rt)
        alice = await users.find("alice", rt=rt)
        pending = await enrolment.begin_enrolment("recovery_codes", alice, rt=rt, now=rt.clock())
        asked = Asked("recovery_codes", pending.challenge.state, pending.id, alice.id)
        kept = {"recovery_codes": "kept"}
        addition = await enrolment.finish_enrolment("recovery_codes", alice, asked, kept, rt=rt, caller=CALLER)
        await by_administrator.end_one(session.id, rt=rt, caller=CALLER)
        with pytest.raises(SignInTooOld):
            await enrolment.add_credential(addition, shown_in=session, rt=rt, caller=CALLER)
        assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'recovery_codes'") == [(0,)]


async def test_none_is_removed(site, thrown_out):
    (password,) = await credentials.of_person(thrown_out.user_id, rt=site.rt)
    with pytest.raises(SignInTooOld):
        await credentials.remove(password.credential.id, sure=True, current=thrown_out, rt=site.rt, caller=CALLER)


async def test_no_personal_token_is_made(site, thrown_out):
    await resources.update(API, resources.ResourceChange(personal_tokens=True), rt=site.rt, caller=CALLER)
    alice = await users.find("alice", rt=site.rt)
    new = NewPersonalToken(id=site.rt.new_id("tok"), user=alice, audience=API, name="n")
    with pytest.raises(SignInTooOld):
        await make_own(new, current=thrown_out, rt=site.rt, caller=CALLER)
    assert await site.rows("SELECT COUNT(*) FROM personal_token") == [(0,)]


async def test_no_address_is_added_removed_or_made_the_main_one(mail_site):
    rt, browser = mail_site.rt, mail_site.browser()
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=rt)
    await by_administrator.end_one(session.id, rt=rt, caller=CALLER)
    alice = await users.find("alice", rt=rt)
    for act, address in (
        (addresses.add, "new@example.com"),
        (addresses.make_main, "alice@example.com"),
        (addresses.remove, "alice@example.com"),
    ):
        with pytest.raises(SignInTooOld):
            await act(alice, address, current=session, rt=rt, caller=CALLER)
