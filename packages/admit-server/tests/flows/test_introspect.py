"""Introspection: everything for whom it concerns, `active: false` for everybody else."""

import base64
import json

import pytest
from site_kit import API, ISSUER, OPAQUE_API, claims_of

from admit.jose import Jwk, generate_key, sign
from admit_server.flows.logout import end_session_now
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

INACTIVE = {"active": False}


async def test_the_resource_learns_all_that_it_needs(site):
    tokens = await site.tokens()
    claims = claims_of(tokens["access_token"])
    told = await site.introspect(tokens["access_token"])
    assert told == {
        "active": True, "scope": "notes:read openid", "client_id": "web", "token_type": "Bearer", "exp": claims["exp"],
        "iat": claims["iat"], "sub": claims["sub"], "aud": API, "iss": ISSUER, "jti": claims["jti"], "grant": claims["grant"],
        "sid": claims["sid"], "auth_time": claims["auth_time"], "acr": claims["acr"], "amr": ["pwd"], "username": "alice",
    }  # fmt: skip


async def test_an_opaque_token_tells_the_same(site):
    tokens = await site.tokens("opaque-web")
    told = await site.introspect(tokens["access_token"])
    assert (told["active"], told["aud"], told["client_id"], told["username"]) == (
        True,
        OPAQUE_API,
        "opaque-web",
        "alice",
    )
    assert told["exp"] == site.clock() + 600
    assert None not in told.values()


async def test_a_clients_own_token_has_no_person(site):
    told = await site.introspect((await site.own_token()).json()["access_token"])
    assert told["sub"] == told["client_id"] == "robot"
    assert not {"username", "sid", "auth_time", "acr", "amr"} & set(told)


async def test_the_client_that_holds_a_token_may_ask_and_strangers_learn_nothing(site):
    token = (await site.own_token()).json()["access_token"]
    assert (await site.introspect(token, "robot"))["active"] is True
    for stranger in ("other-robot", "portal", "old"):
        assert await site.introspect(token, stranger) == INACTIVE
    people = (await site.tokens("opaque-web"))["access_token"]
    assert await site.introspect(people, "robot") == INACTIVE


async def test_public_clients_may_not_ask(site):
    """RFC 7662 section 2.1: the endpoint MUST require authorization."""
    token = (await site.tokens())["access_token"]
    for form in ({"client_id": "web"}, {}, {"client_id": "api"}, {"client_id": "api", "client_secret": "wrong"}):
        answer = await site.post("/introspect", {"token": token} | form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_why_a_token_is_not_good_is_told_to_nobody(site):
    """RFC 7662 section 2.2."""
    expired = (await site.own_token()).json()["access_token"]
    revoked = (await site.tokens("opaque-web"))["access_token"]
    await site.post("/revoke", {"token": revoked} | site.proof("opaque-web"))
    site.clock.advance(600)
    for token in (expired, revoked, "x", "adm_at_" + "0" * 49, "adm_rt_" + "0" * 49, "a.b.c", "a" * 20_000, "✓", "."):
        assert await site.introspect(token) == INACTIVE


async def test_a_refresh_token_an_id_token_and_a_code_are_no_access_tokens(site):
    tokens = await site.tokens()
    code = await site.browser().code()
    for token in (tokens["refresh_token"], tokens["id_token"], code):
        assert await site.introspect(token) == INACTIVE


async def test_both_kinds_die_with_session_grant_and_person(site):
    for client_id in ("web", "opaque-web"):
        tokens = await site.tokens(client_id)
        told = await site.introspect(tokens["access_token"])
        await end_session_now(told["sid"], reason="logout", actor="", rt=site.rt, caller=Caller())
        assert await site.introspect(tokens["access_token"]) == INACTIVE


async def test_a_missing_token_is_an_error(site):
    answer = await site.post("/introspect", site.proof("api"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["denial_id"].startswith("den_")


async def test_a_hint_of_any_kind_changes_nothing(site):
    token = (await site.own_token()).json()["access_token"]
    for hint in ("access_token", "refresh_token", "nonsense"):
        answer = await site.post("/introspect", {"token": token, "token_type_hint": hint} | site.proof("api"))
        assert answer.json()["active"] is True


# Tampered tokens ---------------------------------------------------------------------------------------------------------


def encode(value) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(part: str):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def flipped(part: str, at: int) -> str:
    other = "A" if part[at] != "A" else "B"
    return part[:at] + other + part[at + 1 :]


def tampered(token: str):
    head, body, signature = token.split(".")
    header, claims = decode(head), decode(body)
    for at in (0, len(head) // 2, len(head) - 1):
        yield f"header flipped at {at}", f"{flipped(head, at)}.{body}.{signature}"
    for at in range(0, len(body), 17):
        yield f"payload flipped at {at}", f"{head}.{flipped(body, at)}.{signature}"
    for at in range(0, len(signature), 7):
        yield f"signature flipped at {at}", f"{head}.{body}.{flipped(signature, at)}"
    for name, value in (
        ("sub", "usr_somebody"), ("aud", OPAQUE_API), ("scope", "admin"), ("exp", claims["exp"] + 9999), ("client_id", "robot"),
        ("iss", "https://evil.example"), ("grant", "grt_x"), ("jti", "x"), ("exp", "never"), ("exp", 1e400), ("iat", None),
    ):  # fmt: skip
        yield f"{name} = {value!r}", f"{head}.{encode(claims | {name: value})}.{signature}"
    for change in (
        {"alg": "none"}, {"alg": "HS256"}, {"alg": "RS256"}, {"alg": "es256"}, {"kid": "x"}, {"kid": None}, {"typ": "JWT"},
        {"crit": ["x"]}, {"crit": ["exp"], "exp": 1}, {"jwk": {"kty": "oct", "k": "AA"}}, {"jku": "https://evil.example/jwks"},
        {"zip": "DEF"}, {"b64": False, "crit": ["b64"]},
    ):  # fmt: skip
        yield f"header with {change}", f"{encode(header | change)}.{body}.{signature}"
    yield "no signature", f"{head}.{body}."
    yield "alg none without signature", f"{encode({'alg': 'none', 'typ': 'at+jwt'})}.{body}."
    yield "padded", f"{head}=.{body}.{signature}"
    yield "spaces", f"{head}.{body} .{signature}"
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{token}.{signature}"
    yield "five parts", f"{head}.{head}.{body}.{body}.{signature}"
    yield "empty parts", ".."
    yield "re-encoded payload", f"{head}.{encode(json.dumps(claims, indent=1).encode())}.{signature}"
    yield "nested deep", f"{head}.{encode(b'[' * 5000 + b']' * 5000)}.{signature}"
    yield "twice", token + token
    # The public key as an HMAC secret.
    own = generate_key("ES256")
    foreign = Jwk.from_pkcs8(own.to_pkcs8(), alg="ES256", kid=header["kid"])
    yield "another key under our kid", sign(claims, foreign, typ="at+jwt")
    nameless = Jwk.from_pkcs8(own.to_pkcs8(), alg="ES256", kid=None)
    yield "another key without kid", sign(claims, nameless, typ="at+jwt")


async def test_a_token_with_any_part_changed_is_refused_at_introspect_and_userinfo(site):
    tokens = await site.tokens()
    token = tokens["access_token"]
    assert (await site.introspect(token))["active"] is True
    count = 0
    for what, changed in tampered(token):
        if changed == token:
            continue
        count += 1
        assert await site.introspect(changed) == INACTIVE, what
        answer = await site.get("/userinfo", headers={"authorization": f"Bearer {changed}"})
        assert answer.status_code in (400, 401), what
        assert "sub" not in answer.json(), what
    assert count > 60


async def test_a_token_properly_signed_with_odd_claims_is_refused_without_a_fault(site):
    """As another version of ourselves, or a stolen key, might write them."""
    token = (await site.tokens())["access_token"]
    claims = claims_of(token)
    key = site.rt.keys.current.signer("ES256", now=site.clock())
    for change in (
        {"exp": "never"}, {"exp": True}, {"exp": 1.5}, {"iat": None}, {"sub": 7}, {"aud": [API]}, {"grant": 3}, {"grant": "grt_unknown"},
        {"scope": ["a"]}, {"iss": "https://other.example"}, {"jti": None}, {"client_id": {}},
    ):  # fmt: skip
        changed = sign(claims | change, key, typ="at+jwt")
        assert await site.introspect(changed) == INACTIVE, change
    for missing in ("exp", "iat", "sub", "aud", "grant", "scope", "iss", "jti", "client_id"):
        changed = sign({n: v for n, v in claims.items() if n != missing}, key, typ="at+jwt")
        assert await site.introspect(changed) == INACTIVE, missing
    assert (await site.introspect(sign(claims, key, typ="at+jwt")))["active"] is True
    assert await site.introspect(sign(claims, key, typ="JWT")) == INACTIVE
    assert await site.introspect(sign(claims, key, typ=None)) == INACTIVE
