"""A token whose header is known is the issuer's own if its signature is, in its one spelling; the rest is left to be judged."""

import string

import pytest

from admit.errors import BadSignature
from admit.genuine import genuine
from admit.jose import MAX_TOKEN_CHARS, Header, Jwk, base64url, generate_key
from admit.remembering import KnownHeader

KEYS = {
    "HS256": Jwk.from_secret(b"k" * 32),
    "HS384": Jwk.from_secret(b"k" * 48, alg="HS384"),
    "HS512": Jwk.from_secret(b"k" * 64, alg="HS512"),
    **{alg: generate_key(alg) for alg in ("ES256", "RS256", "Ed25519")},
}
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
every = pytest.mark.parametrize("alg", KEYS)


def known(alg):
    key = KEYS[alg]
    header = Header(alg=alg, kid=None, typ="at+jwt", critical=frozenset(), members={})
    return {"head": KnownHeader(header, key, required=(), signature=base64url.encode(key.sign(b"x")))}


def signed(alg, payload=b"{}", *, text=None):
    data = f"head.{base64url.encode(payload) if text is None else text}"
    return f"{data}.{base64url.encode(KEYS[alg].sign(data.encode()))}"


def refused(token, headers):
    try:
        return genuine(token, headers) is None
    except BadSignature:
        return True


@every
@pytest.mark.parametrize("payload", [b"a", b"ab", b"abc", b"abcd", b"\xff\xfe\xfd" * 9])
def test_a_good_one_gives_its_header_and_its_payload(alg, payload):
    headers = known(alg)

    assert genuine(signed(alg, payload), headers) == (headers["head"], payload)


@every
def test_a_bit_of_the_signature_or_the_payload_makes_it_another(alg):
    headers, token = known(alg), signed(alg, b"abcdef")
    for place in range(len("head."), len(token)):
        other = ALPHABET[ALPHABET.index(token[place]) ^ 32] if token[place] != "." else "!"
        assert refused(token[:place] + other + token[place + 1 :], headers), place


@pytest.mark.parametrize("alg", ["ES256", "RS256", "Ed25519"])
def test_a_signature_of_somebody_else_is_said_to_be_bad(alg):
    token, other = signed(alg), base64url.encode(generate_key(alg).sign(b"x"))

    with pytest.raises(BadSignature):
        genuine(token.rpartition(".")[0] + "." + other, known(alg))


@pytest.mark.parametrize("alg", ["HS256", "HS512", "ES256", "RS256", "Ed25519"])
def test_a_signature_has_one_spelling(alg):
    headers, token = known(alg), signed(alg)
    last = ALPHABET.index(token[-1])
    free = 4 if len(token.rpartition(".")[2]) % 4 == 3 else 16

    assert genuine(token, headers)
    for bits in range(1, free):
        assert refused(token[:-1] + ALPHABET[last + bits], headers)


@every
@pytest.mark.parametrize("more", ["=", "==", " ", "\n", "A", "AAAA", "é", ".", "\0"])
def test_a_signature_with_something_more_is_left_to_be_judged(alg, more):
    headers, token = known(alg), signed(alg)

    assert genuine(token + more, headers) is None
    assert more in token or refused(token[: -len(more)] + more, headers)


@every
@pytest.mark.parametrize("text", ["", "A", "AB", "ABC=", "AB==", "A+BC", "A/BC", "A BC", "ABCé", "AAAAA", "AB\n="])
def test_a_payload_in_another_spelling_is_left_to_be_judged_though_it_is_signed(alg, text):
    data = f"head.{text}"
    token = f"{data}.{base64url.encode(KEYS[alg].sign(data.encode('utf-8')))}"

    assert genuine(token, known(alg)) is None


@every
@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "head", "head.", "head..", "head.e30", "head.e30.", "other.e30.AAAA"]
)
def test_what_is_no_token_with_a_known_header_is_left_to_be_judged(alg, token):
    assert genuine(token, known(alg)) is None


def test_a_token_that_is_too_long_is_left_to_be_judged():
    longest = (MAX_TOKEN_CHARS - len("head..") - 43) // 4 * 3

    assert genuine(signed("HS256", bytes(longest)), known("HS256"))
    assert genuine(signed("HS256", bytes(longest + 3)), known("HS256")) is None
