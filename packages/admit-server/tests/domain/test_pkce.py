"""PKCE by the specification's own vector, and everything that is no S256."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import InvalidGrant, InvalidRequest
from admit_server.domain.pkce import check_challenge, verify_s256

VECTOR = json.loads((Path(__file__).parent / "vectors" / "rfc7636_appendix_b.json").read_text())
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
CHALLENGE = VECTOR["code_challenge"]

verifiers = st.text(UNRESERVED, min_size=43, max_size=128)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def test_the_vector_of_rfc_7636_appendix_b_verifies():
    assert base64.urlsafe_b64encode(bytes(VECTOR["octets"])).rstrip(b"=").decode() == VECTOR["code_verifier"]
    assert check_challenge(CHALLENGE, "S256", required=True) == CHALLENGE
    verify_s256(verifier=VECTOR["code_verifier"], challenge=CHALLENGE)


@given(verifiers)
def test_every_verifier_of_the_grammar_matches_its_own_challenge(verifier):
    verify_s256(verifier=verifier, challenge=challenge_of(verifier))


@given(verifiers, verifiers)
def test_no_other_verifier_matches(one, other):
    if one != other:
        with pytest.raises(InvalidGrant, match="does not match"):
            verify_s256(verifier=one, challenge=challenge_of(other))


@pytest.mark.parametrize(
    "verifier",
    [
        "",
        "a" * 42,
        "a" * 129,
        "a" * 42 + "+",
        "a" * 42 + "/",
        "a" * 42 + "=",
        "a" * 42 + " ",
        "a" * 43 + "\n",
        "é" * 43,
    ],
)
def test_a_verifier_outside_the_grammar_is_refused_even_if_its_hash_matches(verifier):
    with pytest.raises(InvalidGrant, match="43 to 128 unreserved"):
        verify_s256(verifier=verifier, challenge=challenge_of(verifier))


def test_the_challenge_itself_is_no_verifier():
    """What `plain` would accept."""
    with pytest.raises(InvalidGrant):
        verify_s256(verifier=CHALLENGE, challenge=CHALLENGE)


def test_a_missing_verifier_is_refused():
    with pytest.raises(InvalidGrant, match="missing"):
        verify_s256(verifier=None, challenge=CHALLENGE)


def test_a_verifier_for_a_code_without_challenge_is_a_downgrade():
    """RFC 9700 section 4.8.2."""
    with pytest.raises(InvalidGrant, match="without a challenge"):
        verify_s256(verifier=VECTOR["code_verifier"], challenge=None)


def test_neither_challenge_nor_verifier_is_fine_where_pkce_was_not_required():
    assert check_challenge(None, None, required=False) is None
    verify_s256(verifier=None, challenge=None)


@pytest.mark.parametrize("method", [None, "plain", "s256", "S512", "S256 ", ""])
def test_no_method_but_s256_is_taken(method):
    with pytest.raises(InvalidRequest, match="must be S256"):
        check_challenge(CHALLENGE, method, required=True)


def test_a_missing_challenge_is_refused_where_pkce_is_required():
    with pytest.raises(InvalidRequest, match="code_challenge is missing"):
        check_challenge(None, None, required=True)


def test_a_method_without_challenge_is_refused():
    with pytest.raises(InvalidRequest, match="without code_challenge"):
        check_challenge(None, "S256", required=False)


@pytest.mark.parametrize(
    "challenge", ["", "a" * 42, "a" * 44, CHALLENGE + "=", CHALLENGE[:-1] + "+", CHALLENGE[:-1] + "~", CHALLENGE + "\n"]
)
def test_a_malformed_challenge_is_refused(challenge):
    with pytest.raises(InvalidRequest, match="43 characters"):
        check_challenge(challenge, "S256", required=True)
