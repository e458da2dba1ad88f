"""How strong and how fresh a sign-in has to be, asked for by the client or by a policy (RFC 9470)."""

import pytest
from site_kit import API, ISSUER, OPAQUE_API, answer_of, claims_of

from admit import StepUpRequired, Verifier
from admit.acr import ACR_ORDER as ORDER_OF_THE_LIBRARY
from admit.jose import Jwks
from admit_server.domain.errors import NotAllowed
from admit_server.domain.token_policy import ACR_ORDER, TokenPolicy
from admit_server.flows.admin import policies, resources, tokens
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

ONE, TWO, HARDWARE = ACR_ORDER
BY = Caller(actor="test")


async def policy(site, **limits):
    await policies.set_policy("fresh", TokenPolicy(**limits), rt=site.rt, caller=BY)

    async def unit(tx):
        await tx.clients._tx.run("UPDATE resource SET policy = 'fresh'")

    await site.rt.store.write(unit)


def verifier_of(site):
    keys = Jwks([key.public for key in site.rt.keys.current.keys if key.stored.alg == "ES256"])
    return Verifier(issuer=ISSUER, audience=API, keys=keys, revocations=None, clock=lambda: float(site.clock()))


def test_library_and_server_order_the_classes_alike():
    assert ORDER_OF_THE_LIBRARY == ACR_ORDER


async def test_a_class_that_a_password_reaches_is_given_and_told(site):
    token = (await site.tokens(acr_values=f"gold {ONE}"))["access_token"]

    assert claims_of(token)["acr"] == ONE


@pytest.mark.parametrize("acr_values", [HARDWARE, f"{HARDWARE} platinum", "gold"])
async def test_a_class_that_nobody_can_reach_here_is_refused_before_anybody_types_a_password(site, acr_values):
    step = await site.browser().authorize(acr_values=acr_values)

    assert step.status_code == 303
    told = answer_of(step)
    assert (told["error"], told["state"]) == ("unmet_authentication_requirements", "st-1")
    assert "error_description" not in told


async def test_too_many_classes_are_refused(site):
    step = await site.browser().authorize(acr_values=" ".join(f"a{n}" for n in range(11)))

    assert answer_of(step)["error"] == "invalid_request"


async def test_a_policy_that_wants_more_than_this_server_can_prove_lets_nobody_in(site):
    """Passkeys can't be used at an IP address."""
    await policy(site, acr=HARDWARE)
    browser = site.browser()
    step = await browser.authorize()

    step = await browser.sign_in(step.headers["location"])

    assert answer_of(step)["error"] == "unmet_authentication_requirements"


async def test_an_older_session_signs_in_anew_where_the_policy_wants_a_fresh_one(site):
    await policy(site, max_auth_age_s=300)
    browser = site.browser()
    await browser.code()
    site.clock.advance(299)
    assert "code" in answer_of(await browser.authorize())
    site.clock.advance(1)

    step = await browser.authorize()
    assert "/sign-in?" in step.headers["location"]
    assert answer_of(await browser.authorize(prompt="none"))["error"] == "login_required"
    assert "code" in answer_of(await browser.sign_in(step.headers["location"]))


async def test_a_token_for_a_foreign_verifier_is_over_when_its_sign_in_is_too_old(site):
    await policy(site, max_auth_age_s=300)
    body = await site.tokens()

    claims = claims_of(body["access_token"])
    assert claims["exp"] == claims["auth_time"] + 300
    assert "limits" not in claims
    site.clock.advance(200)
    again = (await site.refresh(body["refresh_token"])).json()
    assert claims_of(again["access_token"])["exp"] == claims["exp"]


async def test_a_refresh_after_the_age_is_refused(site):
    await policy(site, max_auth_age_s=300)
    body = await site.tokens()
    site.clock.advance(300)

    answer = await site.refresh(body["refresh_token"])

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_token_for_our_verifier_carries_the_age_and_is_challenged_when_it_is_over(site):
    await resources.update(API, resources.ResourceChange(verifier="admit"), rt=site.rt, caller=BY)
    await policy(site, max_auth_age_s=300)
    token = (await site.tokens())["access_token"]
    verifier = verifier_of(site)

    assert claims_of(token)["limits"] == {"max_auth_age_s": 300}
    assert verifier.verify(token).subject
    site.clock.advance(301)
    with pytest.raises(StepUpRequired) as caught:
        verifier.verify(token)
    assert caught.value.challenge() == 'Bearer error="insufficient_user_authentication", max_age="300"'


async def test_the_server_challenges_such_a_token_at_its_own_doors(site):
    await policy(site, max_auth_age_s=300)
    body = await site.tokens("opaque-web")
    site.clock.advance(300)

    answer = await site.get("/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})

    assert (answer.status_code, answer.json()["error"]) == (401, "insufficient_user_authentication")
    challenge = f'Bearer realm="{ISSUER}", error="insufficient_user_authentication", max_age="300"'
    assert answer.headers["www-authenticate"] == challenge


async def test_a_resource_that_enforces_limits_is_told_how_fresh_a_sign_in_has_to_be(site):
    await policy(site, max_auth_age_s=300)
    token = (await site.tokens("opaque-web"))["access_token"]
    form = {"token": token, "enforces": "limits"} | site.proof("api")
    assert (await site.post("/introspect", form)).json()["active"] is True
    site.clock.advance(300)

    told = (await site.post("/introspect", form)).json()
    assert told == {"active": False, "code": "step_up_required", "max_age": 300}
    assert await site.introspect(token) == {"active": False}


@pytest.mark.parametrize("resource", [API, OPAQUE_API])
async def test_a_clients_own_tokens_have_no_sign_in_to_be_fresh(site, resource):
    await policy(site, max_auth_age_s=300, acr=ONE)

    token = (await site.own_token(resource=resource)).json()["access_token"]
    site.clock.advance(400)

    assert await site.is_active(token)


async def test_an_administrators_hand_is_no_sign_in(site):
    for limits in ({"max_auth_age_s": 300}, {"acr": ONE}):
        await policy(site, **limits)
        with pytest.raises(NotAllowed, match="need a sign-in"):
            await tokens.issue(tokens.NewToken(user="alice", client="web", resource=API), rt=site.rt, caller=BY)


async def test_an_age_that_nobody_could_type_a_password_in_is_refused(site):
    with pytest.raises(NotAllowed, match="30 or more"):
        await policies.set_policy("never", TokenPolicy(max_auth_age_s=29), rt=site.rt, caller=BY)
