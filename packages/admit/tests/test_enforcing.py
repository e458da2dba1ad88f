"""A limit is judged here, counted by the server, or the token is refused."""

import asyncio
import time
from typing import Annotated
from urllib.parse import parse_qs

import joserfc.errors
import jwt
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from admit import (
    ActionNotAllowed,
    Attempt,
    HourNotAllowed,
    IdleTimeout,
    LimitExceeded,
    LimitsNotEnforceable,
    NetworkNotAllowed,
    Presented,
    StepUpRequired,
    TokenInactive,
    TokenRejected,
    TokenRevoked,
    UsesExhausted,
    Verifier,
    VerifierUnavailable,
)
from admit.enforcing import enforce, enforce_age, refuse_by_limit, tellable
from admit.fastapi import Principal, TokenAuth
from admit.jose import sign
from admit.opaque import checksum
from admit.testing import ProofKey, TestIssuer


def refuse_by_limit_code(code):
    refuse_by_limit({"active": False, "code": code})


NOON = 1_785_931_200.0  # a Wednesday
AT_HOME = Attempt(method="GET", path="/orders/7", address="10.1.2.3")
OPAQUE = "adm_at_" + "Zk" * 21 + "7"
OPAQUE += checksum(OPAQUE)


@pytest.mark.parametrize(
    ("claim", "refusal"),
    [
        ({"actions": [["POST /orders"]]}, ActionNotAllowed),
        ({"actions": [["GET /orders/*"], ["POST /orders"]]}, ActionNotAllowed),
        ({"networks": [["192.0.2.0/24"]]}, NetworkNotAllowed),
        ({"hours": [["sat 08:00-18:00 UTC"]]}, HourNotAllowed),
        ({"colours": [["red"]]}, LimitsNotEnforceable),
        ({"lease_s": 60}, LimitsNotEnforceable),
        (None, LimitsNotEnforceable),
    ],
)
def test_what_a_limit_forbids_is_refused_by_its_name(claim, refusal):
    with pytest.raises(refusal) as caught:
        enforce(claim, AT_HOME, now=NOON)

    assert caught.value.status == 401
    assert issubclass(refusal, TokenRejected)
    assert issubclass(refusal, LimitExceeded) is (refusal is not LimitsNotEnforceable)


def test_what_all_limits_allow_passes_and_the_counted_ones_remain_to_be_asked_for():
    claim = {"actions": [["GET /orders/*"]], "networks": [["10.0.0.0/8"]], "hours": [["wed 08:00-18:00 UTC"]]}

    assert not enforce(claim, AT_HOME, now=NOON).counted
    assert enforce(claim | {"max_uses": 1}, AT_HOME, now=NOON).counted


@pytest.mark.parametrize(
    ("claim", "hint"),
    [({"actions": [["GET /a"]]}, "Attempt.method="), ({"networks": [["10.0.0.0/8"]]}, "Attempt.address=")],
)
def test_a_limit_that_needs_an_unknown_request_is_refused_with_what_to_do(claim, hint):
    with pytest.raises(LimitsNotEnforceable, match=hint):
        enforce(claim, Attempt(), now=NOON)


def test_codes_of_the_server_become_refusals_and_others_nothing():
    for kind in (UsesExhausted, IdleTimeout, LimitsNotEnforceable):
        with pytest.raises(kind):
            refuse_by_limit_code(kind.code)
    for code in (None, 7, "", "token_expired", ["uses_exhausted"]):
        refuse_by_limit_code(code)


def test_what_the_server_would_not_take_is_not_told():
    assert tellable(AT_HOME) == {
        "request_method": "GET",
        "request_path": "/orders/7",
        "client_address": "10.1.2.3",
    }
    for path in ("/a\x00", "/a\nb", "/\udcff", "/" + "a" * 5000, ""):
        assert tellable(Attempt(method="GET", path=path)) == {"request_method": "GET"}


# --- counted by the server


class Counting:
    """The introspection endpoint of a server that counts one token's uses."""

    def __init__(self, server, audience, uses, *, limits=None):
        self.left, self.seen = uses, {}
        self.limits = limits if limits is not None else {"max_uses": uses}
        self.asked, self.lost = [], 0
        self.document = {"active": True, "sub": "alice", "aud": audience, "iss": server.url, "exp": time.time() + 300}
        self.document |= {"scope": "read"}
        server.metadata["introspection_endpoint"] = f"{server.url}/introspect"
        server.routes["/introspect"] = self

    def __call__(self, handler):
        form = parse_qs(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
        self.asked.append(form)
        (use_id,) = form["use_id"]
        if use_id not in self.seen:
            self.seen[use_id] = self.left > 0
            self.left -= self.left > 0
        if self.lost:
            self.lost -= 1
            handler.close_connection = True  # counted, and then the cable is pulled
        elif self.seen[use_id]:
            handler.answer_json(self.document | {"limits": self.limits})
        else:
            handler.answer_json({"active": False, "code": "uses_exhausted"})


@pytest.fixture
def verifier(server, audience):
    with Verifier(issuer=server.url, audience=audience, client_id="api", client_secret="secret") as verifier:
        yield verifier


def counted_jwt(server, audience, *, cnf=None, **limits):
    now = int(time.time())
    claims = {"iss": server.url, "aud": audience, "sub": "alice", "client_id": "app", "jti": "t1", "scope": "read"}
    claims |= {"iat": now, "exp": now + 300, "limits": limits} | ({"cnf": cnf} if cnf else {})
    return sign(claims, server.keys[0], typ="at+jwt", critical={"limits": True})


@pytest.fixture(params=["opaque", "jwt"])
def counted(request, server, audience):
    return OPAQUE if request.param == "opaque" else counted_jwt(server, audience, max_uses=2)


def test_each_use_is_redeemed_at_the_server_without_the_developer_doing_anything(verifier, server, audience, counted):
    endpoint = Counting(server, audience, 2)

    assert [verifier.verify(counted).subject for _ in range(2)] == ["alice", "alice"]
    with pytest.raises(UsesExhausted):
        verifier.verify(counted)
    assert len({form["use_id"][0] for form in endpoint.asked}) == 3
    assert {form["enforces"][0] for form in endpoint.asked} == {"limits"}


def test_it_is_redeemed_without_blocking_the_loop_too(verifier, server, audience, counted):
    Counting(server, audience, 1)

    async def scenario():
        first = await verifier.verify_async(counted)
        with pytest.raises(UsesExhausted):
            await verifier.verify_async(counted)
        return first.subject

    assert asyncio.run(scenario()) == "alice"


def test_a_use_whose_answer_is_lost_is_asked_about_again_and_counted_once(verifier, server, audience, counted):
    endpoint = Counting(server, audience, 2)
    endpoint.lost = 1

    assert verifier.verify(counted).subject == "alice"
    assert endpoint.left == 1
    assert len({form["use_id"][0] for form in endpoint.asked}) == 1


def test_a_server_that_stays_silent_is_503_and_no_refusal(verifier, server, audience, counted):
    Counting(server, audience, 2).lost = 10

    with pytest.raises(VerifierUnavailable):
        verifier.verify(counted)


def test_the_server_is_told_with_which_key_a_counted_jwt_was_shown(verifier, server, audience):
    endpoint, key, url = Counting(server, audience, 2), ProofKey(), "https://api.test/items"
    token = counted_jwt(server, audience, cnf={"jkt": key.jkt}, max_uses=2)

    def shown():
        proofs = (key.proof("GET", url, access_token=token),)
        return Attempt(method="GET", presented=Presented(scheme="DPoP", proofs=proofs, url=url))

    assert verifier.verify(token, shown()).subject == "alice"
    assert asyncio.run(verifier.verify_async(token, shown())).subject == "alice"
    assert [form["proof_jkt"] for form in endpoint.asked] == [[key.jkt]] * 2


def test_a_counted_jwt_needs_the_credentials_of_its_resource(server, audience):
    with (
        Verifier(issuer=server.url, audience=audience) as verifier,
        pytest.raises(LimitsNotEnforceable, match="client_secret"),
    ):
        verifier.verify(counted_jwt(server, audience, max_uses=1))


def test_what_is_forbidden_here_costs_no_use(verifier, server, audience):
    endpoint = Counting(server, audience, 1)
    token = counted_jwt(server, audience, max_uses=1, actions=[["GET /orders/*"]])

    with pytest.raises(ActionNotAllowed):
        verifier.verify(token, Attempt(method="DELETE", path="/orders/7"))

    assert endpoint.asked == []


def test_limits_in_the_answer_about_an_opaque_token_are_judged_here_as_well(verifier, server, audience):
    endpoint = Counting(server, audience, 5, limits={"networks": [["192.0.2.0/24"]]})

    with pytest.raises(NetworkNotAllowed):
        verifier.verify(OPAQUE, AT_HOME)
    endpoint.limits = {"unknown": 1}
    with pytest.raises(LimitsNotEnforceable):
        verifier.verify(OPAQUE, AT_HOME)


def test_a_revoked_token_is_refused_before_anything_is_counted(verifier, server, audience):
    endpoint = Counting(server, audience, 1)
    server.feed.revoke("jti", "t1")

    with pytest.raises(TokenRevoked):
        verifier.verify(counted_jwt(server, audience, max_uses=1))

    assert endpoint.asked == []


def test_an_inactive_counted_token_without_a_reason_is_inactive(verifier, server, audience, counted):
    server.metadata["introspection_endpoint"] = f"{server.url}/introspect"
    server.routes["/introspect"] = lambda h: (
        h.rfile.read(int(h.headers["Content-Length"])),
        h.answer_json({"active": False}),
    )

    with pytest.raises(TokenInactive):
        verifier.verify(counted)


# --- what others do with such a token


def test_other_libraries_refuse_a_limited_jwt(server, audience):
    """RFC 7515 section 4.1.11: a recipient that does not understand a critical member has to refuse the token."""
    public = server.keys[0].public_dict()

    def by_pyjwt(token):
        return jwt.decode(token, jwt.PyJWK(public).key, algorithms=["ES256"], audience=audience)["sub"]

    def by_joserfc(token):
        return joserfc_jwt.decode(token, KeySet.import_key_set({"keys": [public]}), algorithms=["ES256"]).claims["sub"]

    assert by_pyjwt(server.token()) == by_joserfc(server.token()) == "alice"
    with pytest.raises(jwt.InvalidTokenError, match="limits"):
        by_pyjwt(counted_jwt(server, audience, max_uses=1))
    with pytest.raises(joserfc.errors.JoseError, match="limits"):
        by_joserfc(counted_jwt(server, audience, max_uses=1))


# --- FastAPI


@pytest.fixture
def tokens():
    return TestIssuer(clock=lambda: NOON)


@pytest.fixture
def app(tokens):
    auth = TokenAuth(verifier=tokens.verifier())
    app = FastAPI()
    app.state.calls = []

    @app.get("/orders/{number:path}")
    async def order(number: str, who: Annotated[Principal, auth.principal]) -> str:
        app.state.calls.append(number)
        return number

    auth.install(app)
    return app


def limited(tokens, **limits):
    return tokens.bearer("alice", claims={"limits": limits})


def test_a_route_judges_method_path_and_address(app, tokens):
    headers = limited(tokens, actions=[["GET /orders/*"]], networks=[["10.0.0.0/8"]])
    with TestClient(app, client=("10.1.2.3", 1)) as inside, TestClient(app, client=("192.0.2.1", 1)) as outside:
        assert inside.get("/orders/7", headers=headers).status_code == 200
        assert inside.get("/orders/7/items", headers=headers).json()["code"] == "action_not_allowed"
        assert outside.get("/orders/7", headers=headers).json()["code"] == "network_not_allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/orders/a//b",
        "/orders/%2e%2e/b",
        "/orders/..%2fb",
        "/orders/a/%2e%2e/b",
        "/orders/%252e%252e/b",
        "/orders/a%5c..%5cb",
        "/orders/a%00",
        "/orders/a%0d%0ab",
    ],
)
def test_tricks_with_paths_reach_no_endpoint(app, tokens, path):
    with TestClient(app) as client:
        answer = client.get(path, headers=limited(tokens, actions=[["GET /orders/**"]]))

    assert app.state.calls == []
    assert answer.status_code in (401, 404)


def test_a_second_use_of_a_one_use_token_answers_401_uses_exhausted(server, audience):
    Counting(server, audience, 1)
    verifier = Verifier(issuer=server.url, audience=audience, client_id="api", client_secret="secret")
    auth = TokenAuth(verifier=verifier)
    app = FastAPI(dependencies=[auth.require()])
    auth.install(app)

    @app.get("/once")
    async def once(who: Annotated[Principal, auth.require("read")], again: Annotated[Principal, auth.principal]) -> str:
        return who.subject

    headers = {"Authorization": f"Bearer {counted_jwt(server, audience, max_uses=1)}"}
    with TestClient(app) as client:
        first, second = client.get("/once", headers=headers), client.get("/once", headers=headers)

    assert first.status_code == 200, "one request is one use, however many dependencies ask"
    assert (second.status_code, second.json()["code"]) == (401, "uses_exhausted")
    assert 'error="invalid_token"' in second.headers["www-authenticate"]


# The age of the sign-in (RFC 9470).


AGED = {"max_auth_age_s": 300}


@pytest.mark.parametrize(("age_s", "good"), [(0, True), (300, True), (301, False), (None, False)])
def test_a_sign_in_that_is_too_old_for_the_token_is_refused_with_the_age_that_will_do(age_s, good):
    limits = enforce(AGED, Attempt(), now=NOON)
    claims = {} if age_s is None else {"auth_time": NOON - age_s}

    if good:
        enforce_age(limits, claims, now=NOON)
        return
    with pytest.raises(StepUpRequired) as caught:
        enforce_age(limits, claims, now=NOON)
    assert caught.value.challenge() == 'Bearer error="insufficient_user_authentication", max_age="300"'


def test_a_verifier_answers_with_the_challenge_of_rfc_9470_and_says_why():
    tokens = TestIssuer(clock=lambda: NOON)
    token = tokens.token(claims={"limits": AGED, "auth_time": NOON - 500})

    with pytest.raises(StepUpRequired) as caught:
        tokens.verifier().verify(token)

    assert caught.value.max_age_s == 300
    assert [check.name for check in caught.value.checks if not check.passed] == ["age of the sign-in"]


def test_the_servers_word_that_a_sign_in_is_too_old_becomes_the_same_challenge():
    with pytest.raises(StepUpRequired) as caught:
        refuse_by_limit({"active": False, "code": "step_up_required", "max_age": 300})

    assert caught.value.max_age_s == 300
    refuse_by_limit({"active": False, "code": "step_up_required"})
