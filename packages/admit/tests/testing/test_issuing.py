import base64
import hmac

import pytest

from admit import (
    AlgorithmNotAllowed,
    BadSignature,
    BindingNotEnforceable,
    MalformedToken,
    TokenExpired,
    TokenNotYetValid,
    TokenRevoked,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongType,
)
from admit.testing import TestIssuer


@pytest.fixture
def tokens(clock):
    return TestIssuer(clock=clock)


def text(headers):
    return headers["Authorization"].removeprefix("Bearer ")


def test_a_good_token_is_good(tokens):
    who = tokens.verifier().verify(text(tokens.bearer("bob", scopes="a b", claims={"acr": "gold"})))

    assert (who.subject, who.scopes, who.acr) == ("bob", {"a", "b"}, "gold")
    assert tokens.verifier().verify(tokens.token(scopes=[["a", "b"][0]])).has("a")


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("expired", TokenExpired),
        ("not_yet_valid", TokenNotYetValid),
        ("wrong_audience", WrongAudience),
        ("wrong_issuer", WrongIssuer),
        ("wrong_key", BadSignature),
        ("own_key", MalformedToken),
        ("tampered", BadSignature),
        ("unknown_key", UnknownKey),
        ("alg_none", AlgorithmNotAllowed),
        ("confused_algorithm", AlgorithmNotAllowed),
        ("unknown_critical", MalformedToken),
        ("id_token", WrongType),
        ("revoked", TokenRevoked),
        ("bound", BindingNotEnforceable),
        ("garbage", MalformedToken),
    ],
)
def test_a_bad_token_is_bad_for_its_own_reason_alone(tokens, kind, refusal):
    with pytest.raises(refusal):
        tokens.verifier().verify(text(getattr(tokens, kind)()))


def test_a_confused_algorithm_would_get_by_who_takes_the_public_key_for_a_secret(tokens):
    """Otherwise the attack would prove nothing."""
    signed, _, signature = text(tokens.confused_algorithm()).rpartition(".")
    expected = hmac.digest(tokens.public_pem, signed.encode(), "sha256")
    assert base64.urlsafe_b64decode(signature + "=") == expected


def test_a_logout_ends_the_tokens_of_its_session_and_no_others(tokens):
    verifier = tokens.verifier()
    mine, other = tokens.token(session_id="s1"), tokens.token(session_id="s2")

    tokens.end_session("s1")

    with pytest.raises(TokenRevoked):
        verifier.verify(mine)
    assert verifier.verify(other)


def test_time_passes_as_the_clock_says(tokens, clock):
    token = tokens.token(lifetime_s=60)
    clock.now += 91

    with pytest.raises(TokenExpired, match="31 s ago"):
        tokens.verifier().verify(token)
