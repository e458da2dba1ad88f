"""A person's own ways to sign in: named, removed, and never the last one by accident."""

import asyncio
import re
from dataclasses import replace

import pytest

from admit_server.authenticators.passkey.record import Record
from admit_server.domain.account import SignInTooOld
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.journey import Proof
from admit_server.domain.session import Session
from admit_server.flows.account import credentials
from admit_server.flows.admin import users
from admit_server.flows.journeys.keeping import closed
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio
CALLER = Caller()


@pytest.fixture
async def site(open_site):
    async with open_site(
        issuer="http://localhost:8100", toml='[sign_in]\nauthenticators = ["password", "passkey", "totp"]\n'
    ) as site:
        yield site


@pytest.fixture
async def session(site):
    """alice's, as if it had been opened with a passkey."""
    browser = site.http(base_url=site.rt.issuer)
    page = (await browser.get("/sign-in")).text.split("data-passkey")[0]
    form = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page))
    form |= {"username": "alice", "password": "a sturdy pass phrase"}
    await browser.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin", "Origin": site.rt.issuer})
    cookie = next(each.value for each in browser.cookies.jar if each.name.endswith("-sid"))
    found = await current_session(cookie, rt=site.rt)
    assert found is not None
    shown = Proof("passkey", found.auth_time, (), frozenset({"possession", "inherence"}), True)
    return replace(found, proofs=(shown,))


async def keep(site, name, authenticator="passkey", username="alice"):
    """Store something that only looks like a credential: these flows never judge one."""
    user = await users.find(username, rt=site.rt)
    record = Record(
        user=user.id, id=name, key="", rp="localhost", count=0, verified=True, eligible=False, backed_up=False
    )
    made = Credential(
        id=f"crd_{name}",
        user_id=user.id,
        authenticator=authenticator,
        data=closed(record.text(), f"crd_{name}", site.rt.authenticators[authenticator], rt=site.rt),
        version=1,
        created_at=site.rt.clock(),
        updated_at=site.rt.clock(),
        label=name,
        lookup=name,
    )
    assert await site.rt.store.write(lambda tx: tx.credentials.put(made))
    return made.id


async def remove(site, session, credential_id, *, sure=False):
    await credentials.remove(credential_id, "passkey", sure=sure, current=session, rt=site.rt, caller=CALLER)


async def labels(site, session):
    own = await credentials.of_person(session.user_id, "passkey", rt=site.rt)
    return [(each.credential.label, each.is_last) for each in own]


async def test_they_are_listed_with_whether_one_is_the_last(site, session):
    assert await labels(site, session) == []
    await keep(site, "One")
    assert await labels(site, session) == [("One", True)]
    await keep(site, "Two")
    assert await labels(site, session) == [("One", False), ("Two", False)]


async def test_an_app_with_codes_is_strong_too_and_a_password_is_not(site, session):
    await keep(site, "One")
    await keep(site, "App", "totp")
    assert await labels(site, session) == [("One", False)]


async def test_a_name_is_one_line_that_can_be_read(site, session):
    one = await keep(site, "One")
    await credentials.rename(one, " Blue  ring\u200b ", current=session, rt=site.rt, caller=CALLER)
    assert await labels(site, session) == [("Blue ring", True)]
    for nothing in ("", "  ", "\u202e"):
        with pytest.raises(NotAllowed, match="can be read"):
            await credentials.rename(one, nothing, current=session, rt=site.rt, caller=CALLER)


async def test_what_is_anothers_gone_or_of_another_kind_is_not_found(site, session):
    theirs = await keep(site, "Bobs", username="bob")
    app = await keep(site, "App", "totp")
    for credential_id in (theirs, app, "crd_nothing"):
        with pytest.raises(NotFound):
            await remove(site, session, credential_id, sure=True)
    for credential_id in (theirs, "crd_nothing"):
        with pytest.raises(NotFound):
            await credentials.rename(credential_id, "Mine", current=session, rt=site.rt, caller=CALLER)
    assert await site.rows("SELECT label FROM credential WHERE authenticator <> 'password' ORDER BY label") == [
        ("App",),
        ("Bobs",),
    ]


async def test_the_last_strong_one_needs_a_second_word(site, session):
    one = await keep(site, "One")
    with pytest.raises(NotAllowed, match="Say that you want this"):
        await remove(site, session, one)
    await remove(site, session, one, sure=True)
    assert await labels(site, session) == []
    (event,) = [e for e in await site.events() if e.action == "credential.removed"]
    assert event.details == {"credential": one, "by": "passkey", "label": "One"}


async def test_an_old_sign_in_removes_nothing(site, session):
    one = await keep(site, "One")
    site.clock.advance(601)
    with pytest.raises(SignInTooOld):
        await remove(site, session, one, sure=True)
    assert len(await labels(site, session)) == 1


async def test_a_phished_password_and_code_remove_no_passkey_and_a_passkey_removes_the_app(site, session):
    app, one = await keep(site, "App", "totp"), await keep(site, "One")
    factors = {"password": "knowledge", "totp": "possession"}
    phished = tuple(Proof(name, session.auth_time, (), frozenset({kind})) for name, kind in factors.items())
    for proofs in (phished[:1], phished):
        weaker = replace(session, proofs=proofs)
        with pytest.raises(SignInTooOld):
            await remove(site, weaker, one, sure=True)
        with pytest.raises(SignInTooOld):
            await credentials.remove(app, sure=True, current=weaker, rt=site.rt, caller=CALLER)
    await credentials.remove(app, sure=True, current=session, rt=site.rt, caller=CALLER)


async def test_of_many_removals_at_once_the_last_one_is_left_without_a_second_word(site, session):
    """The rows of a person change one after the other, so nobody is left with none by accident."""
    ids = [await keep(site, f"Key{number}") for number in range(10)]
    outcomes = await asyncio.gather(*(remove(site, session, each) for each in ids), return_exceptions=True)
    assert [type(each) for each in outcomes if each is not None] == [credentials.NotSure]
    assert [last for _, last in await labels(site, session)] == [True]


async def test_the_only_way_in_stays(open_site, template):
    toml = '[sign_in]\nrequires = "passkey"\n'
    async with open_site(issuer="http://localhost:8100", toml=toml) as site:
        user = await users.find("alice", rt=site.rt)
        one = await keep(site, "One")

        now = site.rt.clock()
        shown = Proof("passkey", now, (), frozenset({"possession", "inherence"}), True)
        current = Session(
            id=site.rt.new_id("ses"),
            user_id=user.id,
            auth_time=now,
            amr=(),
            acr="",
            network="",
            user_agent="",
            in_browser=True,
            created_at=now,
            last_seen_at=now,
            expires_at=now + 600,
            proofs=(shown,),
        )
        await site.rt.store.write(lambda tx: tx.sessions.add(current, digest=None))
        with pytest.raises(NotAllowed, match="could not sign in any more"):
            await remove(site, current, one, sure=True)
        await keep(site, "Two")
        await remove(site, current, one)
