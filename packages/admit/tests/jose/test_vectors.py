"""The examples of the RFCs."""

import pytest

from admit.jose import AlgorithmNotAllowed, Jwk, Jwks, parse, sign, verify


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
