"""Against joserfc and PyJWT: what they make is accepted here, and every verdict that differs is listed with its reason."""

import functools
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path

import jwt
import pytest
from differential_cases import (
    ALGORITHMS,
    CLAIMS,
    GOOD,
    GOOD_CLAIMS,
    KEYS,
    NOW,
    Case,
    all_cases,
    claim_sets,
    encoded,
    header,
    signed_text,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as other_jws
from joserfc import jwt as other_jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from admit import TokenRejected, Verifier
from admit.jose import JoseError, Jwk, Jwks, accelerators, base64url, check_claims, sign, verify

TABLE = Path(__file__).parent / "differences.md"
KINDS = {"oct": OctKey, "EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}


class Everything(frozenset):
    """Every typ is right: which types are accepted is the caller's choice, not a question of reading tokens."""

    def __contains__(self, value):
        return True


ANY = Everything()


def pem(key):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


JOSERFC = {
    alg: OctKey.import_key(key._private) if key.symmetric else KINDS[key.row.kty].import_key(pem(key))
    for alg, key in KEYS.items()
}
PYJWT = {alg: key._private if key.symmetric else key._public for alg, key in KEYS.items()}


def names(alg):
    """Return what an algorithm is called elsewhere; they know both names of EdDSA."""
    return [alg, "EdDSA"] if alg in ("Ed25519", "Ed448") else [alg]


def accepted_here(case, keys=KEYS):
    try:
        verify(case.token, keys[case.alg], types=ANY)
    except JoseError:
        return False
    return True


def accepted_by_joserfc(case):
    try:
        signed = other_jws.deserialize_compact(case.token, JOSERFC[case.alg], algorithms=names(case.alg))
        return isinstance(json.loads(signed.payload), dict)
    except Exception:  # whatever it is, the token was not accepted
        return False


def accepted_by_pyjwt(case):
    try:
        signed = jwt.PyJWS().decode_complete(case.token, PYJWT[case.alg], algorithms=names(case.alg))
        return isinstance(json.loads(signed["payload"]), dict)
    except Exception:
        return False


def claims_accepted_here(claims):
    try:
        signed = verify(sign(claims, KEYS["HS256"], typ=None), KEYS["HS256"], types={None})
        check_claims(
            signed.claims,
            issuer=GOOD_CLAIMS["iss"],
            audience=GOOD_CLAIMS["aud"],
            now=time.time(),
            leeway_s=0,
            required=("iss", "aud", "exp"),
        )
    except JoseError:
        return False
    return True


def claims_accepted_by_joserfc(claims):
    registry = other_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": GOOD_CLAIMS["iss"]},
        aud={"essential": True, "value": GOOD_CLAIMS["aud"]},
        exp={"essential": True},
    )
    try:
        registry.validate(
            other_jwt.decode(sign(claims, KEYS["HS256"], typ=None), JOSERFC["HS256"], algorithms=["HS256"]).claims
        )
    except Exception:
        return False
    return True


def claims_accepted_by_pyjwt(claims):
    try:
        jwt.decode(
            sign(claims, KEYS["HS256"], typ=None),
            PYJWT["HS256"],
            algorithms=["HS256"],
            issuer=GOOD_CLAIMS["iss"],
            audience=GOOD_CLAIMS["aud"],
            options={"require": ["iss", "aud", "exp"]},
        )
    except Exception:
        return False
    return True


@functools.cache
def judged():
    """Return each case with the verdicts of the three, made by the process that first needs them."""
    return [(case, (accepted_here(case), accepted_by_joserfc(case), accepted_by_pyjwt(case))) for case in all_cases()]


def listed():
    """Return the rows of the table: kind and verdicts -> reason."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        if found := re.fullmatch(r"\| (.+?) \| (yes|no) \| (yes|no) \| (yes|no) \| (.+) \|", line):
            kind, *verdicts, reason = found.groups()
            rows[kind, tuple(verdict == "yes" for verdict in verdicts)] = reason
    return rows


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_every_difference_is_listed_with_its_reason_and_nothing_is_looser_without_a_specification_that_demands_it():
    seen = {(case.kind, verdicts) for case, verdicts in judged() if len(set(verdicts)) > 1}
    sets = list(claim_sets())
    for kind, claims in sets:
        verdicts = (claims_accepted_here(claims), claims_accepted_by_joserfc(claims), claims_accepted_by_pyjwt(claims))
        seen |= {(kind, verdicts)} if len(set(verdicts)) > 1 else set()
    told = int(re.search(r"([\d,]+) cases", TABLE.read_text()).group(1).replace(",", ""))

    assert sorted(seen) == sorted(listed())
    for (kind, (here, *others)), reason in listed().items():
        assert not here or all(others) or re.search(r"RFC \d+", reason), kind
    # Some mutations are impossible for some signatures (a narrow number, no "-" in the text), so their count varies by a few.
    assert abs(len(judged()) + len(sets) - told) <= 60
    assert Counter(case.alg for case, _ in judged()).keys() == set(ALGORITHMS)
    for case, verdicts in judged():
        if case.kind == "a good token":
            assert verdicts == (True, True, case.alg not in ("Ed25519", "Ed448")), case.alg


def reloaded():
    """Return the keys anew, so that their functions are made anew."""
    return {
        alg: Jwk.from_secret(key._private, alg=alg, kid="k")
        if key.symmetric
        else Jwk.from_pkcs8(key.to_pkcs8(), alg=alg, kid="k")
        for alg, key in KEYS.items()
    }


def verifiers(keys):
    return {
        alg: Verifier(
            issuer=CLAIMS["iss"], audience="b", keys=Jwks([key]), algorithms={alg}, clock=lambda: NOW, revocations=None
        )
        for alg, key in keys.items()
    }


def verdict_of(verifier, token):
    try:
        return verifier.verify(token).claims
    except TokenRejected as error:
        return error.code


def front_door(keys):
    """Return what a verifier that knows the good token says of each case."""
    warm = verifiers(keys)
    for alg, verifier in warm.items():
        assert verdict_of(verifier, GOOD[alg]) == CLAIMS
    return [verdict_of(warm[case.alg], case.token) for case, _ in judged()]


def test_neither_memory_nor_what_makes_it_fast_changes_a_verdict(monkeypatch):
    """The front door accepts nothing that the inner one refuses, says no other code for having seen a good token, and needs no extras."""
    fast = front_door(KEYS)
    some = range(0, len(fast), 9)
    fresh = verifiers(KEYS)
    for place in some:
        case, (here, *_) = judged()[place]
        if case.kind != "a good token":
            assert verdict_of(fresh[case.alg], case.token) == fast[place], case
    for (case, (here, *_)), said in zip(judged(), fast, strict=True):
        assert here or not isinstance(said, dict), case

    for name in ("pybase64", "msgspec", "msgspec.json", "nacl", "nacl.bindings"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(
        base64url, "decoded", accelerators.base64url_decoder()
    )  # chosen once, when the module is imported
    bare = reloaded()
    assert accelerators.json_decoder() is accelerators.ed25519_checker(bytes(32)) is None

    assert [accepted_here(case, bare) for case, _ in judged()] == [here for _, (here, *_) in judged()]
    assert front_door(bare) == fast


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_others_accept_what_is_signed_here(alg):
    token = sign(CLAIMS, KEYS[alg], typ="at+jwt")

    assert other_jwt.decode(token, JOSERFC[alg], algorithms=[alg]).claims == CLAIMS
    if alg not in ("Ed25519", "Ed448"):  # PyJWT knows them by the old name alone
        assert jwt.decode(token, PYJWT[alg], algorithms=[alg], audience="b") == CLAIMS


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_others_sign_is_accepted_here(alg):
    private = KEYS[alg]._private
    theirs = [other_jwt.encode({"alg": alg, "typ": "JWT"}, CLAIMS, JOSERFC[alg], algorithms=[alg])]
    if alg != "Ed448":
        theirs.append(jwt.encode(CLAIMS, private, algorithm="EdDSA" if alg == "Ed25519" else alg))

    for token in theirs:
        assert verify(token, KEYS[alg], types=ANY).claims == CLAIMS


@st.composite
def mutated(draw):
    """A good token with characters replaced, removed, added, parts swapped or repeated."""
    alg = draw(st.sampled_from(["HS256", "ES256", "Ed25519", "RS256", "PS256"]))
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
    return Case("mutated", alg, token)


@given(mutated())
@settings(max_examples=200, deadline=None)
def test_of_all_mutations_of_a_token_only_the_token_itself_is_accepted(case):
    assert accepted_here(case) == (case.token == GOOD[case.alg])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "cty", "crit", "b64", "jwk", "exp", "x"]), JSON, max_size=4),
    st.booleans(),
    JSON,
)
@settings(max_examples=200, deadline=None)
def test_a_correctly_signed_odd_token_is_never_accepted_here_when_joserfc_refuses_it(members, usual, payload):
    members = {**header("HS256"), **members} if usual else members
    case = Case("odd", "HS256", signed_text(f"{encoded(members)}.{encoded(payload)}", "HS256"))

    if accepted_here(case):
        # Unknown members are refused by joserfc and ignored here (RFC 7515 section 4); so is a b64 of true without crit.
        known = {name: value for name, value in members.items() if name in ("alg", "typ", "kid", "cty")}
        assert accepted_by_joserfc(Case("odd", "HS256", signed_text(f"{encoded(known)}.{encoded(payload)}", "HS256")))
