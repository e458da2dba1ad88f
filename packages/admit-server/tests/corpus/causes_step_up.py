"""Sign-ins that are too weak or too old."""

from causes_library import refused, signed
from corpus_kit import Cause, Stage

from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies
from admit_server.flows.runtime import Caller

STRONG = "urn:admit:acr:phr"


async def while_limited(stage: Stage, act, **limits):
    await policies.set_policy("stepping", TokenPolicy(**limits), rt=stage.site.rt, caller=Caller(actor="test"))
    await stage.write("UPDATE client SET policy = 'stepping' WHERE id = 'web'")
    try:
        return await act()
    finally:
        await stage.write("UPDATE client SET policy = NULL WHERE id = 'web'")


async def stronger_than_any(stage: Stage):
    return await stage.browser().authorize(acr_values=STRONG)


async def policy_wants_more(stage: Stage):
    async def act():
        browser = stage.browser()
        step = await browser.authorize()
        return await browser.sign_in(step.headers["location"])

    return await while_limited(stage, act, acr=STRONG)


async def silently_with_an_old_sign_in(stage: Stage):
    async def act():
        browser = stage.browser()
        await browser.code()
        stage.site.clock.advance(60)
        return await browser.authorize(prompt="none")

    return await while_limited(stage, act, max_auth_age_s=60)


async def refresh_when_too_old(stage: Stage):
    async def act():
        body = await stage.tokens()
        stage.site.clock.advance(60)
        return await stage.token_request(grant_type="refresh_token", refresh_token=body["refresh_token"])

    return await while_limited(stage, act, max_auth_age_s=60)


async def one_session_more(stage: Stage):
    async def act():
        await stage.browser().sign_in()
        return await stage.browser().sign_in()

    rt = stage.site.rt
    limits = TokenPolicy(max_sessions=1, deny_new_session=True)
    await policies.set_policy("alone", limits, rt=rt, caller=Caller(actor="test"))
    await stage.write("UPDATE app_user SET policy = 'alone' WHERE username = 'alice'")
    try:
        return await act()
    finally:
        await stage.write("UPDATE app_user SET policy = NULL WHERE username = 'alice'")


AGED = {"limits": {"max_auth_age_s": 60}, "auth_time": 1000}
CAUSES = [
    Cause("a class of sign-in that is not here", stronger_than_any, "unmet_authentication_requirements", "strength of the sign-in", STRONG),
    Cause("a policy that wants more than a password", policy_wants_more, "unmet_authentication_requirements", "strength of the sign-in", STRONG),
    Cause("no page, and a sign-in too old for the policy", silently_with_an_old_sign_in, "login_required", "signed in", "too old"),
    Cause("a refresh after the age of the sign-in", refresh_when_too_old, "invalid_grant", "age of the sign-in", "60 s"),
    Cause("a token that is limited to fresher sign-ins", refused(signed(**AGED)), "step_up_required", "age of the sign-in", "60 s are allowed"),
    Cause("one session more than is allowed", one_session_more, "too_many_sessions", "sessions of the person", ""),
]  # fmt: skip
