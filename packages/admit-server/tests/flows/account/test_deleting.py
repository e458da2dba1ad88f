"""A person deletes their own account."""

from dataclasses import replace

import pytest

from admit_server.domain.account import SignInTooOld
from admit_server.domain.errors import NotAllowed
from admit_server.domain.journey import Proof
from admit_server.flows.account import deleting
from admit_server.flows.admin import users
from admit_server.flows.journeys.keeping import closed
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio
CALLER = Caller()


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    return browser, session, await users.find("alice", rt=site.rt)


async def test_everything_of_the_person_ends_and_goes_and_the_log_tells_who_did_it(site):
    browser, session, alice = await signed_in(site)
    tokens = await browser.tokens("web")
    await site.rt.store.write(lambda tx: tx.known_devices.see(alice.id, b"digest", now=site.clock()))
    assert await deleting.delete("ALICE", user=alice, current=session, rt=site.rt, caller=CALLER) == 2
    assert not await site.is_active(tokens["access_token"])
    for table in ("app_user", "session", "access_grant", "credential", "known_device"):
        column = "id" if table == "app_user" else "user_id"
        assert await site.rows(f"SELECT 1 FROM {table} WHERE {column} = '{alice.id}'") == []
    (event,) = [event for event in await site.events() if event.action == "user.deleted"]
    assert (event.actor, event.target) == (alice.id, alice.id)
    assert (await browser.sign_in()).status_code == 403


async def test_another_name_an_old_sign_in_or_the_settings_keep_it(site, open_site):
    _, session, alice = await signed_in(site)
    for typed in ("", "alic", "bob", "alice "):
        with pytest.raises(NotAllowed, match="not your user name"):
            await deleting.delete(typed, user=alice, current=session, rt=site.rt, caller=CALLER)
    site.clock.advance(601)
    with pytest.raises(SignInTooOld):
        await deleting.delete("alice", user=alice, current=session, rt=site.rt, caller=CALLER)
    assert await users.find("alice", rt=site.rt)


async def test_the_password_alone_deletes_no_account_that_has_a_second_factor(open_site):
    async with open_site(toml='[sign_in]\nauthenticators = ["password", "totp"]\n') as site:
        _, session, alice = await signed_in(site)
        data = closed("{}", "crd_1", site.rt.authenticators["totp"], rt=site.rt)
        kept = Credential(
            id="crd_1", user_id=alice.id, authenticator="totp", data=data, version=1, created_at=1, updated_at=1
        )
        await site.rt.store.write(lambda tx: tx.credentials.put(kept))
        with pytest.raises(SignInTooOld):
            await deleting.delete("alice", user=alice, current=session, rt=site.rt, caller=CALLER)
        both = (*session.proofs, Proof("totp", session.auth_time, (), frozenset({"possession"})))
        await deleting.delete("alice", user=alice, current=replace(session, proofs=both), rt=site.rt, caller=CALLER)


async def test_where_the_settings_forbid_it_nobody_deletes_themselves(open_site):
    async with open_site(toml="[account]\nmay_delete = false\n") as site:
        _, session, alice = await signed_in(site)
        with pytest.raises(NotAllowed, match="administrator"):
            await deleting.delete("alice", user=alice, current=session, rt=site.rt, caller=CALLER)
