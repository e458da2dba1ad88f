"""A forgotten password: the same answer for everybody, a link that works once, and nothing around it weakened.

ASVS: the numbers of OWASP ASVS 5.0, chapter 6, as its text says them.
"""

import asyncio

import pytest
from site_kit import PASSWORD, hidden_fields, without_id

from admit_server.domain.errors import InvalidRequest, LinkEnded, TooManyTries
from admit_server.flows import addresses, password_reset
from admit_server.flows.account.password import change
from admit_server.flows.admin import users
from admit_server.flows.new_password import set_by_link
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
NEW = "entirely other words now"
THERE, NOBODY = "alice", "nobody-here"


async def asked(site, name, browser=None):
    browser = browser or site.browser()
    shown = await browser.get("/forgot")
    return await browser.send("/forgot", hidden_fields(shown.text) | {"name": name})


async def link_of(site, name="alice", address="alice@example.com", post_offices=None):
    answer = await asked(site, name)
    assert answer.status_code == 200
    await subject(site, address, "Set a new password")
    links = [mail for mail in site.post_office.to(address) if "Set a new password" in mail["Subject"]]
    return post_offices.link_in(links[-1]).removeprefix(site.rt.issuer)


async def subject(site, address, words):
    """The newest mail with these words, once nothing waits any more: others may come between, such as that of a new device."""
    while await site.rt.store.read.outbox.count():
        await asyncio.sleep(0.02)
    return [mail for mail in site.post_office.to(address) if words in mail["Subject"]][-1]


async def sent(site, link, password=NEW, browser=None):
    browser = browser or site.browser()
    shown = await browser.get(link)
    assert shown.status_code == 200, shown.text
    return await browser.send("/reset", hidden_fields(shown.text) | {"password": password})


async def signs_in(site, password, name="alice"):
    return (await site.browser(address="192.0.2.99").sign_in(username=name, password=password)).status_code == 303


async def test_the_link_of_the_mail_sets_a_new_password_once(mail_site, post_offices):
    link = await link_of(mail_site, post_offices=post_offices)

    assert link.startswith("/reset?link=adm_rst_")
    browser = mail_site.browser()
    assert (await sent(mail_site, link, browser=browser)).status_code == 200
    assert await signs_in(mail_site, NEW)
    assert not await signs_in(mail_site, PASSWORD)
    assert (await browser.get(link)).status_code == 410


async def test_a_mail_scanner_that_opens_the_link_spends_nothing(mail_site, post_offices):
    link = await link_of(mail_site, post_offices=post_offices)
    for _ in range(3):
        assert (await mail_site.browser().get(link)).status_code == 200
        assert (await mail_site.http().head(link)).status_code == 200
    assert (await sent(mail_site, link)).status_code == 200


async def test_it_ends_every_sign_in_and_tells_every_address(mail_site, post_offices):
    """ASVS 6.3.7: users are notified after updates to authentication details."""
    tokens = await mail_site.tokens()
    browser = mail_site.browser()
    await browser.sign_in()
    link = await link_of(mail_site, post_offices=post_offices)
    await sent(mail_site, link)

    assert not await mail_site.is_active(tokens["access_token"])
    assert (await browser.get("/account")).status_code != 200
    assert await subject(mail_site, "alice@example.com", "was changed")
    assert {"password.reset_asked", "password.reset"} <= set(await mail_site.actions())


async def test_nobody_is_signed_in_by_it(mail_site, post_offices):
    """ASVS 6.4.3: it does "not bypass any enabled multi-factor authentication mechanisms": sign-in follows, with all its steps."""
    browser = mail_site.browser()
    link = await link_of(mail_site, post_offices=post_offices)
    await sent(mail_site, link, browser=browser)
    assert mail_site.app.site.cookies.session not in browser.cookies


async def test_the_address_that_the_link_came_to_is_verified_by_it(mail_site, post_offices):
    link = await link_of(mail_site, post_offices=post_offices)
    assert await mail_site.rt.store.read.addresses.owner("alice@example.com") is None
    await sent(mail_site, link)
    assert (await mail_site.rt.store.read.addresses.owner("alice@example.com")).username == "alice"


async def test_a_password_against_the_rules_leaves_the_link_good(mail_site, post_offices):
    link = await link_of(mail_site, post_offices=post_offices)
    for password in ("short", "", "passwordpassword"):
        answer = await sent(mail_site, link, password)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
    assert (await sent(mail_site, link)).status_code == 200


async def test_the_link_of_one_purpose_is_none_of_another(mail_site, post_offices):
    link = await link_of(mail_site, post_offices=post_offices)
    for path in ("/invitation", "/recovery", "/address"):
        assert (await mail_site.browser().get(link.replace("/reset", path))).status_code == 410


async def test_a_link_lives_half_an_hour_and_a_used_one_takes_the_others_along(mail_site, post_offices):
    first = await link_of(mail_site, post_offices=post_offices)
    second = await link_of(mail_site, post_offices=post_offices)
    mail_site.clock.advance(1799)
    assert (await mail_site.browser().get(first)).status_code == 200
    await sent(mail_site, second)
    assert (await mail_site.browser().get(first)).status_code == 410
    third = await link_of(mail_site, post_offices=post_offices)
    mail_site.clock.advance(1800)
    assert (await mail_site.browser().get(third)).status_code == 410


async def test_whoever_exists_or_not_gets_the_same_answer(mail_site):
    """ASVS 6.3.8: "Registration and forgot password functionality must also have this protection"."""
    answers = {name: await asked(mail_site, name) for name in (THERE, NOBODY, "bob", "nopassword", "no@where.example")}

    assert {answer.status_code for answer in answers.values()} == {200}
    assert len({without_id(answer.text) for answer in answers.values()}) == 1
    assert len({tuple(sorted(answer.headers)) for answer in answers.values()}) == 1


async def test_whoever_exists_or_not_costs_the_same_rows(mail_site, monkeypatch):
    """The times of 500 against 500 are compared elsewhere; here: the same writes."""
    written = []
    real = password_reset.mailing.add

    async def watched(tx, mails, *, rt):
        written.append([(len(mail.sealed), bool(mail.user_id)) for mail in mails])
        await real(tx, mails, rt=rt)

    monkeypatch.setattr(password_reset.mailing, "add", watched)
    for name in (THERE, NOBODY):
        await asked(mail_site, name)
    (there,), (nobody,) = written
    assert (there[0], there[1], nobody[1]) == (nobody[0], True, False)
    rows = await mail_site.rows("SELECT user_id = '' FROM one_use_link ORDER BY created_at, user_id")
    assert sorted(rows) == [(0,), (1,)]


async def test_nobody_and_the_disabled_get_no_mail(mail_site):
    await users.disable("alice", rt=mail_site.rt, caller=Caller(actor="test"))
    for name in ("alice", NOBODY, "bob"):
        await asked(mail_site, name)
    await mail_site.mail_to_nobody()


async def test_who_has_no_password_is_told_by_mail_and_gets_no_link(mail_site, post_offices):
    rt, caller = mail_site.rt, Caller(actor="test")
    await users.add(users.NewUser(username="carol", email="carol@example.com"), rt=rt, caller=caller)
    await asked(mail_site, "carol")
    mail = await mail_site.mail_to("carol@example.com")
    assert "has no password" in post_offices.text_of(mail)
    assert "adm_rst" not in post_offices.text_of(mail) + post_offices.html_of(mail)


async def test_asking_too_often_is_refused_alike_for_everybody(mail_site):
    """Nobody's mailbox is flooded, and nobody learns whose is."""
    answers = {}
    for name, address in ((THERE, "192.0.2.50"), (NOBODY, "192.0.2.51")):
        browser = mail_site.browser(address=address)
        answers[name] = [await asked(mail_site, name, browser) for _ in range(7)]
    statuses = [[answer.status_code for answer in each] for each in answers.values()]
    assert statuses[0] == statuses[1]
    assert statuses[0][0] == 200
    assert statuses[0][-1] == 429
    assert without_id(answers[THERE][-1].text) == without_id(answers[NOBODY][-1].text)


async def test_a_verified_address_counts_with_its_name(mail_site, post_offices):
    await sent(mail_site, await link_of(mail_site, post_offices=post_offices))
    rt = mail_site.rt

    async def ask(number):
        name = ("alice", "ALICE@example.com")[number % 2]
        await password_reset.ask(name, rt=rt, caller=Caller(network=f"198.51.100.{number}"))

    for number in range(3):  # and the one by which the address was verified
        await ask(number)
    with pytest.raises(TooManyTries):
        await ask(3)


@pytest.mark.parametrize("name", ["", "x" * 255])
async def test_no_name_is_no_question(mail_site, name):
    with pytest.raises(InvalidRequest):
        await password_reset.ask(name, rt=mail_site.rt, caller=Caller())
    assert (await asked(mail_site, name)).status_code == 400


async def test_a_link_is_built_from_the_settings_and_never_from_the_request(mail_site, post_offices):
    browser = mail_site.browser()
    shown = await browser.get("/forgot")
    await browser.client.post(
        "/forgot",
        data=hidden_fields(shown.text) | {"name": "alice"},
        headers={
            "Sec-Fetch-Site": "same-origin",
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "https",
            "Forwarded": "host=evil.example",
        },
    )
    mail = await mail_site.mail_to("alice@example.com")
    assert post_offices.link_in(mail).startswith("http://127.0.0.1:8100/reset?link=")
    assert "evil" not in str(mail)


async def test_the_link_is_in_no_header_no_store_and_not_in_the_audit_log(mail_site, post_offices):
    link = await link_of(mail_site, post_offices=post_offices)
    shown = await mail_site.browser().get(link)
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "same-origin"
    assert "location" not in shown.headers
    secret = link.rpartition("=")[2]
    assert secret not in str(await mail_site.events())
    assert secret not in str(await mail_site.rows("SELECT * FROM one_use_link"))


async def test_without_mail_the_page_says_what_to_do(site):
    browser = site.browser()
    shown = await browser.get("/forgot")
    assert "administrator" in shown.text
    assert "<form" not in shown.text


async def test_a_new_password_set_in_the_account_ends_the_links_that_were_asked_for(mail_site, post_offices):
    """ASVS 6.4.3 and NIST SP 800-63B-4: whoever reads the mailbox must not undo what its owner has just done."""
    link = await link_of(mail_site, post_offices=post_offices)
    browser = mail_site.browser()
    await browser.sign_in()
    session = await current_session(browser.cookies["admit-8100-sid"], rt=mail_site.rt)
    alice = await users.find("alice", rt=mail_site.rt)
    await change(NEW, user=alice, current=session, keep=True, rt=mail_site.rt, caller=Caller())

    assert (await mail_site.browser().get(link)).status_code == 410
    assert await signs_in(mail_site, NEW)


@pytest.mark.parametrize("act", ["make_main", "remove", "administrator"])
async def test_a_link_lies_in_no_mailbox_that_is_not_the_persons_any_more(mail_site, post_offices, act):
    rt, alice = mail_site.rt, await users.find("alice", rt=mail_site.rt)
    for address in ("second@example.com", "third@example.com"):
        await rt.store.write(
            lambda tx, address=address: tx.addresses.verify(alice.id, address=address, address_key=address, now=1)
        )
    link = await link_of(mail_site, post_offices=post_offices)
    match act:
        case "make_main":
            await addresses.make_main(alice, "second@example.com", rt=rt, caller=Caller())
        case "remove":
            await addresses.remove(alice, "third@example.com", rt=rt, caller=Caller())
        case _:
            await users.update("alice", users.UserChange(email=None), rt=rt, caller=Caller(actor="cli:test"))
    assert (await mail_site.browser().get(link)).status_code == 410


async def test_a_link_replaces_no_password_that_was_taken_off_meanwhile(mail_site, post_offices):
    link = await link_of(mail_site, post_offices=post_offices)
    alice = await users.find("alice", rt=mail_site.rt)
    await mail_site.rt.store.write(lambda tx: tx.credentials.remove(alice.id, "password"))

    assert (await mail_site.browser().get(link)).status_code == 410
    with pytest.raises(LinkEnded):
        await set_by_link(link.rpartition("=")[2], NEW, "reset", rt=mail_site.rt, caller=Caller())
