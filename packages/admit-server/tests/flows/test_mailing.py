"""Mails are queued sealed, sent once, tried again while they are worth it, and leave nothing behind."""

import asyncio

import pytest

from admit_server.authenticators.api import Message
from admit_server.flows import mailing

pytestmark = pytest.mark.anyio
CODE = Message(to="alice@example.com", template="code", values={"code": "12345678", "link": "", "minutes": "10"})


async def sent(site, office, number):
    """Wait until so many mails have arrived and the outbox is empty."""
    for _ in range(300):
        if len(office.mails) >= number and not await site.rt.store.read.outbox.count():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{len(office.mails)} mails, {await site.rt.store.read.outbox.count()} wait")


async def test_a_queued_mail_is_sent_and_leaves_nothing_behind(mail_site, post_office, post_offices):
    await mailing.queue(CODE, user_id="usr_1", rt=mail_site.rt)
    await sent(mail_site, post_office, 1)

    assert "12345678" in post_offices.text_of(post_office.mails[0])
    assert await mail_site.rows("SELECT * FROM mail_outbox") == []


async def test_what_waits_is_sealed_and_as_long_for_nobody(mail_site):
    rt = mail_site.rt
    somebody = mailing.prepared(CODE, user_id="usr_1", rt=rt, now=rt.clock())
    nobody = mailing.prepared(Message(to="", template="code"), user_id="", rt=rt, now=rt.clock())

    assert b"12345678" not in somebody.sealed
    assert b"alice" not in somebody.sealed
    assert len(somebody.sealed) == len(nobody.sealed)


async def test_a_mail_for_nobody_costs_the_same_row_and_is_dropped_unsent(mail_site, post_office):
    await mailing.queue(Message(to="", template="code"), user_id="", rt=mail_site.rt)
    await mailing.queue(CODE, user_id="usr_1", rt=mail_site.rt)
    await sent(mail_site, post_office, 1)
    assert len(post_office.mails) == 1
    assert "mail.dropped" not in await mail_site.actions()


async def test_a_mail_that_was_not_taken_is_tried_again_later(mail_site, post_office):
    post_office.answers += ["451 later", "451 later"]
    rt = mail_site.rt
    await mailing.queue(CODE, user_id="usr_1", lives_s=600, rt=rt)
    for after_s in (60, 120):
        await until(lambda after_s=after_s: answered(post_office, after_s))
        await asyncio.sleep(0.1)
        assert not post_office.mails
        mail_site.clock.advance(after_s - 1)
        await asyncio.sleep(0.6)
        assert not post_office.mails, "not before its time"
        mail_site.clock.advance(1)
    await sent(mail_site, post_office, 1)
    assert post_office.mails[0]["Message-ID"].startswith("<mai_")


def answered(office, after_s):
    return len(office.answers) == {60: 1, 120: 0}[after_s]


async def until(holds):
    for _ in range(300):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


async def dropped(site):
    for _ in range(300):
        found = [event for event in await site.events() if event.action == "mail.dropped"]
        if found:
            assert await site.rt.store.read.outbox.count() == 0
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was dropped")


async def test_a_mail_that_is_refused_is_dropped_and_written_down(mail_site, post_office):
    post_office.answers.append("554 no")
    await mailing.queue(CODE, user_id="usr_1", rt=mail_site.rt)

    event = await dropped(mail_site)
    assert event.target == "usr_1"
    assert event.details == {"template": "code", "reason": "refused: 554", "tries": 1}


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("550 5.1.1 <alice@example.com>: Recipient address rejected: no mailbox alice here", "refused: 550 5.1.1"),
        ("550 alice@example.com 5.1.1 unknown", "refused: 550"),
        ("550 5.1.1.9 alice", "refused: 550"),
    ],
)
async def test_the_audit_log_keeps_the_codes_of_an_answer_and_never_whom_it_names(
    mail_site, post_office, caplog, answer, kept
):
    """RFC 5321 section 4.2, RFC 3463 section 2: what a reader needs of an answer; the rest is the mail server's to say."""
    caplog.set_level("DEBUG", logger="admit.mail")
    post_office.refused_recipients["alice@example.com"] = answer
    await mailing.queue(CODE, user_id="usr_1", rt=mail_site.rt)

    assert (await dropped(mail_site)).details["reason"] == kept
    said = [each.getMessage() for each in caplog.records if each.name == "admit.mail"]
    assert any("answered: 550" in each for each in said)
    assert not [each for each in said if "alice" in each]


async def test_a_mail_that_would_come_too_late_is_dropped_and_written_down(mail_site, post_office):
    post_office.answers.append("451 later")
    await mailing.queue(CODE, user_id="usr_1", lives_s=60, rt=mail_site.rt)
    assert (await dropped(mail_site)).details["reason"] == "not taken in time: 451"
    assert not post_office.mails


async def test_a_mail_whose_time_is_over_is_not_sent(mail_site, post_office):
    rt = mail_site.rt
    old = mailing.prepared(CODE, user_id="usr_1", lives_s=600, rt=rt, now=rt.clock() - 600)
    await rt.store.write(lambda tx: mailing.add(tx, [old], rt=rt))
    assert (await dropped(mail_site)).details["reason"] == "it expired unsent"
    assert not post_office.mails


async def test_a_mail_moved_into_another_row_is_not_sent(mail_site, post_office):
    rt = mail_site.rt
    mail = mailing.prepared(CODE, user_id="usr_1", rt=rt, now=rt.clock())
    from dataclasses import replace

    await rt.store.write(lambda tx: mailing.add(tx, [replace(mail, id="mai_other")], rt=rt))
    assert "place" in (await dropped(mail_site)).details["reason"]
    assert not post_office.mails


async def test_of_many_servers_that_look_at_once_one_sends_each_mail(mail_site, post_office):
    rt = mail_site.rt
    for _ in range(10):
        await mailing.queue(CODE, user_id="usr_1", rt=rt)
    await asyncio.gather(*(mailing.send_due(rt=rt) for _ in range(8)))
    await sent(mail_site, post_office, 10)
    await asyncio.sleep(0.1)
    assert len(post_office.mails) == 10
    assert len({mail["Message-ID"] for mail in post_office.mails}) == 10


async def test_a_server_without_a_mail_server_queues_nothing(site):
    await mailing.queue(CODE, user_id="usr_1", rt=site.rt)
    assert await site.rt.store.read.outbox.count() == 0


async def test_a_notice_goes_to_every_address(mail_site, post_office):
    rt = mail_site.rt
    user = await rt.store.read.users.by_username_key("alice")
    facts = {"when": "now", "where": "192.0.2.1"}
    mails = mailing.notices(user, ["a@example.com", "b@example.com"], "password_changed", facts, rt=rt, now=rt.clock())
    await rt.store.write(lambda tx: mailing.add(tx, mails, rt=rt))
    await sent(mail_site, post_office, 2)
    assert {mail["To"] for mail in post_office.mails} == {"a@example.com", "b@example.com"}
