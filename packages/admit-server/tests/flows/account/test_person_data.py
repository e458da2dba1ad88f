"""A person's own data."""

import json

import pytest
from site_kit import API

from admit_server.domain.account import SignInTooOld
from admit_server.flows import personal_tokens
from admit_server.flows.account import person_data
from admit_server.flows.admin import resources, users
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller()


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    return browser, session, await users.find("alice", rt=site.rt)


async def test_all_that_is_kept_of_a_person_is_in_it_and_no_secret(site, monkeypatch):
    monkeypatch.setattr(person_data, "_PAGE", 2)
    await resources.update(API, resources.ResourceChange(personal_tokens=True), rt=site.rt, caller=CALLER)
    bobs = site.browser(address="192.0.2.99")
    await bobs.sign_in(username="bob", password="another sturdy phrase")
    secrets = []
    for _ in range(3):
        browser, session, alice = await signed_in(site)
        tokens = await browser.tokens("opaque-web")
        secrets += [browser.cookies["admit-8100-sid"], tokens["access_token"], tokens["refresh_token"]]
        new = personal_tokens.NewPersonalToken(id=site.rt.new_id("tok"), user=alice, audience=API, name="n")
        secrets.append((await personal_tokens.make(new, by_administrator=False, rt=site.rt, caller=CALLER)).text)
    secrets += [row[0] for row in await site.rows("SELECT data FROM credential")]
    document = await person_data.download(alice, current=session, rt=site.rt, caller=CALLER)
    text = json.dumps(document)
    assert not [secret for secret in secrets if secret in text]
    assert (document["profile"]["username"], document["profile"]["email"]) == ("alice", "alice@example.com")
    assert [each["kind"] for each in document["ways_to_sign_in"]] == ["password"]
    assert len(document["sessions"]) == 3
    assert {each["client_name"] for each in document["grants"]} == {"The opaque-web", "Personal tokens"}
    assert len(document["grants"]) == 6
    assert len(document["personal_tokens"]) == 3
    assert [each["what"] for each in document["activity"]].count("You signed in.") == 3
    assert document["activity_is_whole"]
    assert document["activity"][0]["what"] == "You downloaded your data."
    assert "192.0.2.99" not in text


async def test_it_needs_a_fresh_sign_in(site):
    _, session, alice = await signed_in(site)
    site.clock.advance(601)
    with pytest.raises(SignInTooOld):
        await person_data.download(alice, current=session, rt=site.rt, caller=CALLER)


async def test_a_log_that_is_too_long_is_cut_and_says_so(site, monkeypatch):
    monkeypatch.setattr(person_data, "MOST_HAPPENINGS", 1)
    monkeypatch.setattr(person_data, "_PAGE", 1)
    _, session, alice = await signed_in(site)
    from admit_server.flows.audit.sealing import Sealer

    while await Sealer.of(site.rt).seal():
        pass
    document = await person_data.download(alice, current=session, rt=site.rt, caller=CALLER)
    assert len(document["activity"]) == 1
    assert not document["activity_is_whole"]
