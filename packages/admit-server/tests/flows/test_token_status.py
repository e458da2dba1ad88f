"""The one place that judges tokens of our own: each reason has its code."""

import pytest
from site_kit import claims_of

from admit_server.flows.token_status import BadToken, GoodToken, judge

pytestmark = pytest.mark.anyio


async def code_of(site, token):
    status = await judge(token, rt=site.rt)
    assert isinstance(status, BadToken)
    return status.code


async def run(site, sql):
    async def unit(tx):
        await tx.clients._tx.run(sql)

    await site.rt.store.write(unit)


async def test_a_good_token_of_either_kind_says_the_same(site):
    for client_id, kind in (("web", "jwt"), ("opaque-web", "opaque")):
        token = (await site.tokens(client_id))["access_token"]
        status = await judge(token, rt=site.rt)
        assert isinstance(status, GoodToken)
        assert (status.format, status.scopes, status.expires_at) == (kind, {"openid", "notes:read"}, site.clock() + 600)


@pytest.mark.parametrize("client_id", ["web", "opaque-web"])
async def test_each_reason_has_its_code(site, client_id):
    token = (await site.tokens(client_id))["access_token"]
    site.clock.advance(599)
    assert isinstance(await judge(token, rt=site.rt), GoodToken)
    site.clock.advance(1)
    assert await code_of(site, token) == "token_expired"
    token = (await site.tokens(client_id))["access_token"]
    await run(site, f"UPDATE session SET ended_at = {site.clock()}")
    assert await code_of(site, token) == "session_ended"
    token = (await site.tokens(client_id))["access_token"]
    await run(site, f"UPDATE access_grant SET ended_at = {site.clock()}")
    assert await code_of(site, token) == "token_revoked"
    token = (await site.tokens(client_id))["access_token"]
    await site.post("/revoke", {"token": token} | site.proof(client_id))
    assert await code_of(site, token) == "token_revoked"
    token = (await site.tokens(client_id))["access_token"]
    for table in ("refresh_token", "authorization_code", "access_token", "access_grant"):
        await run(site, f"DELETE FROM {table}")
    assert await code_of(site, token) == "token_unknown"


async def test_what_is_no_token_is_malformed_without_a_look_up(site):
    for text in ("", "x", "adm_at_x", "adm_", "adm_rt_" + "0" * 49, "a.b.c", "." * 50):
        assert await code_of(site, text) == "malformed_token"


async def test_the_response_never_holds_a_null(site):
    for token in ((await site.own_token()).json()["access_token"], (await site.tokens())["access_token"]):
        status = await judge(token, rt=site.rt)
        assert isinstance(status, GoodToken)
        assert None not in status.response(issuer="x", username=None).values()
        assert claims_of(token)["grant"] == status.grant.id


async def test_the_emergency_ends_opaque_tokens_as_well_as_signed_ones(site):
    """Everything issued at or before that time has ended, whatever it looks like."""
    signed, opaque = (await site.tokens())["access_token"], (await site.tokens("opaque-web"))["access_token"]
    now = site.clock()

    async def everything(tx):
        await tx.feed.publish_before(now, until=now + 3600, nonce="n", now=now)

    await site.rt.store.write(everything)
    assert [await code_of(site, token) for token in (signed, opaque)] == ["token_revoked"] * 2
    site.clock.advance(1)
    assert isinstance(await judge((await site.tokens("opaque-web"))["access_token"], rt=site.rt), GoodToken)


@pytest.mark.parametrize("forged", [{"sub": "usr_root"}, {"aud": "https://opaque.example"}, {"client_id": "robot"}])
async def test_a_jwt_that_says_something_else_than_was_granted_is_no_token_though_our_key_signed_it(site, forged):
    claims = claims_of((await site.tokens())["access_token"])
    again = site.rt.keys.current.sign(claims, alg="ES256", typ="at+jwt", now=site.clock())
    assert isinstance(await judge(again, rt=site.rt), GoodToken)

    token = site.rt.keys.current.sign(claims | forged, alg="ES256", typ="at+jwt", now=site.clock())

    assert await code_of(site, token) == "malformed_token"
