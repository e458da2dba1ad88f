"""A code for tokens: once, by its client, with its verifier, within a minute."""

import asyncio

import pytest
from site_kit import API, CALLBACK, CHALLENGE, FORM, ISSUER, PASSWORD, VERIFIER, claims_of

pytestmark = pytest.mark.anyio


def error_of(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


async def test_a_code_buys_an_access_token_a_refresh_token_and_an_id_token(site):
    answer = await site.redeem(await site.browser().code(nonce="n-1"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert body["scope"] == "notes:read openid"
    assert body["refresh_token"].startswith("adm_rt_")
    access, identity = claims_of(body["access_token"]), claims_of(body["id_token"])
    assert (access["iss"], access["aud"], access["client_id"]) == (ISSUER, API, "web")
    assert access["roles"] == ["editor"]
    assert (identity["aud"], identity["nonce"], identity["sub"]) == ("web", "n-1", access["sub"])


async def test_a_code_is_good_once_and_its_second_use_revokes_what_the_first_gave(site):
    """RFC 6749 section 4.1.2."""
    code = await site.browser().code()
    tokens = (await site.redeem(code)).json()
    assert await site.is_active(tokens["access_token"])
    assert error_of(await site.redeem(code)) == "invalid_grant"
    assert not await site.is_active(tokens["access_token"])
    assert error_of(await site.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert "code.reused" in await site.actions()


async def test_of_many_who_present_one_code_at_once_exactly_one_gets_tokens(site):
    code = await site.browser().code()
    answers = await asyncio.gather(*(site.redeem(code) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19


async def test_a_wrong_verifier_consumes_the_code(site):
    code = await site.browser().code()
    assert error_of(await site.redeem(code, code_verifier="wrong-" * 10)) == "invalid_grant"
    assert error_of(await site.redeem(code)) == "invalid_grant"


@pytest.mark.parametrize("verifier", ["", "short", VERIFIER + " ", CHALLENGE])
async def test_a_missing_or_malformed_verifier_is_refused(site, verifier):
    code = await site.browser().code()
    assert error_of(await site.redeem(code, code_verifier=verifier)) == "invalid_grant"


async def test_another_client_can_neither_use_nor_burn_a_code(site):
    code = await site.browser().code()
    for thief in ("third", "portal"):
        assert error_of(await site.redeem(code, thief)) == "invalid_grant"
    assert (await site.redeem(code)).status_code == 200


async def test_a_stranger_can_not_revoke_by_presenting_a_used_code_as_another_client(site):
    code = await site.browser().code()
    tokens = (await site.redeem(code)).json()
    assert error_of(await site.redeem(code, "third")) == "invalid_grant"
    assert await site.is_active(tokens["access_token"])


@pytest.mark.parametrize(("age_s", "good"), [(59, True), (60, False), (61, False)])
async def test_a_code_is_dead_at_its_expiry_second(site, age_s, good):
    code = await site.browser().code()
    site.clock.advance(age_s)
    assert (await site.redeem(code)).status_code == (200 if good else 400)


@pytest.mark.parametrize("code", ["x", "adm_ac_" + "0" * 49, "adm_at_" + "0" * 49, "a" * 5000, "✓"])
async def test_a_text_that_is_no_code_is_refused_without_a_look_up(site, code):
    assert error_of(await site.redeem(code)) == "invalid_grant"


async def test_the_redirect_uri_has_to_be_the_one_of_the_request_where_it_is_sent(site):
    assert (await site.redeem(await site.browser().code(), redirect_uri=CALLBACK)).status_code == 200
    answer = await site.redeem(await site.browser().code(), redirect_uri=CALLBACK + "/")
    assert error_of(answer) == "invalid_grant"


async def test_without_pkce_the_redirect_uri_has_to_be_sent(site):
    """RFC 6749 section 4.1.3."""
    bare = {"code_challenge": "", "code_challenge_method": ""}
    code = await site.browser().code("old", **bare)
    assert error_of(await site.redeem(code, "old", code_verifier="")) == "invalid_grant"
    code = await site.browser().code("old", **bare)
    answer = await site.redeem(code, "old", code_verifier="", redirect_uri="https://old.example/cb")
    assert answer.status_code == 200


async def test_a_verifier_for_a_code_without_challenge_is_a_downgrade_and_refused(site):
    """RFC 9700 section 4.8.2."""
    code = await site.browser().code("old", code_challenge="", code_challenge_method="")
    answer = await site.redeem(code, "old", redirect_uri="https://old.example/cb")
    assert error_of(answer) == "invalid_grant"


async def test_a_challenge_that_was_sent_is_checked_also_where_pkce_is_not_required(site):
    code = await site.browser().code("old")
    assert (
        error_of(await site.redeem(code, "old", code_verifier="", redirect_uri="https://old.example/cb"))
        == "invalid_grant"
    )


async def test_a_code_dies_with_the_session_that_made_it(site):
    browser = site.browser()
    code = await browser.code()
    session = (await site.rows("SELECT id FROM session"))[0][0]
    from admit_server.flows.logout import end_session_now
    from admit_server.flows.runtime import Caller

    await end_session_now(session, reason="logout", actor="", rt=site.rt, caller=Caller())
    answer = await site.redeem(code)
    assert error_of(answer) == "invalid_grant"


async def test_a_code_dies_with_the_person_who_is_disabled(site):
    from admit_server.flows.admin import users
    from admit_server.flows.runtime import Caller

    code = await site.browser().code()
    await users.disable("alice", rt=site.rt, caller=Caller(actor="admin"))
    assert error_of(await site.redeem(code)) == "invalid_grant"
    await users.enable("alice", rt=site.rt, caller=Caller(actor="admin"))
    assert error_of(await site.redeem(code)) == "invalid_grant"


async def test_a_client_without_the_grant_type_may_not_use_it(site):
    assert error_of(await site.redeem("adm_ac_" + "0" * 49, "robot")) == "unauthorized_client"


async def test_a_client_without_refresh_tokens_gets_none(site):
    from admit_server.flows.admin import clients
    from admit_server.flows.runtime import Caller

    new = clients.NewClient(
        name="Short", client_id="short", kind="public", first_party=True, redirect_uris=("https://short.example/",),
        grant_types=frozenset({"authorization_code"}), audiences=(API,),
    )  # fmt: skip
    await clients.add(new, rt=site.rt, caller=Caller())
    assert "refresh_token" not in await site.tokens("short")


async def test_an_opaque_resource_gets_a_token_that_says_nothing(site):
    tokens = await site.tokens("opaque-web")
    assert tokens["access_token"].startswith("adm_at_")
    told = await site.introspect(tokens["access_token"])
    assert (told["active"], told["aud"]) == (True, "https://opaque.example")


async def test_without_openid_there_is_no_id_token(site):
    assert "id_token" not in await site.tokens(scope="notes:read")


async def test_a_request_that_lacks_something_is_refused_and_consumes_nothing(site):
    code = await site.browser().code()
    answer = await site.post("/token", {"grant_type": "authorization_code", "client_id": "web"})
    assert error_of(answer) == "invalid_request"
    answer = await site.post("/token", {"code": code, "client_id": "web"})
    assert error_of(answer) == "invalid_request"
    assert (await site.redeem(code)).status_code == 200


@pytest.mark.parametrize(
    "grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "AUTHORIZATION_CODE"]
)
async def test_there_is_no_other_grant_type(site, grant_type):
    form = {"grant_type": grant_type, "username": "alice", "password": PASSWORD, "client_id": "web"}
    assert error_of(await site.post("/token", form)) == "unsupported_grant_type"


async def test_a_parameter_that_stands_twice_spends_nothing(site):
    code = await site.browser().code()
    body = f"grant_type=authorization_code&client_id=web&code={code}&code={code}&code_verifier={VERIFIER}"
    answer = await site.post("/token", {}, content=body, headers={"content-type": FORM})
    assert error_of(answer) == "invalid_request"
    assert (await site.redeem(code)).status_code == 200
