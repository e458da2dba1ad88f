"""Discovery tells the truth: all that it names answers, and nothing that answers is hidden."""

import pytest
from site_kit import ISSUER, claims_of

from admit import TokenHashMismatch, WrongType
from admit.id_tokens import IdTokenVerifier
from admit.jose import Jwks, verify
from admit_server.flows import keys
from admit_server.flows.runtime import Caller
from admit_server.web.routes import ROUTES

pytestmark = pytest.mark.anyio


async def discovered(site):
    return (await site.get("/.well-known/openid-configuration")).json()


async def test_both_addresses_tell_the_same_of_the_configured_issuer(site):
    document = await discovered(site)
    assert document == (await site.get("/.well-known/oauth-authorization-server")).json()
    assert document["issuer"] == ISSUER
    for required in (
        "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ):  # fmt: skip
        assert required in document


async def test_every_endpoint_that_is_named_answers_and_every_one_that_answers_is_named(site):
    document = await discovered(site)
    named = {
        value.removeprefix(ISSUER)
        for name, value in document.items()
        if name.endswith(("_endpoint", "_uri")) and isinstance(value, str)
    }
    http = site.http()
    for path in named:
        statuses = {(await http.get(path)).status_code, (await http.post(path)).status_code}
        assert statuses != {404}, path
        assert 500 not in statuses
    # `/check` is for the proxy in front, whose configuration names it.
    pages = {path for path, route in ROUTES.items() if route.kind == "page" or path.startswith("/.well-known/")}
    assert set(ROUTES) - {"/check", "/livez", "/readyz"} - named - pages == set()


async def test_what_is_said_to_be_supported_is(site):
    document = await discovered(site)
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    for grant_type in document["grant_types_supported"]:
        answer = await site.post("/token", {"grant_type": grant_type} | site.proof("robot"))
        assert answer.json()["error"] != "unsupported_grant_type"
    for prompt in document["prompt_values_supported"]:
        answer = await site.browser().authorize(prompt=prompt)
        assert "invalid_request" not in answer.headers["location"]
    tokens = await site.tokens(scope="openid profile email", nonce="n")
    claims = claims_of(tokens["id_token"])
    assert set(claims) <= set(document["claims_supported"])
    assert claims["acr"] in document["acr_values_supported"]
    assert set(document["scopes_supported"]) == {"openid", "profile", "email"}
    for name in ("request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"):
        assert document[name] is False


async def test_tokens_are_signed_as_announced(site):
    document = await discovered(site)
    published = Jwks.parse((await site.get("/jwks")).content)
    tokens = await site.tokens()
    identity = verify(
        tokens["id_token"], published, types={"jwt"}, algorithms=document["id_token_signing_alg_values_supported"]
    )
    access = verify(tokens["access_token"], published, types={"at+jwt"})
    assert identity.claims["iss"] == access.claims["iss"] == document["issuer"]
    assert (identity.header.alg, access.header.alg) == ("RS256", "ES256")


async def test_an_application_can_check_its_id_token_with_the_library(site):
    published = Jwks.parse((await site.get("/jwks")).content)
    tokens = await site.tokens(scope="openid profile", nonce="n-1")
    verifier = IdTokenVerifier(issuer=ISSUER, client_id="web", keys=published, clock=site.clock)

    who = verifier.verify(tokens["id_token"], nonce="n-1", access_token=tokens["access_token"], max_age_s=60)

    claims = claims_of(tokens["id_token"])
    assert (who.subject, who.session_id, who.claims["at_hash"]) == (claims["sub"], claims["sid"], claims["at_hash"])
    with pytest.raises(TokenHashMismatch):
        verifier.verify(tokens["id_token"], nonce="n-1", access_token="another")
    with pytest.raises(WrongType):
        verifier.verify(tokens["access_token"], nonce="n-1")


async def test_the_key_set_holds_public_halves_only_and_may_be_cached(site):
    answer = await site.get("/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    for key in answer.json()["keys"]:
        assert key["kid"]
        assert key["alg"] in ("ES256", "RS256")
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)


async def test_the_next_key_is_published_before_it_signs(site):
    await keys.ensure_next(site.rt)
    await keys.refresh(site.rt)
    published = {key["kid"] for key in (await site.get("/jwks")).json()["keys"]}
    rotation = await keys.rotate("ES256", rt=site.rt, caller=Caller(actor="admin"))
    assert rotation.kid in published
    assert rotation.signs_from > site.clock()
    token = (await site.own_token()).json()["access_token"]
    site.clock.advance(rotation.signs_from - site.clock())
    later = (await site.own_token()).json()["access_token"]
    kids = [
        verify(t, Jwks.parse((await site.get("/jwks")).content), types={"at+jwt"}).header.kid for t in (token, later)
    ]
    assert kids == [rotation.replaces, rotation.kid]


async def test_the_metadata_may_be_cached_for_a_while(site):
    answer = await site.get("/.well-known/openid-configuration")
    assert answer.headers["cache-control"] == "public, max-age=300"
