"""The sign-in that a change of the account needs."""

from dataclasses import replace

import pytest

from admit_server.authenticators.passkey.record import Record
from admit_server.domain.account import SignInTooOld
from admit_server.domain.journey import ACR_ONE_FACTOR, ACR_PHISHING_RESISTANT, ACR_TWO_FACTORS, Ask, Proof
from admit_server.domain.sign_in_rule import SignInRule
from admit_server.flows.admin import users
from admit_server.flows.journeys.full import full_class, require_full_sign_in, required_of
from admit_server.flows.journeys.keeping import closed
from admit_server.flows.journeys.steps import plan_of
from admit_server.flows.new_session import Occasion, current_session
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(open_site):
    async with open_site(toml='[sign_in]\nauthenticators = ["password", "totp", "recovery_codes"]\n') as opened:
        yield opened


async def alice_with(site, *authenticators, text="{}"):
    alice = await users.find("alice", rt=site.rt)
    for name in authenticators:
        credential_id = site.rt.new_id("crd")
        data = closed(text, credential_id, site.rt.authenticators[name], rt=site.rt)
        kept = Credential(
            id=credential_id, user_id=alice.id, authenticator=name, data=data, version=1, created_at=1, updated_at=1
        )
        await site.rt.store.write(lambda tx, kept=kept: tx.credentials.put(kept))
    return alice


async def rule(site, **values):
    made = SignInRule(name="r", requires="password and totp", created_at=1, updated_at=1, **values)
    await site.rt.store.write(lambda tx: tx.sign_in_rules.put(made))


async def test_two_factors_are_asked_for_where_two_are_set_up_whatever_asks_for_them(site):
    """Only a client's `acr_values` may ask for two: nothing that this server keeps tells whether one ever does."""
    assert await full_class(await alice_with(site), rt=site.rt) == ACR_ONE_FACTOR
    assert await full_class(await alice_with(site, "totp"), rt=site.rt) == ACR_TWO_FACTORS


async def test_a_passkey_is_asked_for_where_one_is_set_up(open_site):
    """Else a phished password and code would add a passkey of the thief's, and pass what wants a sign-in that nobody can phish."""
    toml = '[sign_in]\nauthenticators = ["password", "totp", "passkey"]\n'
    async with open_site(issuer="http://localhost:8100", toml=toml) as site:
        alice = await alice_with(site, "totp")
        assert await full_class(alice, rt=site.rt) == ACR_TWO_FACTORS
        record = Record(
            user=alice.id, id="k", key="", rp="localhost", count=0, verified=True, eligible=False, backed_up=False
        )
        await alice_with(site, "passkey", text=record.text())
        assert await full_class(alice, rt=site.rt) == ACR_PHISHING_RESISTANT


async def test_nobody_is_asked_for_what_they_have_not_set_up_and_recovery_codes_are_not_set_up(site):
    await rule(site)
    assert await full_class(await alice_with(site), rt=site.rt) == ACR_ONE_FACTOR
    assert await full_class(await alice_with(site, "recovery_codes"), rt=site.rt) == ACR_ONE_FACTOR


async def test_rules_are_told_apart_by_whether_they_hold_always(site):
    alice = await alice_with(site)
    await rule(site, role="editor")
    found = await required_of(site.rt.store.read, alice, rt=site.rt)
    assert (len(found.always.parts), found.sometimes) == (2, ())
    await rule(site, role="editor", network="10.0.0.0/8")
    found = await required_of(site.rt.store.read, alice, rt=site.rt)
    assert len(found.sometimes) == 1


async def test_a_letter_is_not_enough_for_who_can_show_a_factor_and_the_sign_in_asks_for_one(site, desk):
    """Else the mailbox alone would add a way to sign in beside the password."""
    rt, browser = desk("password or letter"), site.browser(app=site.app)
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=rt)
    await require_full_sign_in(session, rt=rt)
    letter = Proof("letter", rt.clock(), ("otp",))
    with pytest.raises(SignInTooOld):
        await require_full_sign_in(replace(session, proofs=(letter,)), rt=rt)
    alice = await users.find("alice", rt=rt)
    plan = await plan_of(alice, Occasion(full=True), rt=rt, caller=Caller())
    assert plan.next((letter,)) == Ask("password")
