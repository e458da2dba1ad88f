"""One table of cases, and every framework answers each with the same status, headers and body."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import anyio
import pytest
from applications import FRAMEWORKS, Seen, ask

from admit import Verifier
from admit.encrypted import EncryptionKey, encrypt
from admit.jose import base64url
from admit.testing import ProofKey, TestIssuer

NOW = int(time.time())
META = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource"'
BARE = f'Bearer realm="https://api.example", {META}'
INVALID = f'Bearer realm="https://api.example", error="invalid_token", {META}'
DPOP = 'algs="ES256 RS256"'
FRESH = {"auth_time": NOW}
SEAL = EncryptionKey.from_secret(b"k" * 32)
OPAQUE = "adm_at_" + "a" * 43

Headers = list[tuple[str, str]]


def error(name: str, parameters: str = "") -> str:
    more = f", {parameters}" if parameters else ""
    return f'Bearer realm="https://api.example", error="{name}"{more}, {META}'


@dataclass(frozen=True)
class Case:
    """A request, and what everybody answers. `code` None: it is let in."""

    name: str
    headers: Callable[[TestIssuer], Any]
    status: int = 401
    code: str | None = None
    challenge: str | None = INVALID
    path: str = "/items"
    verifier: str = "usual"


def opaque() -> str:
    from admit.opaque import checksum

    return OPAQUE + checksum(OPAQUE)


def bearer(**options: Any) -> Callable[[TestIssuer], Any]:
    return lambda tokens: tokens.bearer(**({"scopes": "items:read"} | options))


def tampered(tokens: TestIssuer) -> Any:
    head, payload, signature = tokens.token("alice", scopes="items:read").split(".")
    other = base64url.encode(base64url.decode(payload).replace(b'"alice"', b'"admin"'))
    return {"Authorization": f"Bearer {head}.{other}.{signature}"}


def twice(tokens: TestIssuer) -> Headers:
    return [("Authorization", f"Bearer {tokens.token(scopes='items:read')}")] * 2


def sealed(tokens: TestIssuer) -> Headers:
    return [("Authorization", f"Bearer {encrypt(tokens.token(scopes='items:read'), SEAL)}")]


def says(value: str) -> Callable[[TestIssuer], Headers]:
    return lambda tokens: [("Authorization", value)]


CASES = [
    Case("a good token", bearer(), 200, challenge=None),
    Case("no token", lambda tokens: [], code="missing_token", challenge=BARE),
    Case("another scheme", says("Basic YTpi"), code="missing_token", challenge=BARE),
    Case("the scheme alone", says("Bearer"), code="missing_token", challenge=BARE),
    Case("two tokens", twice, 400, "invalid_request", error("invalid_request")),
    Case("no token at all", says("Bearer not-a-token"), code="malformed_token"),
    Case("a token with spaces", says("Bearer a b"), code="malformed_token"),
    Case("a token that is text of another kind", says('Bearer {"a":1}'), code="malformed_token"),
    Case("a tampered token", tampered, code="bad_signature"),
    Case("another key", lambda tokens: tokens.wrong_key(scopes="items:read"), code="bad_signature"),
    Case("expired", lambda tokens: tokens.expired(scopes="items:read"), code="token_expired"),
    Case("not yet valid", lambda tokens: tokens.not_yet_valid(scopes="items:read"), code="token_not_yet_valid"),
    Case("revoked", lambda tokens: tokens.revoked(scopes="items:read"), code="token_revoked"),
    Case("wrong audience", lambda tokens: tokens.wrong_audience(scopes="items:read"), code="wrong_audience"),
    Case("wrong issuer", lambda tokens: tokens.wrong_issuer(scopes="items:read"), code="wrong_issuer"),
    Case("alg none", lambda tokens: tokens.alg_none(scopes="items:read"), code="algorithm_not_allowed"),
    Case(
        "missing scope",
        bearer(scopes="items:write"),
        403,
        "insufficient_scope",
        error("insufficient_scope", 'scope="items:read"'),
    ),
    Case(
        "missing scope, noticed late",
        bearer(),
        403,
        "insufficient_scope",
        error("insufficient_scope", 'scope="admin"'),
        path="/late",
    ),
    Case("a fresh sign-in", bearer(scopes="admin", claims=FRESH), 200, challenge=None, path="/admin"),
    Case(
        "stale sign-in",
        bearer(scopes="admin", claims={"auth_time": NOW - 3600}),
        code="step_up_required",
        challenge=error("insufficient_user_authentication", 'max_age="300"'),
        path="/admin",
    ),
    Case(
        "weak sign-in",
        bearer(claims={"acr": "urn:admit:acr:1fa"}),
        code="step_up_required",
        challenge=error("insufficient_user_authentication", 'acr_values="urn:admit:acr:2fa"'),
        path="/strong",
    ),
    Case("a strong sign-in", bearer(claims={"acr": "urn:admit:acr:phr"}), 200, challenge=None, path="/strong"),
    Case(
        "limited to another action",
        bearer(claims={"limits": {"actions": [["orders.refund"]]}}),
        code="action_not_allowed",
    ),
    Case(
        "limited to another network",
        bearer(claims={"limits": {"networks": [["10.0.0.0/8"]]}}),
        code="network_not_allowed",
    ),
    Case("a limit of the future", bearer(claims={"limits": {"moon": "full"}}), code="limits_not_enforceable"),
    Case("counted, without credentials", bearer(claims={"limits": {"max_uses": 1}}), code="limits_not_enforceable"),
    Case("counted, a use left", bearer(claims={"limits": {"max_uses": 1}}), 200, challenge=None, verifier="counting"),
    Case(
        "counted, used up",
        bearer(subject="used-up", claims={"limits": {"max_uses": 1}}),
        code="uses_exhausted",
        verifier="counting",
    ),
    Case("opaque, without credentials", says(f"Bearer {opaque()}"), code="introspection_not_configured"),
    Case("opaque, and unknown to the server", says(f"Bearer {opaque()}"), code="token_inactive", verifier="counting"),
    Case("opaque, with a typing error", says(f"Bearer {opaque()[:-1]}!"), code="malformed_token"),
    Case(
        "bound to a key, as Bearer",
        bearer(claims={"cnf": {"jkt": ProofKey().jkt}}),
        code="token_bound",
        challenge=f'DPoP realm="https://api.example", error="invalid_token", {META}, {DPOP}',
    ),
    Case(
        "bound to a key, without a proof",
        lambda tokens: [
            ("Authorization", f"DPoP {tokens.token(scopes='items:read', claims={'cnf': {'jkt': ProofKey().jkt}})}")
        ],
        code="invalid_dpop_proof",
        challenge=f'DPoP realm="https://api.example", error="invalid_dpop_proof", {META}, {DPOP}',
    ),
    Case(
        "bound to a certificate that nobody showed",
        bearer(claims={"cnf": {"x5t#S256": "A" * 43}}),
        code="certificate_mismatch",
    ),
    Case(
        "limited to fresh sign-ins",
        bearer(claims={"limits": {"max_auth_age_s": 60}, "auth_time": NOW - 3600}),
        code="step_up_required",
        challenge=error("insufficient_user_authentication", 'max_age="60"'),
    ),
    Case("encrypted", sealed, 200, challenge=None, verifier="decrypting"),
    Case("encrypted, where nobody expects it", sealed, code="malformed_token"),
    Case("readable, where encrypted ones are expected", bearer(), code="encryption_required", verifier="decrypting"),
    Case(
        "encrypted, and changed on the way",
        lambda tokens: [(name, value[:-4] + "AAAA") for name, value in sealed(tokens)],
        code="decryption_failed",
        verifier="decrypting",
    ),
    Case("keys unavailable", bearer(), 503, "verifier_unavailable", None, verifier="no keys"),
    Case("feed lost", bearer(), 503, "verifier_unavailable", None, verifier="no feed"),
    Case(
        "a bad token while the feed is lost",
        lambda tokens: tokens.expired(scopes="items:read"),
        code="token_expired",
        verifier="no feed",
    ),
]


@pytest.fixture
def tokens(server):
    issuer = TestIssuer(issuer=server.url, audience="https://api.example")
    server.keys = [issuer._key]
    return issuer


@pytest.fixture
def verifiers(server, tokens):
    """Verifiers in each state, made anew for each framework."""
    made: list[Verifier] = []

    def introspect(handler: Any) -> None:
        form = parse_qs(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
        token = form["token"][0]
        if token.startswith("adm_"):
            handler.answer_json({"active": False})
            return
        claims = json.loads(base64url.decode(token.split(".")[1]))
        if claims["sub"] == "used-up":
            handler.answer_json({"active": False, "code": "uses_exhausted"})
        else:
            handler.answer_json({"active": True} | claims)

    server.metadata |= {
        "introspection_endpoint": f"{server.url}/introspect",
        "revocation_feed_endpoint": f"{server.url}/revocations",
    }
    server.routes["/introspect"] = introspect

    def usual(**options: Any) -> Verifier:
        made.append(tokens.verifier(**options))
        return made[-1]

    def no_keys() -> Verifier:
        server.routes["/jwks"] = lambda handler: handler.answer(500, b"")
        return usual(keys=None, wait_s=2)

    def no_feed() -> Verifier:
        server.routes["/revocations"] = lambda handler: handler.answer(503, b"")
        return usual(revocations="follow", wait_s=0.2)

    yield {
        "usual": usual,
        "decrypting": lambda: usual(decryption_keys=SEAL),
        "counting": lambda: usual(client_id="api", client_secret="secret"),
        "no keys": no_keys,
        "no feed": no_feed,
    }
    for one in made:
        one.close()


def seen_by(case: Case, tokens: TestIssuer, verifiers: Any, **how: Any) -> dict[str, Seen]:
    answers = {}
    for name, build in FRAMEWORKS.items():
        headers = case.headers(tokens)
        listed = list(headers.items()) if isinstance(headers, dict) else headers
        answers[name] = anyio.run(partial(ask, build(verifiers[case.verifier]()), case.path, listed, **how))
    return answers


def without_ids(seen: Seen) -> Seen:
    """Ids of refusals are random, and of one length."""
    return Seen(seen.status, seen.headers, re.sub(r"den_[0-9A-Za-z]{22}", "den_", seen.body))


def same(answers: dict[str, Seen]) -> Seen:
    first, *others = (without_ids(each) for each in answers.values())
    for other, name in zip(others, list(answers)[1:], strict=True):
        assert other == first, name
    return first


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_framework_answers_a_request_with_the_same(case, tokens, verifiers):
    seen = same(seen_by(case, tokens, verifiers))

    assert (seen.status, seen.headers.get("www-authenticate")) == (case.status, case.challenge)
    if case.code is None:
        assert seen.body == '"alice"'
    else:
        assert f'"code":"{case.code}"' in seen.body
        assert seen.headers["content-type"] == "application/problem+json"
        assert seen.headers["cache-control"] == "no-store"
        assert ("retry-after" in seen.headers) == (case.status == 503)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_framework_answers_a_web_socket_with_the_same(case, tokens, verifiers):
    seen = same(seen_by(case, tokens, verifiers, websocket=True))

    if case.code is None:
        assert (seen.status, seen.body) == (101, "alice 1000")
    elif case.path == "/late":
        assert (seen.status, seen.body) == (101, "alice 1008 insufficient_scope")
    else:
        assert (seen.status, seen.headers.get("www-authenticate")) == (case.status, case.challenge)
        assert f'"code":"{case.code}"' in seen.body


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.code and case.path != "/late"], ids=lambda case: case.name
)
def test_where_a_server_cannot_answer_a_web_socket_it_is_closed_with_the_code(case, tokens, verifiers):
    seen = same(seen_by(case, tokens, verifiers, websocket=True, denial=False))

    assert (seen.status, seen.body) == (403, f"1008 {case.code}")


def test_every_framework_serves_the_same_metadata(tokens, verifiers):
    """RFC 9728 section 3.1."""
    case = Case("metadata", lambda tokens: [], path="/.well-known/oauth-protected-resource")

    seen = same(seen_by(case, tokens, verifiers))

    assert seen.status == 200
    assert '"resource":"https://api.example"' in seen.body
