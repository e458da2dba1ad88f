"""What happened to an account is told to its addresses."""

import asyncio

import pytest

from admit_server.domain.account import SignInTooOld
from admit_server.flows.account import deleting, password
from admit_server.flows.admin import users
from admit_server.flows.new_session import current_session
from admit_server.flows.notices import notices
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CALLER = Caller(network="10.0.0.9", user_agent=FIREFOX)


@pytest.fixture
async def mailing_site(post_office, open_site):
    toml = f'[mail]\nhost = "{post_office.host}"\nport = {post_office.port}\nsecurity = "insecure_plain"\nsender = "admit@id.example"\n'
    async with open_site(toml=toml) as site:
        yield site


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    return session, await users.find("alice", rt=site.rt)


async def arrived(office, number):
    for _ in range(300):
        if len(office.mails) >= number:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{len(office.mails)} mails")


async def test_a_new_password_is_told_with_time_and_place(mailing_site, post_office, post_offices):
    session, alice = await signed_in(mailing_site)
    await password.change(
        "walnut river lantern", user=alice, current=session, keep=True, rt=mailing_site.rt, caller=CALLER
    )
    await arrived(post_office, 1)
    text = post_offices.text_of(post_office.mails[-1])
    assert "alice has a new password" in text
    assert "a private network (10.0.0.9)" in text
    assert "walnut" not in text


async def test_a_change_that_was_refused_is_told_to_nobody(mailing_site, post_office):
    session, alice = await signed_in(mailing_site)
    ended = mailing_site.rt.store.write(lambda tx: tx.sessions.end(session.id, reason="logout", now=0))
    await ended
    with pytest.raises(SignInTooOld):
        await password.change(
            "walnut river lantern", user=alice, current=session, keep=True, rt=mailing_site.rt, caller=CALLER
        )
    assert await mailing_site.rows("SELECT 1 FROM mail_outbox") == []
    assert post_office.mails == []


async def test_the_end_of_an_account_is_told_although_the_account_is_gone(mailing_site, post_office, post_offices):
    session, alice = await signed_in(mailing_site)
    await deleting.delete("alice", user=alice, current=session, rt=mailing_site.rt, caller=CALLER)
    await arrived(post_office, 1)
    text = post_offices.text_of(post_office.mails[-1])
    assert "asked to delete the account" in text
    assert "Firefox on Linux" in text


async def test_where_no_mail_is_sent_or_nobody_has_an_address_there_is_none(site, mailing_site):
    now = site.clock()
    alice = await users.find("alice", rt=site.rt)
    assert await notices(alice, "new_device", rt=site.rt, caller=CALLER, now=now) == []
    bob = await users.find("bob", rt=mailing_site.rt)
    assert await notices(bob, "new_device", rt=mailing_site.rt, caller=CALLER, now=now) == []


async def test_a_sign_in_with_something_new_is_told_and_one_with_the_same_browser_is_not(
    mailing_site, post_office, post_offices
):
    browser = mailing_site.browser()
    await browser.sign_in()
    await browser.sign_in()
    other = mailing_site.browser(address="10.1.2.3")
    other.client.headers["User-Agent"] = FIREFOX
    await other.sign_in()
    await arrived(post_office, 1)
    text = post_offices.text_of(post_office.mails[0])
    assert "not used before: Firefox on Linux" in text
    assert "a private network (10.1.2.3)" in text
    await other.sign_in()
    assert len(post_office.mails) == 1


async def test_what_an_administrator_changed_is_told_to_the_addresses_from_before(
    mailing_site, post_office, post_offices
):
    """OWASP ASVS 5.0, 6.3.7. Where the administrator sits is not told."""
    rt, cli = mailing_site.rt, Caller(actor="cli:root", network="10.0.0.1")
    await users.set_password("alice", "walnut river lantern", rt=rt, caller=cli)
    await users.update("alice", users.UserChange(email="new@example.com"), rt=rt, caller=cli)
    await users.update("alice", users.UserChange(email="new@example.com", roles=()), rt=rt, caller=cli)
    await users.update("alice", users.UserChange(email=None), rt=rt, caller=cli)
    await arrived(post_office, 4)
    mails = [(mail["To"], post_offices.text_of(mail)) for mail in post_office.mails]
    assert sorted(to for to, _ in mails) == ["alice@example.com"] * 3 + ["new@example.com"]
    assert all("From: the administration." in text and "10.0.0.1" not in text for _, text in mails)
    assert any("alice has a new password" in text for _, text in mails)
    assert any("new address: new@example.com" in text for _, text in mails)
