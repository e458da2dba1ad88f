import json

import pytest

from admit.jose import AlgorithmNotAllowed, InvalidKey, Jwk, Jwks, UnknownKey, base64url, generate_key, sign, verify


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
    with pytest.raises(UnknownKey, match="2 of the 3 keys of the set are for ES256"):
        Jwks(keys).find(kid=None, alg="ES256")


def test_a_nameless_key_serves_tokens_of_any_kid():
    nameless = Jwk.from_secret(b"x" * 32)

    assert Jwks([nameless]).find(kid="whatever", alg="HS256") is nameless


def test_two_keys_of_one_name_are_refused(keys):
    """Which of them verifies must not depend on their order."""
    with pytest.raises(InvalidKey, match="kid 'a'"):
        Jwks([keys[0], generate_key("ES256", kid="a")])


def test_one_key_listed_twice_counts_once(keys):
    document = {"keys": [keys[0].public_dict(), keys[1].public_dict(), keys[0].public_dict()]}

    assert [key.kid for key in Jwks.parse(document)] == ["a", "b"]
    assert [key.kid for key in Jwks([keys[0], keys[0]])] == ["a"]


def test_of_different_published_keys_of_one_name_none_is_taken_and_the_rest_serves(keys):
    other = generate_key("ES256", kid="a")

    for pair in ([keys[0], other], [other, keys[0]]):
        parsed = Jwks.parse({"keys": [key.public_dict() for key in (*pair, keys[2])]})

        assert [key.kid for key in parsed] == ["c"]
        with pytest.raises(UnknownKey, match="'a' is in the set but refused: different keys for ES256"):
            parsed.find(kid="a", alg="ES256")


def test_one_name_for_keys_of_different_types_is_told_apart_by_the_algorithm(keys):
    """RFC 7517 section 4.5."""
    twins = [keys[0], generate_key("RS256", kid="a")]

    for order in (twins, twins[::-1]):
        parsed = Jwks.parse({"keys": [key.public_dict() for key in order]})
        assert [parsed.find(kid="a", alg=alg).alg for alg in ("ES256", "RS256")] == ["ES256", "RS256"]
        assert parsed.find(kid="a", alg="HS256").alg == order[0].alg  # which does not agree, so the token is refused


def test_a_secret_shares_its_name_with_no_public_key(keys):
    """Otherwise the header would choose between what everybody knows and what nobody may know."""
    secret = Jwk.from_secret(b"x" * 32, kid="a")

    for order in ([keys[0], secret], [secret, keys[0]]):
        with pytest.raises(InvalidKey, match="kid 'a'"):
            Jwks(order)
    assert len(Jwks([keys[0], Jwk.from_secret(b"x" * 32, kid="s")])) == 2


def test_a_mixed_set_checks_each_token_with_the_key_of_its_algorithm(keys):
    """RFC 8725 section 3.1: the text of a public key is never the secret."""
    secret = Jwk.from_secret(b"x" * 32, kid="s")
    mixed = Jwks([keys[0].public(), secret])

    assert verify(sign({"n": 1}, keys[0], typ=None), mixed, types={None}).claims == {"n": 1}
    assert verify(sign({"n": 2}, secret, typ=None), mixed, types={None}).claims == {"n": 2}
    forged = sign({}, Jwk.from_secret(json.dumps(keys[0].public_dict()).encode(), kid="a"), typ=None)
    with pytest.raises(AlgorithmNotAllowed, match="its key is for 'ES256'"):
        verify(forged, mixed, types={None})


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


def test_a_set_says_which_keys_it_has_and_no_more(keys):
    assert repr(Jwks([*keys, Jwk.from_secret(b"sesame--" * 4, kid="s")])) == "Jwks(['a', 'b', 'c', 's'])"


def test_another_refused_key_does_not_explain_this_one():
    weak = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": base64url.encode(b"\xff" * 128)}

    with pytest.raises(UnknownKey, match="no key of the set is called 'other'"):
        Jwks.parse({"keys": [weak]}).find(kid="other", alg="RS256")


def test_several_keys_without_names_may_stand_in_one_set():
    """During a change of secrets there are two; a token says which only by its signature, so none is chosen by guess."""
    both = Jwks([Jwk.from_secret(b"x" * 32), Jwk.from_secret(b"y" * 32)])

    assert len(both) == 2
    with pytest.raises(UnknownKey, match="2 of the 2 keys of the set are for HS256"):
        both.find(kid=None, alg="HS256")


def test_a_set_has_200_keys_at_most():
    assert len(Jwks.parse({"keys": [{}] * 200}).ignored) == 200


def test_a_refused_key_with_an_odd_name_is_told_without_one():
    assert Jwks.parse({"keys": [{"kty": "EC", "kid": 5}]}).ignored[0][0] is None


def test_what_is_no_json_is_called_by_what_it_should_be():
    with pytest.raises(InvalidKey, match="the key set is not JSON"):
        Jwks.parse(b"{")
