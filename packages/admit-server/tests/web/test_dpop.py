"""Tokens that are bound to a key, over HTTP (RFC 9449)."""

import asyncio
from collections import Counter

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from site_kit import API, ISSUER, OPAQUE_API, VERIFIER, claims_of

from admit import Attempt, Presented, TokenBound, Verifier
from admit.jose import Jwks
from admit.testing import ProofKey
from admit_server.domain.administration import API_SCOPES, api_audience
from admit_server.domain.check_request import read_request
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies, rules, tokens
from admit_server.flows.check import Asked, Passed, check, refresh
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

TOKEN = f"{ISSUER}/token"


@pytest.fixture
def key(site):
    return ProofKey(clock=site.clock)


@pytest.fixture
def thief(site):
    return ProofKey(clock=site.clock)


def with_proof(key, *, url=TOKEN, method="POST", **options):
    return {"DPoP": key.proof(method, url, **options)}


async def ask(site, grant_type, *, client="web", headers=None, **form):
    form = {"grant_type": grant_type} | site.proof(client) | form
    return await site.post("/token", form, headers=headers or {})


async def by_code(site, headers=None, *, client="web", code=None, **params):
    code = code or await site.browser().code(client, **params)
    return await ask(site, "authorization_code", client=client, headers=headers, code=code, code_verifier=VERIFIER)


async def policy(site, **limits):
    await policies.set_policy("bound", TokenPolicy(**limits), rt=site.rt, caller=Caller())

    async def unit(tx):
        await tx.clients._tx.run("UPDATE resource SET policy = 'bound'")

    await site.rt.store.write(unit)


def verifier_of(site, audience=API):
    ring = site.rt.keys.current
    keys = Jwks([each.public for each in ring.keys if each.stored.alg == "ES256"])
    return Verifier(issuer=ISSUER, audience=audience, keys=keys, revocations=None, clock=lambda: float(site.clock()))


async def test_a_client_that_sends_a_proof_gets_a_token_that_is_bound_to_its_key(site, key):
    answer = await by_code(site, with_proof(key))

    body = answer.json()
    assert (answer.status_code, body["token_type"]) == (200, "DPoP")
    assert claims_of(body["access_token"])["cnf"] == {"jkt": key.jkt}
    told = await site.introspect(body["access_token"])
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": key.jkt})


async def test_the_librarys_verifier_takes_it_with_a_proof_and_never_as_bearer(site, key):
    token = (await by_code(site, with_proof(key))).json()["access_token"]
    verifier, url = verifier_of(site), f"{API}/notes"

    proof = key.proof("GET", url, access_token=token)
    presented = Presented(scheme="DPoP", proofs=(proof,), url=url)
    assert verifier.verify(token, Attempt(method="GET", presented=presented)).claims["cnf"] == {"jkt": key.jkt}
    with pytest.raises(TokenBound):
        verifier.verify(token, Attempt(method="GET", presented=Presented()))


async def test_without_a_proof_everything_is_as_before(site):
    body = (await by_code(site)).json()

    assert body["token_type"] == "Bearer"
    assert "cnf" not in claims_of(body["access_token"])
    assert "cnf" not in await site.introspect(body["access_token"])


async def test_opaque_tokens_are_bound_too(site, key):
    body = (await by_code(site, with_proof(key), client="opaque-web")).json()

    assert body["token_type"] == "DPoP"
    assert (await site.introspect(body["access_token"]))["cnf"] == {"jkt": key.jkt}


@pytest.mark.parametrize("resource", [API, OPAQUE_API])
async def test_a_clients_own_tokens_are_bound_each_to_the_key_of_its_request(site, key, thief, resource):
    for one in (key, thief):
        answer = await ask(site, "client_credentials", client="robot", headers=with_proof(one), resource=resource)
        assert (await site.introspect(answer.json()["access_token"]))["cnf"] == {"jkt": one.jkt}
    plain = await ask(site, "client_credentials", client="robot", resource=resource)
    assert plain.json()["token_type"] == "Bearer"


async def test_a_proof_of_another_library_is_taken(site):
    key = ECKey.generate_key("P-256")
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    proof = jwt.encode(header, {"jti": "1", "htm": "POST", "htu": TOKEN, "iat": site.clock()}, key)

    answer = await by_code(site, {"DPoP": proof})

    assert claims_of(answer.json()["access_token"])["cnf"] == {"jkt": key.thumbprint()}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"claims": {"htm": "GET"}}, "method (htm)"),
        ({"claims": {"htu": f"{ISSUER}/userinfo"}}, "address (htu)"),
        ({"claims": {"iat": None}}, "claims of the proof"),
        ({"header": {"typ": "JWT"}}, "type of the proof"),
        ({"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "key of the proof"),
    ],
)
async def test_a_bad_proof_is_refused_by_its_rule_and_spends_nothing(site, key, changes, rule):
    code = await site.browser().code()

    refused = await by_code(site, with_proof(key, **changes), code=code)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert refused.json()["error_description"] == f"The DPoP proof breaks a rule: {rule}."
    assert (await by_code(site, with_proof(key), code=code)).status_code == 200


async def test_two_proofs_are_none(site, key):
    code = await site.browser().code()
    headers = [("DPoP", key.proof("POST", TOKEN)), ("DPoP", key.proof("POST", TOKEN))]

    assert (await by_code(site, headers, code=code)).json()["error"] == "invalid_dpop_proof"


async def test_a_proof_is_good_once_also_for_20_requests_at_once(site, key):
    headers = with_proof(key)

    answers = await asyncio.gather(
        *(ask(site, "client_credentials", client="robot", headers=headers, resource=API) for _ in range(20))
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 19}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_dpop_proof"}


async def test_a_proof_that_was_shown_before_spends_no_code(site, key):
    headers = with_proof(key)
    assert (await by_code(site, headers)).status_code == 200
    code = await site.browser().code()

    assert (await by_code(site, headers, code=code)).json()["error"] == "invalid_dpop_proof"
    assert (await by_code(site, with_proof(key), code=code)).status_code == 200


async def test_strangers_write_no_proofs(site, key):
    await ask(site, "authorization_code", headers=with_proof(key), code="adm_ac_nothing", code_verifier=VERIFIER)
    await ask(site, "client_credentials", client="nobody", headers=with_proof(key))

    assert await site.rows("SELECT * FROM dpop_proof") == []


# Refresh tokens (section 5).


async def test_a_public_clients_refresh_token_is_good_only_with_its_key(site, key, thief):
    first = (await by_code(site, with_proof(key))).json()["refresh_token"]

    for headers in ({}, with_proof(thief)):
        refused = await ask(site, "refresh_token", headers=headers, refresh_token=first)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    answer = await ask(site, "refresh_token", headers=with_proof(key), refresh_token=first)

    assert answer.json()["token_type"] == "DPoP"
    assert claims_of(answer.json()["access_token"])["cnf"] == {"jkt": key.jkt}


async def test_a_thief_without_the_key_can_neither_use_nor_end_the_family(site, key, thief):
    first = (await by_code(site, with_proof(key))).json()["refresh_token"]
    second = (await ask(site, "refresh_token", headers=with_proof(key), refresh_token=first)).json()["refresh_token"]
    site.clock.advance(3600)

    for headers in ({}, with_proof(thief)):
        assert (await ask(site, "refresh_token", headers=headers, refresh_token=first)).status_code == 400
    assert (await ask(site, "refresh_token", headers=with_proof(key), refresh_token=second)).status_code == 200


async def test_two_tabs_with_the_key_get_the_same_successor(site, key):
    first = (await by_code(site, with_proof(key))).json()["refresh_token"]

    one, two = [
        (await ask(site, "refresh_token", headers=with_proof(key), refresh_token=first)).json() for _ in range(2)
    ]

    assert one["refresh_token"] == two["refresh_token"]
    assert two["token_type"] == "DPoP"


async def test_a_family_that_began_without_a_key_is_bound_from_the_first_proof_on(site, key):
    first = (await by_code(site)).json()["refresh_token"]
    second = (await ask(site, "refresh_token", headers=with_proof(key), refresh_token=first)).json()["refresh_token"]

    assert (await ask(site, "refresh_token", refresh_token=second)).status_code == 400
    assert (await ask(site, "refresh_token", headers=with_proof(key), refresh_token=second)).status_code == 200


async def test_a_confidential_client_may_change_its_key(site, key, thief):
    first = (await by_code(site, with_proof(key), client="portal")).json()["refresh_token"]

    answer = await ask(site, "refresh_token", client="portal", headers=with_proof(thief), refresh_token=first)

    assert claims_of(answer.json()["access_token"])["cnf"] == {"jkt": thief.jkt}


# The code is bound (section 10).


async def test_a_code_that_names_a_key_is_good_only_with_a_proof_by_it(site, key, thief):
    assert (await by_code(site, with_proof(key), dpop_jkt=key.jkt)).status_code == 200
    for headers in ({}, with_proof(thief)):
        refused = await by_code(site, headers, dpop_jkt=key.jkt)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_dpop_jkt_is_a_thumbprint(site):
    step = await site.browser().authorize(dpop_jkt="short")

    assert "error=invalid_request" in step.headers["location"]


# The policy.


async def test_a_policy_makes_a_missing_proof_an_error(site, key):
    await policy(site, binding=frozenset({"dpop"}))
    code = await site.browser().code()

    refused = await by_code(site, code=code)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert refused.json()["error_description"] == "These tokens are bound to a key: send a DPoP proof."
    assert (await by_code(site, with_proof(key), code=code)).json()["token_type"] == "DPoP"
    robot = await ask(site, "client_credentials", client="robot", resource=API)
    assert robot.json()["error"] == "invalid_dpop_proof"


async def test_a_confidential_client_under_the_policy_proves_at_each_refresh(site, key):
    await policy(site, binding=frozenset({"dpop"}))
    first = (await by_code(site, with_proof(key), client="portal")).json()["refresh_token"]

    refused = await ask(site, "refresh_token", client="portal", refresh_token=first)
    assert refused.json()["error"] == "invalid_dpop_proof"
    answer = await ask(site, "refresh_token", client="portal", headers=with_proof(key), refresh_token=first)
    assert answer.status_code == 200


async def test_an_administrator_has_no_key_to_bind_a_token_to(site):
    await policy(site, binding=frozenset({"dpop"}))

    with pytest.raises(tokens.NotAllowed, match="bound to a key"):
        await tokens.issue(
            tokens.NewToken(user="alice", client="web", resource=API), rt=site.rt, caller=Caller(actor="test")
        )


# Nonces (section 8).


async def test_where_nonces_are_needed_the_refusal_brings_one(open_site):
    async with open_site(toml="[binding]\ndpop_nonce = true\n") as site:
        key = ProofKey(clock=site.clock)
        code = await site.browser().code()

        refused = await by_code(site, with_proof(key), code=code)
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
        assert refused.headers["cache-control"] == "no-store"
        nonce = refused.headers["dpop-nonce"]
        answer = await by_code(site, with_proof(key, nonce=nonce), code=code)
        assert answer.status_code == 200
        assert "dpop-nonce" not in answer.headers

        site.clock.advance(70)
        answer = await by_code(site, with_proof(key, nonce=nonce))
        assert answer.status_code == 200
        fresh = answer.headers["dpop-nonce"]
        site.clock.advance(70)
        assert (await by_code(site, with_proof(key, nonce=nonce))).json()["error"] == "use_dpop_nonce"
        assert (await by_code(site, with_proof(key, nonce=fresh))).status_code == 200


async def test_a_client_with_a_wrong_clock_is_helped_by_a_nonce(site):
    key = ProofKey(clock=lambda: site.clock() - 86_400)
    code = await site.browser().code()

    refused = await by_code(site, with_proof(key), code=code)
    assert refused.json()["error"] == "use_dpop_nonce"
    again = await by_code(site, with_proof(key, nonce=refused.headers["dpop-nonce"]), code=code)
    assert again.status_code == 200


# Userinfo: a resource of our own (section 7).


async def userinfo(site, token, *, scheme="DPoP", key=None, **options):
    headers = {"Authorization": f"{scheme} {token}"}
    if key is not None:
        headers |= with_proof(key, url=f"{ISSUER}/userinfo", method="GET", access_token=token, **options)
    return await site.get("/userinfo", headers=headers)


async def test_userinfo_takes_a_bound_token_with_its_proof_and_not_otherwise(site, key, thief):
    token = (await by_code(site, with_proof(key))).json()["access_token"]

    assert (await userinfo(site, token, key=key)).json()["sub"]
    for answer, code in (
        (await userinfo(site, token, scheme="Bearer"), "invalid_token"),
        (await userinfo(site, token, scheme="Bearer", key=key), "invalid_token"),
        (await userinfo(site, token), "invalid_dpop_proof"),
        (await userinfo(site, token, key=thief), "invalid_dpop_proof"),
        (await userinfo(site, token, key=key, claims={"ath": "x"}), "invalid_dpop_proof"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, code)
        assert answer.headers["www-authenticate"] == f'DPoP realm="{ISSUER}", error="{code}", algs="ES256 RS256"'


async def test_a_proof_at_userinfo_is_good_once(site, key):
    token = (await by_code(site, with_proof(key))).json()["access_token"]
    claims = {"jti": "the same"}

    assert (await userinfo(site, token, key=key, claims=claims)).status_code == 200
    assert (await userinfo(site, token, key=key, claims=claims)).json()["error"] == "invalid_dpop_proof"


async def test_an_unbound_token_by_the_scheme_dpop_is_refused_at_userinfo(site, key):
    token = (await by_code(site)).json()["access_token"]

    answer = await userinfo(site, token, key=key)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert (await userinfo(site, token, scheme="Bearer")).status_code == 200


# Counted tokens.


async def test_a_use_is_counted_for_the_holder_of_the_key_only(site, key, thief):
    await policy(site, max_uses=1)
    token = (await by_code(site, with_proof(key), client="opaque-web")).json()["access_token"]

    async def use(**more):
        form = {"token": token, "enforces": "limits"} | site.proof("api") | more
        return (await site.post("/introspect", form)).json()

    assert await use() == {"active": False, "code": "token_bound"}
    assert await use(proof_jkt=thief.jkt) == {"active": False, "code": "token_bound"}
    assert (await use(proof_jkt=key.jkt))["active"] is True
    assert await use(proof_jkt=key.jkt) == {"active": False, "code": "uses_exhausted"}


# The other doors of the server.


async def test_a_bound_token_at_the_administration_api_needs_its_proof(site, key, thief):
    audience = api_audience(ISSUER)

    async def unit(tx):
        await tx.clients._tx.run(
            f"UPDATE client SET audiences = '[\"{audience}\"]', scopes = '{' '.join(sorted(API_SCOPES))}' WHERE id = 'robot'"
        )

    await site.rt.store.write(unit)
    answer = await ask(site, "client_credentials", client="robot", headers=with_proof(key), resource=audience)
    token, url = answer.json()["access_token"], f"{ISSUER}/api/v1/users"

    async def call(scheme, by=None):
        headers = {"Authorization": f"{scheme} {token}"}
        if by is not None:
            headers |= with_proof(by, url=url, method="GET", access_token=token)
        return await site.get("/api/v1/users?limit=1", headers=headers)

    assert (await call("DPoP", key)).status_code == 200
    assert (await call("Bearer")).status_code == 401
    for by in (thief, None):
        refused = await call("DPoP", by)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_dpop_proof")
        assert refused.headers["www-authenticate"].startswith('DPoP realm="')


async def test_forward_authentication_vouches_for_no_bound_token(site, key):
    await rules.add(rules.NewRule(path="/**", audience=API), rt=site.rt, caller=Caller(actor="test"))
    await refresh(site.rt)
    wanted = read_request(method="GET", host="a.example", uri="/x")
    for headers, passes in ((with_proof(key), False), ({}, True)):
        token = (await by_code(site, headers)).json()["access_token"]
        outcome = await check(Asked(request=wanted, token=token), rt=site.rt, caller=Caller())
        assert isinstance(outcome, Passed) is passes
        assert getattr(outcome, "code", "token_bound") == "token_bound"


# What the server tells, and which apps may read it.


async def test_the_metadata_names_the_algorithms(site):
    told = (await site.get("/.well-known/oauth-authorization-server")).json()

    assert told["dpop_signing_alg_values_supported"] == ["ES256", "RS256"]


async def test_apps_in_browsers_may_send_proofs_and_read_nonces(site):
    preflight = {
        "origin": "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "dpop",
    }
    answer = await site.http().request("OPTIONS", "/token", headers=preflight)
    assert "DPoP" in answer.headers["access-control-allow-headers"].split(", ")

    answer = await site.post("/token", site.proof("web"), headers={"origin": "https://app.example"})
    assert "DPoP-Nonce" in answer.headers["access-control-expose-headers"].split(", ")
