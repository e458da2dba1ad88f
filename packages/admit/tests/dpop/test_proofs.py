"""RFC 9449 section 4.3, rule by rule."""

import base64
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from admit.dpop import InvalidProof, Nonces, NonceWanted, ProofKey, Request, access_token_hash, check
from admit.jose import generate_key

NOW = 1_800_000_000
URL = "https://api.example.com/items/7"
TOKEN = "an-access-token"
VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "rfc9449-proofs.json").read_text())
KEY = ProofKey(clock=lambda: NOW)
NONCES = Nonces.from_secret(b"a secret of this test: 32 bytes!")


def about(method="GET", url=URL, token=TOKEN, jkt=None):
    return Request(method=method, url=url, access_token=token, jkt=jkt)


def judge(proof, request=None, *, now=NOW, **options):
    return check([proof], request or about(), now=now, **options)


def refused(proof, request=None, **options):
    with pytest.raises(InvalidProof) as caught:
        judge(proof, request, **options)
    return caught.value.rule


def proof(**options):
    return KEY.proof("GET", URL, access_token=TOKEN, **options)


@pytest.mark.parametrize("vector", VECTORS["proofs"], ids=lambda vector: f"figure {vector['figure']}")
def test_the_proofs_of_the_specification_are_good_and_of_its_key(vector):
    request = about(vector["method"], vector["url"], vector["access_token"], VECTORS["jkt"])

    assert judge(vector["proof"], request, now=vector["iat"]).jkt == VECTORS["jkt"]


def test_a_good_proof_tells_its_key_and_until_when_it_is_good():
    proven = judge(proof(), about(jkt=KEY.jkt))

    assert (proven.jkt, proven.good_until) == (KEY.jkt, NOW + 90)


@pytest.mark.parametrize("kind", ["ES256", "RS256"])
def test_proofs_that_another_library_makes_are_good(kind):
    key = ECKey.generate_key("P-256") if kind == "ES256" else RSAKey.generate_key(2048)
    header = {"typ": "dpop+jwt", "alg": kind, "jwk": key.as_dict(private=False)}
    claims = {"jti": "x1", "htm": "GET", "htu": URL, "iat": NOW, "ath": access_token_hash(TOKEN)}

    assert judge(jwt.encode(header, claims, key, algorithms=[kind])).jkt == key.thumbprint()


@pytest.mark.parametrize("values", [[], ["", ""], [proof(), proof()]])
def test_there_is_exactly_one_proof(values):
    with pytest.raises(InvalidProof, match="one proof"):
        check(values, about(), now=NOW)


@pytest.mark.parametrize(
    "text", ["", "abc", "a.b", "a.b.c", "é.é.é", "x" * 9000, f"{proof()}.x", f"{proof()}, {proof()}", "null.null.null"]
)
def test_a_proof_is_one_well_formed_jwt(text):
    assert refused(text) == "form of the proof"


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "dpop", 7])
def test_its_type_is_that_of_a_proof(typ):
    assert refused(proof(header={"typ": typ})) in ("type of the proof", "form of the proof")


@pytest.mark.parametrize("alg", ["none", "HS256", "XS256"])
def test_its_algorithm_is_asymmetric(alg):
    assert refused(proof(header={"alg": alg})) in ("form of the proof", "algorithm of the proof")


def test_an_algorithm_that_is_not_accepted_here_is_refused():
    assert refused(proof(), algorithms=("RS256",)) == "algorithm of the proof"


def test_the_algorithm_is_that_of_the_key():
    assert refused(proof(header={"alg": "RS256"})) == "key of the proof"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_key_is_never_taken(member):
    jwk = KEY._jwk | {member: "AAAA"}

    assert refused(proof(header={"jwk": jwk})) == "key of the proof"


@pytest.mark.parametrize(
    "jwk", [None, "text", [], {}, {"kty": "oct"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]
)
def test_without_a_usable_key_there_is_no_proof(jwk):
    assert refused(proof(header={"jwk": jwk})) == "key of the proof"


def test_a_huge_key_costs_nothing():
    jwk = {"kty": "RSA", "n": "w" * 1400, "e": "AQAB"}
    began = time.perf_counter()

    assert refused(proof(header={"alg": "RS256", "jwk": jwk})) == "key of the proof"
    assert time.perf_counter() - began < 0.5


def test_the_signature_is_by_the_key_in_the_proof():
    other = ProofKey(clock=lambda: NOW)

    assert refused(proof(header={"jwk": other._jwk})) == "signature of the proof"


@pytest.mark.parametrize("claim", ["jti", "htm", "htu", "iat"])
@pytest.mark.parametrize("value", [None, "", [], True, -1])
def test_all_claims_are_there_each_of_its_type(claim, value):
    assert refused(proof(claims={claim: value})) == "claims of the proof"


@pytest.mark.parametrize("claims", [{"jti": "x" * 257}, {"iat": "1"}, {"iat": 1e300}, {"ath": 1}, {"nonce": 1}])
def test_claims_of_wrong_types_and_sizes_are_refused(claims):
    assert refused(proof(claims=claims)) == "claims of the proof"


@pytest.mark.parametrize("method", ["POST", "get", "GET ", "HEAD"])
def test_it_is_about_this_method(method):
    assert refused(proof(claims={"htm": method})) == "method (htm)"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/items/8",
        "http://api.example.com/items/7",
        "https://api.example.com:8443/items/7",
        "https://api.example.com.evil/items/7",
        "https://api.example.com@evil/items/7",
        "https://api.example.com/items/7/",
        "/items/7",
        "https://api.example.com/items/%zz",
    ],
)
def test_it_is_about_this_address(url):
    assert refused(proof(claims={"htu": url})) == "address (htu)"


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://API.example.com:443/items/7",
        "https://api.example.com/items/%37",
        "https://api.example.com/x/../items/7?q=1#f",
    ],
)
def test_an_address_may_be_spelled_in_other_ways(url):
    judge(proof(claims={"htu": url}))


@pytest.mark.parametrize(("age_s", "good"), [(-31, False), (-30, True), (0, True), (90, True), (91, False)])
def test_it_is_good_for_a_minute_give_or_take_the_clocks(age_s, good):
    if good:
        judge(proof(claims={"iat": NOW - age_s}))
    else:
        assert refused(proof(claims={"iat": NOW - age_s})) == "time of the proof (iat)"


@pytest.mark.parametrize("ath", [None, "", access_token_hash("another"), "é"])
def test_it_is_about_this_token(ath):
    assert refused(proof(claims={"ath": ath})) == "token of the proof (ath)"


def test_it_is_by_the_key_that_the_token_is_bound_to():
    assert refused(proof(), about(jkt=ProofKey().jkt)) == "key that the token is bound to"


def test_a_nonce_is_asked_for_where_it_is_needed():
    with pytest.raises(NonceWanted):
        judge(proof(), nonces=NONCES, nonce_needed=True)

    judge(proof(nonce=NONCES.new(NOW)), nonces=NONCES, nonce_needed=True)


@pytest.mark.parametrize(
    "nonce", ["", "x", Nonces.from_secret(b"another secret with its 32 bytes").new(NOW), NONCES.new(NOW - 120)]
)
def test_a_nonce_that_is_not_good_now_is_asked_for_anew(nonce):
    with pytest.raises(NonceWanted):
        judge(proof(nonce=nonce), nonces=NONCES)


def test_with_a_nonce_the_servers_clock_counts_and_not_the_clients():
    judge(proof(nonce=NONCES.new(NOW), claims={"iat": NOW - 86_400}), nonces=NONCES)
    with pytest.raises(NonceWanted):
        judge(proof(claims={"iat": NOW - 86_400}), nonces=NONCES)


def test_a_fresh_nonce_comes_when_the_old_one_has_half_its_time():
    assert judge(proof(nonce=NONCES.new(NOW)), nonces=NONCES).next_nonce is None
    assert judge(proof(nonce=NONCES.new(NOW - 61)), nonces=NONCES).next_nonce == NONCES.new(NOW)


def test_a_proof_is_known_again_by_key_address_and_id():
    one = judge(proof(claims={"jti": "1"})).digest

    assert judge(proof(claims={"jti": "1", "htu": URL + "?again"})).digest == one
    assert judge(proof(claims={"jti": "2"})).digest != one
    other = ProofKey(clock=lambda: NOW).proof("GET", URL, access_token=TOKEN, claims={"jti": "1"})
    assert judge(other).digest != one


GOOD = proof()


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_changed_proof_is_ever_good(data):
    """One character replaced, taken away or put in, anywhere."""
    place = data.draw(st.integers(0, len(GOOD) - 1))
    char = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    how = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    end = place + (0 if how == "insert" else 1)
    changed = GOOD[:place] + ("" if how == "delete" else char) + GOOD[end:]
    if changed == GOOD:
        return

    with pytest.raises(InvalidProof):
        judge(changed)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    header=st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "kid", "crit", "b64", "x5c"]), _VALUES, max_size=3),
    claims=st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce"]), _VALUES, max_size=3),
)
def test_strange_values_are_refused_or_change_nothing_that_matters(header, claims):
    """Signed by the key itself: whatever is in it, the answer is a good proof of this very request, or InvalidProof."""
    text = proof(header=header, claims=claims)
    try:
        proven = judge(text)
    except InvalidProof:
        return
    payload = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    assert proven.jkt == KEY.jkt
    assert (payload["htm"], payload["ath"]) == ("GET", access_token_hash(TOKEN))
    assert abs(payload["iat"] - NOW) <= 90


def test_keys_for_rsa_make_proofs_too():
    key = ProofKey(generate_key("RS256"), clock=lambda: NOW)

    assert judge(key.proof("GET", URL, access_token=TOKEN)).jkt == key.jkt
