"""A client's own tokens."""

import pytest
from site_kit import API, OPAQUE_API, Counting, claims_of

from admit_server.flows.revoke import end_grant_of_client
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


def error_of(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


async def test_a_client_gets_a_token_of_its_own_and_no_refresh_token(site):
    answer = await site.own_token()
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    claims = claims_of(body["access_token"])
    assert claims["sub"] == claims["client_id"] == "robot"
    assert claims["aud"] == API
    assert not {"sid", "auth_time", "acr", "amr", "roles"} & set(claims)
    assert body["scope"] == "notes:read notes:write"


async def test_the_scope_is_what_was_asked_for_and_never_more_than_the_client_has(site):
    assert (await site.own_token(scope="notes:read")).json()["scope"] == "notes:read"
    assert error_of(await site.own_token(scope="notes:read admin")) == "invalid_scope"
    assert error_of(await site.own_token(scope="openid")) == "invalid_scope"


async def test_a_client_of_several_resources_names_one_of_its_own(site):
    form = {"grant_type": "client_credentials"} | site.proof("robot")
    assert error_of(await site.post("/token", form)) == "invalid_target"
    assert error_of(await site.own_token(resource="https://elsewhere.example")) == "invalid_target"
    only = {"grant_type": "client_credentials"} | site.proof("other-robot")
    assert claims_of((await site.post("/token", only)).json()["access_token"])["aud"] == API


async def test_one_grant_serves_all_tokens_of_a_client_for_a_resource(site):
    tokens = [(await site.own_token()).json()["access_token"] for _ in range(3)]
    other = (await site.own_token("other-robot")).json()["access_token"]
    grants = {claims_of(token)["grant"] for token in tokens}
    assert len(grants) == 1
    assert claims_of(other)["grant"] not in grants
    assert await site.rows("SELECT COUNT(*) FROM access_grant WHERE client_id = 'robot'") == [(1,)]


async def test_a_warm_request_writes_nothing(site):
    await site.own_token()
    store = Counting(site.rt.store)
    app = site.with_runtime(store=store)
    form = {"grant_type": "client_credentials", "resource": API} | site.proof("robot")
    for _ in range(5):
        assert (await site.post("/token", form, app=app)).status_code == 200
    assert store.writes == 0


async def test_the_noted_time_is_written_ahead_again_before_it_runs_out(site):
    await site.own_token()
    for _ in range(4):
        site.clock.advance(1800)
        token = (await site.own_token()).json()["access_token"]
        alive_until = (await site.rows("SELECT jwt_alive_until FROM access_grant WHERE client_id = 'robot'"))[0][0]
        assert alive_until >= claims_of(token)["exp"]


async def test_ending_the_grant_ends_every_token_of_it_and_the_next_request_begins_anew(site):
    tokens = [(await site.own_token()).json()["access_token"] for _ in range(2)]
    grant = claims_of(tokens[0])["grant"]
    await end_grant_of_client(grant, actor="admin", reason="test", rt=site.rt, caller=Caller())
    for token in tokens:
        assert not await site.is_active(token)
    fresh = (await site.own_token()).json()["access_token"]
    assert claims_of(fresh)["grant"] != grant
    assert await site.is_active(fresh)


async def test_an_opaque_resource_gets_opaque_tokens_that_end_with_the_grant(site):
    tokens = [(await site.own_token(resource=OPAQUE_API)).json()["access_token"] for _ in range(2)]
    assert all(token.startswith("adm_at_") for token in tokens)
    told = [await site.introspect(token) for token in tokens]
    assert told[0]["grant"] == told[1]["grant"]
    await end_grant_of_client(told[0]["grant"], actor="admin", reason="test", rt=site.rt, caller=Caller())
    assert not await site.is_active(tokens[1])


async def test_a_public_client_has_no_credentials_to_use(site):
    form = {"grant_type": "client_credentials", "client_id": "web"}
    assert error_of(await site.post("/token", form)) == "unauthorized_client"


async def test_a_client_added_for_people_may_not_act_for_itself(site):
    assert error_of(await site.own_token("portal")) == "unauthorized_client"


async def test_a_token_ends_at_its_expiry_second(site):
    token = (await site.own_token()).json()["access_token"]
    site.clock.advance(599)
    assert await site.is_active(token)
    site.clock.advance(1)
    assert not await site.is_active(token)


async def test_the_grant_is_made_with_an_event_and_only_once(site):
    await site.own_token()
    await site.own_token()
    assert (await site.actions()).count("grant.made") == 1
