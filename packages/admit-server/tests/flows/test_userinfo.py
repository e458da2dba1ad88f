"""Who is signed in, for the holder of an access token."""

import pytest
from site_kit import ISSUER, claims_of, without_id

from admit_server.flows.admin import users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


def bearer(token):
    return {"authorization": f"Bearer {token}"}


async def test_the_scopes_decide_what_is_told(site):
    for scope, told in (
        ("openid", {"sub"}),
        ("openid profile", {"sub", "preferred_username", "updated_at"}),
        ("openid profile email", {"sub", "preferred_username", "updated_at", "email", "email_verified"}),
    ):
        tokens = await site.tokens(scope=scope)
        answer = await site.get("/userinfo", headers=bearer(tokens["access_token"]))
        assert answer.status_code == 200
        assert set(answer.json()) == told
        assert answer.json()["sub"] == claims_of(tokens["id_token"])["sub"]
        assert answer.headers["cache-control"] == "no-store"


async def test_get_and_post_tell_the_same(site):
    token = (await site.tokens())["access_token"]
    assert (await site.post("/userinfo", {}, headers=bearer(token))).json() == (
        await site.get("/userinfo", headers=bearer(token))
    ).json()


async def test_an_opaque_token_will_do(site):
    tokens = await site.tokens("opaque-web", scope="openid profile")
    assert (await site.get("/userinfo", headers=bearer(tokens["access_token"]))).json()["preferred_username"] == "alice"


async def test_without_credentials_there_is_a_bare_challenge(site):
    """RFC 6750 section 3.1: no error code for who sent nothing."""
    for headers in ({}, {"authorization": "Basic eDp5"}):
        answer = await site.get("/userinfo", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}"'


async def test_a_token_in_the_address_or_the_body_counts_for_nothing(site):
    token = (await site.tokens())["access_token"]
    assert (await site.get(f"/userinfo?access_token={token}")).status_code == 401
    assert (await site.post("/userinfo", {"access_token": token})).status_code == 401


async def test_a_bad_token_is_invalid_token_and_nothing_more(site):
    tokens = await site.tokens()
    own = (await site.own_token()).json()["access_token"]
    await site.post("/revoke", {"token": tokens["access_token"]} | site.proof("web"))
    texts = set()
    for token in (
        tokens["access_token"],
        "x",
        "a.b.c",
        tokens["id_token"],
        tokens["refresh_token"],
        "adm_at_" + "0" * 49,
    ):
        answer = await site.get("/userinfo", headers=bearer(token))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}", error="invalid_token"'
        texts.add(without_id(answer.text))
    assert len(texts) == 1
    assert (await site.get("/userinfo", headers=bearer(own))).status_code == 403


async def test_without_openid_it_is_insufficient_scope(site):
    tokens = await site.tokens(scope="notes:read")
    answer = await site.get("/userinfo", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}", error="insufficient_scope", scope="openid"'


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer a b", "Bearer \xff"])
async def test_a_malformed_header_is_an_invalid_request_with_a_challenge(site, value):
    """RFC 6750 section 3."""
    answer = await site.get("/userinfo", headers=[("authorization", value.encode("latin-1"))])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}", error="invalid_request"'


async def test_the_header_may_stand_there_once(site):
    token = (await site.tokens())["access_token"]
    header = ("authorization", f"Bearer {token}")
    assert (await site.get("/userinfo", headers=[header, header])).status_code == 400


async def test_a_disabled_person_is_nobody(site):
    tokens = await site.tokens()
    await users.disable("alice", rt=site.rt, caller=Caller())
    assert (await site.get("/userinfo", headers=bearer(tokens["access_token"]))).status_code == 401
