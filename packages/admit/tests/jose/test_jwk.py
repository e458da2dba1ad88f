import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from admit.jose import InvalidKey, Jwk, Jwks, base64url, generate_key, sign, verify


def ec_members(**changes):
    return generate_key("ES256", kid="k").public_dict() | changes


def rsa_members(bits, exponent=65537):
    numbers = rsa.generate_private_key(exponent, bits).public_key().public_numbers()
    n = base64url.encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
    return {"kty": "RSA", "n": n, "e": base64url.encode(exponent.to_bytes(3, "big"))}


def pkcs8(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_generated_key_signs_and_its_published_form_verifies(alg):
    key = generate_key(alg)
    published = Jwks.parse({"keys": [key.public_dict()]})

    assert verify(sign({"a": 1}, key, typ="at+jwt"), published, types={"at+jwt"}).claims == {"a": 1}
    assert key.kid == key.thumbprint()


def test_a_published_key_says_what_it_is_for_and_nothing_private():
    assert set(ec_members()) == {"kty", "crv", "x", "y", "use", "alg", "kid"}


def test_a_key_without_a_name_is_published_without_one():
    nameless = {name: value for name, value in ec_members().items() if name != "kid"}

    assert Jwk.parse(nameless).public_dict() == nameless


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_private_key_survives_storage(alg):
    key = generate_key(alg, kid="2026-01")

    loaded = Jwk.from_pkcs8(key.to_pkcs8(), alg=alg, kid="2026-01")

    assert loaded.public_dict() == key.public_dict()


def test_rsa_under_2048_bits_is_refused():
    with pytest.raises(InvalidKey, match="2048 bits or more; this one has 1024"):
        Jwk.parse(rsa_members(1024))


def test_rsa_of_enormous_size_is_refused_before_it_costs_anything():
    with pytest.raises(InvalidKey, match="8192"):
        Jwk.parse({"kty": "RSA", "e": "AQAB", "n": base64url.encode(b"\xff" * 2000)})


@pytest.mark.parametrize("size", [0, 1, 31])
def test_a_secret_under_32_bytes_is_refused(size):
    with pytest.raises(ValueError, match="256 bits or more"):
        Jwk.from_secret(b"x" * size)


def test_a_secret_of_32_bytes_is_accepted():
    assert Jwk.from_secret(secrets.token_bytes(32)).alg == "HS256"


def test_the_text_of_a_public_key_is_not_taken_for_a_secret():
    """The classic confusion: whoever knows the public key could sign."""
    pem = ec.generate_private_key(ec.SECP256R1()).public_key()
    text = pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(InvalidKey, match="key file"):
        Jwk.from_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN PUBLIC KEY-----",
        b"ssh-rsa AAAAB3",
        b"ssh-ed25519 AAAAC3",
        b"ecdsa-sha2-nistp256 AAAAE2",
        b"\n ssh-rsa AAAAB3",
    ],
)
def test_the_beginnings_of_key_files_are_known(text):
    with pytest.raises(InvalidKey, match="key file"):
        Jwk.from_secret(text + b"x" * 40)
    assert Jwk.from_secret(text.strip()[1:] + b"x" * 40).alg == "HS256"


def test_a_name_has_256_characters_at_most():
    assert Jwk.parse(ec_members(kid="k" * 256)).kid == "k" * 256
    with pytest.raises(InvalidKey, match="1 to 256 characters"):
        Jwk.parse(ec_members(kid="k" * 257))


def test_a_secret_given_as_text_is_refused():
    with pytest.raises(InvalidKey, match="bytes"):
        Jwk.from_secret("x" * 40)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"use": "enc"}, "not for signatures"),
        ({"key_ops": ["encrypt"]}, "not for signatures"),
        ({"key_ops": ["verify", "encrypt"]}, "not for signatures"),
        ({"key_ops": []}, "not for signatures"),
        ({"key_ops": ["sign"]}, "does not name verify"),
        ({"key_ops": [7]}, "list of texts"),
        ({"key_ops": "verify"}, "list"),
        ({"key_ops": ["verify", "verify"]}, "repeat"),
        ({"alg": "RS256"}, "cannot be used for RS256"),
        ({"alg": "HS256"}, "cannot be used for HS256"),
        ({"alg": "none"}, "not supported"),
        ({"alg": 5}, "not supported"),
        ({"alg": ["ES256"]}, "not supported"),
        ({"kty": "OKP"}, "curve must be one of Ed25519, Ed448"),
        ({"kty": "RSA"}, "missing"),
        ({"kty": "AKP"}, "alg"),
        ({"kty": ["EC"]}, "not supported"),
        ({"kty": "ec"}, "not supported"),
        ({"alg": "EdDSA"}, "cannot be used for Ed25519"),
        ({"alg": "ES384"}, "cannot be used for ES384"),
        ({"alg": "ES256K"}, "cannot be used for ES256K"),
        ({"kty": None}, "not supported"),
        ({"crv": "P-384"}, "P-384 has 48 octets"),
        ({"crv": "P-224"}, "one of P-256"),
        ({"crv": None}, "one of P-256"),
        ({"crv": ["P-256"]}, "one of P-256"),
        ({"x": "AA"}, "32 octets"),
        ({"x": 7}, "missing"),
        ({"y": "Zg=="}, "base64url"),
        ({"kid": 5}, "kid"),
        ({"kid": ""}, "kid"),
        ({"kid": "k" * 300}, "kid"),
    ],
)
def test_a_key_that_is_not_right_is_refused_with_the_reason(changes, reason):
    with pytest.raises(InvalidKey, match=reason):
        Jwk.parse(ec_members(**changes))


def test_a_point_off_the_curve_is_refused():
    """RFC 8725 section 3.4: invalid curve attacks."""
    off = base64url.encode((int.from_bytes(base64url.decode(ec_members()["y"]), "big") ^ 1).to_bytes(32, "big"))

    with pytest.raises(InvalidKey, match="not a usable EC key"):
        Jwk.parse(ec_members(y=off))


def test_a_key_without_alg_gets_the_one_of_its_type():
    members = ec_members()
    del members["alg"]

    assert Jwk.parse(members).alg == "ES256"
    assert Jwk.parse(rsa_members(2048)).alg == "RS256"


def test_another_curve_is_refused_when_loaded_from_storage():
    with pytest.raises(InvalidKey, match="secp224r1"):
        Jwk.from_pkcs8(pkcs8(ec.generate_private_key(ec.SECP224R1())), alg="ES256", kid=None)


def test_a_stored_key_must_fit_its_algorithm():
    with pytest.raises(InvalidKey, match="RS256"):
        Jwk.from_pkcs8(generate_key("ES256").to_pkcs8(), alg="RS256", kid=None)


@pytest.mark.parametrize("der", [b"", b"junk", b"-----BEGIN PRIVATE KEY-----"])
def test_what_is_no_private_key_is_refused(der):
    with pytest.raises(InvalidKey):
        Jwk.from_pkcs8(der, alg="ES256", kid=None)


def test_a_secret_is_never_published():
    key = generate_key("HS256")

    for leak in (key.public_dict, key.public, key.to_pkcs8):
        with pytest.raises(InvalidKey):
            leak()


def test_a_public_key_cannot_sign():
    with pytest.raises(InvalidKey, match="public"):
        generate_key("ES256").public().sign(b"x")


def test_a_public_key_has_no_private_form_to_store():
    with pytest.raises(InvalidKey, match="is public"):
        generate_key("ES256").public().to_pkcs8()


def test_a_private_key_that_may_not_sign_is_loaded_without_its_private_part(vector):
    """RFC 7517 section 4.3."""
    jwk = vector("rfc7515-a3-es256")["jwk"]

    assert not Jwk.parse(jwk | {"key_ops": ["verify"]}).can_sign
    assert Jwk.parse(jwk | {"key_ops": ["sign"]}).can_sign
    assert Jwk.parse(jwk | {"key_ops": ["verify", "sign"]}).can_sign


def test_a_secret_that_may_only_sign_is_refused():
    """Whoever has it checks with it too, here at least."""
    secret = {"kty": "oct", "k": base64url.encode(bytes(32))}

    assert not Jwk.parse(secret | {"key_ops": ["verify"]}).can_sign
    with pytest.raises(InvalidKey, match="does not name verify"):
        Jwk.parse(secret | {"key_ops": ["sign"]})


def test_the_text_of_a_key_shows_no_secret():
    assert repr(Jwk.from_secret(b"sesame--" * 4, kid="s")) == "Jwk(alg='HS256', kid='s')"


def test_an_unknown_algorithm_cannot_be_generated():
    with pytest.raises(InvalidKey, match="'none'"):
        generate_key("none")


def pem_of(key, *, private=False):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    if private:
        return key._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("alg", ["ES256", "ES384", "RS256", "Ed25519", "Ed448"])
@pytest.mark.parametrize("as_text", [True, False])
def test_a_key_comes_from_a_pem_file(alg, as_text):
    key = generate_key(alg)
    public, private = pem_of(key), pem_of(key, private=True)
    loaded = Jwk.from_pem(public.decode() if as_text else public, kid="k")

    assert (loaded.alg, loaded.kid, loaded.can_sign) == (alg, "k", False)
    assert loaded.verify(Jwk.from_pem(private).sign(b"data"), b"data")
    assert loaded.thumbprint() == key.thumbprint()


def test_a_pem_file_of_rsa_says_not_which_algorithm_so_the_caller_may():
    key = generate_key("RS256")

    assert Jwk.from_pem(pem_of(key), alg="PS512").alg == "PS512"
    with pytest.raises(InvalidKey, match="cannot be used for ES256"):
        Jwk.from_pem(pem_of(key), alg="ES256")


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        ("", "not such a key"),
        ("secret", "not such a key"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "a certificate: take its public key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not such a key"),
    ],
)
def test_other_files_are_named(pem, says):
    with pytest.raises(InvalidKey, match=says):
        Jwk.from_pem(pem)


def test_keys_that_must_not_be_used_are_refused_from_pem_too():
    from cryptography.hazmat.primitives.asymmetric import dsa, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for pem in (
        short.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        short.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        with pytest.raises(InvalidKey, match="2048"):
            Jwk.from_pem(pem)
    other = dsa.generate_private_key(2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(InvalidKey, match="not supported"):
        Jwk.from_pem(other)
