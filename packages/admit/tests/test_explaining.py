"""A refused token tells which checks it passed and which it failed."""

import json

import pytest

from admit import Issuer, TokenRejected, Verifier
from admit.jose import Jwks, base64url, generate_key, sign
from admit.opaque import checksum
from admit.revocations import InMemoryRevocations
from admit.testing import TestIssuer

ID, API = "https://id.test", "https://api.test"
KEY = generate_key("ES256", kid="k1")
NOW = 1_790_000_000.0
GOOD = {"iss": ID, "sub": "alice", "aud": API, "exp": NOW + 300, "iat": NOW, "jti": "t1", "client_id": "app"}
ALL = [
    "form of the token",
    "key",
    "algorithm",
    "critical header members",
    "type",
    "signature",
    "claims",
    "issuer",
    "audience",
    "end",
    "beginning",
]


def refusal_of(token, **options):
    ended = InMemoryRevocations()
    ended.revoke("jti", "ended", until=NOW + 900)
    wired = {"issuer": ID, "audience": API, "keys": Jwks([KEY.public()]), "revocations": ended, "clock": lambda: NOW}
    with pytest.raises(TokenRejected) as caught:
        Verifier(**(wired | options)).verify(token)
    return caught.value


def token(typ="at+jwt", key=KEY, critical=None, **claims):
    payload = {name: value for name, value in (GOOD | claims).items() if value is not None}
    return sign(payload, key, typ=typ, critical=critical)


def changed(text):
    head, payload, _ = text.split(".")
    return f"{head}.{payload}.{base64url.encode(bytes(64))}"


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        (token(key=generate_key("ES256", kid="other")), "key"),
        (token(key=generate_key("RS256", kid="k1")), "algorithm"),
        (token(critical={"exotic": 1}), "critical header members"),
        (token(typ="JWT"), "type"),
        (changed(token()), "signature"),
        (token(sub=7), "claims"),
        (token(jti=None), "claims"),
        (token(iss="https://other.test"), "issuer"),
        (token(aud="https://other.test"), "audience"),
        (token(exp=NOW - 31), "end"),
        (token(iat=NOW + 31), "beginning"),
        (token(limits={"max_uses": 1}), "limits"),
        (token(jti="ended"), "revocation"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value and "." not in value else None,
)
def test_what_stands_before_the_failure_was_passed_and_nothing_comes_after(text, failed):
    refusal = refusal_of(text)

    names = [each.name for each in refusal.checks]
    assert names[-1] == failed
    assert [each.passed for each in refusal.checks] == [True] * (len(names) - 1) + [False]
    order = [*ALL, *(["limits"] if failed == "limits" else []), "revocation"]
    assert names == order[: order.index(failed) + 1]


@pytest.mark.parametrize("text", ["", "nonsense", "a.b", "a.b.c.d", "é.é.é", "x" * 20_000, "....", None, 7])
def test_what_is_no_token_fails_by_its_form(text):
    refusal = refusal_of(text)

    assert refusal.code == "malformed_token"
    assert [each.name for each in refusal.checks] == ["form of the token"]


def test_an_algorithm_that_does_not_exist_fails_as_such():
    header = base64url.encode(json.dumps({"alg": "none"}).encode())
    refusal = refusal_of(f"{header}.e30.")

    assert [(each.name, each.passed) for each in refusal.checks] == [("algorithm", False)]


def test_an_opaque_token_tells_what_is_missing_to_judge_it():
    body = "adm_at_" + "Zk" * 21 + "7"
    assert [c.name for c in refusal_of(body + checksum(body)).checks] == [
        "form of the token",
        "credentials to ask the server",
    ]
    assert [c.name for c in refusal_of(body + "000000").checks] == ["form of the token"]


def test_the_explanation_says_expected_and_found():
    text = refusal_of(token(aud="https://other.test")).explain()

    assert text.startswith("refused: wrong_audience: ")
    assert "ok      issuer: https://id.test\n" in text
    assert "FAILED  audience: expected https://api.test; found https://other.test" in text


def test_no_explanation_holds_the_token():
    for text in (token(aud="x"), changed(token()), token(typ="JWT"), token(sub=7)):
        refusal = refusal_of(text)
        for part in text.split("."):
            assert part not in refusal.explain()
            assert part not in repr(refusal.checks)


def test_a_secret_of_one_service_is_explained_as_well():
    shop = Issuer(issuer="https://shop.test", key=b"k" * 32)
    text = shop.issue(subject="alice", audience="https://shop.test", lifetime_s=60)
    verifier = Verifier(issuer="https://shop.test", audience="https://other.test", keys=b"k" * 32)
    with pytest.raises(TokenRejected) as caught:
        verifier.verify(text)
    assert caught.value.checks[-1].name == "audience"


def test_missing_scopes_and_old_sign_ins_are_explained():
    who = TestIssuer()
    principal = who.verifier().verify(who.token(scopes="read", claims={"auth_time": 1, "acr": "low"}))
    for ask, name in (
        (lambda: principal.require("write"), "scope"),
        (lambda: principal.require_recent_sign_in(60), "age of the sign-in"),
        (lambda: principal.require_acr("gold"), "strength of the sign-in"),
    ):
        with pytest.raises(Exception) as caught:
            ask()
        assert [(c.name, c.passed) for c in caught.value.checks] == [("token", True), (name, False)]
        assert caught.value.denial_id is None, "without credentials no id is promised"
