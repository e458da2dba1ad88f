"""Administrators let people in by links, and choose nobody's password by that (OWASP ASVS 5.0, 6.4.6)."""

import pytest

from admit_server.domain.administration import Powers
from admit_server.domain.errors import ExceedsPowers, NotAllowed, NotFound
from admit_server.flows.admin import inviting, users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
ADMIN = Caller(actor="cli:test")


@pytest.fixture
def rt(site):
    return site.rt


async def test_who_can_sign_in_already_is_not_invited(rt):
    with pytest.raises(NotAllowed, match="recover alice"):
        await inviting.invite("alice", rt=rt, caller=ADMIN)


async def test_nobody_and_the_disabled_are_neither_invited_nor_recovered(rt):
    await users.disable("nopassword", rt=rt, caller=ADMIN)
    for act in (inviting.invite, lambda name, **more: inviting.recover(name, by_mail=False, **more)):
        with pytest.raises(NotFound):
            await act("nobody-here", rt=rt, caller=ADMIN)
        with pytest.raises(NotAllowed, match="disabled"):
            await act("nopassword", rt=rt, caller=ADMIN)


async def test_a_link_says_from_when_until_when(rt, site):
    made = await inviting.invite("nopassword", rt=rt, caller=ADMIN)
    assert made.url.startswith(f"{rt.issuer}/invitation?link=adm_inv_")
    assert (made.starts_at, made.expires_at) == (site.clock.now, site.clock.now + 7 * 86_400)
    back = await inviting.recover("alice", by_mail=False, rt=rt, caller=ADMIN)
    assert (back.starts_at, back.expires_at) == (site.clock.now + 3600, site.clock.now + 3600 + 86_400)
    assert "adm_" not in repr(made)


async def test_the_waiting_time_is_a_setting(open_site):
    async with open_site(toml="[links]\nrecovery_wait_s = 0\nrecovery_s = 600\n") as site:
        back = await inviting.recover("alice", by_mail=False, rt=site.rt, caller=ADMIN)
        assert (back.starts_at, back.expires_at) == (site.clock.now, site.clock.now + 600)
        assert (await site.browser().get(back.url.removeprefix(site.rt.issuer))).status_code == 200


async def test_a_recovery_can_be_stopped_while_it_waits(rt, site):
    back = await inviting.recover("alice", by_mail=False, rt=rt, caller=ADMIN)
    assert (await inviting.stop_recovery("alice", rt=rt, caller=ADMIN))[1]
    site.clock.advance(3600)
    assert (await site.browser().get(back.url.removeprefix(rt.issuer))).status_code == 410
    assert not (await inviting.stop_recovery("alice", rt=rt, caller=ADMIN))[1]
    assert (await site.actions()).count("recovery.stopped") == 1


async def test_a_link_is_mailed_only_where_that_is_asked_and_possible(mail_site, post_offices):
    rt = mail_site.rt
    back = await inviting.recover("alice", by_mail=True, rt=rt, caller=ADMIN)
    assert back.mailed_to == "alice@example.com"
    mails = [await mail_site.mail_to("alice@example.com", number=number) for number in (1, 2)]
    assert sorted("adm_rec" in post_offices.text_of(mail) for mail in mails) == [False, True]
    with pytest.raises(NotAllowed, match="no address"):
        await inviting.recover("bob", by_mail=True, rt=rt, caller=ADMIN)


async def test_nobody_lets_somebody_in_who_may_more_than_they(rt):
    await users.add(users.NewUser(username="root", roles=("admin",)), rt=rt, caller=ADMIN)
    little = Caller(actor="usr_x", powers=Powers(scopes=frozenset()))
    for act in (
        inviting.invite("root", rt=rt, caller=little),
        inviting.recover("root", by_mail=False, rt=rt, caller=little),
        inviting.stop_recovery("root", rt=rt, caller=little),
    ):
        with pytest.raises(ExceedsPowers):
            await act
