"""The examples of the RFCs."""

import pytest

from admit.jose import (
    AlgorithmNotAllowed,
    BadSignature,
    InvalidKey,
    Jwk,
    Jwks,
    Malformed,
    base64url,
    mldsa,
    parse,
    sign,
    verify,
)

RAW = [
    "rfc7515-a4-es512",
    "rfc7520-4.1-rs256",
    "rfc7520-4.2-ps384",
    "rfc7520-4.3-es512",
    "rfc7520-4.4-hs256",
    "rfc7520-4.6-some-fields",
    "rfc8037-a4-ed25519",
]


@pytest.mark.parametrize("name", ["rfc7515-a1-hs256", "rfc7515-a2-rs256", "rfc7515-a3-es256"])
def test_the_signatures_of_rfc_7515_verify(vector, name):
    example = vector(name)

    signed = verify(example["token"], Jwk.parse(example["jwk"]), types={"jwt", None})

    assert signed.claims == example["claims"]


@pytest.mark.parametrize("name", ["rfc7515-a1-hs256", "rfc7515-a2-rs256", "rfc7515-a3-es256"])
def test_signing_the_input_of_rfc_7515_gives_a_signature_that_verifies(vector, name):
    example = vector(name)
    key = Jwk.parse(example["jwk"])
    parsed = parse(example["token"])

    signature = key.sign(parsed.signing_input)

    assert key.verify(signature, parsed.signing_input)
    if example["deterministic"]:
        assert signature == parsed.signature


def test_the_unsecured_example_of_rfc_7515_is_refused(vector):
    with pytest.raises(AlgorithmNotAllowed, match="none"):
        parse(vector("rfc7515-a5-unsecured")["token"])


def test_the_thumbprint_of_rfc_7638_comes_out(vector):
    example = vector("rfc7638-3.1-thumbprint")

    assert Jwk.parse(example["jwk"]).thumbprint() == example["thumbprint"]


def test_the_key_set_of_rfc_7517_gives_only_its_signing_key(vector):
    example = vector("rfc7517-a1-public-keys")

    keys = Jwks.parse(example["jwks"])

    assert [key.kid for key in keys] == example["usable_kids"]
    assert keys.ignored == (("1", "the key is not for signatures: use is 'enc'"),)


def test_a_private_jwk_survives_pkcs8(vector):
    key = Jwk.parse(vector("rfc7515-a3-es256")["jwk"])

    loaded = Jwk.from_pkcs8(key.to_pkcs8(), alg="ES256", kid="a3")

    assert loaded.thumbprint() == key.thumbprint()
    assert verify(sign({"sub": "x"}, loaded, typ=None), key.public(), types={None}).claims == {"sub": "x"}


@pytest.mark.parametrize("name", RAW)
def test_signatures_over_texts_that_are_no_claims_verify(vector, name):
    example = vector(name)
    key = Jwk.parse(example["jwk"])

    parsed = parse(example["token"])

    assert parsed.header.alg == key.alg
    assert parsed.payload.decode("utf-8") == example["payload"]
    assert key.verify(parsed.signature, parsed.signing_input)
    assert not key.verify(parsed.signature, parsed.signing_input + b"A")
    with pytest.raises(Malformed, match="payload is not JSON"):
        verify(example["token"], key, types={None})


@pytest.mark.parametrize("name", [name for name in RAW if name not in ("rfc7520-4.1-rs256", "rfc7520-4.2-ps384")])
def test_signing_those_texts_gives_the_same_or_as_good_a_signature(vector, name):
    example = vector(name)
    key, parsed = Jwk.parse(example["jwk"]), parse(example["token"])

    signature = key.sign(parsed.signing_input)

    assert key.verify(signature, parsed.signing_input)
    assert (signature == parsed.signature) == example["deterministic"]


def test_several_signatures_over_one_text_verify_each_by_itself(vector):
    """RFC 7520 section 4.8. The second has no protected header: its signature is good, but a compact JWS it is not."""
    by_rsa, by_ec, by_secret = vector("rfc7520-4.8-multiple")["signatures"]

    for one in (by_rsa, by_secret):
        parsed = parse(one["token"])
        assert Jwk.parse(one["jwk"]).verify(parsed.signature, parsed.signing_input)
    text, _, signature = by_ec["token"].rpartition(".")
    assert Jwk.parse(by_ec["jwk"]).verify(base64url.decode(signature), text.encode())
    with pytest.raises(Malformed):
        parse(by_ec["token"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rfc7520-4.7-content-only", "the header is not JSON"),
        ("rfc7797-4.2-unencoded-payload", "b64|base64url"),
    ],
)
def test_forms_that_are_no_jwt_are_refused(vector, name, reason):
    """A header outside the signature, a payload that is not encoded (RFC 7797 section 7: not for JWTs)."""
    example = vector(name)

    with pytest.raises(Malformed, match=reason):
        verify(example["token"], Jwk.parse(example["jwk"]), types={None})


def test_detached_content_is_no_jwt(vector):
    """The payload of such a token is empty, and that is not what was signed."""
    example = vector("rfc7520-4.5-detached")

    with pytest.raises(BadSignature):
        verify(example["token"], Jwk.parse(example["jwk"]), types={None})


def test_the_signature_over_an_unencoded_payload_is_good_and_nevertheless_refused(vector):
    """What is refused is the form, not the arithmetic; also when the payload has the characters of base64url."""
    example = vector("rfc7797-4.2-unencoded-payload")
    key = Jwk.parse(example["jwk"])

    assert key.verify(base64url.decode(example["token"].rpartition(".")[2]), example["signing_input"].encode())
    text = example["token"].partition(".")[0] + ".e30"
    with pytest.raises(Malformed, match="b64 is not for JWTs"):
        parse(f"{text}.{base64url.encode(key.sign(text.encode()))}")


def test_the_thumbprint_of_rfc_8037_comes_out(vector):
    example = vector("rfc8037-a4-ed25519")

    assert Jwk.parse(example["jwk"]).thumbprint() == example["thumbprint"]


def test_the_signature_of_ed448_in_rfc_8032_comes_out(vector):
    example = {
        name: bytes.fromhex(text)
        for name, text in vector("rfc8032-7.4-ed448").items()
        if name in ("secret", "public", "message", "signature")
    }
    key = Jwk.parse(
        {
            "kty": "OKP",
            "crv": "Ed448",
            "x": base64url.encode(example["public"]),
            "d": base64url.encode(example["secret"]),
        }
    )

    assert key.sign(example["message"]) == example["signature"]
    assert key.verify(example["signature"], example["message"])


@pytest.mark.parametrize("name", ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
def test_the_keys_of_rfc_9964_come_out_of_their_seed(vector, name):
    """The thumbprint is over the public key, so it shows that the seed gives that key, and which members count."""
    example = vector("rfc9964-ml-dsa")
    made = mldsa._PRIVATE[name].from_seed_bytes(base64url.decode(example["priv"])).public_key()
    jwk = {"kty": "AKP", "alg": name, "pub": base64url.encode(made.public_bytes_raw()), "priv": example["priv"]}

    assert Jwk.parse(jwk).thumbprint() == example["thumbprints"][name]
    with pytest.raises(InvalidKey, match="must say its alg"):
        Jwk.parse({member: value for member, value in jwk.items() if member != "alg"})


def test_the_signature_of_rfc_9964_verifies(vector):
    example = vector("rfc9964-ml-dsa")
    made = mldsa._PRIVATE["ML-DSA-44"].from_seed_bytes(base64url.decode(example["priv"])).public_key()
    key = Jwk.parse({"kty": "AKP", "alg": "ML-DSA-44", "pub": base64url.encode(made.public_bytes_raw())})
    parsed = parse(example["token"])

    assert parsed.header.kid == key.thumbprint()
    assert parsed.payload.decode("utf-8") == example["payload"]
    assert key.verify(parsed.signature, parsed.signing_input)
