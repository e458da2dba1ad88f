"""Setting a password by a link: invited people, and those who lost everything. What is for everybody is in test_password_reset.py."""

import asyncio

import pytest
from site_kit import PASSWORD, hidden_fields

from admit_server.domain.errors import LinkEnded
from admit_server.domain.times import in_words
from admit_server.flows import password_reset
from admit_server.flows.admin import inviting, users
from admit_server.flows.new_password import password_credential, set_by_link
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
NEW = "entirely other words now"
ADMIN = Caller(actor="cli:test")


def secret_of(made):
    return made.url.rpartition("=")[2]


def path_of(site, made):
    return made.url.removeprefix(site.rt.issuer)


async def sent(site, path, password=NEW):
    browser = site.browser()
    shown = await browser.get(path)
    assert shown.status_code == 200, shown.text
    return await browser.send(path.partition("?")[0], hidden_fields(shown.text) | {"password": password})


async def signs_in(site, password, name):
    return (await site.browser(address="192.0.2.99").sign_in(username=name, password=password)).status_code == 303


async def invited(site, name="carol", email="carol@example.com"):
    await users.add(users.NewUser(username=name, email=email), rt=site.rt, caller=ADMIN)
    return await inviting.invite(name, rt=site.rt, caller=ADMIN)


async def test_somebody_invited_sets_a_password_and_signs_in(mail_site, post_offices):
    """ASVS 6.4.1: the link expires once it is used, and is no password."""
    await invited(mail_site)
    mail = await mail_site.mail_to("carol@example.com")
    path = post_offices.link_in(mail).removeprefix(mail_site.rt.issuer)

    assert (await sent(mail_site, path)).status_code == 200
    assert await signs_in(mail_site, NEW, "carol")
    assert await signs_in(mail_site, NEW, "Carol@example.com")
    assert (await mail_site.rt.store.read.addresses.owner("carol@example.com")).username == "carol"
    assert (await mail_site.browser().get(path)).status_code == 410
    assert {"user.invited", "user.joined"} <= set(await mail_site.actions())


async def test_a_link_that_was_handed_over_verifies_no_address(site):
    made = await invited(site)
    assert made.mailed_to == ""
    assert (await sent(site, path_of(site, made))).status_code == 200
    assert await site.rt.store.read.addresses.owner("carol@example.com") is None


async def test_an_invitation_ends_after_a_week_and_when_a_new_one_is_made(site):
    first = await invited(site)
    site.clock.advance(7 * 86_400 - 1)
    assert (await site.browser().get(path_of(site, first))).status_code == 200
    second = await inviting.invite("carol", rt=site.rt, caller=ADMIN)
    ended = await site.browser().get(path_of(site, first))
    assert (ended.status_code, "Ask the administrator for a new one" in ended.text) == (410, True)
    assert '<a class="button" href="/sign-in">' in ended.text
    site.clock.advance(7 * 86_400)
    assert (await site.browser().get(path_of(site, second))).status_code == 410


async def test_a_disabled_account_is_entered_by_no_link(site):
    made = await invited(site)
    await users.disable("carol", rt=site.rt, caller=ADMIN)
    assert (await site.browser().get(path_of(site, made))).status_code == 410
    with pytest.raises(LinkEnded):
        await set_by_link(secret_of(made), NEW, "invitation", rt=site.rt, caller=Caller())


async def test_a_recovery_begins_anew_after_its_waiting_time(mail_site):
    """ASVS 6.4.4: who lost a factor is let back in by an administrator, who has to know who they are."""
    await mail_site.browser().sign_in()
    made = await inviting.recover("alice", by_mail=False, rt=mail_site.rt, caller=ADMIN)
    path = path_of(mail_site, made)

    early = await mail_site.browser().get(path)
    assert early.status_code == 410
    assert "does not work yet" in early.text
    assert f"works from {in_words(made.starts_at)} on" in early.text
    mail_site.clock.advance(3600)
    assert (await sent(mail_site, path)).status_code == 200
    assert await signs_in(mail_site, NEW, "alice")
    assert not await signs_in(mail_site, PASSWORD, "alice")
    assert {"recovery.begun", "user.recovered"} <= set(await mail_site.actions())


async def test_every_address_is_told_when_a_recovery_begins_and_when_it_was_used(mail_site, post_offices):
    made = await inviting.recover("alice", by_mail=False, rt=mail_site.rt, caller=ADMIN)
    begun = await mail_site.mail_to("alice@example.com")
    assert "adm_rec" not in post_offices.text_of(begun), "a notice, not the link"
    mail_site.clock.advance(3600)
    await sent(mail_site, path_of(mail_site, made))
    used = await mail_site.mail_to("alice@example.com", number=2)
    assert "set up anew" in used["Subject"]


async def test_a_recovery_takes_everything_away_that_somebody_signed_in_with(mail_site):
    rt, tokens = mail_site.rt, await mail_site.tokens()
    alice = await users.find("alice", rt=rt)
    (password,) = await rt.store.read.credentials.of_user(alice.id, "password")
    from dataclasses import replace

    device = replace(password, id="crd_device", authenticator="totp", data="a stolen device")
    await rt.store.write(lambda tx: tx.credentials.put(device))
    made = await inviting.recover("alice", by_mail=False, rt=rt, caller=ADMIN)
    mail_site.clock.advance(3600)
    await sent(mail_site, path_of(mail_site, made))

    left = await rt.store.read.credentials.all_of_user(alice.id)
    assert [each.authenticator for each in left] == ["password"]
    assert left[0].id != password.id
    assert not await mail_site.is_active(tokens["access_token"])


async def test_a_reset_leaves_other_ways_to_sign_in_as_they_are(mail_site, post_offices):
    """ASVS 6.4.3."""
    rt = mail_site.rt
    alice = await users.find("alice", rt=rt)
    (password,) = await rt.store.read.credentials.of_user(alice.id, "password")
    from dataclasses import replace

    await rt.store.write(lambda tx: tx.credentials.put(replace(password, id="crd_device", authenticator="totp")))
    from admit_server.flows import password_reset

    await password_reset.ask("alice", rt=rt, caller=Caller())
    link = post_offices.link_in(await mail_site.mail_to("alice@example.com"))
    await set_by_link(link.rpartition("=")[2], NEW, "reset", rt=rt, caller=Caller())
    left = await rt.store.read.credentials.all_of_user(alice.id)
    assert {each.authenticator for each in left} == {"password", "totp"}


async def test_an_invitation_is_no_reset_once_somebody_can_sign_in(site):
    """However the password came: an unused invitation would open the account for a week."""
    made = await invited(site)
    carol = await users.find("carol", rt=site.rt)
    mine = await password_credential(carol, PASSWORD, rt=site.rt, now=site.clock())
    await site.rt.store.write(lambda tx: tx.credentials.put(mine))

    assert (await site.browser().get(path_of(site, made))).status_code == 410
    with pytest.raises(LinkEnded):
        await set_by_link(secret_of(made), NEW, "invitation", rt=site.rt, caller=Caller())
    assert await signs_in(site, PASSWORD, "carol")


async def test_an_invitation_is_looked_at_again_in_the_unit_that_spends_it(site, monkeypatch):
    made = await invited(site)
    carol = await users.find("carol", rt=site.rt)
    mine = await password_credential(carol, PASSWORD, rt=site.rt, now=site.clock())
    slow = type(site.rt.hasher).hash

    async def meanwhile(self, text):
        if text == NEW:
            await site.rt.store.write(lambda tx: tx.credentials.put(mine))
        return await slow(self, text)

    monkeypatch.setattr(type(site.rt.hasher), "hash", meanwhile)
    with pytest.raises(LinkEnded):
        await set_by_link(secret_of(made), NEW, "invitation", rt=site.rt, caller=Caller())
    assert await signs_in(site, PASSWORD, "carol")


@pytest.mark.parametrize("way", ["reset", "invitation", "recovery"])
async def test_a_password_that_an_administrator_set_ends_every_link_that_sets_another(mail_site, post_offices, way):
    made = await invited(mail_site)
    path = path_of(mail_site, made)
    if way == "recovery":
        path = path_of(mail_site, await inviting.recover("carol", by_mail=False, rt=mail_site.rt, caller=ADMIN))
        mail_site.clock.advance(3600)
    if way == "reset":
        assert (await sent(mail_site, path)).status_code == 200
        await password_reset.ask("carol", rt=mail_site.rt, caller=Caller())
        mails = mail_site.post_office.to
        await mail_site.mail_to("carol@example.com", number=2)
        # Two mails of one second come in any order.
        linked = [each for each in mails("carol@example.com") if "/reset?" in post_offices.text_of(each)]
        path = post_offices.link_in(linked[-1]).removeprefix(mail_site.rt.issuer)
    assert (await mail_site.browser().get(path)).status_code == 200

    await users.set_password("carol", "what the administrator set", rt=mail_site.rt, caller=ADMIN)
    assert (await mail_site.browser().get(path)).status_code == 410
    with pytest.raises(LinkEnded):
        await set_by_link(path.rpartition("=")[2], NEW, way, rt=mail_site.rt, caller=Caller())


async def test_another_address_ends_what_was_mailed_and_not_what_was_handed_over(mail_site):
    mailed = await invited(mail_site)
    assert mailed.mailed_to == "carol@example.com"
    handed = await inviting.recover("carol", by_mail=False, rt=mail_site.rt, caller=ADMIN)
    mail_site.clock.advance(3600)
    change = users.UserChange(email="caroline@example.com")
    await users.update("carol", change, rt=mail_site.rt, caller=ADMIN)

    assert (await mail_site.browser().get(path_of(mail_site, mailed))).status_code == 410
    assert (await mail_site.browser().get(path_of(mail_site, handed))).status_code == 200


async def test_of_many_who_send_the_form_at_once_one_sets_the_password(mail_site):
    made = await invited(mail_site)
    passwords = [f"the words of racer {number}" for number in range(16)]

    async def one(password):
        try:
            await set_by_link(secret_of(made), password, "invitation", rt=mail_site.rt, caller=Caller())
        except LinkEnded:
            return None
        return password

    (winner,) = [each for each in await asyncio.gather(*map(one, passwords)) if each]
    assert await signs_in(mail_site, winner, "carol")


async def test_why_a_link_was_refused_is_told_to_the_administrator_alone(site):
    made = await invited(site)
    await sent(site, path_of(site, made))
    for path, found in (
        (path_of(site, made), "used 0 s ago"),
        ("/invitation?link=adm_inv_nonsense", "another text"),
        ("/invitation", "another text"),
        ("/invitation?link=" + path_of(site, made).rpartition("=")[2].replace("adm_inv", "adm_rst"), "another text"),
    ):
        answer = await site.browser().get(path)
        assert answer.status_code == 410
        assert found not in answer.text
