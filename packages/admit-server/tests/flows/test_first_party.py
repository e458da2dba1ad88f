"""Sign-in without a browser, for the organisation's own apps."""

import pytest
from site_kit import API, CHALLENGE, PASSWORD, claims_of, without_id

from admit_server.domain.throttle import ACCOUNT

pytestmark = pytest.mark.anyio

ASK = {"scope": "openid notes:read", "code_challenge": CHALLENGE, "code_challenge_method": "S256", "nonce": "n-1"}
PROOF = {"username": "alice", "password": PASSWORD}


async def challenge(site, *forms, client_id="script", **more):
    form = site.proof(client_id)
    for part in forms:
        form |= part
    return await site.post("/authorize-challenge", form, **more)


def error_of(answer, status=400):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["error"]


async def test_one_step_gives_a_code_that_buys_tokens(site):
    answer = await challenge(site, ASK, PROOF)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"authorization_code"}
    tokens = (await site.redeem(answer.json()["authorization_code"], "script")).json()
    assert tokens["scope"] == "notes:read openid"
    assert claims_of(tokens["id_token"])["nonce"] == "n-1"
    assert claims_of(tokens["access_token"])["aud"] == API


async def test_two_steps_carry_the_request_in_auth_session(site):
    first = await challenge(site, ASK)
    assert error_of(first) == "insufficient_authorization"
    session = {"auth_session": first.json()["auth_session"]}
    second = await challenge(site, session, PROOF)
    tokens = (await site.redeem(second.json()["authorization_code"], "script")).json()
    assert tokens["scope"] == "notes:read openid"


async def test_what_was_agreed_in_the_first_step_can_not_be_changed_in_the_second(site):
    first = await challenge(site, ASK)
    wider = {
        "auth_session": first.json()["auth_session"],
        "scope": "openid notes:read notes:write",
        "code_challenge": "x" * 43,
    }
    second = await challenge(site, wider, PROOF)
    tokens = await site.redeem(second.json()["authorization_code"], "script")
    assert tokens.json()["scope"] == "notes:read openid"


async def test_a_user_name_alone_asks_for_the_rest(site):
    assert error_of(await challenge(site, ASK, {"username": "alice"})) == "insufficient_authorization"
    assert error_of(await challenge(site, ASK, {"password": PASSWORD})) == "insufficient_authorization"
    assert await site.rows("SELECT COUNT(*) FROM throttle") == [(0,)]


async def test_an_auth_session_is_good_for_its_client_unchanged_and_for_ten_minutes(site):
    text = (await challenge(site, ASK)).json()["auth_session"]
    for wrong in (text[:-2] + "AA", text[:40], "x", "ü", text + "A"):
        assert error_of(await challenge(site, {"auth_session": wrong}, PROOF)) == "invalid_session"
    assert error_of(await challenge(site, {"auth_session": text}, PROOF, client_id="native")) == "invalid_session"
    site.clock.advance(599)
    assert (await challenge(site, {"auth_session": text}, PROOF)).status_code == 200
    site.clock.advance(1)
    assert error_of(await challenge(site, {"auth_session": text}, PROOF)) == "invalid_session"
    assert await site.rows("SELECT COUNT(*) FROM session") == [(1,)]


async def test_a_sealed_request_of_the_pages_is_no_auth_session(site):
    location = (await site.browser().authorize()).headers["location"]
    assert error_of(await challenge(site, {"auth_session": location.split("request=")[1]}, PROOF)) == "invalid_session"


@pytest.mark.parametrize("client_id", ["third", "robot", "other-robot"])
async def test_other_applications_may_not_ask_for_passwords(site, client_id):
    answer = await challenge(site, ASK, PROOF, client_id=client_id)
    assert error_of(answer) == "unauthorized_client"
    assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)]
    assert await site.rows("SELECT COUNT(*) FROM throttle") == [(0,)]


async def test_a_wrong_password_an_unknown_and_a_disabled_user_are_told_alike(site):
    texts = set()
    for username in ("alice", "nobody", "nopassword"):
        answer = await challenge(site, ASK, {"username": username, "password": "wrong wrong wrong"})
        assert error_of(answer) == "access_denied"
        texts.add(without_id(answer.text))
    assert len(texts) == 1


async def test_the_limits_hold_here_too(site):
    for _ in range(ACCOUNT.free_failures):
        await challenge(site, ASK, {"username": "alice", "password": "wrong wrong wrong"})
    site.hasher.verified.clear()
    answer = await challenge(site, ASK, PROOF)
    assert error_of(answer, 429) == "too_many_tries"
    assert answer.headers["retry-after"] == "10"
    assert site.hasher.verified == []


async def test_guesses_through_a_public_apps_id_do_not_lock_the_page(site):
    for _ in range(ACCOUNT.free_failures):
        await challenge(site, ASK, {"username": "alice", "password": "wrong wrong wrong"})
    assert error_of(await challenge(site, ASK, PROOF), 429) == "too_many_tries"
    assert (await site.browser().sign_in()).status_code == 303


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ],
)
async def test_the_request_has_to_pass_the_same_rules(site, changed, error):
    form = {name: value for name, value in (ASK | changed).items() if value}
    assert error_of(await challenge(site, form, PROOF)) == error
    assert await site.rows("SELECT COUNT(*) FROM throttle") == [(0,)]


async def test_a_confidential_app_has_to_prove_itself(site):
    assert (await challenge(site, ASK, PROOF, client_id="portal")).status_code == 200
    answer = await site.post("/authorize-challenge", ASK | PROOF | {"client_id": "portal"})
    assert error_of(answer, 401) == "invalid_client"


async def test_the_code_needs_the_verifier_and_its_own_client(site):
    code = (await challenge(site, ASK, PROOF)).json()["authorization_code"]
    assert error_of(await site.redeem(code, "native")) == "invalid_grant"
    assert error_of(await site.redeem(code, "script", code_verifier="")) == "invalid_grant"
    code = (await challenge(site, ASK, PROOF)).json()["authorization_code"]
    assert error_of(await site.redeem(code, "script", redirect_uri="https://x.example/")) == "invalid_grant"


async def test_it_sets_no_cookie_and_its_session_ends_by_revoking_the_token(site):
    answer = await challenge(site, ASK, PROOF)
    assert "set-cookie" not in answer.headers
    tokens = (await site.redeem(answer.json()["authorization_code"], "script")).json()
    await site.post("/revoke", {"token": tokens["refresh_token"]} | site.proof("script"))
    assert not await site.is_active(tokens["access_token"])
    assert [row[0] is not None for row in await site.rows("SELECT ended_at FROM session")] == [True]


async def test_a_password_in_the_address_counts_for_nothing(site):
    answer = await site.post(f"/authorize-challenge?username=alice&password={PASSWORD}", ASK | {"client_id": "script"})
    assert error_of(answer) == "insufficient_authorization"
