"""Revocation: a client gives back what is its own."""

import pytest
from site_kit import claims_of

pytestmark = pytest.mark.anyio


async def revoke(site, token, client_id="web", **more):
    return await site.post("/revoke", {"token": token} | site.proof(client_id) | more)


async def test_an_access_token_ends_alone(site):
    tokens = await site.tokens()
    answer = await revoke(site, tokens["access_token"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert not await site.is_active(tokens["access_token"])
    second = await site.refresh(tokens["refresh_token"])
    assert await site.is_active(second.json()["access_token"])


async def test_an_opaque_one_too(site):
    tokens = await site.tokens("opaque-web")
    await revoke(site, tokens["access_token"], "opaque-web")
    assert not await site.is_active(tokens["access_token"])
    assert (await site.refresh(tokens["refresh_token"], "opaque-web")).status_code == 200
    assert (await site.get("/revocations")).json()["revoked"] == []  # the look-up sees it; nobody else has to be told


async def test_a_refresh_token_ends_its_whole_grant(site):
    """RFC 7009 section 2.1."""
    tokens = await site.tokens()
    second = (await site.refresh(tokens["refresh_token"])).json()
    await revoke(site, second["refresh_token"])
    for access in (tokens, second):
        assert not await site.is_active(access["access_token"])
    assert (await site.refresh(second["refresh_token"])).status_code == 400


async def test_a_spent_refresh_token_ends_the_grant_as_well(site):
    tokens = await site.tokens()
    second = (await site.refresh(tokens["refresh_token"])).json()
    await revoke(site, tokens["refresh_token"])
    assert not await site.is_active(second["access_token"])


async def test_the_browsers_session_goes_on(site):
    browser = site.browser()
    tokens = await browser.tokens()
    await revoke(site, tokens["refresh_token"])
    assert "code" in (await browser.authorize()).headers["location"]


@pytest.mark.parametrize("token", ["x", "adm_rt_" + "0" * 49, "adm_at_" + "0" * 49, "a.b.c", "✓", "a" * 20_000])
async def test_a_token_that_never_was_is_no_error(site, token):
    """RFC 7009 section 2.2."""
    assert (await revoke(site, token)).status_code == 200


async def test_somebody_elses_token_is_no_error_and_lives_on(site):
    tokens, opaque = await site.tokens(), await site.tokens("opaque-web")
    for token in (tokens["access_token"], tokens["refresh_token"], opaque["access_token"], opaque["refresh_token"]):
        for stranger in ("third", "portal", "api"):
            assert (await revoke(site, token, stranger)).status_code == 200
    assert await site.is_active(tokens["access_token"])
    assert await site.is_active(opaque["access_token"])
    assert (await site.refresh(tokens["refresh_token"])).status_code == 200


async def test_revoking_twice_says_the_same_and_is_written_once(site):
    tokens = await site.tokens()
    for _ in range(2):
        assert (await revoke(site, tokens["access_token"])).status_code == 200
    assert len((await site.get("/revocations")).json()["revoked"]) == 1
    assert (await site.actions()).count("token.revoked") == 1


async def test_the_hint_may_be_wrong(site):
    tokens = await site.tokens()
    await revoke(site, tokens["refresh_token"], token_type_hint="access_token")
    assert not await site.is_active(tokens["access_token"])


async def test_a_confidential_client_has_to_prove_itself(site):
    tokens = await site.tokens("portal")
    answer = await site.post("/revoke", {"token": tokens["access_token"], "client_id": "portal"})
    assert answer.status_code == 401
    assert await site.is_active(tokens["access_token"])


async def test_a_missing_token_is_an_error(site):
    answer = await site.post("/revoke", site.proof("web"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_clients_own_token_can_be_given_back(site):
    token = (await site.own_token()).json()["access_token"]
    other = (await site.own_token()).json()["access_token"]
    await revoke(site, token, "robot")
    assert not await site.is_active(token)
    assert await site.is_active(other)
    assert claims_of(token)["grant"] == claims_of(other)["grant"]


async def test_what_was_ended_stands_in_the_audit_log(site):
    tokens = await site.tokens()
    await revoke(site, tokens["access_token"])
    await revoke(site, tokens["refresh_token"])
    events = {event.action: event for event in await site.events()}
    assert events["token.revoked"].target == claims_of(tokens["access_token"])["jti"]
    assert events["grant.ended"].details == {"reason": "revoked_by_client"}
    assert events["grant.ended"].actor == "web"
