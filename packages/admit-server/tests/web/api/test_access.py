"""Who may call: the holder of a token of this API, as far as token and roles allow it now."""

import pytest

from admit.limits import groups_of

pytestmark = pytest.mark.anyio


async def test_a_call_without_a_token_is_told_where_tokens_come_from(people, site):
    answer = await people.with_text(None).get("/users")

    assert answer.status_code == 401
    assert answer.json()["code"] == "missing_token"
    metadata = f"{site.rt.issuer}/.well-known/oauth-protected-resource/api/v1"
    assert f'resource_metadata="{metadata}"' in answer.headers["www-authenticate"]
    assert "error=" not in answer.headers["www-authenticate"]
    assert (await site.get(metadata)).json()["resource"] == f"{site.rt.issuer}/api/v1"


async def test_a_token_of_the_role_admin_opens_the_api(api):
    listed = await api.document("/users")

    assert {user["username"] for user in listed["items"]} >= {"alice", "root"}


async def test_a_token_for_another_resource_is_refused_and_explained(people, site):
    elsewhere = await site.tokens()

    answer = await people.with_text(elsewhere["access_token"]).get("/users")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    denial = await site.rt.store.read.denials.get(answer.json()["denial_id"])
    assert [check.name for check in denial.checks if not check.passed] == ["audience"]


async def test_a_token_without_the_scope_is_refused_and_told_which(people):
    reader = await people.with_token("root", "users:read")

    assert (await reader.get("/users")).status_code == 200
    answer = await reader.post("/users", {"username": "carol"})

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'scope="users:write"' in answer.headers["www-authenticate"]


async def test_a_revoked_token_is_refused_at_once(api, site):
    await site.rt.store.write(lambda tx: _end(tx, api.token))

    assert (await api.get("/users")).status_code == 401


async def _end(tx, token):
    from admit_server.tokens import opaque

    await tx.access_tokens.revoke(opaque.digest(token), now=site_now)


site_now = 1_700_003_600


async def test_a_token_of_one_use_does_one_thing(people):
    once = await people.with_token("root", "users:read", max_uses=1)

    assert (await once.get("/users")).status_code == 200
    assert (await once.get("/users")).status_code == 401


async def test_an_encoded_slash_makes_no_other_action_of_a_call(api, people):
    """A token that may only sign people out must not delete somebody because of how they are called."""
    await api.post("/users", {"username": "bob/sessions"})
    limited = await people.with_token("root", actions=groups_of(["DELETE /api/v1/users/*/sessions"]))

    answer = await limited.delete("/users/bob%2Fsessions")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert (await api.get("/users/bob%2Fsessions")).status_code == 200
    assert (await limited.delete("/users/alice/sessions")).status_code == 200


async def test_a_cookie_opens_nothing_and_no_origin_may_read(site, people):
    browser = site.browser()
    await browser.sign_in(username="alice")

    answer = await browser.get("/api/v1/users", headers={"Origin": "https://app.example"})

    assert answer.status_code == 401
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_nobody_without_a_role_gets_a_scope_of_the_api(people):
    from admit_server.domain.errors import NotAllowed

    with pytest.raises(NotAllowed, match="no role"):
        await people.with_token("alice", "users:read")


async def test_a_role_that_is_taken_away_is_gone_at_once(people, site):
    helper = await people.helper("users:read")
    assert (await helper.get("/users")).status_code == 200

    await site.rt.store.write(lambda tx: tx.roles.remove("helpers"))

    answer = await helper.get("/users")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize("client", ["admit-admin", "admit-personal"])
@pytest.mark.parametrize("secret", [{}, {"client_secret": ""}, {"client_secret": "admit-admin"}])
async def test_nobody_can_be_the_client_of_tokens_that_are_issued_by_hand(api, site, client, secret):
    """It has no secret: neither none, nor an empty one, nor any other is the right one."""
    async with site.http() as http:
        for path in ("/token", "/introspect", "/revoke"):
            form = {"client_id": client, "grant_type": "client_credentials", "token": api.token, **secret}
            answer = await http.post(path, data=form)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), path
    assert (await api.get("/users")).status_code == 200
