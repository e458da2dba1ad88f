"""Registration: off unless somebody opens it; the account begins when the address is proven; nobody learns who is there."""

import asyncio
import json

import pytest
from site_kit import hidden_fields, without_id

from admit_server.domain.email_address import address_key
from admit_server.domain.errors import AlreadyExists, LinkEnded, NotAllowed
from admit_server.flows import registration
from admit_server.flows.admin import users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
WORDS = "my very own long words"
OPEN = "[registration]\nopen = true\n"
WISH = {"username": "dora", "email": "dora@example.com"}


@pytest.fixture
async def open_house(open_mail_site):
    async with open_mail_site(toml=OPEN) as site:
        yield site


async def asked(site, browser=None, **changes):
    browser = browser or site.browser()
    page = await browser.get("/sign-up")
    assert page.status_code == 200
    return await browser.send("/sign-up", hidden_fields(page.text) | WISH | changes)


def told(answer, typed):
    """A page without its ids and without what was typed itself, which has to be in it."""
    assert typed in answer.text
    return without_id(answer.text).replace(typed, "")


async def link_to(site, post_offices, address="dora@example.com", number=1):
    return post_offices.link_in(await site.mail_to(address, number=number)).removeprefix(site.rt.issuer)


async def confirmed(site, path, **changes):
    browser = site.browser()
    page = await browser.get(path)
    assert page.status_code == 200, page.text
    return await browser.send(
        "/sign-up/confirm", hidden_fields(page.text) | {"username": "dora", "password": WORDS} | changes
    )


async def own(site, username, address):
    """Let somebody have verified an address."""
    user = await users.find(username, rt=site.rt)
    key = address_key(address)
    await site.rt.store.write(lambda tx: tx.addresses.verify(user.id, address=address, address_key=key, now=1))


async def test_an_account_begins_when_its_address_is_proven(open_house, post_offices):
    assert (await asked(open_house)).status_code == 200
    assert await open_house.rt.store.read.users.by_username_key("dora") is None
    link = await link_to(open_house, post_offices)
    assert (await confirmed(open_house, link)).status_code == 200

    dora = await users.find("dora", rt=open_house.rt)
    assert (dora.email, dora.roles) == ("dora@example.com", ())
    assert (await open_house.rt.store.read.addresses.owner("dora@example.com")).id == dora.id
    assert (await open_house.browser().sign_in(username="dora", password=WORDS)).status_code == 303
    assert (await open_house.browser().get(link)).status_code == 410
    assert "user.signed_up" in await open_house.actions()


async def test_who_reads_the_mailbox_chooses_the_password_and_no_stranger_who_asked(open_house, post_offices):
    """A stranger asks for an account with somebody's address; its owner takes it, and it is the owner's alone."""
    theirs = "the stranger's own words"
    answer = await asked(open_house, password=theirs)
    assert "password" not in (await open_house.browser().get("/sign-up")).text.replace("choose a password", "")
    assert answer.status_code == 200
    assert (await confirmed(open_house, await link_to(open_house, post_offices))).status_code == 200

    assert (await open_house.browser().sign_in(username="dora", password=theirs)).status_code == 403
    assert (await open_house.browser().sign_in(username="dora", password=WORDS)).status_code == 303


@pytest.mark.parametrize("password", ["short", "", "dora dora dora dora", "x" * 1025])
async def test_a_password_against_the_rules_leaves_the_link_good(open_house, post_offices, password):
    await asked(open_house)
    link = await link_to(open_house, post_offices)
    refused = await confirmed(open_house, link, password=password)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert await open_house.rt.store.read.users.by_username_key("dora") is None
    assert (await confirmed(open_house, link)).status_code == 200


async def test_the_answer_is_the_same_for_an_address_with_an_account_and_its_owner_is_told(open_house, post_offices):
    """OWASP ASVS 5.0, 6.3.8."""
    await own(open_house, "alice", "alice@example.com")
    free = await asked(open_house, open_house.browser())
    taken = await asked(open_house, open_house.browser(), email="ALICE@example.com")

    assert (free.status_code, told(free, "dora@example.com")) == (taken.status_code, told(taken, "ALICE@example.com"))
    mail = await open_house.mail_to("ALICE@example.com")
    assert "already" in mail["Subject"]
    assert "adm_sup" not in post_offices.text_of(mail)
    assert len(await open_house.rows("SELECT 1 FROM one_use_link")) == 2


async def test_the_answer_is_the_same_for_a_name_that_is_taken(open_house, post_offices):
    """Whoever proved an address learns that a name is taken, and chooses another one; strangers learn nothing."""
    free, taken = await asked(open_house), await asked(open_house, username="alice", email="eve@example.com")
    assert (free.status_code, told(free, "dora@example.com")) == (taken.status_code, told(taken, "eve@example.com"))
    link = await link_to(open_house, post_offices, "eve@example.com")

    again = await confirmed(open_house, link, username="Alice")
    assert again.status_code == 400
    assert "taken" in again.text
    assert (await confirmed(open_house, link, username="eve")).status_code == 200


async def test_what_strangers_type_stands_in_no_mail_to_others(open_house, post_offices):
    await asked(open_house, username="visit-evil.example")
    mail = await open_house.mail_to("dora@example.com")
    assert "evil" not in post_offices.text_of(mail) + post_offices.html_of(mail) + str(mail["Subject"])


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "with space"},
        {"username": "alice@example.com"},
        {"email": "no address"},
        {"email": "x@y.example\r\nBcc: z@z.example"},
        {"username": ""},
    ],
)
async def test_what_the_rules_forbid_is_told_and_nothing_is_sent(open_house, changes):
    answer = await asked(open_house, **changes)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert not await open_house.rows("SELECT 1 FROM one_use_link")


async def test_a_name_that_reads_like_an_address_or_an_id_is_nobodys_to_take():
    for name in ("alice@example.com", "usr_" + "a" * 22):
        with pytest.raises(NotAllowed):
            registration.check_own_username(name)
    assert registration.check_own_username("dora") == "dora"


async def test_what_was_typed_waits_sealed_and_no_password_with_it(open_house):
    await asked(open_house, password=WORDS)
    ((data,),) = await open_house.rows("SELECT data FROM one_use_link")
    assert b"dora" not in bytes.fromhex(data)
    opened = open_house.rt.vault.open(bytes.fromhex(data), place="one_use_link/sign_up/data")
    assert json.loads(opened) == WISH


async def test_of_many_who_confirm_at_once_one_account_is_made(open_house, post_offices):
    await asked(open_house)
    secret = (await link_to(open_house, post_offices)).rpartition("=")[2]

    async def one(number):
        try:
            return await registration.make(secret, f"dora{number}", WORDS, rt=open_house.rt, caller=Caller())
        except LinkEnded:
            return None

    made = [user for user in await asyncio.gather(*map(one, range(12))) if user]
    assert len(made) == 1
    assert len(await open_house.rows("SELECT 1 FROM app_user WHERE username LIKE 'dora%'")) == 1


async def test_two_links_of_one_address_make_one_account(open_house, post_offices):
    for number in (1, 2):
        await asked(open_house)
        await link_to(open_house, post_offices, number=number)
    secrets = [(await link_to(open_house, post_offices, number=number)).rpartition("=")[2] for number in (1, 2)]
    await registration.make(secrets[0], "dora", WORDS, rt=open_house.rt, caller=Caller())
    with pytest.raises(LinkEnded):
        await registration.make(secrets[1], "dora2", WORDS, rt=open_house.rt, caller=Caller())


async def test_of_two_links_with_one_name_the_second_chooses_another(open_house, post_offices):
    await asked(open_house)
    secret = (await link_to(open_house, post_offices)).rpartition("=")[2]
    with pytest.raises(AlreadyExists):
        await registration.make(secret, "ALICE", WORDS, rt=open_house.rt, caller=Caller())


async def test_asking_too_often_is_refused(open_house):
    browser = open_house.browser()
    assert [(await asked(open_house, browser)).status_code for _ in range(7)][-1] == 429


@pytest.mark.parametrize("path", ["/sign-up", "/sign-up/confirm"])
async def test_it_is_off_unless_somebody_opens_it(mail_site, path):
    shown = await mail_site.browser().get(path)
    assert shown.status_code == 404
    assert "invitation" in shown.text
    browser = mail_site.browser()
    page = await browser.get("/forgot")
    assert (await browser.send(path, hidden_fields(page.text) | WISH)).status_code == 404
    assert "user.signed_up" not in await mail_site.actions()


async def test_it_stays_off_without_mail(open_site):
    async with open_site(toml=OPEN) as site:
        assert (await site.browser().get("/sign-up")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"), [({"email": "dora@example"}, "email"), ({"username": "a name"}, "username")]
)
async def test_the_field_that_is_wrong_is_the_one_that_is_marked_and_has_the_focus(open_house, changes, field):
    page = (await asked(open_house, **changes)).text
    marked = [line for line in page.splitlines() if "aria-invalid" in line]
    assert len(marked) == 1
    assert f'id="{field}"' in marked[0]
    assert "autofocus" in marked[0]
    assert page.count("autofocus") == 1


async def test_a_weak_password_is_marked_and_not_the_name(open_house, post_offices):
    await asked(open_house)
    page = (await confirmed(open_house, await link_to(open_house, post_offices), password="short")).text
    marked = [line for line in page.splitlines() if "aria-invalid" in line]
    assert ['id="password"' in line for line in marked] == [True]
