"""Authenticators are asked, and trusted no further than their answer."""

import pytest

from admit_server.authenticators.api import NotMine, Pending, Rejected, Verified

pytestmark = pytest.mark.anyio

WRONG = "That user name and password don&#39;t match."


async def test_an_authenticator_that_fails_refuses_and_its_name_stands_in_the_log(site, caplog):
    class Broken:
        name = "password"

        async def begin(self, ctx, subject):
            raise NotImplementedError

        async def finish(self, ctx, state, response, credentials):
            raise RuntimeError("a plugin's own trouble")

    app = site.with_runtime(authenticators={"password": Broken()})
    browser = site.browser(app=app)
    answer = await browser.sign_in()
    assert answer.status_code == 403
    assert WRONG in answer.text
    assert "trouble" not in answer.text
    assert any("password" in r.getMessage() and r.exc_info for r in caplog.records)
    assert await site.rows("SELECT MAX(failures) FROM throttle") == [(1,)]


@pytest.mark.parametrize(
    "verdict", [None, True, "yes", NotMine(), Pending(1), Verified(amr=("x",), subject="usr_somebody_else")]
)
async def test_a_verdict_that_is_none_or_for_somebody_else_signs_nobody_in(site, verdict):
    class Odd:
        name = "password"

        async def finish(self, ctx, state, response, credentials):
            return verdict

    browser = site.browser(app=site.with_runtime(authenticators={"password": Odd()}))
    answer = await browser.sign_in()
    assert answer.status_code == 403


async def test_the_reason_of_a_rejection_goes_to_the_audit_log_and_never_to_the_caller(site):
    class Stern:
        name = "password"

        async def finish(self, ctx, state, response, credentials):
            return Rejected("the private reason")

    browser = site.browser(app=site.with_runtime(authenticators={"password": Stern()}))
    answer = await browser.sign_in()
    assert "private reason" not in answer.text
    event = (await site.events())[0]
    assert (event.action, event.outcome, event.details) == (
        "sign_in.failed",
        "refused",
        {"reason": "the private reason"},
    )
