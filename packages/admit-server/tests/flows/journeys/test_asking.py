"""Beginning a step: what an authenticator gets, and what happens when it fails."""

import pytest
from site_kit import first_form

from admit_server.authenticators.api import Base
from admit_server.domain.errors import TemporarilyUnavailable
from admit_server.flows.journeys.asking import begin, context_of
from admit_server.flows.mailing import send_due

pytestmark = pytest.mark.anyio


async def test_each_authenticator_has_a_key_of_its_own_that_stays(site, desk, card, letter):
    rt = desk()

    def mac(authenticator):
        return context_of(authenticator, first=True, rt=rt, now=1).mac(b"x")

    assert mac(card) == mac(card)
    assert mac(card) != mac(letter)


async def test_it_learns_who_is_asked_and_what_they_have(site, desk, card):
    rt = desk()
    alice = await rt.store.read.users.by_username_key("alice")
    pending = await begin(card, alice, first=False, rt=rt, now=1)
    assert card.begun[0].username == "alice"
    assert (pending.authenticator, pending.challenge.public) == ("card", {"of": 0})
    assert pending.id != (await begin(card, None, first=True, rt=rt, now=1)).id
    assert card.begun[1] is None


@pytest.mark.parametrize("answer", [RuntimeError("its own trouble"), None, {"kind": "x"}])
async def test_one_that_fails_to_begin_is_named_in_the_log_and_to_nobody_else(site, desk, caplog, answer):
    class Broken(Base):
        name = "broken"

        async def begin(self, ctx, subject, credentials):
            if isinstance(answer, Exception):
                raise answer
            return answer

    with pytest.raises(TemporarilyUnavailable) as refusal:
        await begin(Broken(), None, first=True, rt=desk(), now=1)
    assert "broken" not in refusal.value.advice
    assert any("broken" in record.getMessage() for record in caplog.records)


async def test_a_mailed_link_goes_on_in_the_same_browser_and_is_spent_by_a_post(open_site):
    toml = '[sign_in]\nauthenticators = ["password", "email_code"]\nrequires = "password and email_code"\n'
    async with open_site(toml=toml) as site:
        mails = []

        class Box:
            on = True

            async def deliver(self, mail_id, *, to, template, values, now):
                mails.append((to, template, values))

        site.app = site.with_runtime(mailer=Box())
        rt = site.app.site.rt
        alice = await rt.store.read.users.by_username_key("alice")
        await rt.store.write(
            lambda tx: tx.addresses.verify(
                alice.id, address="alice@example.com", address_key="alice@example.com", now=1
            )
        )
        browser = site.browser(app=site.app)
        step = await browser.sign_in()
        assert step.status_code == 303
        await send_due(rt=rt)
        to, template, values = mails[0]
        assert (to, template) == ("alice@example.com", "code")
        link = values["link"].removeprefix(rt.issuer)

        elsewhere = await site.browser(app=site.app).get(link)
        assert elsewhere.status_code == 400

        shown = await browser.get(link)
        assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)], "a program that opens links signs nobody in"
        form = first_form(shown.text)
        assert (await browser.send("/sign-in", form)).status_code == 303
        assert await site.rows("SELECT amr FROM session") == [('["pwd","email"]',)]
        assert (await browser.send("/sign-in", form)).status_code == 403
