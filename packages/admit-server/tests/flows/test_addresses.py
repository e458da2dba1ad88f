"""Addresses of a person: verified by a link, one the main one, and every other address is told of changes."""

import asyncio

import pytest
from site_kit import hidden_fields

from admit_server.domain.errors import LinkEnded, NotAllowed, NotFound, TooManyTries
from admit_server.flows import addresses
from admit_server.flows.admin import users
from admit_server.flows.people import addresses_of
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(network="192.0.2.1")


async def person(site, name="alice"):
    return await users.find(name, rt=site.rt)


async def add(site, address, name="alice"):
    await addresses.add(await person(site, name), address, rt=site.rt, caller=CALLER)


async def secret_to(site, post_offices, address, number=1):
    return post_offices.link_in(await site.mail_to(address, number=number)).rpartition("=")[2]


async def verified(site, post_offices, address, name="alice", number=1):
    await add(site, address, name)
    secret = await secret_to(site, post_offices, address, number)
    return await addresses.verify(secret, rt=site.rt, caller=CALLER)


async def shown(site, name="alice"):
    found = await addresses_of(await person(site, name), tx=site.rt.store.read)
    return {each.address: (each.is_main, each.verified_at is not None) for each in found}


async def test_the_page_of_the_link_asks_first_and_the_form_verifies(mail_site, post_offices):
    await add(mail_site, "new@example.com")
    path = post_offices.link_in(await mail_site.mail_to("new@example.com")).removeprefix(mail_site.rt.issuer)
    browser = mail_site.browser()
    page = await browser.get(path)
    assert "new@example.com" in page.text
    assert "alice" in page.text
    assert (await shown(mail_site))["new@example.com"] == (False, False), "looking verifies nothing"

    done = await browser.send("/address", hidden_fields(page.text))
    assert done.status_code == 200
    assert (await shown(mail_site))["new@example.com"] == (False, True)
    assert (await browser.get(path)).status_code == 410
    told = await mail_site.mail_to("alice@example.com")
    assert "was added" in told["Subject"]
    assert {"address.added", "address.verified"} <= set(await mail_site.actions())


async def test_the_first_verified_address_becomes_the_main_one(mail_site, post_offices):
    await verified(mail_site, post_offices, "bob@example.com", "bob")
    assert (await person(mail_site, "bob")).email == "bob@example.com"


async def test_an_address_belongs_to_who_verifies_it_first(mail_site, post_offices):
    await add(mail_site, "shared@example.com", "alice")
    hers = await secret_to(mail_site, post_offices, "shared@example.com")
    await verified(mail_site, post_offices, "Shared@Example.com", "bob")

    with pytest.raises(LinkEnded):
        await addresses.verify(hers, rt=mail_site.rt, caller=CALLER)
    assert (await shown(mail_site))["shared@example.com"] == (False, False)
    await add(mail_site, "shared@example.com", "alice")  # the same answer as for a free one


async def test_of_many_who_open_a_link_at_once_one_verifies(mail_site, post_offices):
    await add(mail_site, "new@example.com")
    secret = await secret_to(mail_site, post_offices, "new@example.com")

    async def one():
        try:
            await addresses.verify(secret, rt=mail_site.rt, caller=CALLER)
        except LinkEnded:
            return False
        return True

    assert (await asyncio.gather(*(one() for _ in range(16)))).count(True) == 1


async def test_one_link_works_at_a_time(mail_site, post_offices):
    await add(mail_site, "new@example.com")
    old = await secret_to(mail_site, post_offices, "new@example.com")
    await add(mail_site, "new@example.com")
    with pytest.raises(LinkEnded):
        await addresses.verify(old, rt=mail_site.rt, caller=CALLER)


async def test_another_one_becomes_the_main_one_once_it_is_verified(mail_site, post_offices):
    await add(mail_site, "new@example.com")
    alice = await person(mail_site)
    with pytest.raises(NotAllowed, match="Verify"):
        await addresses.make_main(alice, "new@example.com", rt=mail_site.rt, caller=CALLER)
    await addresses.verify(await secret_to(mail_site, post_offices, "new@example.com"), rt=mail_site.rt, caller=CALLER)
    await addresses.make_main(alice, "NEW@example.com", rt=mail_site.rt, caller=CALLER)

    assert await shown(mail_site) == {"new@example.com": (True, True), "alice@example.com": (False, False)}
    with pytest.raises(NotFound):
        await addresses.make_main(alice, "nobodys@example.com", rt=mail_site.rt, caller=CALLER)


async def test_an_address_is_removed_and_told_of_it_but_never_the_main_one(mail_site, post_offices):
    await verified(mail_site, post_offices, "new@example.com")
    alice = await person(mail_site)
    with pytest.raises(NotAllowed, match="main"):
        await addresses.remove(alice, "alice@example.com", rt=mail_site.rt, caller=CALLER)
    await addresses.remove(alice, "new@example.com", rt=mail_site.rt, caller=CALLER)

    assert list(await shown(mail_site)) == ["alice@example.com"]
    for address in ("new@example.com", "alice@example.com"):
        # Mails of one second are sent beside each other, so they arrive in any order.
        mails = [await mail_site.mail_to(address, number=number) for number in (1, 2)]
        assert ["was removed" in mail["Subject"] for mail in mails].count(True) == 1
    with pytest.raises(NotFound):
        await addresses.remove(alice, "new@example.com", rt=mail_site.rt, caller=CALLER)


async def test_an_address_that_was_removed_is_not_verified_by_its_old_link(mail_site, post_offices):
    await add(mail_site, "new@example.com")
    secret = await secret_to(mail_site, post_offices, "new@example.com")
    await addresses.remove(await person(mail_site), "new@example.com", rt=mail_site.rt, caller=CALLER)
    with pytest.raises(LinkEnded):
        await addresses.verify(secret, rt=mail_site.rt, caller=CALLER)


async def test_there_are_ten_at_most_and_no_nonsense(mail_site, post_offices):
    alice = await person(mail_site)
    for number in range(addresses.MOST - 1):
        await add(mail_site, f"a{number}@example.com")
        mail_site.clock.advance(3600)
    with pytest.raises(NotAllowed, match="at most"):
        await add(mail_site, "eleventh@example.com")
    with pytest.raises(NotAllowed, match="not an e-mail"):
        await addresses.add(alice, "x\r\nBcc: y@z.example", rt=mail_site.rt, caller=CALLER)


async def test_without_mail_no_address_can_be_added(site):
    with pytest.raises(NotAllowed, match="no mail"):
        await add(site, "new@example.com")


async def test_nobody_has_mails_sent_to_strangers_as_often_as_they_like(mail_site):
    for number in range(4):
        await add(mail_site, f"stranger{number}@example.com")
    with pytest.raises(TooManyTries):
        await add(mail_site, "stranger4@example.com")
