import json

import pytest

from admit.jose import InvalidKey, Jwk, Jwks, UnknownKey, base64url, generate_key


@pytest.fixture(scope="module")
def keys():
    return [generate_key("ES256", kid="a"), generate_key("ES256", kid="b"), generate_key("RS256", kid="c")]


def test_the_key_of_the_tokens_kid_is_found(keys):
    assert Jwks(keys).find(kid="b", alg="ES256").kid == "b"


def test_an_unknown_kid_is_said_by_name(keys):
    with pytest.raises(UnknownKey, match="no key of the set is called 'z'"):
        Jwks(keys).find(kid="z", alg="ES256")


def test_a_token_without_kid_is_taken_only_where_one_key_can_be_meant(keys):
    assert Jwks(keys).find(kid=None, alg="RS256").kid == "c"
    with pytest.raises(UnknownKey, match="2 keys"):
        Jwks(keys).find(kid=None, alg="ES256")


def test_a_nameless_key_serves_tokens_of_any_kid():
    nameless = Jwk.from_secret(b"x" * 32)

    assert Jwks([nameless]).find(kid="whatever", alg="HS256") is nameless


def test_two_keys_of_one_name_are_refused(keys):
    """Which of them verifies must not depend on their order."""
    with pytest.raises(InvalidKey, match="kid 'a'"):
        Jwks([keys[0], generate_key("ES256", kid="a")])


def test_a_published_set_shows_no_secret(keys):
    published = Jwks([*keys, Jwk.from_secret(b"x" * 32, kid="s")]).public_dict()

    assert [key["kid"] for key in published["keys"]] == ["a", "b", "c"]


def test_a_secret_in_a_published_set_is_left_out(keys):
    """It is no secret any more: everybody can read the set, so everybody could sign."""
    oct_key = {"kty": "oct", "k": "A" * 43, "kid": "s", "alg": "HS256"}

    parsed = Jwks.parse({"keys": [keys[0].public_dict(), oct_key]})

    assert [key.kid for key in parsed] == ["a"]
    assert parsed.ignored[0][0] == "s"


def test_keys_of_unknown_kinds_do_not_spoil_a_set(keys):
    """RFC 7517 section 5: an issuer may add kinds of keys that this library does not know."""
    document = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "e"}, keys[0].public_dict(), {"kty": "AKP"}]}

    assert [key.kid for key in Jwks.parse(document)] == ["a"]


def test_a_refused_key_is_explained_when_a_token_asks_for_it():
    parsed = Jwks.parse({"keys": [{"kty": "RSA", "kid": "weak", "e": "AQAB", "n": base64url.encode(b"\xff" * 128)}]})

    with pytest.raises(UnknownKey, match=r"refused: .*2048"):
        parsed.find(kid="weak", alg="RS256")


def test_private_parts_in_a_published_set_are_dropped(vector):
    parsed = Jwks.parse({"keys": [vector("rfc7515-a3-es256")["jwk"]]})

    assert [key.can_sign for key in parsed] == [False]


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": [5]}', b'{"keys": [], "keys": []}', b"\xff", b'{"keys": NaN}'],
)
def test_what_is_no_key_set_is_refused(document):
    with pytest.raises(InvalidKey):
        Jwks.parse(document)


def test_a_set_of_thousands_of_keys_is_refused():
    with pytest.raises(InvalidKey, match="200"):
        Jwks.parse(json.dumps({"keys": [{}] * 201}).encode())
