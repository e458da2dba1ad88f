"""A person's own ways to sign in, and what the rules of the house ask for."""

import asyncio
from dataclasses import replace

import pytest

from admit_server.domain.account import SignInTooOld
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.journey import Proof
from admit_server.domain.sign_in_rule import SignInRule
from admit_server.flows.account import credentials
from admit_server.flows.admin import users
from admit_server.flows.journeys.full import require_full_sign_in
from admit_server.flows.journeys.keeping import closed
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio
CALLER = Caller()
TOML = '[sign_in]\nauthenticators = ["password", "totp", "recovery_codes"]\nrequires = "password or totp"\n'


@pytest.fixture
async def site(open_site):
    async with open_site(toml=TOML) as opened:
        yield opened


async def signed_in(site, username="alice", **more):
    browser = site.browser()
    await browser.sign_in(username=username, **more)
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    return session, await users.find(username, rt=site.rt)


def with_both(session):
    """The same session, after a sign-in with two factors."""
    proofs = tuple(
        Proof(name, session.auth_time, (), frozenset({factor}))
        for name, factor in (("password", "knowledge"), ("totp", "possession"))
    )
    return replace(session, proofs=proofs)


async def give(site, user, authenticator="totp", label=""):
    """A credential, as if it had been set up."""
    credential_id = site.rt.new_id("crd")
    data = closed("{}", credential_id, site.rt.authenticators[authenticator], rt=site.rt)
    now = site.clock()
    credential = Credential(
        id=credential_id,
        user_id=user.id,
        authenticator=authenticator,
        data=data,
        version=1,
        created_at=now,
        updated_at=now,
        label=label,
    )
    await site.rt.store.write(lambda tx: tx.credentials.put(credential))
    return credential_id


async def remove(site, credential_id, session, **more):
    given = {"sure": False} | more
    return await credentials.remove(credential_id, current=session, rt=site.rt, caller=CALLER, **given)


async def kinds(site, user):
    return sorted(each.credential.authenticator for each in await credentials.of_person(user.id, rt=site.rt))


async def test_each_is_told_with_its_name_and_what_its_removal_would_do(site):
    _, alice = await signed_in(site)
    (only,) = await credentials.of_person(alice.id, rt=site.rt)
    assert (only.name, only.removal, only.is_last) == ("Password", "last", True)
    await give(site, alice, label="old phone")
    await give(site, alice, label="new phone")
    told = [(each.name, each.removal) for each in await credentials.of_person(alice.id, rt=site.rt)]
    assert sorted(told) == [
        ('Authenticator app "new phone"', "fine"),
        ('Authenticator app "old phone"', "fine"),
        ("Password", "weaker"),
    ]
    assert len(await credentials.of_person(alice.id, "totp", rt=site.rt)) == 2
    assert await credentials.of_person("usr_nobody", rt=site.rt) == []


async def test_one_of_two_goes_and_the_log_tells_which(site):
    session, alice = await signed_in(site)
    first, _ = await give(site, alice, label="old phone"), await give(site, alice)
    assert (await remove(site, first, with_both(session))).label == "old phone"
    assert await kinds(site, alice) == ["password", "totp"]
    (event,) = [event for event in await site.events() if event.action == "credential.removed"]
    assert (event.actor, event.target) == (alice.id, alice.id)
    assert event.details == {"credential": first, "by": "totp", "label": "old phone"}
    with pytest.raises(NotFound):
        await remove(site, first, with_both(session))


async def test_the_last_second_factor_goes_only_after_a_second_word(site):
    session, alice = await signed_in(site)
    totp = await give(site, alice)
    with pytest.raises(credentials.NotSure):
        await remove(site, totp, with_both(session))
    assert await kinds(site, alice) == ["password", "totp"]
    await remove(site, totp, with_both(session), sure=True)
    assert await kinds(site, alice) == ["password"]


async def test_the_last_way_in_stays_whatever_is_said(site):
    session, alice = await signed_in(site)
    (password,) = await credentials.of_person(alice.id, rt=site.rt)
    with pytest.raises(NotAllowed, match="could not sign in any more"):
        await remove(site, password.credential.id, session, sure=True)
    await give(site, alice, "recovery_codes")
    with pytest.raises(NotAllowed, match="could not sign in any more"):
        await remove(site, password.credential.id, session, sure=True)


async def test_what_the_rules_of_a_role_always_need_stays_and_what_one_app_needs_is_asked_twice(site):
    session, alice = await signed_in(site)
    totp = await give(site, alice)
    now = site.clock()
    rule = SignInRule(name="editors", requires="password and totp", role="editor", created_at=now, updated_at=now)
    await site.rt.store.write(lambda tx: tx.sign_in_rules.put(rule))
    with pytest.raises(NotAllowed, match="could not sign in any more"):
        await remove(site, totp, with_both(session), sure=True)
    await site.rt.store.write(lambda tx: tx.sign_in_rules.put(replace(rule, role="others")))
    with pytest.raises(credentials.NotSure):
        await remove(site, totp, with_both(session))
    await site.rt.store.write(lambda tx: tx.sign_in_rules.put(replace(rule, role=None, client_id="web")))
    with pytest.raises(credentials.NotSure):
        await remove(site, totp, with_both(session))


async def test_of_two_last_ones_removed_at_once_one_stays(site):
    session, alice = await signed_in(site)
    totp = await give(site, alice)
    password = (await credentials.of_person(alice.id, "password", rt=site.rt))[0].credential.id
    both = with_both(session)
    outcomes = await asyncio.gather(
        *(remove(site, each, both, sure=True) for each in (totp, password)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Credential", "NotAllowed"]
    assert len(await kinds(site, alice)) == 1


async def test_whoever_has_the_password_alone_takes_no_second_factor_away(site):
    session, alice = await signed_in(site)
    totp = await give(site, alice)
    # No rule asks for two: an app's `acr_values` may.
    with pytest.raises(SignInTooOld):
        await remove(site, totp, session, sure=True)
    with pytest.raises(SignInTooOld):
        await require_full_sign_in(session, rt=site.rt)
    await require_full_sign_in(with_both(session), rt=site.rt)
    site.clock.advance(601)
    with pytest.raises(SignInTooOld):
        await remove(site, totp, with_both(session), sure=True)


async def test_nobody_names_or_removes_what_is_anothers(site):
    session, alice = await signed_in(site)
    bob = await users.find("bob", rt=site.rt)
    bobs = await give(site, bob)
    mine = await give(site, alice)
    for credential_id, by in ((bobs, None), ("crd_nothing", None), (mine, "password")):
        with pytest.raises(NotFound):
            await remove(site, credential_id, with_both(session), authenticator=by, sure=True)
    with pytest.raises(NotFound):
        await credentials.rename(bobs, "mine", current=session, rt=site.rt, caller=CALLER)
    assert await kinds(site, bob) == ["password", "totp"]


@pytest.mark.parametrize(("label", "kept"), [("  blue \n key ", "blue key"), ("x" * 70, "x" * 64), ("𝔅lau", "𝔅lau")])
async def test_a_name_is_one_line_that_can_be_seen(site, label, kept):
    session, alice = await signed_in(site)
    totp = await give(site, alice)
    await credentials.rename(totp, label, current=session, rt=site.rt, caller=CALLER)
    (found,) = await credentials.of_person(alice.id, "totp", rt=site.rt)
    assert found.credential.label == kept
    with pytest.raises(NotAllowed):
        await credentials.rename(totp, " \u200b ", current=session, rt=site.rt, caller=CALLER)
