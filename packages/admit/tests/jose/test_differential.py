"""Against joserfc and PyJWT: good tokens are good everywhere, and nothing is accepted here that joserfc refuses."""

import json

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as other_jws
from joserfc import jwt as other_jwt
from joserfc.errors import JoseError as OtherError
from joserfc.jwk import ECKey, OctKey, RSAKey

from admit.jose import JoseError, Jwk, base64url, generate_key, sign, verify

KEYS = {"HS256": generate_key("HS256"), "ES256": generate_key("ES256"), "RS256": generate_key("RS256")}
CLAIMS = {
    "iss": "i",
    "sub": "alice",
    "aud": ["a", "b"],
    "exp": 4_000_000_000,
    "text": "zażółć \U0001f512",
    "n": [1.5, None],
}
ANY = {"at+jwt", "jwt", None}


def secret(key: Jwk) -> bytes:
    return key._private


def for_joserfc(alg, private=False):
    key = KEYS[alg]
    if alg == "HS256":
        return OctKey.import_key(secret(key))
    kind = ECKey if alg == "ES256" else RSAKey
    return kind.import_key(_pem(key)) if private else kind.import_key(key.public_dict())


def for_pyjwt(alg):
    return secret(KEYS[alg]) if alg == "HS256" else KEYS[alg]._private


def _pem(key):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("alg", KEYS)
def test_others_accept_what_is_signed_here(alg):
    token = sign(CLAIMS, KEYS[alg], typ="at+jwt")

    assert other_jwt.decode(token, for_joserfc(alg), algorithms=[alg]).claims == CLAIMS
    public = secret(KEYS[alg]) if alg == "HS256" else KEYS[alg]._public
    assert jwt.decode(token, public, algorithms=[alg], audience="a") == CLAIMS


@pytest.mark.parametrize("alg", KEYS)
def test_what_joserfc_signs_is_accepted_here(alg):
    token = other_jwt.encode({"alg": alg, "typ": "JWT"}, CLAIMS, for_joserfc(alg, private=True))

    assert verify(token, KEYS[alg], types=ANY).claims == CLAIMS


@pytest.mark.parametrize("alg", KEYS)
def test_what_pyjwt_signs_is_accepted_here(alg):
    token = jwt.encode(CLAIMS, for_pyjwt(alg), algorithm=alg)

    assert verify(token, KEYS[alg], types=ANY).claims == CLAIMS


def joserfc_accepts(token: str, alg: str) -> bool:
    try:
        signed = other_jws.deserialize_compact(token.encode(), for_joserfc(alg), algorithms=[alg])
        return isinstance(json.loads(signed.payload), dict)
    except (OtherError, ValueError, RecursionError, KeyError, TypeError, UnicodeError):
        return False


def accepted_here(token: str, alg: str) -> bool:
    try:
        verify(token, KEYS[alg], types=ANY)
    except JoseError:
        return False
    return True


@st.composite
def mutated(draw):
    """A good token with characters replaced, removed, added, parts swapped or repeated."""
    alg = draw(st.sampled_from(sorted(KEYS)))
    token = GOOD[alg]
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(token)))
        char = draw(st.sampled_from([*"AQgw-_=.+/ \n", "é", "\x00", ""]))
        match draw(st.sampled_from(["replace", "insert", "cut", "swap", "append"])):
            case "replace":
                token = token[:place] + char + token[place + 1 :]
            case "insert":
                token = token[:place] + char + token[place:]
            case "cut":
                token = token[:place] + token[draw(st.integers(place, len(token))) :]
            case "swap":
                token = ".".join(draw(st.permutations(token.split("."))))
            case "append":
                token += draw(st.sampled_from([".", "=", "A", ".e30", token]))
    return alg, token


GOOD = {alg: sign(CLAIMS, key, typ="at+jwt") for alg, key in KEYS.items()}


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_a_mutated_token_is_never_accepted_here_when_joserfc_refuses_it(case):
    alg, token = case
    if accepted_here(token, alg):
        assert joserfc_accepts(token, alg)
        assert token == GOOD[alg], "only the one spelling of the token is good"


HEADERS = st.fixed_dictionaries(
    {"alg": st.sampled_from(["HS256", "HS256", "none", "ES256", "HS512", "", 5, None, "hs256"])},
    optional={
        "typ": st.sampled_from(["JWT", "at+jwt", "x", 5, None, ["JWT"]]),
        "kid": st.sampled_from(["k", "", 5, None]),
        "crit": st.sampled_from([[], ["exp"], ["b64"], ["alg"], "exp", [5], None, ["typ"]]),
        "b64": st.booleans(),
        "exp": st.integers(),
    },
)


@given(HEADERS, st.sampled_from([b"{}", b"[]", b"5", b"", b'{"a":1}', b"\xff", b'{"a":"\xc3"}', b"null", b"{} {}"]))
@settings(max_examples=400, deadline=None)
def test_a_correctly_signed_odd_token_is_never_accepted_here_when_joserfc_refuses_it(header, payload):
    text = f"{base64url.encode(json.dumps(header).encode())}.{base64url.encode(payload)}"
    token = f"{text}.{base64url.encode(KEYS['HS256'].sign(text.encode()))}"

    if accepted_here(token, "HS256"):
        known = {name: value for name, value in header.items() if name != "exp"}  # joserfc refuses unknown names
        again = f"{base64url.encode(json.dumps(known).encode())}.{base64url.encode(payload)}"
        assert joserfc_accepts(f"{again}.{base64url.encode(KEYS['HS256'].sign(again.encode()))}", "HS256")
