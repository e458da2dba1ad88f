import pytest

from admit.jose import InvalidKey, Jwk, base64url, generate_key, mldsa

KEYS = {name: generate_key(name) for name in ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")}
# FIPS 204 table 2.
PUBLIC_OCTETS = {"ML-DSA-44": 1312, "ML-DSA-65": 1952, "ML-DSA-87": 2592}


def private_jwk(name):
    return KEYS[name].public_dict() | {"priv": base64url.encode(KEYS[name]._private.private_bytes_raw())}


@pytest.mark.parametrize("name", KEYS)
def test_a_published_key_has_the_members_of_its_type(name):
    """RFC 9964: the key type "AKP" with `alg` and `pub`."""
    published = KEYS[name].public_dict()

    assert set(published) == {"kty", "alg", "pub", "use", "kid"}
    assert (published["kty"], published["alg"]) == ("AKP", name)
    assert len(base64url.decode(published["pub"])) == PUBLIC_OCTETS[name]


@pytest.mark.parametrize("name", KEYS)
def test_the_private_part_is_a_seed_that_has_to_fit(name):
    jwk = private_jwk(name)

    assert KEYS[name].public().verify(Jwk.parse(jwk).sign(b"text"), b"text")
    with pytest.raises(InvalidKey, match="does not belong"):
        Jwk.parse(jwk | {"priv": base64url.encode(bytes(32))})
    for octets in (31, 33, 2560):
        with pytest.raises(InvalidKey, match="seed of 32 octets"):
            Jwk.parse(jwk | {"priv": base64url.encode(bytes(octets))})


@pytest.mark.parametrize("alg", [None, "ES256", "EdDSA", ["ML-DSA-44"]])
def test_a_key_of_this_type_has_to_say_its_algorithm(alg):
    jwk = {name: value for name, value in (KEYS["ML-DSA-44"].public_dict() | {"alg": alg}).items() if value is not None}

    with pytest.raises(InvalidKey, match="must say its alg"):
        mldsa.read(jwk)
    with pytest.raises(InvalidKey, match=r"must say its alg|not supported"):
        Jwk.parse(jwk)


def test_a_key_of_another_size_is_refused():
    with pytest.raises(InvalidKey, match="not a usable AKP key"):
        Jwk.parse(KEYS["ML-DSA-44"].public_dict() | {"alg": "ML-DSA-65"})


def test_a_stored_key_is_only_for_its_own_parameters():
    with pytest.raises(InvalidKey, match="cannot be used for ML-DSA-65"):
        Jwk.from_pkcs8(KEYS["ML-DSA-44"].to_pkcs8(), alg="ML-DSA-65", kid=None)
    assert Jwk.from_pkcs8(KEYS["ML-DSA-44"].to_pkcs8(), alg="ML-DSA-44", kid=None).public_dict()["alg"] == "ML-DSA-44"
